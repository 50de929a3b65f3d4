"""How often a live page draws, and that it does not miss the first point."""

import threading
import time
from pathlib import Path

import pytest

from core.jobs import pool, queue, store
from core.jobs.specs import EvaluateSpec, TrainSpec
from core.jobs.store import Job, JobProgress
from pages.ui import jobs
from tests.pages.made import new_run


def job(done: int, *, seconds: float, left: float | None) -> Job:
    progress = JobProgress(done=done, total=1000, eta_s=left)
    return Job(id="a", run="b", spec=TrainSpec(), status="running", started=time.time() - seconds,
               progress=progress)  # fmt: skip


@pytest.mark.parametrize(
    ("done", "seconds", "left", "pace"),
    [
        (0, 60, None, jobs.FIRST),
        (5, 2, 500, 1.0),
        (5, 60, None, 1.0),
        (5, 60, 7, 1.0),
        (5, 60, 8, 2.0),
        (5, 60, 20, 5.0),
    ],
)
def test_often_at_first_and_at_the_end_seldom_in_between(
    done: int, seconds: float, left: float | None, pace: float
) -> None:
    assert jobs.pace(job(done, seconds=seconds, left=left)) == pace


def test_a_job_that_waits_for_its_turn_is_not_waited_for() -> None:
    queued = job(0, seconds=0, left=None).model_copy(update={"status": "queued", "started": None})
    assert jobs.pace(queued) == jobs.PACES[0]


def test_a_page_waits_a_moment_for_the_first_step(home: Path) -> None:
    run = new_run(home)
    workspace = run.workspace
    queued = queue.submit(workspace, run.id, TrainSpec(), here=True)
    claimed = queue.claim(workspace, queued.id)
    assert claimed is not None
    threading.Timer(0.1, store.write_progress, [workspace, claimed, JobProgress(done=1, total=9)]).start()
    found = jobs._begun(workspace, claimed)
    assert found is not None
    assert found.progress.done == 1


def test_and_not_for_ever(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "WAIT_S", 0.05)
    run = new_run(home)
    queued = queue.submit(run.workspace, run.id, TrainSpec(), here=True)
    found = jobs._begun(run.workspace, queued)
    assert found is not None
    assert found.progress.done == 0
    assert jobs._begun(run.workspace, None) is None


@pytest.mark.parametrize(
    ("slots", "said"),
    [
        ("1", "Waiting for 2 other jobs, then it starts by itself"),
        ("2", "Waiting for 1 other job, then"),
        ("3", "Starts in a"),
    ],
)
def test_a_waiting_job_says_how_many_must_end_before_it(
    home: Path, monkeypatch: pytest.MonkeyPatch, slots: str, said: str
) -> None:
    run = new_run(home)
    workspace = run.workspace
    earlier = [job(0, seconds=1, left=None).model_copy(update={"id": "a", "run": "x"})]
    earlier += [earlier[0].model_copy(update={"id": "b", "status": "queued", "run": "y"})]
    waiting = earlier[0].model_copy(update={"id": "c", "status": "queued", "run": run.id})
    monkeypatch.setattr(pool, "all_jobs", lambda workspace: [*earlier, waiting])
    monkeypatch.setenv("ANNEAL_JOBS", slots)
    assert jobs.how_far(workspace, waiting).startswith(said)


class _RunsAgain(Exception):
    """The page would run again."""


def test_the_line_about_jobs_runs_the_page_again_for_its_own_run_alone(
    home: Path, quiet: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def again() -> None:
        raise _RunsAgain

    monkeypatch.setattr("streamlit.rerun", again)
    mine, theirs = new_run(home), new_run(home)
    workspace = mine.workspace
    first = queue.submit(workspace, theirs.id, EvaluateSpec())
    jobs._line(workspace, mine.id, first)
    store.write(workspace, first.model_copy(update={"status": "done"}))
    jobs._line(workspace, mine.id, first)  # the job of another has ended: an open dialog stays
    jobs._line(workspace, None, first)
    with pytest.raises(_RunsAgain):
        jobs._line(workspace, theirs.id, first)
    second = queue.submit(workspace, mine.id, EvaluateSpec())
    with pytest.raises(_RunsAgain):
        jobs._line(workspace, mine.id, first)
    jobs._line(workspace, mine.id, second)
