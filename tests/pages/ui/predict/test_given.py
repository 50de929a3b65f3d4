"""Archives that were dropped: unpacked for as long as they are looked at, within what there is room for."""

import io
import os
import zipfile
from pathlib import Path

import pytest

from core.errors import DataError, WorkspaceError
from core.hosting.visitors import new_id, workspace_of
from core.workspace import Workspace, no_progress
from pages.ui.predict import given
from pages.ui.predict.given import of_upload, unpacked


class Upload(io.BytesIO):
    """As Streamlit gives one."""

    def __init__(self, name: str, content: bytes) -> None:
        super().__init__(content)
        self.name, self.file_id = name, f"id of {name}"


def zipped(**files: bytes) -> Upload:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in files.items():
            archive.writestr(f"{name}.png", content)
    return Upload("some.zip", file.getvalue())


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "home")


def test_the_files_are_there_in_the_block_and_gone_after_it(workspace: Workspace) -> None:
    with unpacked(zipped(b=b"second", a=b"first"), workspace, no_progress) as found:
        assert [(one.name, one.content()) for one in found] == [("a.png", b"first"), ("b.png", b"second")]
        assert len({one.id for one in found}) == 2
    assert os.listdir(workspace.data) == []


def test_they_are_gone_too_when_the_page_is_left_in_between(workspace: Workspace) -> None:
    class LeftError(BaseException):
        pass

    with pytest.raises(LeftError), unpacked(zipped(a=b"first"), workspace, no_progress):
        raise LeftError
    assert os.listdir(workspace.data) == []


def test_an_archive_unpacks_to_no_more_than_the_limit(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(given, "MOST_UNPACKED", 3_000_000)
    with (
        pytest.raises(DataError, match=r"more than 3 MB of files\. Choose fewer of them"),
        unpacked(zipped(a=bytes(4_000_000)), workspace, no_progress),
    ):
        pytest.fail("it was unpacked")
    assert os.listdir(workspace.data) == []


def test_on_a_server_a_visitor_has_no_more_room_than_is_his(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANNEAL_HOST_DISK_MB", "10")
    host = Workspace(tmp_path / "host")
    visitor = workspace_of(host, new_id(host))
    with (
        pytest.raises(DataError, match="more than 10 MB of files"),
        unpacked(zipped(a=bytes(11_000_000)), visitor, no_progress),
    ):
        pytest.fail("it was unpacked")
    (visitor.data / "full").write_bytes(bytes(11_000_000))
    monkeypatch.setattr("core.hosting.usage.KNOWN_S", 0.0)
    with (
        pytest.raises(WorkspaceError, match="Your part of this server holds"),
        unpacked(zipped(a=b"first"), visitor, no_progress),
    ):
        pytest.fail("it was unpacked")


def test_an_archive_that_is_not_read_says_what_to_do() -> None:
    assert of_upload(Upload("photos.rar", b"Rar!")).reason.startswith("It is a RAR archive, which Anneal does not read")
    assert of_upload(Upload("photo.jpg", b"x")).reason == ""


def test_an_empty_file_is_a_sentence() -> None:
    with pytest.raises(DataError, match="The file is empty"):
        of_upload(Upload("photo.jpg", b"")).content()
