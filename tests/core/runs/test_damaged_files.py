"""What happens when a file of a run or of the workspace is damaged, as the table in core/README.md says."""

import json

import pytest

from core.data.index import load_data
from core.data.pixels import load_pixels
from core.errors import RunError
from core.jobs import actions, queue, store
from core.jobs.benchmark_state import read_state
from core.jobs.specs import EvaluateSpec
from core.results.predictions import Predictions
from core.runs.draft import Draft
from core.runs.folder import RunFolder, list_runs
from core.training.stage import Stage
from core.upkeep.check import check, remove
from core.workspace import read_json

DAMAGED = b'{"half": \xff'


def test_a_run_whose_description_is_damaged_can_be_deleted(run, workspace):
    (run.path / "run.json").write_bytes(DAMAGED)
    (found,) = list_runs(workspace)
    actions.delete(found)
    assert not list_runs(workspace)


def test_a_missing_state_is_that_of_a_run_that_has_not_trained(run):
    (run.path / "state.json").unlink()
    assert run.state.stages == []
    assert not run.state.unfinished


def test_a_stage_that_cannot_be_read_is_kept_as_it_is(run):
    path = run.path / "state.json"
    odd = {"index": 0, "stage": {"lr": [0.1], "from_the_future": 1}, "status": "done"}
    path.write_text(json.dumps({**read_json(path), "stages": [odd]}))
    run.write_state(run.state)
    assert read_json(path)["stages"][0]["stage"] == odd["stage"]


def test_rows_of_the_history_that_cannot_be_read_are_left_out(run):
    row = {"kind": "epoch", "stage": 0, "epoch": 1, "step": 4, "train_loss": 1, "valid_loss": 1, "accuracy": 0.5,
           "seconds": 1}  # fmt: skip
    path = run.path / "history.jsonl"
    path.write_bytes(json.dumps(row).encode() + b"\n" + DAMAGED + b"\n" + json.dumps(row).encode())
    assert len(run.history.epochs) == 1


def test_a_damaged_snapshot_is_left_out_found_and_can_be_removed(run, workspace):
    path = run.snapshot_path("cycle-1")
    path.parent.mkdir()
    path.write_bytes(DAMAGED)
    assert run.snapshots() == []
    found = [finding for finding in check(workspace) if finding.path == path]
    assert remove(workspace, found) == 1
    assert not path.exists()


def test_a_damaged_curve_is_left_out(run):
    (run.path / "finder").mkdir()
    (run.path / "finder" / "0001.json").write_bytes(DAMAGED)
    assert run.all_curves() == []


def test_damaged_predictions_ask_for_another_evaluation(run):
    path = run.predictions_path()
    path.parent.mkdir()
    path.write_bytes(DAMAGED)
    with pytest.raises(RunError, match=r"Evaluate the run again\."):
        Predictions.load(path)


@pytest.mark.parametrize("content", [DAMAGED, b"[]", b'{"cards": 3}'])
def test_a_damaged_draft_begins_with_the_suggested_plan(run, content):
    (run.path / "draft.json").write_bytes(content)
    stage = Stage(name="Suggested")
    assert [card.stage() for card in Draft.load(run.path, [stage]).cards] == [stage]


def test_a_stop_flag_of_another_job_stops_nothing(run, workspace, sleepers):
    job = queue.submit(workspace, run.id, EvaluateSpec())
    (run.path / queue.STOP).write_text("another job")
    assert queue.stop_asked(workspace, job) is None


def test_a_lock_that_was_left_behind_holds_nobody(run, work):
    (run.path / ".lock").touch()
    with pytest.raises(RunError, match="Nothing has been trained"):  # and not: another process is at work
        work(EvaluateSpec())


def test_a_damaged_index_is_made_again(squares, workspace):
    before = load_data(str(squares), workspace)
    for path in workspace.indexes.glob("*.npz"):
        path.write_bytes(DAMAGED)
    assert load_data(str(squares), workspace) == before


def test_pixels_that_are_not_whole_are_found_and_decoded_again(run, workspace):
    data = run.data()
    whole = load_pixels(data, 16, workspace).copy()
    (path,) = workspace.pixels.glob("*.npy")
    path.write_bytes(path.read_bytes()[:500])
    assert path in [finding.path for finding in check(workspace)]
    assert (load_pixels(data, 16, workspace) == whole).all()


def test_a_folder_that_is_no_run_is_left_out_and_found(run, workspace):
    folder = workspace.runs / "holiday"
    folder.mkdir()
    assert [found.id for found in list_runs(workspace)] == [run.id]
    assert folder in [finding.path for finding in check(workspace)]


def test_a_damaged_job_is_left_out_and_can_be_removed(workspace):
    path = workspace.jobs / "20260101-000000-000000-abcd.json"
    path.write_bytes(DAMAGED)
    assert store.all_jobs(workspace) == []
    assert remove(workspace, check(workspace)) == 1
    assert not path.exists()


def test_a_damaged_benchmark_counts_as_none(workspace):
    workspace.jobs.mkdir(exist_ok=True)
    (workspace.root / "benchmark.json").write_bytes(DAMAGED)
    assert read_state(workspace) is None


def test_the_log_can_go(run):
    (run.path / "log.txt").write_bytes(DAMAGED)
    assert run.log_tail()
    (run.path / "log.txt").unlink()
    assert RunFolder(run.path, run.workspace).log_tail() == ""
