"""What every benchmark prints: the machine, the versions, a table of medians and ratios; and the same as JSON."""

import argparse
import importlib.metadata
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.workspace import Workspace

ROOT = Path(__file__).parents[2]
PACKAGES = ("torch", "torchvision", "timm", "streamlit", "fastai")


@contextmanager
def own_workspace() -> Iterator[tuple[Path, Workspace]]:
    """A folder for data, and the workspace in it that pages of this process work in; gone at the end."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder).resolve() / "home"
        os.environ |= {"ANNEAL_HOME": str(home), "ANNEAL_WARM": "0"}
        yield Path(folder), Workspace.at(home)


@dataclass
class Timed:
    """A finished command: its wall and processor seconds, peak memory in MB, standard output, and its lines of stderr.

    `lines` has the wall second at which each came, `spent` the processor seconds of the command by then.
    """

    seconds: float
    processor: float
    peak_mb: float
    output: str
    lines: list[tuple[float, str]] = field(default_factory=list)
    spent: list[float] = field(default_factory=list)
    anonymous_mb: float = 0.0


def timed(command: Sequence[str], environment: Mapping[str, str] | None = None, *, watch: bool = False) -> Timed:
    """Run `command` from the project's root; everything counts from the start of its process.

    With `watch`, `anonymous_mb` is the most memory that is its own and could only be swapped out: what the peak has
    beyond it are pages of files (programs, memory maps), which the system gives up when it needs the room.
    """
    started = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    assert process.stdout is not None
    watched = _Watched(process.pid) if watch else None
    lines, spent = [], []
    for line in process.stderr:
        lines.append((time.perf_counter() - started, line.rstrip()))
        spent.append(_processor_seconds(process.pid))
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status):
        raise SystemExit(f"{' '.join(command)} failed:\n" + "\n".join(line for _, line in lines[-20:]))
    processor = usage.ru_utime + usage.ru_stime
    own = watched.stop() if watched else 0.0
    return Timed(time.perf_counter() - started, processor, usage.ru_maxrss / 1024, output, lines, spent, own)


class _Watched:
    """The most anonymous memory of a process, looked at a few times a second."""

    def __init__(self, pid: int) -> None:
        self._pid, self._most, self._ended = pid, 0.0, threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._ended.wait(0.2):
            for line in _lines(f"/proc/{self._pid}/smaps_rollup"):
                if line.startswith("Anonymous:"):
                    self._most = max(self._most, int(line.split()[1]) / 1024)

    def stop(self) -> float:
        self._ended.set()
        self._thread.join()
        return self._most


def _processor_seconds(pid: int) -> float:
    """Those of a process and of its children that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def machine() -> dict[str, Any]:
    """Processor, cores, memory and versions."""
    from core.model.machine import processor  # imports torch, which the measured processes do for themselves

    memory = next((int(line.split()[1]) // 1024**2 for line in _lines("/proc/meminfo") if "MemTotal" in line), 0)
    versions = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return {"processor": processor(), "cores": len(os.sched_getaffinity(0)), "memory_gb": memory, "versions": versions}


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []


def arguments(about: str, *, photos: bool = False, runs: int = 3) -> argparse.ArgumentParser:
    """The parser that every benchmark begins with: how often, where the JSON goes, and, if it wants them, photos."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    if photos:
        parser.add_argument("photos", type=Path, help="a folder with train/ and valid/ above the classes")
    parser.add_argument("--runs", type=int, default=runs, help=f"runs of each (default: {runs})")
    parser.add_argument("--out", default="", help="write the result to this file as JSON")
    return parser


def median(values: Sequence[float]) -> float:
    """The median; NaN of nothing."""
    return statistics.median(values) if values else float("nan")


def show(title: str, header: Sequence[str], rows: Sequence[Sequence[str]], result: dict[str, Any], out: str) -> None:
    """Print the machine and the table; write `result` to the file `out`, if there is one."""
    facts = machine()
    versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
    print(f"{title}\n{facts['processor']}, {facts['cores']} cores, {facts['memory_gb']} GB; {versions}\n")
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    for row in [header, *rows]:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    if out:
        Path(out).write_text(json.dumps({"title": title, "machine": facts, **result}, indent=1) + "\n")


def python() -> str:
    """The interpreter that runs the benchmark, for its children."""
    return sys.executable
