"""A worker that runs out of memory: refused by the system, and killed by it; what is said, and that nothing is lost."""

import contextlib
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.data.index import load_data
from core.errors import RunError
from core.jobs import queue
from core.jobs.execute import run_here
from core.jobs.specs import TrainSpec
from core.process import launch
from core.runs.create import create_run
from core.runs.folder import RunFolder
from core.training.stage import Plan
from core.workspace import Workspace
from tests.faults import works
from tests.faults.trials import child

CGROUP = Path("/sys/fs/cgroup/memory")
LARGE = works.WHOLE.model_copy(update={"name": "Large", "size": 64, "batch_size": 24, "cycles": 1})
PLAN = Plan(stages=(works.HEAD, LARGE))
MB = 1_000_000
ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the limits are Linux's")


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return works.pictures(tmp_path_factory.mktemp("images") / "pictures")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, images: Path) -> RunFolder:
    """The same training with memory enough."""
    run = new_run(tmp_path_factory.mktemp("whole"), images)
    train(run, TrainSpec(plan=PLAN))
    return run


def train(run: RunFolder, spec: TrainSpec) -> None:
    """In a process of its own: memory that this one has had once would be there for those forked from it."""
    ended = child(lambda: run_here(run.workspace, run.id, spec).status)
    assert ended.said == "done", ended


def new_run(home: Path, images: Path) -> RunFolder:
    workspace = Workspace.at(home)
    return create_run(workspace, load_data(str(images), workspace), backbone="small_cnn", size=16, pretrained=False)


def goes_on(run: RunFolder, whole: RunFolder) -> None:
    """The first stage was kept, and the second is done as if nothing had happened."""
    run = RunFolder(run.path, run.workspace)
    works.opened(run)
    assert run.state.stages[0].status == "done"
    assert run.state.unfinished
    train(run, TrainSpec())
    works.same_run(RunFolder(run.path, run.workspace), whole)


def refused(home: str, run_id: str) -> None:
    """Train with little more memory than this process has, and print what came of it.

    To be called in a new process: one that did other tests before, or was forked from it, has freed memory to use.
    """
    said = child(lambda: limited(Workspace.at(home), run_id))
    print(said.said or said)


def limited(workspace: Workspace, run_id: str) -> str:
    kilobytes = next(line for line in Path("/proc/self/status").read_text().splitlines() if "VmData" in line)
    most = int(kilobytes.split()[1]) * 1024 + 60 * MB
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    run_here(workspace, run_id, TrainSpec(plan=PLAN))
    return "enough"


def test_memory_that_the_system_refuses_is_a_sentence(tmp_path: Path, images: Path, whole: RunFolder) -> None:
    run = new_run(tmp_path, images)
    code = f"from tests.faults.test_memory import refused; refused({str(run.workspace.root)!r}, {run.id!r})"
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    said = ended.stdout.strip().splitlines()[-1]
    assert said.startswith("refused: The machine ran out of memory. Lower the batch size or the image size")
    assert queue.jobs_of(run)[0].message == said.removeprefix("refused: ")
    goes_on(run, whole)


@pytest.fixture
def little_memory() -> Iterator[Path]:
    """A group of processes that the system kills where they want more than a little memory."""
    group = CGROUP / f"anneal-{os.getpid()}"
    try:
        group.mkdir()
        (group / "memory.limit_in_bytes").write_text(str(60 * MB))
    except OSError:
        pytest.skip("no memory group can be made here")
    yield group
    with contextlib.suppress(OSError):
        group.rmdir()


def test_a_worker_that_the_system_kills_for_memory_is_a_sentence(
    little_memory: Path, tmp_path: Path, images: Path, whole: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = new_run(tmp_path, images)
    ended: list[int] = []

    def start(*given: object) -> int:
        pid = works.forked_worker(*given)  # type: ignore[arg-type]
        (little_memory / "cgroup.procs").write_text(str(pid))
        ended.append(pid)
        return pid

    monkeypatch.setattr(launch, "start_worker", start)
    queue.submit(run.workspace, run.id, TrainSpec(plan=PLAN))
    _, status = os.waitpid(ended[0], 0)
    assert os.WTERMSIG(status) == signal.SIGKILL
    queue.advance(run.workspace)
    job = queue.jobs_of(run)[0]
    assert (job.status, job.message) == ("lost", queue.LOST)
    assert "lower the batch size or the image size" in queue.LOST
    monkeypatch.undo()
    goes_on(run, whole)


def test_the_run_goes_on_after_a_refusal_in_a_notebook(
    tmp_path: Path, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = new_run(tmp_path, images)

    def refuse(*_: object) -> None:
        raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes.")

    monkeypatch.setattr("core.jobs.execute.run_job", refuse)
    with pytest.raises(RunError, match=r"ran out of memory\. Lower .*; nothing that was saved is lost\."):
        run_here(run.workspace, run.id, TrainSpec(plan=PLAN))
    assert queue.jobs_of(run)[0].status == "failed"
