"""How fast this machine is: measured in a process of its own, kept in the workspace, seen as it goes by every page."""

import contextlib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from core.errors import AnnealError, RunError
from core.jobs import queue
from core.process.identity import alive, start_time
from core.process.launch import detached, this_process
from core.workspace import Progress, Workspace, no_progress, read_json, timestamp, write_json

SECONDS = 30
"""About how long a measurement takes."""


class Measurement(BaseModel):
    """The measurement under way or the last one; `speed` is a `BenchmarkResult` as JSON values."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    status: Literal["running", "done", "failed"]
    what: str = ""
    done: int = 0
    total: int = 0
    when: str = ""
    message: str = ""
    pid: int | None = None
    start_time: float | None = None
    speed: dict[str, Any] | None = None

    @property
    def running(self) -> bool:
        """Whether its process is still at work."""
        return self.status == "running" and alive(self.pid, self.start_time)


def measured(workspace: Workspace) -> Measurement | None:
    """The workspace's measurement, if there is one that can be read."""
    try:
        return Measurement.model_validate(read_json(_path(workspace)))
    except (OSError, ValueError, ValidationError):
        return None


def begin(workspace: Workspace) -> None:
    """Start a measurement in a process of its own; raises `RunError` while something else computes."""
    _refuse_company(workspace)
    pid = detached(["core", "benchmark", "--home", str(workspace.root)], workspace.jobs / "benchmark.log", anew=True)
    _write(workspace, Measurement(status="running", what="Starting", pid=pid, start_time=start_time(pid)))


def run_here(workspace: Workspace, progress: Progress = no_progress) -> dict[str, Any]:
    """Measure in this process; the speed. Raises `RunError` while something else computes."""
    _refuse_company(workspace)
    from core.training.benchmark import run_benchmark

    mark = this_process()
    base = Measurement(status="running", pid=int(mark["pid"]), start_time=mark["start_time"])

    def tell(what: str, done: int, total: int) -> None:
        progress(what, done, total)
        _write(workspace, base.model_copy(update={"what": what, "done": done, "total": total}))

    try:
        speed = run_benchmark(tell).to_json()
    except BaseException as error:
        with contextlib.suppress(AnnealError):
            _write(
                workspace, Measurement(status="failed", message=str(error) or type(error).__name__, when=timestamp())
            )
        raise
    _write(workspace, Measurement(status="done", speed=speed, when=timestamp()))
    return speed


def _refuse_company(workspace: Workspace) -> None:
    """Two things that compute at once would each be measured at half their speed."""
    if queue.live_job(workspace) is not None:
        raise RunError("A job is at work, and would be measured too. Measure when it has ended.")


def _path(workspace: Workspace) -> Path:
    return workspace.root / "speed.json"


def _write(workspace: Workspace, measurement: Measurement) -> None:
    write_json(_path(workspace), measurement.model_dump(mode="json"))
