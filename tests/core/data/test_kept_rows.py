"""Images that were decoded for another data set are not decoded again, wherever they stand in the new one."""

import os
from pathlib import Path

import pytest

from core.data import pixels as module
from core.data import row_file
from core.data.dataset import DataSet
from core.data.index import load_data
from core.data.pixels import load_pixels, pixels_key
from core.workspace import Workspace
from tests.core.data.making import folder, png, write

SIZE = 9


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the images that are decoded."""
    names: list[str] = []
    once = module._decoded
    monkeypatch.setattr(module, "_decoded", lambda item, size, fit: names.append(item.name) or once(item, size, fit))
    return names


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return folder(tmp_path / "pets", {"cat": 20, "dog": 17})


@pytest.fixture
def grown(root: Path, workspace: Workspace) -> DataSet:
    """The data set with three images more, which stand among the others, after those were decoded."""
    load_pixels(load_data(str(root), workspace), SIZE, workspace)
    write(root, {"cat/000a.png": png(100), "cat/zzz.png": png(101), "dog/003b.png": png(102)})
    return load_data(str(root), workspace)


def afresh(data: DataSet, tmp_path: Path) -> bytes:
    """The file of pixels that an empty workspace makes."""
    other = Workspace.at(tmp_path / "other")
    load_pixels(data, SIZE, other)
    return (other.pixels / f"{pixels_key(data, SIZE)}.npy").read_bytes()


def made(data: DataSet, workspace: Workspace) -> bytes:
    load_pixels(data, SIZE, workspace)
    return (workspace.pixels / f"{pixels_key(data, SIZE)}.npy").read_bytes()


def test_added_images_cost_their_own_time(
    grown: DataSet, decoded: list[str], tmp_path: Path, workspace: Workspace
) -> None:
    found = made(grown, workspace)
    assert sorted(decoded) == ["cat/000a.png", "cat/zzz.png", "dog/003b.png"]
    assert found == afresh(grown, tmp_path)


def test_rows_of_several_arrays_are_put_together(
    root: Path, grown: DataSet, decoded: list[str], tmp_path: Path, workspace: Workspace
) -> None:
    others = {f"{name}/{k}.png": png(k) for name, first in (("cat", 100), ("dog", 101)) for k in (first, 900 + first)}
    write(tmp_path / "other pets", others)
    load_pixels(load_data(str(tmp_path / "other pets"), workspace), SIZE, workspace)
    decoded.clear()
    found = made(grown, workspace)
    assert decoded == ["dog/003b.png"]
    assert found == afresh(grown, tmp_path)


def test_of_fewer_images_none_is_decoded(
    root: Path, grown: DataSet, decoded: list[str], tmp_path: Path, workspace: Workspace
) -> None:
    (root / "cat" / "004.png").unlink()
    fewer = load_data(str(root), workspace)
    found = made(fewer, workspace)
    assert [name for name in decoded if name not in ("cat/000a.png", "cat/zzz.png", "dog/003b.png")] == []
    assert found == afresh(fewer, tmp_path)


def test_another_size_or_fit_takes_nothing_over(grown: DataSet, decoded: list[str], workspace: Workspace) -> None:
    load_pixels(grown, SIZE + 1, workspace)
    assert len(decoded) == 40


@pytest.mark.parametrize("damage", ["digests", "digests gone", "array", "array gone"])
def test_what_is_not_what_its_name_says_is_not_used(
    grown: DataSet, decoded: list[str], tmp_path: Path, workspace: Workspace, damage: str
) -> None:
    (before,) = workspace.pixels.glob("*.npy")
    path = before.with_suffix(".digests") if damage.startswith("digests") else before
    if damage.endswith("gone"):
        path.unlink()
    elif damage == "array":
        path.write_bytes(path.read_bytes()[:-1])
    else:
        lines = path.read_text().split("\n")
        path.write_text("\n".join([lines[1], lines[0], *lines[2:]]))
    found = made(grown, workspace)
    assert len(decoded) == 40
    assert found == afresh(grown, tmp_path)


def test_a_kill_in_the_middle_is_gone_on_with(
    root: Path, decoded: list[str], tmp_path: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_file, "CHUNK_ROWS", 8)
    data = load_data(str(root), workspace)

    def kill(what: str, done: int, total: int) -> None:
        if done >= 32:
            os.kill(os.getpid(), 9)

    pid = os.fork()
    if not pid:
        load_pixels(data, SIZE, workspace, kill)
    assert os.waitpid(pid, 0)[1] == 9
    assert list(workspace.pixels.glob("*.npy")) == []
    found = made(data, workspace)
    assert sorted(decoded) == sorted(item.name for item in data.items[32:])
    assert found == afresh(data, tmp_path)
