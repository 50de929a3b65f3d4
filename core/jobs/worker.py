"""The worker process of one job: `python -m core.jobs.worker RUN --job ID`.

Under torchrun, `torchrun --nproc-per-node=N -m core.jobs.worker RUN`, several processes do it together; without a job
that waits they go on with the run's plan.
"""

import argparse
import contextlib
import faulthandler
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import Never

from core.errors import AnnealError
from core.jobs import queue, store
from core.jobs.control import JobControl, TerminatedError, explanation
from core.jobs.limits import bound_memory
from core.jobs.specs import TrainSpec
from core.jobs.together import together
from core.process.threads import lower_priority, prepare_process
from core.process.world import world
from core.runs.folder import LOG, RunFolder
from core.workspace import Workspace

TORCH = ("torch", "core.jobs.execute")
"""Modules that every job needs."""

MODULES = ("torch", "torchvision", "timm", "safetensors.torch", "core.jobs.execute")
"""Modules that any job may need."""

LONGEST_LOG = 1_000_000
"""Bytes; a log that has grown beyond is cut to its second half before the next job."""


def main(arguments: list[str] | None = None) -> int:
    """Do one job of a run, the given one or the next that waits; 0 unless it failed."""
    parser = argparse.ArgumentParser(prog="python -m core.jobs.worker", description="Do one job of a run.")
    parser.add_argument("run", type=Path, metavar="RUN", help="the run's folder")
    parser.add_argument("--job", metavar="ID", help="default: the run's first waiting job")
    parser.add_argument("--home", metavar="FOLDER", help="the workspace (default: $ANNEAL_HOME, or ~/.anneal)")
    options = parser.parse_args(arguments)
    faulthandler.enable(file=2)
    return together(lambda: _lead(options))


def _lead(options: argparse.Namespace) -> int:
    """Do the job: in the one process, or in the first of several."""
    alone = world() is None
    asked = threading.Event()
    signal.signal(signal.SIGTERM, _terminated if alone else lambda number, frame: asked.set())
    try:
        folder = RunFolder(options.run, Workspace.at(options.home))
        waiting = (job.id for job in queue.waiting(folder.workspace) if job.run == folder.id)
        job_id = options.job or next(waiting, None)
        if job_id is None and not alone:
            return _go_on(folder)
        job = queue.claim(folder.workspace, job_id) if job_id else None
    except AnnealError as error:
        print(error, file=sys.stderr)
        return 1
    if job is None:
        print("This job is not for this process to do.", file=sys.stderr)
        return 1
    return work(folder, job, asked.is_set)


def _go_on(folder: RunFolder) -> int:
    """Without a job that waits, several processes go on with what is left of the run's plan."""
    from core.jobs.execute import run_here

    try:
        ended = run_here(folder.workspace, folder.id, TrainSpec())
        print(f"== {ended.status}{': ' + ended.message if ended.message else ''}", flush=True)
    except KeyboardInterrupt as interrupt:
        print(interrupt, flush=True)
    return 0


def _terminated(number: int, frame: FrameType | None) -> Never:
    raise TerminatedError


def work(folder: RunFolder, job: store.Job, stopped: Callable[[], bool] = lambda: False) -> int:
    """Do a claimed job, write down how it ended whatever happens, and start the next one.

    `stopped` says whether the process itself was asked to stop.
    """
    print(f"\n== {datetime.now():%Y-%m-%d %H:%M:%S} {job.kind} (job {job.id}, process {os.getpid()})", flush=True)
    _trim(folder.path / LOG)
    status, message = _outcome(folder, job, stopped)
    print(f"== {status}{': ' + message if message else ''}", flush=True)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    queue.end(folder.workspace, job, status, message)
    with contextlib.suppress(AnnealError):
        queue.advance(folder.workspace)
    return int(status == "failed")


def _outcome(folder: RunFolder, job: store.Job, stopped: Callable[[], bool]) -> tuple[store.Status, str]:
    try:
        from core.jobs.execute import run_job

        prepare_process(queue.slots(folder.workspace))
        bound_memory(folder.workspace)
        return run_job(folder, job, JobControl(folder, job, stopped=stopped))
    except TerminatedError:
        return "stopped", queue.FORCED
    except Exception as error:
        traceback.print_exc()
        return "failed", explanation(error)


def _trim(log: Path) -> None:
    """Keep the end of a long log; what is printed from now on goes on being appended to the same file."""
    with contextlib.suppress(OSError):
        if log.stat().st_size > LONGEST_LOG:
            with log.open("r+b") as file:
                file.seek(-LONGEST_LOG // 2, os.SEEK_END)
                kept = file.read()
                file.seek(0)
                file.write(kept)
                file.truncate()


if __name__ == "__main__":
    lower_priority()
    sys.exit(main())
