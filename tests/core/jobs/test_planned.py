"""A plan is not lost when its job is stopped before the first batch."""

import pytest

from core.jobs import queue
from core.jobs.control import JobControl
from core.jobs.execute import run_job
from core.jobs.specs import TrainSpec
from core.training.stage import Plan, Stage

PLAN = Plan(name="Mine", stages=(Stage(freeze_to=0, lr=(0.01,), cycle_len=2, size=16, batch_size=16),))


def test_a_job_that_was_stopped_while_it_waited_leaves_its_plan_to_go_on_with(run, workspace, monkeypatch, work):
    monkeypatch.setattr(queue, "advance", lambda workspace: None)
    job = queue.submit(workspace, run.id, TrainSpec(plan=PLAN))
    queue.stop(workspace, job.id)
    assert run.state.unfinished
    assert run.state.planned().stages == PLAN.stages
    assert work(TrainSpec()).status == "done"
    assert run.history.epochs.epoch.tolist() == [1, 2]


def test_a_job_that_was_stopped_in_its_first_moment_leaves_it_too(run, work):
    job = queue.claim(run.workspace, queue.submit(run.workspace, run.id, TrainSpec(plan=PLAN), here=True).id)
    status, message = run_job(run, job, JobControl(run, job, stopped=lambda: True))
    queue.end(run.workspace, job, status, message)
    assert status == "stopped"
    assert run.state.unfinished
    assert not run.state.stages
    assert work(TrainSpec()).status == "done"


def test_stages_trained_before_stay(run, work, workspace, monkeypatch):
    work(TrainSpec(plan=PLAN))
    monkeypatch.setattr(queue, "advance", lambda workspace: None)
    job = queue.submit(workspace, run.id, TrainSpec(plan=PLAN))
    queue.stop(workspace, job.id)
    assert [stage.status for stage in run.state.stages] == ["done"]
    assert (run.state.plan_start, run.state.next_stage) == (1, 0)
    work(TrainSpec())
    assert [stage.status for stage in run.state.stages] == ["done", "done"]


@pytest.mark.parametrize("content", ["{", "[]"])
def test_a_damaged_run_is_left_as_it_is(run, workspace, monkeypatch, content):
    monkeypatch.setattr(queue, "advance", lambda workspace: None)
    job = queue.submit(workspace, run.id, TrainSpec(plan=PLAN))
    (run.path / "state.json").write_text(content)
    assert queue.stop(workspace, job.id).status == "stopped"
    assert (run.path / "state.json").read_text() == content
