"""Whatever JSON stands in a run's files, reading them gives values or a sentence, never another error."""

import contextlib
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import AnnealError, RunError
from core.runs.checkpoint import read_snapshot_meta
from core.runs.history import COLUMNS, HistoryReader
from core.runs.state import RunState
from core.workspace import read_json

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner))
DEEP = "[" * 100_000 + "]" * 100_000
SHARED_RUN = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def read_all(run):
    """What pages and jobs read of a run's JSON files."""
    run = type(run)(run.path, run.workspace)
    for read in (lambda: run.info, lambda: run.state, lambda: run.state.planned(), run.data, run.all_curves):
        with contextlib.suppress(AnnealError):
            read()


@pytest.fixture
def restored(run):
    """Puts a file of the run back; hypothesis changes them many times within one test."""
    (run.path / "finder").mkdir()
    (run.path / "finder" / "0001.json").write_text('{"name": "0001", "created": "", "stage": {}}')
    names = ("run.json", "state.json", "data.json", "finder/0001.json")
    return {name: (run.path / name).read_text() for name in names}


@pytest.mark.parametrize("name", ["run.json", "state.json", "data.json", "finder/0001.json"])
@SHARED_RUN
@given(data=st.data())
def test_a_value_of_a_wrong_type(run, restored, name, data):
    values = json.loads(restored[name])
    keys = sorted({**values, **(RunState().model_dump() if name == "state.json" else {})})
    changed = data.draw(st.dictionaries(st.sampled_from(keys), VALUES, min_size=1, max_size=3))
    (run.path / name).write_text(json.dumps({**values, **changed}))
    read_all(run)
    (run.path / name).write_text(restored[name])


@pytest.mark.parametrize("name", ["run.json", "state.json", "data.json"])
@pytest.mark.parametrize(
    "content", [DEEP, "null", '"text"', "[" + "9" * 5000 + "]", '{"a": ' * 5000 + "1" + "}" * 5000]
)
def test_json_that_is_no_object(run, name, content):
    (run.path / name).write_text(content)
    reader = type(run)(run.path, run.workspace)
    with pytest.raises(RunError, match=f"{name} of run .* is damaged"):
        _ = {"run.json": lambda: reader.info, "state.json": lambda: reader.state, "data.json": reader.data}[name]()


@pytest.mark.parametrize("created", ["yesterday", "2026-13-01T00:00:00", "", 5])
def test_a_date_that_is_none(run, created):
    path = run.path / "run.json"
    path.write_text(json.dumps({**read_json(path), "created": created}))
    with pytest.raises(RunError, match=r"run\.json of run .* is damaged"):
        _ = run.info


def test_deep_json_is_a_value_error(tmp_path):
    (tmp_path / "deep.json").write_text(DEEP)
    with pytest.raises(ValueError, match="recursion limit"):
        read_json(tmp_path / "deep.json")


GOOD = {
    "step": {"kind": "step", "lrs": [0.1, 0.2]} | dict.fromkeys(COLUMNS["step"], 1),
    "epoch": {"kind": "epoch"} | dict.fromkeys(COLUMNS["epoch"], 1),
    "cycle": {"kind": "cycle"} | dict.fromkeys(COLUMNS["cycle"], 1),
}


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(GOOD)), st.data())
def test_a_history_row_with_a_wrong_type_is_left_out(tmp_path, kind, data):
    good = GOOD[kind]
    odd = {**good, **data.draw(st.dictionaries(st.sampled_from([*good, "lr_x", "later"]), VALUES, max_size=2))}
    path = tmp_path / "history.jsonl"
    path.write_text("\n".join([json.dumps(good), json.dumps(odd), DEEP, "3", json.dumps(good), ""]))
    found = HistoryReader(path).refresh()
    for frame in (found.steps, found.epochs, found.cycles):
        assert {str(kind) for kind in frame.dtypes} == {"int64", "float64"}
    rows = {"step": found.steps, "epoch": found.epochs, "cycle": found.cycles}[kind]
    assert 2 <= len(rows) <= 3
    assert rows.iloc[[0, -1]].eq(1).sum().sum() >= 2 * len(COLUMNS[kind])


def test_a_snapshot_whose_learner_cannot_be_read_can_still_be_listed(trained):
    from core.jobs import actions
    from core.runs.checkpoint import SnapshotMeta, checkpoint_to_snapshot

    actions.save_snapshot(trained, "mine")
    meta = read_snapshot_meta(trained.snapshot_path("mine")).model_dump(mode="json")
    odd = SnapshotMeta.model_validate({**meta, "learner": {"position": "gone"}})
    assert odd.learner is None
    checkpoint_to_snapshot(trained.checkpoint, trained.snapshot_path("odd"), odd)
    assert {one.name for one in trained.snapshots()} == {"mine", "odd"}
    trained.checkpoint.unlink()
    with pytest.raises(RunError, match="does not say where it was taken"):
        actions.load_snapshot(trained, "odd")
