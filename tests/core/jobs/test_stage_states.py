"""However a job ends, the run's state says so: no stage is called running when nothing trains it."""

import os
import re
import signal
import subprocess
import sys

import pytest

from core.errors import AnnealError, RunError
from core.jobs import execute, queue, store, worker
from core.jobs.control import TerminatedError
from core.jobs.execute import run_here
from core.jobs.specs import EvaluateSpec, TrainSpec
from core.runs.folder import INTERRUPTED
from core.runs.state import RunState, StageState
from core.training.stage import Stage
from core.workspace import read_json
from tests.core.jobs.test_train import plan, stage


def call_running(run):
    """The run's state as a worker leaves it while it trains its second stage."""
    done, now = (StageState(index=n, stage=Stage(lr=(0.1,)), status=s) for n, s in enumerate(("done", "running")))
    run.write_state(RunState(stages=[done, now], plan=[Stage(lr=(0.1,))] * 2))


def statuses(run):
    """In the file itself."""
    return [one["status"] for one in read_json(run.path / "state.json")["stages"]]


def test_killed_it_is_stopped(workspace, run, sleepers):
    job = queue.submit(workspace, run.id, TrainSpec())
    call_running(run)
    sleepers[0][2].kill()
    sleepers[0][2].wait()
    queue.advance(workspace)
    assert store.get(workspace, job.id).status == "lost"
    assert statuses(run) == ["done", "stopped"]
    assert run.state.stages[1].message == queue.LOST


def test_killed_after_it_was_asked_to_stop_it_is_stopped(workspace, run, sleepers):
    queue.stop(workspace, queue.submit(workspace, run.id, TrainSpec()).id)
    call_running(run)
    sleepers[0][2].kill()
    sleepers[0][2].wait()
    queue.advance(workspace)
    assert statuses(run) == ["done", "stopped"]
    assert run.state.stages[1].message == queue.FORCED


@pytest.mark.parametrize(
    ("error", "status"),
    [(ValueError("odd"), "failed"), (MemoryError(), "failed"), (TerminatedError(), "stopped")],
)
def test_an_unexpected_error_in_a_worker(workspace, run, monkeypatch, error, status):
    def fail(*_):
        call_running(run)
        raise error

    monkeypatch.setattr(execute, "run_job", fail)
    monkeypatch.setattr(worker.signal, "signal", lambda *_: None)
    queued = queue.submit(workspace, run.id, TrainSpec(), here=True)
    worker.work(run, queue.claim(workspace, queued.id))
    assert statuses(run) == ["done", status]
    assert run.state.stages[1].message == store.get(workspace, queued.id).message


@pytest.mark.parametrize(
    ("error", "status"), [(ValueError("odd"), "failed"), (KeyboardInterrupt(), "stopped"), (RunError("no"), "failed")]
)
def test_an_unexpected_error_in_a_command(workspace, run, monkeypatch, error, status):
    def fail(*_):
        call_running(run)
        raise error

    monkeypatch.setattr(execute, "train", fail)
    with pytest.raises(type(error)):
        run_here(workspace, run.id, TrainSpec())
    assert statuses(run) == ["done", status]


def test_an_evaluation_that_fails_says_nothing_of_the_stages(workspace, run, finish, sleepers):
    call_running(run)
    finish(queue.submit(workspace, run.id, EvaluateSpec()), "failed", "It did not work.")
    assert statuses(run) == ["done", "running"]
    assert run.state.stages[1].message == INTERRUPTED


def test_a_stage_called_running_that_nobody_trains_reads_as_stopped(run):
    call_running(run)
    read = run.state
    assert [one.status for one in read.stages] == ["done", "stopped"]
    assert read.stages[1].message == INTERRUPTED
    with run.lock():
        assert [one.status for one in run.state.stages] == ["done", "running"]


def test_while_another_process_trains_it_it_is_running(run):
    call_running(run)
    hold = (
        "import sys, filelock; lock = filelock.FileLock(sys.argv[1]); "
        "lock.acquire(); print(1, flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", hold, str(run.path / ".lock")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert holder.stdout.readline() == b"1\n"
        assert run.state.running
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()
        assert not run.state.running
    finally:
        holder.kill()
        holder.communicate()


def test_a_folder_that_cannot_be_written_to_reads_as_stopped(run, monkeypatch):
    from core.runs import folder

    class Refusing(folder.FileLock):
        def acquire(self, *_, **__):
            raise PermissionError(13, "Permission denied")

    call_running(run)
    monkeypatch.setattr(folder, "FileLock", Refusing)
    assert not run.state.running
    with pytest.raises(AnnealError, match="cannot be written to"), run.lock():
        pass


def test_a_damaged_state_does_not_keep_a_job_from_ending(workspace, run, finish, sleepers):
    job = queue.submit(workspace, run.id, TrainSpec())
    (run.path / "state.json").write_text("{")
    assert finish(job, "failed", "It did not work.").status == "failed"


def test_stages_are_running_while_they_train(run, workspace):
    seen = []
    run_here(workspace, run.id, plan(stage()), progress=lambda *_: seen.append([s.status for s in run.state.stages]))
    assert ["running"] in seen
    assert [one.status for one in run.state.stages] == ["done"]


class TestEvaluationAfterTraining:
    """The run is trained, whatever happens to the evaluation that ends its job."""

    @pytest.mark.parametrize(
        ("error", "words"),
        [
            (RunError("There is no room."), "its evaluation failed: There is no room. Evaluate again"),
            (ValueError("odd"), r"its evaluation failed: .*ValueError: odd.* Evaluate again"),
            (TerminatedError(), "its evaluation was stopped. Evaluate again"),
            (KeyboardInterrupt(), "its evaluation was stopped. Evaluate again"),
        ],
    )
    def test_an_error(self, run, work, monkeypatch, error, words):
        def fail(*_):
            raise error

        monkeypatch.setattr(execute, "evaluate", fail)
        job = work(plan(stage()))
        assert job.status == "done"
        assert re.search(words, job.message)
        assert [one.status for one in run.state.stages] == ["done"]
        assert not run.state.unfinished
        monkeypatch.undo()
        assert work(EvaluateSpec()).status == "done"

    def test_stop(self, run, workspace):
        seen = []

        def stop(what, done, total):
            seen.append((what, done, total))
            if what == "Evaluating the images" and done == 0:
                queue.stop(workspace, queue.live_job(workspace).id)

        job = run_here(workspace, run.id, plan(stage()), progress=stop)
        assert (job.status, job.message) == ("done", execute.NOT_EVALUATED)
        assert [one.status for one in run.state.stages] == ["done"]
        assert not run.predictions_path().exists()

    def test_ctrl_c(self, run, workspace):
        def interrupt(what, done, total):
            if what == "Evaluating the images" and done == 0:
                signal.raise_signal(signal.SIGINT)

        job = run_here(workspace, run.id, plan(stage()), progress=interrupt)
        assert (job.status, job.message) == ("done", execute.NOT_EVALUATED)


def test_an_evaluation_reports_each_batch_and_stops_between_them(run, work, workspace, monkeypatch):
    from core.training import feeds, learner

    work(plan(stage()))
    for module in (feeds, learner):
        monkeypatch.setattr(module, "VALIDATION_BATCH", 8)
    run.predictions_path(split="train").unlink(missing_ok=True)
    seen = []
    run_here(workspace, run.id, EvaluateSpec(split="train"), progress=lambda *said: seen.append(said))
    batches = [said for said in seen if said[0] == "Evaluating the images"]
    assert [done for _, done, _ in batches] == list(range(0, 49, 8))

    def stop(what, done, total):
        if what == "Evaluating the images" and done == 16:
            queue.stop(workspace, queue.live_job(workspace).id)
        assert done <= 24

    run.predictions_path(split="train").unlink()
    assert run_here(workspace, run.id, EvaluateSpec(split="train"), progress=stop).status == "stopped"
    assert not run.predictions_path(split="train").exists()
