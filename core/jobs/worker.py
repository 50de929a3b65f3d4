"""The worker process of one job: `python -m core.jobs.worker RUN --job ID`."""

import argparse
import contextlib
import faulthandler
import os
import signal
import sys
import traceback
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import Never

from core.errors import AnnealError
from core.jobs import queue, store
from core.jobs.control import TerminatedError, explanation
from core.process.threads import lower_priority, prepare_process
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
    signal.signal(signal.SIGTERM, _terminated)
    try:
        folder = RunFolder(options.run, Workspace.at(options.home))
        waiting = (job.id for job in queue.waiting(folder.workspace) if job.run == folder.id)
        job_id = options.job or next(waiting, None)
        job = queue.claim(folder.workspace, job_id) if job_id else None
    except AnnealError as error:
        print(error, file=sys.stderr)
        return 1
    if job is None:
        print("This job is not for this process to do.", file=sys.stderr)
        return 1
    return work(folder, job)


def _terminated(number: int, frame: FrameType | None) -> Never:
    raise TerminatedError


def work(folder: RunFolder, job: store.Job) -> int:
    """Do a claimed job, write down how it ended whatever happens, and start the next one."""
    print(f"\n== {datetime.now():%Y-%m-%d %H:%M:%S} {job.kind} (job {job.id}, process {os.getpid()})", flush=True)
    _trim(folder.path / LOG)
    status, message = _outcome(folder, job)
    print(f"== {status}{': ' + message if message else ''}", flush=True)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    queue.end(folder.workspace, job, status, message)
    with contextlib.suppress(AnnealError):
        queue.advance(folder.workspace)
    return int(status == "failed")


def _outcome(folder: RunFolder, job: store.Job) -> tuple[store.Status, str]:
    try:
        from core.jobs.execute import run_job

        prepare_process(queue.slots())
        return run_job(folder, job)
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
