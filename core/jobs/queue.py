"""Jobs: what is queued, running and ended, one small file each. Importing this module does not import torch.

Every change goes through one lock, so that several apps, workers and command lines share a workspace. The one
exception is a running job's progress, which only its own worker writes.
"""

import contextlib
import os
import secrets
import signal
import time
from datetime import datetime

from core.errors import RunError
from core.jobs.specs import Spec
from core.jobs.store import Job, Status, all_jobs, get, locked, prune, write
from core.process import launch
from core.process.identity import alive, signal_group, start_time
from core.runs.folder import LOG, RunFolder
from core.runs.names import checked_id
from core.workspace import Workspace, sentences

STOP = "stop"
"""Name of the flag file in a run's folder; it holds the id of the job that is asked to stop."""

GRACE_S = 30.0
"""Seconds that a worker has to see the flag (once a batch) before it is sent SIGTERM; half as many before SIGKILL."""

LOST = (
    "The worker process is gone without a word: it was killed, or the machine ran out of memory or restarted. "
    "Continue goes on from the last checkpoint."
)
FORCED = "Stopped in the middle of a batch. Continue goes on from the last checkpoint."


def jobs_of(run: RunFolder) -> list[Job]:
    """A run's jobs, newest first."""
    return [job for job in reversed(all_jobs(run.workspace)) if job.run == run.id]


def waiting(workspace: Workspace) -> list[Job]:
    """Jobs that wait, in the order in which they will start."""
    return [job for job in all_jobs(workspace) if job.status == "queued"]


def jobs_before(workspace: Workspace, job: Job) -> int:
    """How many other jobs must end before a waiting job starts; 0 for one that does not wait for any."""
    jobs = all_jobs(workspace)
    earlier = [other.id for other in jobs if other.status == "queued"]
    if job.id not in earlier:
        return 0
    running = sum(other.status == "running" for other in jobs)
    return max(0, running + earlier.index(job.id) + 1 - slots())


def live_job(workspace: Workspace, run_id: str | None = None) -> Job | None:
    """The job that is running, else the first that waits, of one run or of all; None when there is none."""
    live = [job for job in all_jobs(workspace) if job.live and run_id in (None, job.run)]
    return min(live, key=lambda job: job.status != "running", default=None)


def slots() -> int:
    """How many jobs may run at a time: 1, or what ANNEAL_JOBS says."""
    given = os.environ.get("ANNEAL_JOBS", "")
    return min(64, max(1, int(given))) if given.isdecimal() else 1


def submit(workspace: Workspace, run_id: str, spec: Spec, *, here: bool = False) -> Job:
    """Queue a job and start it if its turn has come; returns it as it then is.

    `here` reserves it for the calling process, which claims it itself (the command line). Raises `RunError`
    when the run is missing or already has a job.
    """
    if not (workspace.runs / checked_id(run_id) / "run.json").is_file():
        raise RunError("That run is no longer there. Choose one on the Runs page.")
    own = os.getpid()
    job = Job(
        id=f"{datetime.now():%Y%m%d-%H%M%S-%f}-{secrets.token_hex(2)}",
        run=run_id,
        spec=spec,
        created=time.time(),
        pid=own if here else None,
        start_time=start_time(own) if here else None,
        here=here,
    )
    tend(workspace)
    with locked(workspace):
        if live_job(workspace, run_id) is not None:
            raise RunError("This run is already at work. Wait until it has ended, or stop it first.")
        write(workspace, job)
        prune(workspace)
    advance(workspace)
    return get(workspace, job.id)


def advance(workspace: Workspace) -> None:
    """Tend the list of jobs, and start those whose turn has come. Quick, and safe to call at any time."""
    tend(workspace)
    if not _next(workspace):
        return
    with locked(workspace):
        while (job := _next(workspace)) is not None:
            _start(workspace, job)


def _next(workspace: Workspace) -> Job | None:
    """The first waiting job, if a slot is free for it and it is not for a process to claim itself."""
    jobs = all_jobs(workspace)
    running = [job for job in jobs if job.status == "running"]
    waiting = [job for job in jobs if job.status == "queued"]
    if len(running) >= slots() or not waiting or waiting[0].here:
        return None
    return waiting[0]


def _start(workspace: Workspace, job: Job) -> None:
    folder = workspace.runs / job.run
    try:
        pid = launch.start_worker(workspace, folder, job.id, folder / LOG)
    except OSError as error:
        message = f"The worker process could not be started ({error.strerror or error}). Try again."
        write(workspace, job.model_copy(update={"status": "failed", "ended": time.time(), "message": message}))
        return
    now = {"status": "running", "pid": pid, "start_time": start_time(pid), "started": time.time()}
    write(workspace, job.model_copy(update=now))


def claim(workspace: Workspace, job_id: str) -> Job | None:
    """Take a job for the calling process; None when it is not its turn yet, or not (any longer) this process's."""
    pid = os.getpid()
    own = {"status": "running", "pid": pid, "start_time": start_time(pid)}
    with locked(workspace):
        job = get(workspace, job_id)
        if job.status == "running" and job.pid == pid:
            return write(workspace, job.model_copy(update=own))
        mine = job.status == "queued" and job.pid in (None, pid)
        jobs = all_jobs(workspace)
        first = next((other for other in jobs if other.status == "queued"), None)
        free = sum(other.status == "running" for other in jobs) < slots()
        if not (mine and free and first is not None and first.id == job_id):
            return None
        return write(workspace, job.model_copy(update={**own, "started": time.time()}))


def end(workspace: Workspace, job: Job, status: Status, message: str = "") -> Job:
    """Write how a job ended, and take its stop flag away."""
    with locked(workspace):
        job = get(workspace, job.id).model_copy(update={"status": status, "ended": time.time(), "message": message})
        write(workspace, job)
        if stop_asked(workspace, job):
            (workspace.runs / job.run / STOP).unlink(missing_ok=True)
    return job


def stop(workspace: Workspace, job_id: str) -> Job:
    """Ask a job to stop: at once if it waits, within one batch if it runs. Ended jobs are left as they are."""
    with locked(workspace):
        job = get(workspace, job_id)
        if job.status == "queued":
            done = {"status": "stopped", "ended": time.time(), "message": "Stopped before it began."}
            return write(workspace, job.model_copy(update=done))
    if job.status == "running" and not stop_asked(workspace, job):
        flag = workspace.runs / job.run / STOP
        with sentences(flag):
            flag.write_text(job.id, encoding="utf-8")
    return job


def stop_asked(workspace: Workspace, job: Job) -> float | None:
    """When a job was asked to stop, in seconds since 1970; None when it was not. One `stat` when it was not."""
    flag = workspace.runs / job.run / STOP
    try:
        return flag.stat().st_mtime if flag.read_text(encoding="utf-8") == job.id else None
    except OSError:
        return None


def tend(workspace: Workspace) -> None:
    """Press workers that do not stop, and say of dead ones that they are lost."""
    for job in all_jobs(workspace):
        if job.status == "running" and (since := stop_asked(workspace, job)) is not None:
            _press(job, time.time() - since)
        if _dead(job):
            with locked(workspace):
                _bury(workspace, job.id)


def _press(job: Job, waited: float) -> None:
    if waited > GRACE_S and job.pid and not job.here and alive(job.pid, job.start_time):
        signal_group(job.pid, signal.SIGKILL if waited > 1.5 * GRACE_S else signal.SIGTERM)


def _dead(job: Job) -> bool:
    held = job.status == "running" or (job.status == "queued" and job.here)
    return held and not alive(job.pid, job.start_time)


def _bury(workspace: Workspace, job_id: str) -> None:
    with contextlib.suppress(RunError):
        job = get(workspace, job_id)
        if not _dead(job):
            return
        asked = stop_asked(workspace, job)
        status: Status = "lost" if asked is None else "stopped"
        message = LOST if asked is None else FORCED
        write(workspace, job.model_copy(update={"status": status, "ended": time.time(), "message": message}))
        (workspace.runs / job.run / STOP).unlink(missing_ok=True)
