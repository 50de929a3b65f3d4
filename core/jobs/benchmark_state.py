"""The benchmark of this machine as a file in the workspace: how far it is, or what it found last."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from core.kept import Count, Pid, read_model
from core.process.identity import alive
from core.training.benchmark_result import BenchmarkResult
from core.workspace import Workspace, write_json


class BenchmarkState(BaseModel):
    """The benchmark that runs or ran last; `pid` and `start_time` name the process that runs it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    status: Literal["running", "done", "failed"]
    what: str = ""
    done: Count = 0
    total: Count = 0
    when: str = ""
    message: str = ""
    pid: Pid | None = None
    start_time: float | None = None
    result: BenchmarkResult | None = None

    @property
    def running(self) -> bool:
        """Whether its process is alive and has not finished."""
        return self.status == "running" and alive(self.pid, self.start_time)


def read_state(workspace: Workspace) -> BenchmarkState | None:
    """The workspace's benchmark; None when there was none or its file cannot be read."""
    try:
        return read_model(_path(workspace), BenchmarkState)
    except (OSError, ValueError):
        return None


def write_state(workspace: Workspace, state: BenchmarkState) -> None:
    """Replace the file; raises `WorkspaceError`."""
    write_json(_path(workspace), state.model_dump(mode="json"))


def is_running(workspace: Workspace) -> bool:
    """Whether a benchmark runs, so that no job may start."""
    state = read_state(workspace)
    return state is not None and state.running


def _path(workspace: Workspace) -> Path:
    return workspace.root / "benchmark.json"
