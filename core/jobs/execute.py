"""What each kind of job does, in the worker or in any other process that claims it."""

import contextlib
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from filelock import FileLock, Timeout

from core.errors import AnnealError, RunError
from core.jobs import queue, store
from core.jobs.control import JobControl, StoppedError
from core.jobs.evaluate import evaluate
from core.jobs.lr_finder import probe
from core.jobs.restore import learner_of
from core.jobs.store import Job, JobProgress, Kind, Status
from core.jobs.train import train
from core.process.threads import prepare_process
from core.runs.folder import RunFolder
from core.training.curve import RangeSettings
from core.training.stage import stage_of
from core.workspace import Progress, Workspace, no_progress

STOPPED = {"train": "Stopped. Continue goes on from this very batch."}

TURN_S = 0.2
"""How often a process looks whether its turn has come."""


def run_job(folder: RunFolder, job: Job, control: JobControl | None = None) -> tuple[Status, str]:
    """Do a claimed job to its end; how it ended ("done" or "stopped") and a sentence, if there is something to say.

    Raises an `AnnealError` when it fails. The caller writes the outcome down (`queue.end`).
    """
    control = control or JobControl(folder, job)
    with _alone(folder):
        try:
            control.check()
            if job.kind == "train":
                train(control, job.spec)
                control.tell(JobProgress(what="Looking at the validation images", done=1, total=1), now=True)
                evaluate(control, {})
            elif job.kind == "find_lr":
                _find_lr(control, job.spec)
            else:
                evaluate(control, job.spec)
        except StoppedError:
            return "stopped", STOPPED.get(job.kind, "")
    return "done", ""


@contextmanager
def _alone(folder: RunFolder) -> Iterator[None]:
    """Hold the run for this process: never do two write to one run, whatever the clocks and job files say."""
    try:
        with FileLock(folder.path / ".lock", timeout=10, poll_interval=0.05):
            yield
    except Timeout as error:
        raise RunError("Another process is at work on this run. Wait until it has ended and try again.") from error


def run_here(
    workspace: Workspace, run_id: str, kind: Kind, spec: dict[str, Any], *, progress: Progress = no_progress
) -> Job:
    """Do a job in this process, in its turn in the queue, seen live by every app on the workspace.

    The job as it ended, "done" or "stopped" (by somebody else's click); raises the `AnnealError` that it failed
    with. Ctrl-C stops at the end of the batch with all kept, and is then raised; a second one ends at once.
    """
    job = queue.submit(workspace, run_id, kind, spec, here=True)
    with _interruptible() as interrupted:
        claimed = _take_turn(workspace, job, interrupted, progress)
        if claimed is None:
            ended = queue.stop(workspace, job.id)
        else:
            ended = _do_here(claimed, RunFolder(workspace.runs / run_id), interrupted, progress)
        if interrupted.is_set():
            raise KeyboardInterrupt("Stopped. What was trained is kept.")
    return ended


def _do_here(job: Job, folder: RunFolder, interrupted: threading.Event, progress: Progress) -> Job:
    status: Status = "failed"
    message = "The command that did this job ended unexpectedly."
    prepare_process(queue.slots())
    try:
        status, message = run_job(folder, job, JobControl(folder, job, heard=progress, stopped=interrupted.is_set))
    except AnnealError as error:
        message = str(error)
        raise
    except KeyboardInterrupt:
        status, message = "stopped", queue.FORCED
        raise
    finally:
        job = queue.end(folder.workspace, job, status, message)
        with contextlib.suppress(AnnealError):
            queue.advance(folder.workspace)
    return job


def _take_turn(workspace: Workspace, job: Job, interrupted: threading.Event, progress: Progress) -> Job | None:
    while not interrupted.is_set():
        queue.advance(workspace)
        claimed = queue.claim(workspace, job.id)
        if claimed is not None:
            return claimed
        if not store.get(workspace, job.id).live:
            return None
        progress("Waiting for other jobs", 0, 0)
        time.sleep(TURN_S)
    return None


@contextmanager
def _interruptible() -> Iterator[threading.Event]:
    """An event that the first Ctrl-C sets; only in a program's main thread can it be heard."""
    interrupted = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield interrupted
        return

    def heard(number: int, frame: FrameType | None) -> None:
        if interrupted.is_set():
            raise KeyboardInterrupt("Stopped at once. Continue goes on from the last checkpoint.")
        interrupted.set()

    before = signal.signal(signal.SIGINT, heard)
    try:
        yield interrupted
    finally:
        signal.signal(signal.SIGINT, before)


def _find_lr(control: JobControl, spec: dict[str, Any]) -> None:
    learner, _ = learner_of(control.folder, control.progress)
    ranges = {name: spec[name] for name in ("lowest", "highest", "steps") if spec.get(name) is not None}
    stage = stage_of(spec.get("stage") or {"size": control.folder.info.size})
    probe(control, learner, stage, RangeSettings(**ranges))
