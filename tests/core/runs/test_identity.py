"""A run is its folder: copied, renamed, or outside the workspace, it is a run of its own."""

import os
import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import RunError
from core.jobs import queue
from core.jobs.execute import run_here
from core.jobs.specs import EvaluateSpec, TrainSpec
from core.results.predictions import Predictions
from core.runs.folder import RunFolder, list_runs, open_run, run_path
from core.runs.names import checked_id
from core.training.stage import Stage, plan_of
from core.workspace import Workspace


def plan(*, lr=0.01):
    stage = Stage(freeze_to=0, lr=(lr,), size=16, batch_size=8, group_ratio=1)
    return TrainSpec(plan=plan_of([stage.model_dump(mode="json")]))


def test_a_copy_in_the_workspace_is_a_run_of_its_own(run, workspace):
    shutil.copytree(run.path, workspace.runs / "copy of it")
    assert {one.id for one in list_runs(workspace)} == {run.id, "copy of it"}
    copy = open_run(workspace, "copy of it")
    assert (copy.id, copy.path) == ("copy of it", workspace.runs / "copy of it")
    run_here(workspace, copy.id, plan())
    assert len(copy.state.stages) == 1
    assert run.state.stages == []
    assert [job.run for job in queue.jobs_of(copy)] == ["copy of it"]
    assert queue.jobs_of(run) == []


def test_a_run_file_of_an_earlier_version_does_not_say_which_run_it_is(run, workspace):
    text = (run.path / "run.json").read_text()
    (run.path / "run.json").write_text(text.replace("{", '{"id": "20200101-000000-aaaa",', 1))
    assert open_run(workspace, run.id).id == run.id
    assert "id" not in run.info.model_dump()


def test_a_renamed_folder_goes_on_under_its_new_name(run, workspace):
    run_here(workspace, run.id, plan())
    run.path.rename(workspace.runs / "best cats")
    with pytest.raises(RunError):
        open_run(workspace, run.id)
    renamed = open_run(workspace, "best cats")
    run_here(workspace, renamed.id, plan())
    assert renamed.history.epochs["epoch"].tolist() == [1, 2]


def test_outside_the_workspace_it_works_from_there(run, workspace, tmp_path):
    run_here(workspace, run.id, plan())
    elsewhere = tmp_path / "stick" / "usb" / "cats"
    shutil.copytree(run.path, elsewhere)
    before = {path for path in (tmp_path / "stick").rglob("*") if elsewhere not in path.parents}
    copy = RunFolder(elsewhere, workspace)
    assert (copy.id, run_path(workspace, copy.id)) == (str(elsewhere), elsewhere)
    copy.forget_predictions("latest")
    run_here(workspace, copy.id, EvaluateSpec())
    run_here(workspace, copy.id, plan())
    assert len(Predictions.load(copy.predictions_path())) == len(copy.data().indices("valid"))
    assert copy.history.epochs["epoch"].tolist() == [1, 2]
    assert run.history.epochs["epoch"].tolist() == [1]
    assert {path for path in (tmp_path / "stick").rglob("*") if elsewhere not in path.parents} == before
    assert [job.run for job in queue.jobs_of(copy)] == [str(elsewhere)] * 2


def test_however_its_path_is_spelled_it_is_the_same_run(run, workspace, tmp_path, monkeypatch):
    (tmp_path / "link").symlink_to(workspace.root)
    monkeypatch.chdir(run.path)
    spellings = [".", f"../{run.id}", run.path / "snapshots" / "..", tmp_path / "link" / "runs" / run.id]
    assert {RunFolder(path, workspace).id for path in spellings} == {run.id}
    linked = Workspace(tmp_path / "link")
    assert RunFolder(run.path, linked).id == run.id


def test_a_run_of_another_workspace_is_not_one_of_this(run, tmp_path):
    assert RunFolder(run.path, Workspace.at(tmp_path / "other")).id == str(run.path)


@given(st.text(max_size=300))
def test_an_id_names_a_folder_right_in_runs_or_is_refused(text):
    root = "/home/runs"
    try:
        name = checked_id(text)
    except RunError:
        return
    path = os.path.normpath(os.path.join(root, name))
    assert os.path.dirname(path) == root
    assert not os.path.basename(path).startswith(".")
