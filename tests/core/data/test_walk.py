"""What lies below a folder: everything a person put there, once, and nothing of Anneal's or the system's."""

from pathlib import Path

import pytest

from core.data.index import load_data
from core.data.walk import OURS, walk
from core.workspace import Workspace
from tests.core.data.making import folder, png, write


def listed(root: Path, home: Path) -> list[str]:
    return sorted(name for name, _ in walk(root, home).files)


def test_clutter_is_passed_by_and_said(tmp_path: Path) -> None:
    root = folder(tmp_path / "set", {"cat": 1, "cat/@eaDir/000.png": 2, "$RECYCLE.BIN/S-1-5": 1, ".Trashes/x": 1})
    found = walk(root, tmp_path / "home")
    assert [name for name, _ in found.files] == ["cat/000.png"]
    assert sorted(found.ignored) == [
        ("$RECYCLE.BIN", "made by Windows"),
        (".Trashes", "hidden"),
        ("cat/@eaDir", "made by a NAS"),
    ]


@pytest.mark.parametrize("home", [".", "anneal", "cat/anneal"])
def test_a_workspace_inside_the_photos_adds_nothing(tmp_path: Path, home: str) -> None:
    root = folder(tmp_path / "set", {"cat": 3, "dog": 3})
    workspace = Workspace.at(root / home)
    load_data("digits", workspace)
    assert workspace.pixels.is_dir()
    write(workspace.root, {"speed.json": b"{}", "runs/r1/data.json": b"{}", "data/upload-1/000.png": png()})
    for other in (workspace.root, tmp_path / "elsewhere"):  # its own home, and that of another session
        names = listed(root, other)
        assert names == sorted([*(f"{name}/00{k}.png" for name in ("cat", "dog") for k in range(3))])
    assert OURS in {why for _, why in walk(root, workspace.root).ignored}
    data = load_data(str(root), workspace)
    assert (data.classes, len(data.items), data.broken) == (("cat", "dog"), 6, ())


def test_a_folder_of_ones_own_called_data_beside_the_rooms_is_read(tmp_path: Path) -> None:
    root = folder(tmp_path / "set", {"data/cat": 1, "indexes": 1, "runs": 1})
    assert listed(root, root) == ["data/cat/000.png"]


def test_a_link_to_what_is_read_already_is_listed(tmp_path: Path) -> None:
    root = folder(tmp_path / "set", {"cat": 1, "dog": 1})
    (root / "a link").symlink_to(root / "cat")
    (root / "dog/round").symlink_to(root)
    found = walk(root, tmp_path / "home")
    assert sorted(name for name, _ in found.files) == ["cat/000.png", "dog/000.png"]
    assert sorted(found.refused) == [
        ("a link", "It is a link to cat, which is read already."),
        ("dog/round", "It is a link to the whole folder, which is read already."),
    ]


def test_empty_folders_are_known(tmp_path: Path) -> None:
    root = folder(tmp_path / "set", {"cat": 1})
    (root / "dog/puppies").mkdir(parents=True)
    assert walk(root, tmp_path / "home").empty == ["dog/puppies"]
