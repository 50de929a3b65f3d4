import errno
import json
import os

import numpy as np
import pytest
from safetensors.numpy import load_file

from core import kept
from core.errors import RunError, WorkspaceError
from core.jobs import actions, queue
from core.jobs.specs import TrainSpec
from core.runs.checkpoint import read_meta
from core.runs.create import create_run
from core.runs.folder import RunFolder, list_runs, open_run
from core.runs.state import Best, RunState
from core.workspace import Workspace, read_json, write_json


def test_a_new_run_knows_what_it_is(run, data, workspace):
    info = open_run(workspace, run.id).info
    assert (info.name, info.backbone, info.size) == (f"{data.title}, small_cnn", "small_cnn", 16)
    assert info.classes == ("blue", "green", "red")
    assert info.images == 60
    assert info.valid_share == pytest.approx(0.2)
    assert run.workspace == workspace


def test_its_split_is_frozen(run, data):
    kept = run.data()
    assert kept == data
    assert np.array_equal(kept.indices("valid"), data.indices("valid"))


def test_runs_are_listed_newest_first(workspace, more_runs):
    (workspace.runs / "no run").mkdir()
    (workspace.runs / ".new-half").mkdir()
    assert [run.id for run in list_runs(workspace)] == sorted((run.id for run in more_runs), reverse=True)


@pytest.mark.parametrize("at", [1, 2, 3])
def test_nothing_stays_of_a_run_that_cannot_be_written(workspace, data, monkeypatch, at):
    written = []

    def full(path, value, **form):
        written.append(path)
        if len(written) == at:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write_json(path, value, **form)

    before = sorted(workspace.runs.iterdir())
    monkeypatch.setattr("core.runs.create.write_json", full)
    with pytest.raises(WorkspaceError, match="is full"):
        create_run(workspace, data, backbone="small_cnn", size=16)
    assert len(written) == at
    assert sorted(workspace.runs.iterdir()) == before


@pytest.mark.parametrize("run_id", ["20200101-000000-aaaa", "../jobs", "", "x/../y"])
def test_a_run_that_is_not_there_is_a_sentence(workspace, run_id):
    with pytest.raises(RunError, match=r"[Cc]hoose"):
        open_run(workspace, run_id)


def test_a_damaged_run_is_a_sentence(run, workspace):
    (run.path / "run.json").write_text('{"id": ')
    with pytest.raises(RunError, match=r"run\.json .* damaged"):
        open_run(workspace, run.id)


@pytest.mark.parametrize("content", ["{", "[]", '{"stages": 3}'])
def test_a_damaged_state_is_a_sentence(run, content):
    (run.path / "state.json").write_text(content)
    with pytest.raises(RunError, match="damaged"):
        _ = run.state


@pytest.mark.parametrize("content", ["{", "[]", '{"spec": 3}'])
def test_a_damaged_data_set_is_a_sentence(run, content):
    (run.path / "data.json").write_text(content)
    with pytest.raises(Exception, match="damaged"):
        RunFolder(run.path, run.workspace).data()


def test_renaming(run, workspace):
    actions.rename(run, "  Hats,\nagain ")
    assert open_run(workspace, run.id).info.name == "Hats, again"


def test_deleting(run, workspace):
    actions.delete(run)
    assert list(workspace.runs.iterdir()) == []
    with pytest.raises(RunError):
        open_run(workspace, run.id)


def test_nothing_is_changed_under_a_job(trained, sleepers):
    queue.submit(trained.workspace, trained.id, TrainSpec())
    for change in (
        lambda: actions.delete(trained),
        lambda: actions.rename(trained, "x"),
        lambda: actions.save_snapshot(trained, "x"),
        lambda: actions.load_snapshot(trained, "x"),
    ):
        with pytest.raises(RunError, match="at work"):
            change()


def test_a_snapshot_is_the_model_of_the_checkpoint(trained):
    kept = actions.save_snapshot(trained, "before unfreezing")
    assert (kept.epoch, kept.step, kept.accuracy, kept.valid_loss) == (2, 8, 0.75, 0.5)
    tensors = load_file(kept.path)
    assert list(tensors) == ["head.weight"]
    assert tensors["head.weight"].tolist() == [[0, 1, 2], [3, 4, 5]]


def test_a_name_is_given_once(trained):
    actions.save_snapshot(trained, "mine")
    with pytest.raises(RunError, match="another name"):
        actions.save_snapshot(trained, "mine")
    assert [kept.name for kept in trained.snapshots()] == ["mine"]


def test_before_training_there_is_nothing_to_save(run):
    with pytest.raises(RunError, match="Nothing has been trained"):
        actions.save_snapshot(run, "x")


def test_loading_a_snapshot_gives_up_the_plan_and_the_optimiser(trained):
    actions.save_snapshot(trained, "mine")
    state = RunState(plan=[{}, {}], next_stage=1, best=Best(accuracy=0.9, valid_loss=0.3, epoch=1))
    trained.write_state(state)
    actions.load_snapshot(trained, "mine")
    meta = read_meta(trained.checkpoint)
    position = meta.learner.position
    assert (position.epoch, position.cycle, position.step, position.due) == (2, 1, 8, "nothing")
    assert meta.learner.stage is None
    assert list(load_file(trained.checkpoint)) == ["model/head.weight"]
    assert not trained.state.unfinished
    assert trained.state.loaded == "mine"


def test_a_snapshot_can_be_loaded_when_the_checkpoint_is_damaged(trained):
    actions.save_snapshot(trained, "mine")
    trained.checkpoint.write_bytes(trained.checkpoint.read_bytes()[:100])
    with pytest.raises(RunError, match="damaged"):
        read_meta(trained.checkpoint)
    actions.load_snapshot(trained, "mine")
    meta = read_meta(trained.checkpoint)
    assert meta.step == 8
    assert meta.history_bytes == (trained.path / "history.jsonl").stat().st_size


def test_a_snapshot_of_another_network_is_refused(trained):
    actions.save_snapshot(trained, "mine")
    info = trained.info.model_dump(mode="json")
    (trained.path / "run.json").write_text(json.dumps({**info, "backbone": "resnet18"}))
    with pytest.raises(RunError, match="another network"):
        actions.load_snapshot(trained, "mine")


def test_loading_what_is_not_there(trained):
    with pytest.raises(RunError, match="no weights called"):
        actions.load_snapshot(trained, "never saved")


def test_predictions_have_a_place_of_their_own(run):
    paths = {run.predictions_path(), run.predictions_path("best"), run.predictions_path("best", "train", tta=True)}
    assert {path.name for path in paths} == {"latest-valid.npz", "best-valid.npz", "best-train-tta.npz"}
    with pytest.raises(RunError):
        run.predictions_path("../best")
    with pytest.raises(RunError):
        run.predictions_path("best", "../valid")


def test_predictions_of_changed_weights_are_forgotten(run):
    for path in (run.predictions_path(), run.predictions_path(tta=True), run.predictions_path("latest-ish")):
        path.parent.mkdir(exist_ok=True)
        path.touch()
    run.forget_predictions("latest")
    assert [path.name for path in (run.path / "predictions").iterdir()] == ["latest-ish-valid.npz"]


def test_the_end_of_the_log(run):
    assert run.log_tail() == ""
    (run.path / "log.txt").write_bytes(b"\n".join(b"line %d" % n for n in range(100)) + b"\xff")
    assert run.log_tail(2).splitlines()[0] == "line 98"


def test_a_workspace_moves_with_its_runs(run, tmp_path):
    name = run.info.name
    run.workspace.root.rename(tmp_path / "moved")
    moved = Workspace.at(tmp_path / "moved")
    assert open_run(moved, run.id).info.name == name


def test_a_name_of_ones_own(workspace, data):
    assert create_run(workspace, data, backbone="small_cnn", size=16, name=" a\nb ").info.name == "a b"


def test_files_are_read_again_only_when_they_change(run, workspace, monkeypatch):
    run.write_state(RunState(seconds=7.0))
    read = []
    monkeypatch.setattr(kept, "read_json", lambda path: read.append(path.name) or read_json(path))
    monkeypatch.setattr(kept, "FRESH_NS", -(10**18))  # none counts as written just now
    kept.forget(run.path)
    for _ in range(3):
        other = open_run(workspace, run.id)
        assert other.state.seconds == 7.0
    assert sorted(read) == ["run.json", "state.json"]
    run.write_state(RunState(seconds=8.0))
    assert open_run(workspace, run.id).state.seconds == 8.0
    assert read.count("state.json") == 2


def test_what_a_caller_changes_stays_its_own(run, workspace):
    run.write_state(RunState(figures={"accuracy": 0.5}))
    run.state.figures["accuracy"] = 0.9
    run.state.plan_start = 3
    assert open_run(workspace, run.id).state == RunState(figures={"accuracy": 0.5})
