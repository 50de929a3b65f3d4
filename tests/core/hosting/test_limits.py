"""Every limit of a server is met with a sentence, and none of them holds on a person's own machine."""

import io
import sys
import time
from pathlib import Path

import psutil
import pytest

from core.data.index import load_data
from core.data.pixels import load_pixels
from core.data.sources import store_upload
from core.errors import DataError, RunError, WorkspaceError
from core.hosting import usage
from core.hosting.usage import bytes_in, free_memory, refuse_full, room
from core.jobs import limits, queue, store
from core.jobs.control import JobControl, StoppedError
from core.jobs.execute import run_job
from core.jobs.specs import EvaluateSpec, TrainSpec
from core.runs.create import create_run
from core.runs.folder import RunFolder, run_path
from core.training.stage import Plan, Stage
from core.workspace import Workspace
from tests.core.data.making import encoded, picture, png, zipped


@pytest.fixture
def visitor(visitors, monkeypatch) -> Workspace:
    monkeypatch.setattr(usage, "KNOWN_S", 0.0)
    monkeypatch.setattr(usage, "TOTAL_KNOWN_S", 0.0)
    return visitors[0]


def run_on_shapes(workspace: Workspace) -> RunFolder:
    return create_run(workspace, load_data("shapes:easy", workspace), backbone="small_cnn", size=32, pretrained=False)


def plan(*epochs: int) -> TrainSpec:
    return TrainSpec(plan=Plan(stages=[Stage(freeze_to=0, lr=(0.01,), cycle_len=count, size=32) for count in epochs]))


def archive(tmp_path: Path, count: int, content: bytes | None = None) -> tuple[str, io.BytesIO]:
    files = {
        f"{label}/{k}.png": content or png(k + 100 * (label == "cat")) for label in ("cat", "dog") for k in range(count)
    }
    return "made.zip", io.BytesIO(zipped(tmp_path / "made.zip", files).read_bytes())


def test_epochs_of_a_job(visitor, sleepers, monkeypatch) -> None:
    monkeypatch.setenv("ANNEAL_HOST_EPOCHS", "5")
    run = run_on_shapes(visitor)
    with pytest.raises(RunError, match=r"This plan has 6 epochs; a job on this server may have 5\. Take epochs"):
        queue.submit(visitor, run.id, plan(4, 2))
    assert queue.submit(visitor, run.id, plan(4, 1)).status == "running"


def test_going_on_with_a_long_plan_is_no_way_round(visitor, sleepers, monkeypatch) -> None:
    run = run_on_shapes(visitor)
    job = queue.submit(visitor, run.id, plan(4, 2))
    queue.end(visitor, job, "stopped")
    state = run.state.model_copy(update={"plan": list(plan(4, 2).plan.stages)})
    run.write_state(state)
    monkeypatch.setenv("ANNEAL_HOST_EPOCHS", "5")
    with pytest.raises(RunError, match="This plan has 6 epochs"):
        queue.submit(visitor, run.id, TrainSpec())
    run.write_state(state.model_copy(update={"next_stage": 1}))
    assert queue.submit(visitor, run.id, TrainSpec()).live


def test_jobs_that_wait(visitor, sleepers, monkeypatch) -> None:
    monkeypatch.setenv("ANNEAL_HOST_WAITING", "1")
    for _ in range(2):
        queue.submit(visitor, run_on_shapes(visitor).id, EvaluateSpec())
    with pytest.raises(RunError, match="1 jobs of yours wait already, and more than 1 may not"):
        queue.submit(visitor, run_on_shapes(visitor).id, EvaluateSpec())


def test_minutes_of_a_job(visitor, sleepers, monkeypatch) -> None:
    run = run_on_shapes(visitor)
    job = queue.submit(visitor, run.id, plan(2))
    control = JobControl(run, job)
    assert not control.stopping()
    late = job.model_copy(update={"started": time.time() - 20 * 60 - 1})
    status, message = run_job(run, late, JobControl(run, late))
    assert status == "stopped"
    assert message.startswith("Stopped after 20 minutes, the most that a job may take on this server. Continue goes on")


def test_disk_of_a_visitor_is_kept_while_a_job_runs(visitor, sleepers, monkeypatch) -> None:
    run = run_on_shapes(visitor)
    job = queue.submit(visitor, run.id, plan(2))
    monkeypatch.setattr(limits, "LOOK_S", 0.0)
    control = JobControl(run, job)
    assert not control.stopping()
    (visitor.root / "big").write_bytes(bytes(11_000_000))
    monkeypatch.setenv("ANNEAL_HOST_DISK_MB", "10")
    with pytest.raises(StoppedError):
        control.check()
    assert control.over.startswith("Stopped. Your part of this server holds 11 MB of the 10 MB that it may.")


def test_disk_of_a_visitor(visitor, sleepers, monkeypatch) -> None:
    run = run_on_shapes(visitor)
    monkeypatch.setenv("ANNEAL_HOST_DISK_MB", "10")
    (visitor.root / "big").write_bytes(bytes(10_000_000))
    said = r"holds 10 MB of the 10 MB that it may\. Delete runs or clear caches"
    for refused in (
        lambda: run_on_shapes(visitor),
        lambda: queue.submit(visitor, run.id, EvaluateSpec()),
    ):
        with pytest.raises(WorkspaceError, match=said):
            refused()
    assert room(visitor) == 0


def test_the_disk_of_all_together(host, visitors, visitor, monkeypatch) -> None:
    (visitors[1].root / "big").write_bytes(bytes(1_000_000))
    refuse_full(visitor)
    monkeypatch.setattr("core.hosting.usage.settings_of", lambda _: limits.Settings(total_disk_mb=100))
    monkeypatch.setattr(usage, "MB", 10_000)
    with pytest.raises(WorkspaceError, match="This server's disk has no room left"):
        refuse_full(visitor)


def test_some_of_the_disk_stays_free(visitor, monkeypatch) -> None:
    monkeypatch.setenv("ANNEAL_HOST_KEEP_FREE_MB", str(10**9))
    with pytest.raises(WorkspaceError, match="This server's disk has no room left"):
        refuse_full(visitor)


def test_bytes_of_an_upload(visitor, tmp_path, monkeypatch) -> None:
    noise = encoded(picture(1, 700, 700), "PNG")
    monkeypatch.setenv("ANNEAL_HOST_UPLOAD_MB", "1")
    with pytest.raises(DataError, match=r"This upload has 3 MB; this server takes 1 at once\. Upload smaller"):
        store_upload([archive(tmp_path, 1, noise)], visitor)
    assert bytes_in(visitor.root / "data") == 0


def test_a_bomb_is_stopped_at_the_visitors_room(visitor, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("ANNEAL_HOST_DISK_MB", "10")
    zeros = zipped(tmp_path / "zeros.zip", {f"a/{k}.bmp": bytes(4_000_000) for k in range(5)})
    with pytest.raises(DataError, match=r"That is more than 10 MB of files"):
        store_upload([("zeros.zip", io.BytesIO(zeros.read_bytes()))], visitor)
    assert bytes_in(visitor.root / "data") == 0


def test_files_of_an_upload(visitor, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("ANNEAL_HOST_UPLOAD_FILES", "5")
    with pytest.raises(DataError, match="That is more than 5 files"):
        store_upload([archive(tmp_path, 3)], visitor)
    assert store_upload([archive(tmp_path, 2)], visitor).startswith("upload-")


def test_pixels_of_a_data_set(visitor, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("ANNEAL_HOST_PIXELS", "1000000")
    blank = encoded(picture(0, 1, 1).resize((600, 600)), "PNG")
    spec = store_upload([archive(tmp_path, 3, blank)], visitor)
    with pytest.raises(WorkspaceError, match=r"These 6 images have 2 million pixels; this server takes 1 million\."):
        load_data(spec, visitor)
    data = load_data(store_upload([archive(tmp_path, 5)], visitor), visitor)
    with pytest.raises(WorkspaceError, match=r"10 images have 10 million pixels at 1000 px.*smaller image size"):
        load_pixels(data, 1000, visitor)


def test_a_job_waits_until_there_is_memory(visitor, sleepers, monkeypatch) -> None:
    monkeypatch.setattr(limits, "free_memory", lambda: 10**9)
    job = queue.submit(visitor, run_on_shapes(visitor).id, EvaluateSpec())
    assert job.status == "queued"
    assert queue.waiting_for(visitor, job) == "Waiting until this server has memory free"
    monkeypatch.setattr(limits, "free_memory", lambda: 10**11)
    queue.advance(visitor)
    assert store.get(visitor, job.id).status == "running"


def test_the_memory_of_all_jobs_together(visitors, visitor, sleepers, monkeypatch) -> None:
    monkeypatch.setattr(limits, "free_memory", lambda: 10**12)
    monkeypatch.setenv("ANNEAL_HOST_JOBS", "3")
    monkeypatch.setenv("ANNEAL_HOST_TOTAL_MEMORY_MB", "5000")
    jobs = [queue.submit(one, run_on_shapes(one).id, EvaluateSpec()) for one in visitors]
    assert [job.status for job in jobs] == ["running", "running", "queued"]


def test_free_memory_is_that_of_the_container(tmp_path, monkeypatch) -> None:
    assert 0 < free_memory() <= psutil.virtual_memory().total
    values = {"max": "1000000", "current": "600000", "stat": "anon 5\ninactive_file 100000\n"}
    for name, text in values.items():
        (tmp_path / name).write_text(text)
    paths = (*(str(tmp_path / name) for name in values), "inactive_file")
    monkeypatch.setattr(usage, "CGROUPS", (("/none", "/none", "/none", ""), paths))
    assert free_memory() == 500_000
    (tmp_path / "max").write_text("max")
    assert free_memory() > 500_000


@pytest.mark.skipif(sys.platform != "linux", reason="the limit on private memory is Linux's")
def test_a_worker_that_wants_more_memory_ends_with_the_sentence(visitor, tmp_path) -> None:
    import subprocess

    code = (
        "import sys, torch\n"
        "from core.jobs.control import explanation\nfrom core.jobs.limits import bound_memory\n"
        "from core.workspace import Workspace\n"
        "bound_memory(Workspace.at(sys.argv[1]))\n"
        "torch.zeros(50_000_000).sum()\n"
        "try:\n    torch.zeros(1_500_000_000)\nexcept Exception as error:\n    print(explanation(error))\n"
    )
    command = [sys.executable, "-c", code, str(visitor.root)]
    said = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert "The machine ran out of memory. Lower the batch size" in said.stdout, said.stderr


def test_nothing_of_this_holds_on_a_machine_of_ones_own(host, sleepers, tmp_path, monkeypatch) -> None:
    for name in ("EPOCHS", "WAITING", "UPLOAD_MB", "UPLOAD_FILES"):
        monkeypatch.setenv(f"ANNEAL_HOST_{name}", "1")
    own = Workspace(tmp_path / "own")
    monkeypatch.setattr(limits, "free_memory", lambda: 0)
    store_upload([archive(tmp_path, 4)], own)
    run = run_on_shapes(own)
    job = queue.submit(own, run.id, plan(3, 4))
    assert job.status == "running"
    old = job.model_copy(update={"started": time.time() - 10**6})
    assert not JobControl(RunFolder(run_path(own, run.id), own), old).stopping()
