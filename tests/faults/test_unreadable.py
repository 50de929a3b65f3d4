"""Files that may not be read or written, for a user who is not root: what is said, and that the rest goes on."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.data.index import load_data
from core.errors import AnnealError
from core.jobs.execute import run_here
from core.kept import forget
from core.runs.create import create_run
from core.runs.folder import RunFolder, list_runs, open_run
from core.workspace import Workspace, write_json
from tests.faults import works
from tests.faults.trials import Ended, child

NOBODY = 65534


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A folder that any user reaches, with images and a trained run that belong to `nobody`."""
    if not hasattr(os, "getuid") or os.getuid() != 0:
        pytest.skip("only root can become another user")
    folder = Path(tempfile.mkdtemp(prefix="anneal-unreadable-"))
    images = works.pictures(folder / "pictures")
    workspace = Workspace.at(folder / "home")
    run = create_run(workspace, load_data(str(images), workspace), backbone="small_cnn", size=16, pretrained=False)
    run_here(workspace, run.id, works.SPECS["training"])
    for path in (folder, *folder.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    yield folder
    shutil.rmtree(folder)


def as_nobody(work: Callable[[], str]) -> Ended:
    """Do `work` in a process of a user without rights of his own; what the module needs is imported already."""

    def without_rights() -> str:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
        return work()

    ended = child(without_rights)
    assert not ended.failed, ended.failed
    assert not ended.killed
    return ended


@pytest.fixture
def locked() -> Iterator[Callable[[Path], Path]]:
    """Takes all rights to a file or folder, for the time of the test."""
    before: list[tuple[Path, int]] = []

    def lock(path: Path) -> Path:
        before.append((path, path.stat().st_mode))
        path.chmod(0)
        return path

    yield lock
    for path, mode in before:
        path.chmod(mode)


def test_an_image_that_may_not_be_read_is_named_and_the_others_are_taken(place: Path, locked) -> None:
    shutil.rmtree(place / "home" / "indexes")
    locked(place / "pictures" / "red" / "3.png")

    def look() -> str:
        data = load_data(str(place / "pictures"), Workspace.at(place / "home"))
        return f"{len(data.items)} images, {[(one.path, one.reason) for one in data.broken]}"

    said = as_nobody(look).said
    assert said.startswith("29 images, [('red/3.png', ")
    assert "permission" in said.casefold() or "cannot be read" in said


def test_a_folder_that_may_not_be_read_is_a_sentence(place: Path, locked) -> None:
    locked(place / "pictures")
    said = as_nobody(lambda: load_data(str(place / "pictures"), Workspace.at(place / "home")).title).said
    assert said.startswith("refused: ")
    assert said.endswith(".")


@pytest.mark.parametrize("name", ["run.json", "data.json", "state.json", "history.jsonl", "checkpoint.safetensors"])
def test_a_file_of_a_run_that_may_not_be_read_is_a_sentence(place: Path, locked, name: str) -> None:
    workspace = Workspace.at(place / "home")
    run = list_runs(workspace)[0]
    locked(run.path / name)

    def read() -> str:
        forget(workspace.root)  # what this process read as root would be known to those forked from it
        assert [found.id for found in list_runs(workspace)] == [run.id]
        works.opened(RunFolder(run.path, workspace))
        return "all was read"

    said = as_nobody(read).said
    assert said.startswith("refused: ")
    assert name.removesuffix(".safetensors") in said
    assert said.endswith(".")


def test_a_workspace_of_somebody_else_is_a_sentence(place: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    theirs = Workspace.at(place / "theirs")
    theirs.root.mkdir()

    def write() -> str:
        with pytest.raises(AnnealError, match=r"cannot be written to\. Set ANNEAL_HOME to a folder of yours"):
            _ = theirs.runs
        write_json(theirs.root / "a.json", 1)
        return "written"

    said = as_nobody(write).said
    assert "cannot be written to. Set ANNEAL_HOME" in said
    assert not list(theirs.root.iterdir())
    assert open_run(Workspace.at(place / "home"), list_runs(Workspace.at(place / "home"))[0].id)
