"""Decoded once, read back as they were, never half, never of another file."""

import json
from pathlib import Path

import numpy as np
import pytest

from core.data import pixels as module
from core.data.decode import decode
from core.data.index import DataSet, load_data
from core.data.pixels import has_pixels, load_pixels, pixels_key
from core.errors import DataError, WorkspaceError
from core.workspace import Workspace
from tests.core.data.making import folder, png, write


@pytest.fixture
def data(tmp_path: Path, workspace: Workspace) -> DataSet:
    root = write(folder(tmp_path / "pets", {"cat": 20, "dog": 17}), {"cat/bad.jpg": b"x"})
    return load_data(str(root), workspace)


def files(workspace: Workspace) -> list[str]:
    return sorted(path.name for path in workspace.pixels.iterdir())


def test_row_i_is_item_i(data: DataSet, workspace: Workspace) -> None:
    told: list[tuple[str, int, int]] = []
    pixels = load_pixels(data, 9, workspace, lambda *step: told.append(step))
    assert isinstance(pixels, np.memmap)
    assert (pixels.shape, pixels.dtype) == ((37, 9, 9, 3), np.uint8)
    for i, item in enumerate(data.items):
        np.testing.assert_array_equal(pixels[i], decode(item.path, 9))
    assert told[-1] == ("Decoding images", 37, 37)
    with pytest.raises(ValueError, match="read-only"):
        pixels[0] = 0


def test_the_second_use_decodes_nothing(data: DataSet, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    first = np.array(load_pixels(data, 9, workspace))
    monkeypatch.delattr(module, "decode_bytes")
    np.testing.assert_array_equal(load_pixels(data, 9, workspace), first)


def test_beside_the_pixels_stands_what_they_are(data: DataSet, workspace: Workspace) -> None:
    load_pixels(data, 9, workspace)
    key = pixels_key(data, 9)
    assert files(workspace) == [f"{key}.digests", f"{key}.json", f"{key}.npy"]
    assert (workspace.pixels / f"{key}.digests").read_text().split() == [item.digest for item in data.items]
    bytes_ = (workspace.pixels / f"{key}.npy").stat().st_size
    described = {"data": "pets", "fingerprint": data.fingerprint, "size": 9, "images": 37, "bytes": bytes_}
    path = workspace.pixels / f"{key}.json"
    assert json.loads(path.read_text()) == described
    path.unlink()
    load_pixels(data, 9, workspace)
    assert json.loads(path.read_text()) == described


def test_the_key_is_of_content_and_size(data: DataSet, tmp_path: Path, workspace: Workspace) -> None:
    again = load_data(str(folder(tmp_path / "other", {"cat": 20, "dog": 17})), workspace, seed=4)
    assert pixels_key(again, 9) == pixels_key(data, 9)
    assert pixels_key(data, 9) != pixels_key(data, 10)
    write(tmp_path / "other", {"cat/000.png": png(99)})
    assert pixels_key(load_data(str(tmp_path / "other"), workspace), 9) != pixels_key(data, 9)


@pytest.mark.parametrize("damage", [b"", b"rubbish", None])
def test_a_damaged_cache_is_made_again(data: DataSet, workspace: Workspace, damage: bytes | None) -> None:
    first = np.array(load_pixels(data, 9, workspace))
    path = workspace.pixels / f"{pixels_key(data, 9)}.npy"
    path.write_bytes(path.read_bytes()[:-5] if damage is None else damage)
    np.testing.assert_array_equal(load_pixels(data, 9, workspace), first)


def test_an_image_that_changed_or_went_is_named(data: DataSet, workspace: Workspace) -> None:
    item = data.items[20]
    item.path.write_bytes(png(99))
    with pytest.raises(DataError, match=f"{item.name} is no longer as it was .* The file has changed since"):
        load_pixels(data, 9, workspace)
    item.path.unlink()
    with pytest.raises(DataError, match=f"{item.name} is no longer as it was .* The file does not exist"):
        load_pixels(data, 9, workspace)
    assert files(workspace) == [f".{pixels_key(data, 9)}.part"]
    assert not has_pixels(data, 9, workspace)


def test_a_full_disk_leaves_nothing_behind(
    data: DataSet, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module.np.lib.format, "write_array_header_1_0", full)
    with pytest.raises(WorkspaceError, match="is full"):
        load_pixels(data, 9, workspace)
    assert files(workspace) == []


def test_a_stop_in_the_middle_leaves_no_pixels(data: DataSet, workspace: Workspace) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load_pixels(data, 9, workspace, stop)
    assert not has_pixels(data, 9, workspace)
    load_pixels(data, 9, workspace)
    assert has_pixels(data, 9, workspace)
    assert [name for name in files(workspace) if name.startswith(".")] == []


@pytest.mark.parametrize("size", [0, 3, 5000])
def test_sizes_out_of_range(data: DataSet, workspace: Workspace, size: int) -> None:
    with pytest.raises(DataError, match="4 to 2048 pixels a side"):
        load_pixels(data, size, workspace)
