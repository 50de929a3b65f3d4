"""Doing a job: in a worker, or in any other process that claims it."""

import contextlib
import signal
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from core.errors import AnnealError, RunError
from core.jobs import queue, store
from core.jobs.control import JobControl, StoppedError, TerminatedError, explanation, out_of_memory
from core.jobs.evaluate import evaluate
from core.jobs.export import export
from core.jobs.lr_finder import find_lr
from core.jobs.planned import keep_plan
from core.jobs.specs import EvaluateSpec, ExportSpec, FindSpec, Spec, StudySpec, TrainSpec, TrialSpec
from core.jobs.store import Job, Status
from core.jobs.study import study
from core.jobs.train import train
from core.jobs.trials import try_rates
from core.process.threads import prepare_process
from core.process.world import world
from core.runs.folder import RunFolder, run_path
from core.runs.names import LATEST
from core.workspace import Progress, Workspace, no_progress

GO_ON = "Continue goes on from this very batch."

STOPPED = {
    "train": f"Stopped. {GO_ON}",
    "trials": "Stopped. The trials that had ended are kept.",
}

EVALUATE_AGAIN = "Evaluate again on the Confusion matrix page."
NOT_EVALUATED = f"Training is done, but its evaluation was stopped. {EVALUATE_AGAIN}"

TURN_S = 0.2
"""Seconds between two looks whether a job's turn has come."""


def run_job(folder: RunFolder, job: Job, control: JobControl | None = None) -> tuple[Status, str]:
    """Do a claimed job to its end; returns "done" or "stopped", and a sentence if there is something to say.

    Raises an `AnnealError` when it fails. The caller writes the outcome down (`queue.end`).
    """
    control = control or JobControl(folder, job)
    with folder.lock():
        try:
            if isinstance(job.spec, TrainSpec) and job.spec.plan is not None and job.spec.start == LATEST:
                keep_plan(folder, job.spec.plan)
            control.check()
            if isinstance(job.spec, TrainSpec):
                ended_early = train(control, job.spec)
                return "done", " ".join(filter(None, [ended_early, _evaluate_trained(control)]))
            if isinstance(job.spec, FindSpec):
                return "done", find_lr(control, job.spec)
            if isinstance(job.spec, TrialSpec):
                try_rates(control, job.spec)
            elif isinstance(job.spec, StudySpec):
                study(control, job.spec)
            elif isinstance(job.spec, ExportSpec):
                export(control, job.spec)
            else:
                evaluate(control, job.spec)
        except StoppedError:
            return "stopped", _why(control, job)
    return "done", ""


def _why(control: JobControl, job: Job) -> str:
    """Why a job was stopped: a server's limit, or that somebody asked for it."""
    if not control.over:
        return STOPPED.get(job.kind, "")
    return f"{control.over} {GO_ON}" if job.kind == "train" else control.over


def _evaluate_trained(control: JobControl) -> str:
    """Predict the validation images after training; a sentence when that did not succeed.

    Whatever happens here, the run is trained: nothing is raised.
    """
    try:
        evaluate(control, EvaluateSpec())
    except (StoppedError, TerminatedError, KeyboardInterrupt):
        return NOT_EVALUATED
    except Exception as error:
        traceback.print_exc()
        return f"Training is done, but its evaluation failed: {explanation(error)} {EVALUATE_AGAIN}"
    return ""


def run_here(workspace: Workspace, run_id: str, spec: Spec, *, progress: Progress = no_progress) -> Job:
    """Do a job in this process, in its turn in the queue, seen live by every app on the workspace.

    Returns the job as it ended, "done" or "stopped" (from another process); raises the `AnnealError` that it failed
    with. Ctrl-C stops it at the end of the batch with all kept, and is then raised unless the job was done all the
    same; a second Ctrl-C stops at once.
    """
    job = queue.submit(workspace, run_id, spec, here=True)
    with _interruptible() as interrupted:
        claimed = _take_turn(workspace, job, interrupted, progress)
        if claimed is None:
            ended = queue.stop(workspace, job.id)
        else:
            ended = _do_here(claimed, RunFolder(run_path(workspace, run_id), workspace), interrupted, progress)
        if interrupted.is_set() and ended.status != "done":
            raise KeyboardInterrupt("Stopped. What was trained is kept.")
    return ended


def _do_here(job: Job, folder: RunFolder, interrupted: threading.Event, progress: Progress) -> Job:
    status: Status = "failed"
    message = "The command that did this job ended unexpectedly."
    prepare_process(queue.slots(folder.workspace))
    try:
        status, message = run_job(folder, job, JobControl(folder, job, echo=progress, stopped=interrupted.is_set))
    except AnnealError as error:
        message = str(error)
        raise
    except Exception as error:
        message = explanation(error)
        if out_of_memory(error):
            raise RunError(message) from error
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
    """Wait for the job's turn and claim it; None when it was stopped first."""
    while not interrupted.is_set():
        queue.advance(workspace)
        claimed = queue.claim(workspace, job.id)
        if claimed is not None:
            return claimed
        if not store.get(workspace, job.id).live:
            return None
        progress(queue.waiting_for(workspace, job) or "Starting", 0, 0)
        time.sleep(TURN_S)
    return None


@contextmanager
def _interruptible() -> Iterator[threading.Event]:
    """An event that the first Ctrl-C sets, in a program's main thread; the second is raised there."""
    interrupted = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield interrupted
        return

    def handle(number: int, frame: FrameType | None) -> None:
        if interrupted.is_set():
            raise KeyboardInterrupt("Stopped at once. Continue goes on from the last checkpoint.")
        interrupted.set()

    # torchrun, and a scheduler when the time is up, ask with SIGTERM
    numbers = (signal.SIGINT,) if world() is None else (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, handle) for number in numbers]
    try:
        yield interrupted
    finally:
        for number, old in zip(numbers, before, strict=True):
            signal.signal(number, old)
