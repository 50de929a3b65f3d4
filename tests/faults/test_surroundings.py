"""A full disk, one that may not be written, files that vanish, two apps, two tabs: what is said and what stays."""

import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.data.index import load_data
from core.errors import AnnealError, RunError, WorkspaceError
from core.jobs import queue, store
from core.jobs.execute import run_here
from core.jobs.specs import EvaluateSpec, TrainSpec
from core.runs.create import create_run
from core.runs.folder import RunFolder, list_runs
from core.workspace import Workspace
from tests.faults import works
from tests.pages.conftest import open_page

TRAIN = works.SPECS["training"]


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return works.pictures(tmp_path_factory.mktemp("images") / "pictures")


def new_run(home: Path, images: Path) -> RunFolder:
    workspace = Workspace.at(home)
    return create_run(workspace, load_data(str(images), workspace), backbone="small_cnn", size=16, pretrained=False)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 12 MB; what is trained here needs about 20."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "none", str(disk)], capture_output=True)
    if mounted.returncode:
        pytest.skip("only root can mount a disk")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_full_disk_is_said_and_training_goes_on_when_there_is_room(
    small_disk: Path, images: Path, tmp_path: Path
) -> None:
    whole = new_run(tmp_path / "whole", images)
    run_here(whole.workspace, whole.id, TRAIN)
    run = new_run(small_disk / "home", images)
    (small_disk / "ballast").write_bytes(bytes(6 * 2**20))
    with pytest.raises(WorkspaceError, match=r"is full\. Free some space"):
        run_here(run.workspace, run.id, TRAIN)
    assert "is full" in queue.jobs_of(run)[0].message
    works.opened(run)
    (small_disk / "ballast").unlink()
    subprocess.run(["mount", "-o", "remount,size=60m", str(small_disk)], check=True)
    run_here(run.workspace, run.id, TrainSpec() if run.state.unfinished else TRAIN)
    works.same_run(run, whole)


@pytest.mark.parametrize("page", ["", "runs", "data"])
def test_a_disk_that_may_not_be_written_is_a_sentence_on_pages(
    tmp_path: Path, images: Path, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A workspace on a read-only disk, as root sees it too."""
    home = tmp_path / "disk" / "home"
    home.parent.mkdir()
    disk = ["mount", "-t", "tmpfs", "-o", "size=40m", "none", str(home.parent)]
    if subprocess.run(disk, capture_output=True).returncode:
        pytest.skip("only root can mount a disk")
    try:
        run = new_run(home, images)
        run_here(run.workspace, run.id, TRAIN)
        subprocess.run(["mount", "-o", "remount,ro", str(home.parent)], check=True)
        monkeypatch.setenv("ANNEAL_HOME", str(home))
        monkeypatch.setenv("ANNEAL_WARM", "0")
        with pytest.raises(WorkspaceError, match=r"cannot be written to\. Set ANNEAL_HOME"):
            queue.submit(run.workspace, run.id, EvaluateSpec())
        at = open_page(page, run=run.id)
        assert not at.exception
        assert RunFolder(run.path, run.workspace).state.stages  # still read
    finally:
        subprocess.run(["umount", "-l", str(home.parent)], check=True)


@pytest.mark.parametrize("gone", ["checkpoint.safetensors", "data.json", "history.jsonl", "snapshots", "state.json"])
def test_a_file_that_vanishes_is_a_sentence(tmp_path: Path, images: Path, gone: str) -> None:
    run = new_run(tmp_path / "home", images)
    run_here(run.workspace, run.id, TRAIN)
    path = run.path / gone
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    run = RunFolder(run.path, run.workspace)
    for spec in (EvaluateSpec(), TRAIN):
        try:
            run_here(run.workspace, run.id, spec)
        except AnnealError as error:
            assert str(error).endswith(".")  # noqa: PT017
    assert [found.id for found in list_runs(run.workspace)] == [run.id]


def test_images_that_vanish_during_a_run_are_named(tmp_path: Path) -> None:
    images = works.pictures(tmp_path / "pictures")
    run = new_run(tmp_path / "home", images)
    shutil.rmtree(images / "red")
    with pytest.raises(AnnealError, match="red"):
        run_here(run.workspace, run.id, TRAIN)


def test_a_run_that_is_deleted_while_it_waits_is_said(tmp_path: Path, images: Path) -> None:
    run = new_run(tmp_path / "home", images)
    job = queue.submit(run.workspace, run.id, EvaluateSpec(), here=True)
    shutil.rmtree(run.path)
    claimed = queue.claim(run.workspace, job.id)
    assert claimed is not None
    with pytest.raises(RunError, match="There is no such run"):
        RunFolder(run.path, run.workspace)
    assert queue.end(run.workspace, claimed, "failed", "It is gone.").status == "failed"


def test_two_tabs_that_press_start_at_once_start_one_job(
    tmp_path: Path, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = new_run(tmp_path / "home", images)
    said: list[str] = []
    at_once = threading.Barrier(8)
    monkeypatch.setattr("core.process.launch.start_worker", lambda *_: os.getpid())

    def press() -> None:
        at_once.wait()
        try:
            queue.submit(run.workspace, run.id, TRAIN)
            said.append("started")
        except RunError as error:
            said.append(str(error))

    tabs = [threading.Thread(target=press) for _ in range(8)]
    for tab in tabs:
        tab.start()
    for tab in tabs:
        tab.join()
    assert sorted(said) == ["This run is already at work. Wait until it has ended, or stop it first."] * 7 + ["started"]
    assert len(store.all_jobs(run.workspace)) == 1


def test_two_apps_on_one_workspace_do_each_job_once(tmp_path: Path, images: Path) -> None:
    """Two processes that advance one queue; each worker writes into its run's log what became of its job."""
    home = tmp_path / "home"
    runs = [new_run(home, images) for _ in range(2)]
    workspace = Workspace.at(home)
    other = os.fork()
    if not other:
        try:
            works.look_after(workspace, at_least=2)
        finally:
            os._exit(0)
    for run in runs:
        queue.submit(workspace, run.id, TRAIN)
    works.look_after(workspace, at_least=2)
    os.waitpid(other, 0)
    jobs = store.all_jobs(workspace)
    assert [job.status for job in jobs] == ["done"] * 2
    for run in runs:
        assert run.log_tail(400).count("== done") == 1
    works.same_run(runs[0], runs[1])
