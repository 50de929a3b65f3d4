"""The queue of jobs: submitting, starting, stopping and ending them. Importing this module does not import torch.

Every change goes through one lock, so that several apps, workers and command lines share a workspace. The one
exception is a running job's progress, which only its own worker writes.
"""

import contextlib
import os
import secrets
import signal
import socket
import time
from collections.abc import Sequence
from datetime import datetime, timedelta

from core.errors import RunError
from core.hosting.settings import settings_of
from core.jobs import benchmark_state, limits, pool
from core.jobs.planned import keep_plan
from core.jobs.specs import Spec, TrainSpec
from core.jobs.store import Job, Status, all_jobs, get, job_path, locked, prune, write
from core.process import launch
from core.process.identity import alive, signal_group, start_time, this_process
from core.process.world import world
from core.runs.folder import LOG, RunFolder, run_path
from core.runs.names import LATEST
from core.runs.state import StageStatus
from core.workspace import VISITORS, Workspace, sentences

STOP = "stop"
"""Name of the flag file in a run's folder; it holds the id of the job that is asked to stop."""

_MOMENT = "%Y%m%d-%H%M%S-%f"
_MOMENT_LENGTH = len("20260101-120000-000000")

GRACE_S = 30.0
"""Seconds that a worker has to see the flag (once a batch) before it is sent SIGTERM; half as many before SIGKILL."""

SILENT_S = 900.0
"""Seconds after which a job on another machine that reports nothing counts as lost."""

LOST = (
    "The worker process ended unexpectedly: it was killed, or the machine ran out of memory or restarted. "
    "Continue goes on from the last checkpoint. Where memory is short, lower the batch size or the image size."
)
FORCED = "Stopped in the middle of a batch. Continue goes on from the last checkpoint."

_STAGE_ENDED: dict[Status, StageStatus] = {"failed": "failed", "stopped": "stopped", "lost": "stopped"}
"""What a stage that a job left running is called, by how the job ended."""


def jobs_of(run: RunFolder) -> list[Job]:
    """A run's jobs, newest first."""
    return [job for job in reversed(all_jobs(run.workspace)) if job.run == run.id]


def waiting(workspace: Workspace) -> list[Job]:
    """Jobs that wait, in the order in which they will start."""
    return [job for job in all_jobs(workspace) if job.status == "queued"]


def live_job(workspace: Workspace, run_id: str | None = None) -> Job | None:
    """The job that is running, else the first that waits, of one run or of all; None when there is none."""
    live = [job for job in all_jobs(workspace) if job.live and run_id in (None, job.run)]
    return min(live, key=lambda job: job.status != "running", default=None)


def slots(workspace: Workspace | None = None) -> int:
    """How many jobs may run at a time: 1, or what ANNEAL_JOBS says; for a server's visitors what its settings say."""
    if workspace is not None and (workspace.host is not None or (workspace.root / VISITORS).is_dir()):
        return settings_of(workspace).jobs
    given = os.environ.get("ANNEAL_JOBS", "")
    return min(64, max(1, int(given))) if given.isdecimal() else 1


def jobs_before(workspace: Workspace, job: Job) -> int:
    """How many other jobs must end before a waiting job starts; 0 for one that does not wait for any."""
    turns = pool.live(workspace)
    place = pool.place_of(job, turns)
    running = sum(turn.job.status == "running" for turn in turns)
    return max(0, running + place - slots(workspace)) if place else 0


def waiting_for(workspace: Workspace, job: Job) -> str:
    """What a waiting job waits for, as a phrase without a full stop; empty for one that does not wait."""
    if benchmark_state.is_running(workspace):
        return "Waiting for the benchmark of this machine"
    count = jobs_before(workspace, job)
    if workspace.host is not None and job.status == "queued" and not count:
        return "" if limits.has_memory(workspace, pool.live(workspace)) else "Waiting until this server has memory free"
    if count and workspace.host is not None:
        return f"Number {pool.place_of(job, pool.live(workspace))} in the queue of this server"
    return f"Waiting for {count} other job{'s' if count > 1 else ''}" if count else ""


def expected_wait(workspace: Workspace, job: Job) -> float | None:
    """Seconds until a job that waits on a server is expected to start; None where that cannot be said."""
    if workspace.host is None:
        return None
    return pool.expected_wait(workspace, job, pool.live(workspace), slots(workspace))


def submit(workspace: Workspace, run_id: str, spec: Spec, *, here: bool = False) -> Job:
    """Queue a job and start it if its turn has come; returns it as it then is.

    `here` reserves it for the calling process, which claims it itself (the command line). Raises `RunError`
    when the run is missing or already has a job, and on a server where its limits do not allow it.
    """
    if not (run_path(workspace, run_id) / "run.json").is_file():
        raise RunError("That run is no longer there. Choose one on the Runs page.")
    own = this_process() if here else None
    job = Job(
        id="",
        run=run_id,
        spec=spec,
        created=time.time(),
        pid=own.pid if own else None,
        start_time=own.start_time if own else None,
        here=here,
        host=_host() if here else "",
    )
    check_processes(workspace)
    with locked(workspace):
        if live_job(workspace, run_id) is not None:
            raise RunError("This run is already at work. Wait until it has ended, or stop it first.")
        limits.refuse(workspace, run_id, spec)
        pool.forget_idle(workspace)
        pool.mark_busy(workspace)
        job = write(workspace, job.model_copy(update={"id": _new_id(all_jobs(workspace))}))
        prune(workspace)
    advance(workspace)
    return get(workspace, job.id)


def _new_id(jobs: Sequence[Job]) -> str:
    """An id behind those of all `jobs`, also where the clock was set back since: the queue is in their order."""
    moment = datetime.now()
    for job in jobs[-1:]:
        with contextlib.suppress(ValueError, OverflowError):
            moment = max(moment, datetime.strptime(job.id[:_MOMENT_LENGTH], _MOMENT) + timedelta(microseconds=1))
    return f"{moment:{_MOMENT}}-{secrets.token_hex(2)}"


def advance(workspace: Workspace) -> None:
    """Check the processes of jobs, and start the jobs whose turn has come. Quick, and safe to call at any time."""
    launch.reap()
    check_processes(workspace)
    if _next(workspace) is None:
        return
    with locked(workspace):
        while (turn := _next(workspace)) is not None:
            _start(turn.workspace, turn.job)


def _next(workspace: Workspace) -> pool.Turn | None:
    """The job to start now; None when none waits, no slot is free, or a process is to claim it itself."""
    turn = _first_to_run(workspace)
    return None if turn is None or turn.job.here else turn


def _first_to_run(workspace: Workspace) -> pool.Turn | None:
    """The first job that waits, if it may run now: a slot is free, memory too, and no benchmark of the machine runs."""
    return next_in(workspace, pool.live(workspace))


def next_in(workspace: Workspace, turns: Sequence[pool.Turn]) -> pool.Turn | None:
    """The first of the live jobs `turns` that waits and may run now."""
    first = pool.next_to_run(turns, slots(workspace))
    if first is None or benchmark_state.is_running(workspace.pool):
        return None
    return first if limits.has_memory(first.workspace, turns) else None


def _start(workspace: Workspace, job: Job) -> None:
    folder = run_path(workspace, job.run)
    several = (job.spec.processes,) if isinstance(job.spec, TrainSpec) and job.spec.processes > 1 else ()
    try:
        pid = launch.start_worker(workspace, folder, job.id, folder / LOG, *several)
    except OSError as error:
        message = f"The worker process could not be started ({error.strerror or error}). Try again."
        write(workspace, job.model_copy(update={"status": "failed", "ended": time.time(), "message": message}))
        return
    now = {"status": "running", "pid": pid, "start_time": start_time(pid), "started": time.time()}
    write(workspace, job.model_copy(update=now))


def _host() -> str:
    """What a job says of this machine: nothing, unless it is one of several that share the workspace."""
    return "" if world() is None else socket.gethostname()


def claim(workspace: Workspace, job_id: str) -> Job | None:
    """Take a job for the calling process; None when it is not its turn yet, or not (any longer) this process's."""
    own = this_process()
    mine = {"status": "running", "pid": own.pid, "start_time": own.start_time, "host": _host()}
    with locked(workspace):
        job = get(workspace, job_id)
        if job.status == "running" and (job.pid == own.pid or (world() is not None and job.pid == os.getppid())):
            return write(workspace, job.model_copy(update=mine))
        if job.status != "queued" or job.pid not in (None, own.pid):
            return None
        first = _first_to_run(workspace)
        if first is None or first.job.id != job_id:
            return None
        return write(workspace, job.model_copy(update={**mine, "started": time.time()}))


def end(workspace: Workspace, job: Job, status: Status, message: str = "") -> Job:
    """Write how a job ended, also for a stage that it left running, and delete its stop flag."""
    with locked(workspace):
        job = get(workspace, job.id).model_copy(update={"status": status, "ended": time.time(), "message": message})
        write(workspace, job)
        pool.remember_length(workspace, job)
        _end_stages(workspace, job)
        if stop_asked(workspace, job):
            (run_path(workspace, job.run) / STOP).unlink(missing_ok=True)
    return job


def _end_stages(workspace: Workspace, job: Job) -> None:
    """Have the run's state say how the stage ended that a training job left running; a damaged state stays as it is."""
    if job.kind == "train" and job.status in _STAGE_ENDED:
        with contextlib.suppress(RunError):
            RunFolder(run_path(workspace, job.run), workspace).end_stages(_STAGE_ENDED[job.status], job.message)


def stop(workspace: Workspace, job_id: str) -> Job:
    """Ask a job to stop: at once if it waits, within one batch if it runs. Ended jobs are left as they are."""
    with locked(workspace):
        job = get(workspace, job_id)
        if job.status == "queued":
            done = {"status": "stopped", "ended": time.time(), "message": "Stopped before it began."}
            _keep_plan(workspace, job)
            return write(workspace, job.model_copy(update=done))
    if job.status == "running" and not stop_asked(workspace, job):
        flag = run_path(workspace, job.run) / STOP
        with sentences(flag):
            flag.write_text(job.id, encoding="utf-8")
    return job


def _keep_plan(workspace: Workspace, job: Job) -> None:
    """Have the run go on with the plan of a job that was stopped while it waited; a damaged run stays as it is."""
    if isinstance(job.spec, TrainSpec) and job.spec.plan is not None and job.spec.start == LATEST:
        with contextlib.suppress(RunError):
            keep_plan(RunFolder(run_path(workspace, job.run), workspace), job.spec.plan)


def stop_asked(workspace: Workspace, job: Job) -> float | None:
    """When a job was asked to stop, in seconds since 1970; None when it was not. One `stat` when it was not."""
    flag = run_path(workspace, job.run) / STOP
    try:
        return flag.stat().st_mtime if flag.read_text(encoding="utf-8") == job.id else None
    except OSError:
        return None


def check_processes(workspace: Workspace) -> None:
    """Send signals to workers that do not stop when asked, and mark jobs whose process has ended as lost."""
    for member in pool.members(workspace):
        for job in all_jobs(member):
            if job.status == "running" and (since := stop_asked(member, job)) is not None:
                _signal_overdue(job, time.time() - since)
            if _has_died(member, job):
                with locked(member):
                    _mark_lost(member, job.id)


def _signal_overdue(job: Job, waited: float) -> None:
    """End a worker that has not stopped `waited` seconds after it was asked to."""
    elsewhere = job.host not in ("", socket.gethostname())
    if waited > GRACE_S and job.pid and not (job.here or elsewhere) and alive(job.pid, job.start_time):
        signal_group(job.pid, signal.SIGKILL if waited > 1.5 * GRACE_S else signal.SIGTERM)


def _has_died(workspace: Workspace, job: Job) -> bool:
    """Whether the process that does a job, or that has reserved it, is gone.

    Of a process on another machine only its silence can be told: it reports after each batch of whatever it does.
    """
    held = job.status == "running" or (job.status == "queued" and job.here)
    if held and job.host not in ("", socket.gethostname()):
        with contextlib.suppress(OSError):
            return time.time() - job_path(workspace, job.id).stat().st_mtime > SILENT_S
    return held and not alive(job.pid, job.start_time)


def _mark_lost(workspace: Workspace, job_id: str) -> None:
    """Write that a job's process has ended without saying so; the caller holds the lock."""
    with contextlib.suppress(RunError):
        job = get(workspace, job_id)
        if not _has_died(workspace, job):
            return
        asked = stop_asked(workspace, job)
        status: Status = "lost" if asked is None else "stopped"
        message = LOST if asked is None else FORCED
        job = write(workspace, job.model_copy(update={"status": status, "ended": time.time(), "message": message}))
        _end_stages(workspace, job)
        (run_path(workspace, job.run) / STOP).unlink(missing_ok=True)
