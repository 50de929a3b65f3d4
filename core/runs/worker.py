"""The worker process of one job: `python -m core.runs.worker RUN --job ID`."""

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
from core.runs import jobs
from core.runs.folder import RunFolder
from core.runs.launch import LOG

LONGEST_LOG = 1_000_000
"""Bytes; a log that has grown beyond is cut to its last half before the next job."""


NICE = 5
"""How far a worker stands back, so that pages stay quick on the machine that trains; alone, it loses nothing."""


class TerminatedError(BaseException):
    """The process was asked to end at once."""


def main(arguments: list[str] | None = None) -> int:
    """Do one job of a run, the given one or the next that waits; 0 unless it failed."""
    parser = argparse.ArgumentParser(prog="python -m core.runs.worker", description="Do one job of a run.")
    parser.add_argument("run", type=Path, metavar="RUN", help="the run's folder")
    parser.add_argument("--job", metavar="ID", help="default: the run's first waiting job")
    options = parser.parse_args(arguments)
    faulthandler.enable(file=2)
    signal.signal(signal.SIGTERM, _terminated)
    try:
        folder = RunFolder(options.run)
        waiting = (job.id for job in jobs.queue(folder.workspace) if job.run == folder.id)
        job_id = options.job or next(waiting, None)
        job = jobs.claim(folder.workspace, job_id) if job_id else None
    except AnnealError as error:
        print(error, file=sys.stderr)
        return 1
    if job is None:
        print("This job is not for this process to do.", file=sys.stderr)
        return 1
    return work(folder, job)


def stand_back() -> None:
    """Let whatever else the machine does go first; for the rest of this process's life."""
    if hasattr(os, "nice") and not os.nice(0):
        os.nice(NICE)


def _terminated(number: int, frame: FrameType | None) -> Never:
    raise TerminatedError


def work(folder: RunFolder, job: jobs.Job) -> int:
    """Do a claimed job, write down how it ended whatever happens, and start the next one."""
    print(f"\n== {datetime.now():%Y-%m-%d %H:%M:%S} {job.kind} (job {job.id}, process {os.getpid()})", flush=True)
    _trim(folder.path / LOG)
    status, message = _outcome(folder, job)
    print(f"== {status}{': ' + message if message else ''}", flush=True)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    jobs.end(folder.workspace, job, status, message)
    with contextlib.suppress(AnnealError):
        jobs.advance(folder.workspace)
    return int(status == "failed")


def _outcome(folder: RunFolder, job: jobs.Job) -> tuple[jobs.Status, str]:
    try:
        from core.runs.execute import prepare_process, run_job

        prepare_process()
        return run_job(folder, job)
    except AnnealError as error:
        traceback.print_exc()
        return "failed", str(error)
    except TerminatedError:
        return "stopped", jobs.FORCED
    except Exception as error:
        traceback.print_exc()
        if isinstance(error, MemoryError) or "allocate memory" in str(error):
            return "failed", "The machine ran out of memory. Lower the batch size or the image size and try again."
        said = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        return "failed", f"Something unexpected went wrong ({said}). The log has the details; nothing saved was lost."


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
    stand_back()
    sys.exit(main())
