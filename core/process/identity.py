"""Telling processes apart: a pid alone is given to another process later, a pid with its start time is not.

The time is counted from the machine's start where that can be had: the clock may be set while a process runs.
"""

import contextlib
import os
import signal
from pathlib import Path
from typing import NamedTuple

import psutil

_TOLERANCE = 2.0
"""Seconds by which a process's start time may seem to move when the clock is adjusted."""

_LONGEST_UP = 1e9
"""Seconds (31 years) that no machine has been up: a larger start time is one since 1970."""


class ProcessId(NamedTuple):
    """A process: its pid, and when it began, as `start_time` says it."""

    pid: int
    start_time: float


def this_process() -> ProcessId:
    """The calling process."""
    return ProcessId(os.getpid(), start_time(os.getpid()))


def start_time(pid: int) -> float:
    """When process `pid` began, in seconds since the machine started, else since 1970; 0.0 when there is none."""
    try:
        return _since_boot(pid) or float(psutil.Process(pid).create_time())
    except psutil.Error:
        return 0.0


def _since_boot(pid: int) -> float:
    """When process `pid` began, in seconds since the machine started, from Linux; 0.0 where that is not known."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        return int(fields[19]) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return 0.0


def alive(pid: int | None, started: float | None) -> bool:
    """Whether the process `pid` that began at `started` (`start_time`) still runs; a zombie does not."""
    if not pid or not started:
        return False
    try:
        process = psutil.Process(pid)
        began = process.create_time() if started > _LONGEST_UP else start_time(pid)
        return abs(began - started) < _TOLERANCE and process.status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
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
