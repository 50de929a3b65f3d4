"""Folders, zips and uploads, well meant or hostile."""

import io
import os
import stat
import zipfile
from pathlib import Path

import pytest

from core.data import archives, folders, walk
from core.data.folders import MANIFEST, clean_name
from core.data.sources import open_source, store_upload
from core.errors import DataError
from core.workspace import Workspace
from tests.core.data.making import folder, png, write, zipped


def names(spec: str | Path, workspace: Workspace) -> list[str]:
    return [file.name for file in open_source(str(spec), workspace).files]


def no_leftovers(workspace: Workspace) -> bool:
    return not [path for path in workspace.data.iterdir() if path.name.startswith(".")]


def test_a_folder_gives_its_files_by_name(
    tmp_path: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(
        tmp_path / "pets", {"cat/b.png": b"1", "cat/a.png": b"2", "dog/x/y.png": b"3", "cat/.hidden": b"", "top": b""}
    )
    monkeypatch.chdir(tmp_path)
    source = open_source("pets", workspace)
    assert [file.name for file in source.files] == ["cat/a.png", "cat/b.png", "dog/x/y.png", "top"]
    assert source.files[2].path == tmp_path / "pets/dog/x/y.png"
    assert source.spec == str(tmp_path / "pets")
    assert source.title == "pets"


def test_home_and_spaces_around_a_path(tmp_path: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    folder(tmp_path / "pets", {"cat": 1})
    assert names(" ~/pets/ ", workspace) == ["cat/000.png"]


def test_a_folder_called_digits_is_reached_by_its_path(
    tmp_path: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder(tmp_path / "digits", {"mine": 1})
    monkeypatch.chdir(tmp_path)
    assert names("./digits", workspace) == ["mine/000.png"]


def test_links_are_followed_but_not_in_circles(tmp_path: Path, workspace: Workspace) -> None:
    root = folder(tmp_path / "set", {"cat": 1})
    folder(tmp_path / "elsewhere", {"x": 1})
    (root / "dog").symlink_to(tmp_path / "elsewhere/x")
    (root / "cat/again").symlink_to(root)
    (root / "cat/nowhere.png").symlink_to(root / "gone.png")
    assert names(root, workspace) == ["cat/000.png", "cat/nowhere.png", "dog/000.png"]


def test_a_name_that_is_no_text_is_refused_and_the_rest_goes_on(tmp_path: Path, workspace: Workspace) -> None:
    root = folder(tmp_path / "set", {"cat": 1})
    Path(os.fsdecode(os.fsencode(root / "cat") + b"/\xff.png")).write_bytes(png())
    source = open_source(str(root), workspace)
    assert [file.name for file in source.files] == ["cat/000.png"]
    assert source.refused == (("cat/?.png", "Its name is not valid text. Rename it."),)


def test_folders_that_cannot_be_opened(tmp_path: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    root = folder(tmp_path / "set", {"cat": 1, "dog": 1})
    scandir = os.scandir

    def shut(path: Path) -> object:
        if Path(path).name == closed:
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(walk.os, "scandir", shut)
    closed = "dog"
    source = open_source(str(root), workspace)
    assert [file.name for file in source.files] == ["cat/000.png"]
    assert source.refused == (("dog", "The folder cannot be opened: Permission denied."),)
    closed = "set"
    with pytest.raises(DataError, match="set cannot be opened: Permission denied"):
        open_source(str(root), workspace)


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        ("", "No data set was given"),
        ("nowhere", "There is no folder or zip file .*nowhere. Check the path, or choose one of: digits, shapes:easy"),
        ("a\0b", "There is no folder or zip file"),
        ("x" * 5000, "There is no folder or zip file"),
        ("shapes:impossible", "no data set 'shapes:impossible'. Choose shapes:easy, shapes:medium or shapes:hard"),
        ("notes.txt", "notes.txt is neither a folder nor a zip file"),
        ("torn.zip", "torn.zip is damaged: its end is missing. Copy or download it again"),
        ("page.zip", "page.zip is a web page: its download failed"),
        ("nil.zip", "nil.zip is empty. Copy or download it again"),
        ("set.zip.crdownload", "is an unfinished download"),
        ("labels.csv", "labels.csv is a table. Choose the folder of its images; .* --labels .*labels.csv"),
        ("a.png", "a.png is a single image. Choose the folder"),
        ("set.tar.zst", "set.tar.zst is a Zstandard archive, which Anneal does not read. Unpack it"),
    ],
)
def test_what_is_no_source_is_said_plainly(
    tmp_path: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, spec: str, sentence: str
) -> None:
    monkeypatch.chdir(tmp_path)
    files = {"notes.txt": b"x", "torn.zip": b"PK\x03\x04 and then nothing", "page.zip": b"<!DOCTYPE html><html>"}
    others = ("nil.zip", "set.zip.crdownload", "labels.csv", "a.png", "set.tar.zst")
    write(tmp_path, files | dict.fromkeys(others, b""))
    with pytest.raises(DataError, match=sentence):
        open_source(spec, workspace)
    assert no_leftovers(workspace)


def test_too_many_files(tmp_path: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk, "MOST_FILES", 3)
    with pytest.raises(DataError, match="more than 3 files"):
        open_source(str(folder(tmp_path / "set", {"cat": 4})), workspace)


def test_a_zip_is_unpacked_once_under_names_of_our_own(tmp_path: Path, workspace: Workspace) -> None:
    files = {"a/cat/1.png": png(1), "a\\dog\\2.PNG": png(2), "__MACOSX/a/cat/._1.png": b"x", "a/cat/Thumbs.db": b""}
    path = zipped(tmp_path / "Pets.ZIP", files)
    told: list[tuple[str, int, int]] = []
    source = open_source(str(path), workspace, lambda *step: told.append(step))
    assert {file.name: file.path.read_bytes() for file in source.files} == {
        "a/cat/1.png": png(1),
        "a/dog/2.PNG": png(2),
    }
    assert [file.path.name for file in source.files] == ["000000.png", "000001.png"]
    assert source.title == "Pets.ZIP"
    assert told == [("Unpacking", 4, 4)]
    assert open_source(str(path), workspace) == source
    assert len(told) == 1
    zipped(path, {"cat/1.png": png(1)})
    assert names(path, workspace) == ["cat/1.png"]
    assert no_leftovers(workspace)


def test_hostile_entries_are_refused_one_by_one(tmp_path: Path, workspace: Workspace) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("cat/good.png", png())
        archive.writestr("../../outside.png", png())
        archive.writestr("/abs/olute.png", png())
        link = zipfile.ZipInfo("cat/link.png")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("cat/rotten.png", b"0123456789")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("cat/good.png", png(1))
    content = path.read_bytes().replace(b"0123456789", b"0123456780")
    path.write_bytes(content)
    source = open_source(str(path), workspace)
    assert [file.name for file in source.files] == ["abs/olute.png", "cat/good.png"]
    assert dict(source.refused) == {
        "../../outside.png": "Its name leads outside the data set.",
        "cat/link.png": "It is a link, not a file.",
        "cat/rotten.png": "It is damaged in the archive.",
        "cat/good.png": "Another file has the same name.",
    }
    stored = {path.name for path in source.files[0].path.parent.iterdir()}
    assert stored == {MANIFEST, *(file.path.name for file in source.files)}


def test_encrypted_entries_are_refused(tmp_path: Path, workspace: Workspace) -> None:
    path = zipped(tmp_path / "a.zip", {"cat/1.png": png()})
    content = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + offset] |= 1
    path.write_bytes(content)
    assert open_source(str(path), workspace).refused == (("cat/1.png", "It is encrypted."),)


def test_a_bomb_is_stopped_while_it_unpacks(
    tmp_path: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "RATIO_FROM", 2**20)
    path = zipped(tmp_path / "a.zip", {"cat/1.bmp": bytes(5 * 2**20)})
    with pytest.raises(DataError, match="more than 100 times its size"):
        open_source(str(path), workspace)
    assert no_leftovers(workspace)
    assert not list(workspace.data.iterdir())


def test_limits_on_files_and_bytes(tmp_path: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    path = zipped(tmp_path / "a.zip", {f"cat/{k}.png": png() for k in range(4)})
    monkeypatch.setattr(folders, "MOST_BYTES", 2**20)
    monkeypatch.setattr(archives, "MOST_FILES", 3)
    with pytest.raises(DataError, match="holds 4 files; up to 3"):
        open_source(str(path), workspace)
    with pytest.raises(DataError, match="more than 0 GB of files"):
        store_upload([("a.bmp", io.BytesIO(bytes(2**21)))], workspace)
    monkeypatch.setattr(folders, "MOST_FILES", 1)
    with pytest.raises(DataError, match="more than 1 files"):
        store_upload([("a.png", io.BytesIO(b"x")), ("b.png", io.BytesIO(b"y"))], workspace)
    assert no_leftovers(workspace)


def test_a_dropped_folder_is_kept_and_opened(workspace: Workspace) -> None:
    dropped = {"pets/cat/1.png": png(1), "pets/dog/2.png": png(2), "pets/.DS_Store": b"x", "pets/../../3.png": b"y"}
    spec = store_upload([(name, io.BytesIO(content)) for name, content in dropped.items()], workspace)
    source = open_source(spec, workspace)
    assert {file.name: file.path.read_bytes() for file in source.files} == {
        "pets/cat/1.png": png(1),
        "pets/dog/2.png": png(2),
    }
    assert source.title == "pets"
    assert source.refused == (("pets/../../3.png", "Its name leads outside the data set."),)
    assert all(Path(spec) == file.path.parent for file in source.files)
    assert Path(spec).parent == workspace.data


def test_the_same_upload_is_kept_once_even_when_read_before(workspace: Workspace) -> None:
    content = io.BytesIO(png())
    first = store_upload([("cat/1.png", content)], workspace)
    assert store_upload([("cat/1.png", content)], workspace) == first
    assert store_upload([("dog/1.png", content)], workspace) != first
    assert no_leftovers(workspace)


def test_an_uploaded_zip_is_unpacked(tmp_path: Path, workspace: Workspace) -> None:
    path = zipped(tmp_path / "a.zip", {"cat/1.png": png(1), "dog/1.png": png(2)})
    specs = {store_upload([(r"C:\home\Pets.zip", io.BytesIO(path.read_bytes()))], workspace) for _ in range(2)}
    source = open_source(specs.pop(), workspace)
    assert not specs
    assert [file.name for file in source.files] == ["cat/1.png", "dog/1.png"]
    assert source.title == "Pets.zip"
    assert no_leftovers(workspace)
    with pytest.raises(DataError, match=r"not-a\.zip is not a zip archive"):
        store_upload([("not-a.zip", io.BytesIO(b"hello"))], workspace)


def test_an_upload_of_nothing(workspace: Workspace) -> None:
    with pytest.raises(DataError, match="No files were given"):
        store_upload([], workspace)


def test_a_manifest_in_a_folder_of_somebody_else_is_a_file_like_any_other(tmp_path: Path, workspace: Workspace) -> None:
    manifest = b'{"title": "x", "files": [["cat/1.png", "/etc/passwd"]], "refused": []}'
    root = write(tmp_path / "set", {MANIFEST: manifest, "cat/1.png": png()})
    assert names(root, workspace) == ["cat/1.png", MANIFEST]


def test_a_damaged_manifest_is_said(workspace: Workspace) -> None:
    spec = store_upload([("cat/1.png", io.BytesIO(png()))], workspace)
    (Path(spec) / MANIFEST).write_text('{"files": [1]}')
    with pytest.raises(DataError, match=r"is damaged\. Delete"):
        open_source(spec, workspace)


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("a/b.png", "a/b.png"),
        ("/a//./b.png", "a/b.png"),
        ("a\\b.png", "a/b.png"),
        ("a/../b.png", None),
        ("..", None),
        ("a\0b", "ab"),
        ("", ""),
        ("\udcff.png", "?.png"),
        ("![x](https://evil/y.png)/1.png", "![x](https:/evil/y.png)/1.png"),
    ],
)
def test_names_are_cleaned(raw: str, clean: str | None) -> None:
    assert clean_name(raw) == clean
