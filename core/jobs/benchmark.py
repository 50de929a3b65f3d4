"""Running the benchmark of this machine, in this process or in one of its own.

No job runs beside it: it does not begin while a job is queued or running, and a job that is submitted meanwhile
starts when it has ended. Both are decided under the one lock on jobs.
"""

import contextlib

from core.errors import AnnealError, RunError
from core.jobs import queue
from core.jobs.benchmark_state import BenchmarkState, read_state, write_state
from core.jobs.store import locked
from core.process.identity import start_time, this_process
from core.process.launch import detached
from core.training.benchmark_result import BenchmarkResult
from core.workspace import Progress, Workspace, no_progress, timestamp

SECONDS = 30
"""About how long a benchmark takes."""

STARTING = "Starting"


def begin(workspace: Workspace) -> None:
    """Start the benchmark in a process of its own; raises `RunError` while a job or another benchmark runs."""
    with locked(workspace):
        _refuse_company(workspace)
        pid = detached(
            ["core", "benchmark", "--home", str(workspace.root)], workspace.jobs / "benchmark.log", anew=True
        )
        write_state(workspace, BenchmarkState(status="running", what=STARTING, pid=pid, start_time=start_time(pid)))


def run_here(workspace: Workspace, progress: Progress = no_progress) -> BenchmarkResult:
    """Run the benchmark in this process; raises `RunError` while a job or another benchmark runs."""
    own = this_process()
    running = BenchmarkState(status="running", pid=own.pid, start_time=own.start_time)
    with locked(workspace):
        if not _begun_for(workspace, own.pid):
            _refuse_company(workspace)
        write_state(workspace, running)
    from core.training.benchmark import run_benchmark

    def report(what: str, done: int, total: int) -> None:
        progress(what, done, total)
        write_state(workspace, running.model_copy(update={"what": what, "done": done, "total": total}))

    try:
        result = run_benchmark(report)
        write_state(workspace, BenchmarkState(status="done", result=result, when=timestamp()))
    except BaseException as error:
        message = str(error) or type(error).__name__
        with contextlib.suppress(AnnealError):
            write_state(workspace, BenchmarkState(status="failed", message=message, when=timestamp()))
        raise
    finally:
        with contextlib.suppress(AnnealError):
            queue.advance(workspace)
    return result


def _begun_for(workspace: Workspace, pid: int) -> bool:
    """Whether `begin` started the process `pid` for a benchmark that has not begun yet."""
    state = read_state(workspace)
    return state is not None and state.running and state.pid == pid and state.what == STARTING


def _refuse_company(workspace: Workspace) -> None:
    """Two computations at once would each be measured at half their speed; the caller holds the lock on jobs."""
    state = read_state(workspace)
    if state is not None and state.running:
        raise RunError("A benchmark of this machine is running. Wait until it has ended.")
    if queue.live_job(workspace) is not None:
        raise RunError("A job is at work, and would slow the benchmark down. Run it when the job has ended.")
