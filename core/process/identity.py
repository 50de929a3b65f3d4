"""Telling processes apart: a pid alone is given to another process later, a pid with its start time is not."""

import contextlib
import os
import signal
from typing import NamedTuple

import psutil

_TOLERANCE = 2.0
"""Seconds by which a process's start time may seem to move when the clock is set."""


class ProcessId(NamedTuple):
    """A process: its pid, and when it began in seconds since 1970."""

    pid: int
    start_time: float


def this_process() -> ProcessId:
    """The calling process."""
    return ProcessId(os.getpid(), start_time(os.getpid()))


def start_time(pid: int) -> float:
    """When process `pid` began, in seconds since 1970; 0.0 when there is none."""
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.Error:
        return 0.0


def alive(pid: int | None, started: float | None) -> bool:
    """Whether the process `pid` that began at `started` still runs; a zombie does not."""
    if not pid or not started:
        return False
    try:
        process = psutil.Process(pid)
        same = abs(process.create_time() - started) < _TOLERANCE
        return same and process.status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    except psutil.AccessDenied:
        return True
    except psutil.Error:
        return False


def signal_group(pid: int, how: signal.Signals) -> None:
    """Send `how` to a worker and what it started; to the worker alone where it leads no group of its own."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if os.getpgid(pid) == pid:
            os.killpg(pid, how)
        else:
            os.kill(pid, how)
