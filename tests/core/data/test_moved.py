"""A data set that lies somewhere else by now."""

from pathlib import Path

import pytest

from core.data.index import DataSet, load_data
from core.data.moved import missing_of, relocate
from core.data.pixels import load_pixels
from core.errors import DataError
from core.workspace import Workspace
from tests.core.data.making import folder, png, write, zipped


@pytest.fixture
def data(tmp_path: Path, workspace: Workspace) -> DataSet:
    root = folder(tmp_path / "disk/set", {"cat": 4, "dog": 4})
    return load_data(str(write(root, {"dog/copy.png": png(0)})), workspace)


def test_the_missing_folder_is_named(tmp_path: Path, workspace: Workspace, data: DataSet) -> None:
    (tmp_path / "disk/set").rename(tmp_path / "disk/moved")
    with pytest.raises(
        DataError,
        match=rf"The folder {tmp_path}/disk/set with the images is missing. Put it back where it was, or .* --data",
    ):
        load_pixels(data, 8, workspace)
    (tmp_path / "disk").rename(tmp_path / "other")
    with pytest.raises(DataError, match=rf"The folder {tmp_path}/disk with the images is missing"):
        load_pixels(data, 8, workspace)


def test_a_single_file_that_is_gone_is_said_as_such(tmp_path: Path, workspace: Workspace, data: DataSet) -> None:
    (tmp_path / "disk/set/cat/000.png").unlink()
    with pytest.raises(DataError, match=r"cat/000\.png is no longer as it was .* The file does not exist"):
        load_pixels(data, 8, workspace)


def test_the_same_images_are_found_in_another_place(tmp_path: Path, workspace: Workspace, data: DataSet) -> None:
    (tmp_path / "disk/set").rename(tmp_path / "moved")
    found = relocate(data, str(tmp_path / "moved"), workspace)
    assert found.spec == str(tmp_path / "moved")
    assert (found.fingerprint, found.classes, found.split_origin) == (data.fingerprint, data.classes, data.split_origin)
    assert [item.name for item in found.items] == [item.name for item in data.items]
    assert all(item.path.parent.parent == tmp_path / "moved" for item in found.items)
    assert len(load_pixels(found, 8, workspace)) == 9


def test_images_are_known_by_their_bytes_whatever_they_are_called(
    tmp_path: Path, workspace: Workspace, data: DataSet
) -> None:
    files = {f"backup/{k}/{item.label}.png": item.path.read_bytes() for k, item in enumerate(data.items)}
    found = relocate(data, str(zipped(tmp_path / "a.zip", files)), workspace)
    assert [item.path.read_bytes() for item in found.items] == list(files.values())


def test_another_folder_is_refused(tmp_path: Path, workspace: Workspace, data: DataSet) -> None:
    write(tmp_path / "disk/set", {"cat/001.png": png(99)})
    with pytest.raises(DataError, match=r"1 of its 9 images are missing or changed, such as cat/001\.png"):
        relocate(data, str(tmp_path / "disk/set"), workspace)
    with pytest.raises(DataError, match="There is no folder or zip file"):
        relocate(data, str(tmp_path / "nowhere"), workspace)


def test_the_missing_folder_of_a_set_is_found_by_its_folders(tmp_path: Path, data: DataSet) -> None:
    assert missing_of(data) is None
    (tmp_path / "disk/set/dog").rename(tmp_path / "disk/set/dogs")
    assert missing_of(data) == tmp_path / "disk/set/dog"
    (tmp_path / "disk").rename(tmp_path / "other")
    assert missing_of(data) == tmp_path / "disk"
