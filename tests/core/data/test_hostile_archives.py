"""Archives made to do harm: every one gives a data set or a sentence, and nothing is written outside the workspace."""

import contextlib
import io
import struct
import tarfile
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from core.data import archives
from core.data.index import load_data
from core.data.sources import Source, open_source
from core.errors import DataError
from core.workspace import Workspace
from tests.core.data.making import png
from tests.core.data.watch import nothing_outside

PETS = {f"{name}/{number}.png": png(10 * at + number) for at, name in enumerate(("cat", "dog")) for number in range(4)}
MANY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def zip_of(files: list[tuple[str, bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile warns of the same name twice
        for name, body in files:
            archive.writestr(zipfile.ZipInfo(name), body, method)
    return content.getvalue()


def tar_of(members: list[tuple[tarfile.TarInfo, bytes]], mode: str = "w") -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode=mode) as archive:
        for member, body in members:
            member.size = len(body)
            archive.addfile(member, io.BytesIO(body))
    return content.getvalue()


def opened(content: bytes, tmp_path: Path, workspace: Workspace, name: str = "a.zip") -> Source | None:
    """The source that an archive is, None where it is refused with a sentence; checks what must always hold."""
    (tmp_path / "given").mkdir(exist_ok=True)
    path = tmp_path / "given" / name
    path.write_bytes(content)
    source, said = None, "."
    with nothing_outside(workspace.root):
        try:
            source = open_source(str(path), workspace)
        except DataError as refusal:
            said = str(refusal)
    assert said.endswith(".")
    assert not [left for left in workspace.data.iterdir() if left.name.startswith(".")]
    if source is not None:
        folders = {file.path.parent for file in source.files}
        assert all(folder.parent == workspace.data for folder in folders)
        assert all(file.path.is_file() and not file.path.is_symlink() for file in source.files)
        assert all(".." not in file.name.split("/") and not file.name.startswith("/") for file in source.files)
        assert all(reason for _, reason in source.refused)
    return source


PARTS = st.sampled_from(
    ["..", ".", "", "cat", "dog", "C:", "~", "\\", "..\\..", "\0", "a\0b", "CON", "%2e%2e", "．．", "…"]
)


@MANY
@given(st.lists(st.lists(PARTS, min_size=1, max_size=6), min_size=1, max_size=6), st.sampled_from(["/", "\\"]))
@example([["..", "..", "etc", "passwd"], ["", "etc", "x.png"]], "/")
def test_no_name_leads_out(tmp_path: Path, workspace: Workspace, paths: list[list[str]], slash: str) -> None:
    files = [(f"{slash.join(parts)}{number}.png", png(number)) for number, parts in enumerate(paths)]
    opened(zip_of([*PETS.items(), *files]), tmp_path, workspace)
    members = [(tarfile.TarInfo(name.replace("\0", "")), body) for name, body in files]
    opened(tar_of(members), tmp_path, workspace, "a.tar")


@MANY
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40), min_size=1, max_size=5))
@example(["a" * 4000])
@example(["![x](http://canary.invalid/x.png)", "<img src=x onerror=y>", "\u202egnp.exe", "\x1b[31m\x07", "\ufeff", " "])
def test_any_name_is_only_a_name(tmp_path: Path, workspace: Workspace, names: list[str]) -> None:
    files = [(f"{name}/{number}.png", png(number)) for number in range(3) for name in names]
    with contextlib.suppress(ValueError, struct.error):  # longer than a zip can say
        opened(zip_of(files), tmp_path, workspace)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
@pytest.mark.parametrize("target", ["/etc/passwd", "../../../etc/passwd", "cat", "cat/0.png", "self.png"])
def test_what_is_no_file_in_a_tar(tmp_path: Path, workspace: Workspace, kind: bytes, target: str) -> None:
    odd = tarfile.TarInfo("self.png")
    odd.type, odd.linkname = kind, target
    files = [(tarfile.TarInfo(name), body) for name, body in PETS.items()]
    source = opened(tar_of([*files, (odd, b"")]), tmp_path, workspace, "a.tar")
    assert source is not None
    assert {file.name for file in source.files} - {"self.png"} == set(PETS)
    for file in source.files:
        assert file.path.read_bytes().startswith(b"\x89PNG")


def nested(levels: int, body: bytes) -> bytes:
    for level in range(levels):
        body = zip_of([(f"{copy}-{level}.zip" if level else f"{copy}.bmp", body) for copy in range(8)])
    return body


def overlapping(copies: int, body: bytes) -> bytes:
    """A zip whose entries are all the same bytes of the file (as D. Fifield's "A better zip bomb", 2019)."""
    whole = zip_of([("cat/0.bmp", body)])
    start = whole.index(b"PK\x01\x02")
    entry = whole[start : whole.index(b"PK\x05\x06")]
    entries = b"".join(entry.replace(b"cat/0.bmp", b"c%03d/0.bmp" % copy)[:28] + struct.pack("<H", 10) + entry[30:46]
                       + b"c%03d/0.bmp" % copy for copy in range(copies))  # fmt: skip
    end = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, copies, copies, len(entries), start, 0)
    return whole[:start] + entries + end


@pytest.mark.parametrize(
    "content",
    [
        lambda: zip_of([("cat/0.bmp", bytes(8 * 2**20))]),
        lambda: nested(3, bytes(2**20)),
        lambda: overlapping(200, bytes(2**20)),
        lambda: zip_of([("cat/0.bmp", bytes(8 * 2**20))], zipfile.ZIP_BZIP2),
        lambda: zip_of([("cat/0.bmp", bytes(8 * 2**20))], zipfile.ZIP_LZMA),
    ],
    ids=["one file", "nested", "overlapping", "bzip2", "lzma"],
)
def test_bombs_do_not_fill_the_disk(
    tmp_path: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, content: Callable[[], bytes]
) -> None:
    monkeypatch.setattr(archives, "RATIO_FROM", 4 * 2**20)
    opened(content(), tmp_path, workspace)
    kept = sum(path.stat().st_size for path in workspace.data.rglob("*") if path.is_file())
    assert kept < 5 * 2**20


def test_a_bomb_in_a_compressed_tar(tmp_path: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "RATIO_FROM", 2**20)
    bomb = tar_of([(tarfile.TarInfo("cat/0.bmp"), bytes(8 * 2**20))], "w:gz")
    assert opened(bomb, tmp_path, workspace, "a.tar.gz") is None


def test_many_entries(tmp_path: Path, workspace: Workspace) -> None:
    files = [(f"{'cat' if number % 2 else 'dog'}/{number}.png", b"x") for number in range(3000)]
    source = opened(zip_of(files, zipfile.ZIP_STORED), tmp_path, workspace)
    assert source is not None
    assert len(source.files) == 3000


def test_the_same_name_again_and_names_that_differ_in_case(tmp_path: Path, workspace: Workspace) -> None:
    again = [("cat/0.png", png(90)), ("CAT/0.png", png(91)), ("cat/0.PNG", png(92)), ("./cat//0.png", png(93))]
    source = opened(zip_of([*PETS.items(), *again]), tmp_path, workspace)
    assert source is not None
    contents = {file.name: file.path.read_bytes() for file in source.files}
    assert contents == {**PETS, "CAT/0.png": png(91), "cat/0.PNG": png(92)}
    assert dict(source.refused) == {"cat/0.png": "Another file has the same name."}


CLASHES = {
    "case": ("cat", "Cat"),
    "composed": ("caf\u00e9", "cafe\u0301"),
    "spaces": ("cat", "cat "),
    "control characters": ("cat", "ca\u200bt"),
    "right to left": ("cat", "cat\u202e"),
}


@pytest.mark.parametrize("clash", CLASHES)
def test_classes_that_look_alike_lose_no_image(tmp_path: Path, workspace: Workspace, clash: str) -> None:
    files = [(f"{name}/{number}.png", png(20 * at + number)) for at, name in enumerate(CLASHES[clash])
             for number in range(6)]  # fmt: skip
    path = tmp_path / "a.zip"
    path.write_bytes(zip_of([*files, *[(f"dog/{number}.png", png(90 + number)) for number in range(6)]]))
    data = load_data(str(path), workspace)
    assert len(data.items) + len(data.broken) == 18
    assert len(set(data.classes)) == len(data.classes) >= 2
    if len(data.classes) == 2:  # the two became one: then all of their images are of it
        assert sorted(sum(item.label == label for item in data.items) for label in range(2)) == [6, 12]


@MANY
@given(st.lists(st.tuples(st.integers(0, 10**4), st.integers(0, 255)), min_size=1, max_size=8))
def test_a_directory_that_lies(tmp_path: Path, workspace: Workspace, lies: list[tuple[int, int]]) -> None:
    """Offsets, sizes, methods, flags, counts and names of the central directory."""
    raw = bytearray(zip_of(list(PETS.items())))
    start = raw.index(b"PK\x01\x02")
    for at, value in lies:
        raw[start + at % (len(raw) - start)] = value
    opened(bytes(raw), tmp_path, workspace)


@pytest.mark.parametrize("offset", [0, 1, 2**16, 2**31 - 1, 2**31, 2**32 - 2])
def test_offsets_that_lie(tmp_path: Path, workspace: Workspace, offset: int) -> None:
    raw = bytearray(zip_of(list(PETS.items())))
    at = raw.index(b"PK\x01\x02")
    raw[at + 42 : at + 46] = struct.pack("<I", offset)
    source = opened(bytes(raw), tmp_path, workspace)
    assert source is None or len(source.files) >= len(PETS) - 1


@pytest.mark.parametrize("method", [8, 12, 14])
def test_nonsense_in_every_compression(tmp_path: Path, workspace: Workspace, method: int) -> None:
    """Bytes that are stored, called compressed."""
    raw = bytearray(zip_of(list(PETS.items()), zipfile.ZIP_STORED))
    for signature, place in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        at = raw.index(signature)
        raw[at + place : at + place + 2] = struct.pack("<H", method)
    source = opened(bytes(raw), tmp_path, workspace)
    assert source is not None
    assert dict(source.refused) == {"cat/0.png": "It is damaged in the archive."}


@MANY
@given(st.binary(max_size=400), st.sampled_from(["a.zip", "a.tar", "a.tar.gz", "a.txz", "a.tbz2"]))
@example(b"PK\x05\x06" + bytes(18), "a.zip")
@example(b"PK\x06\x06" + bytes(52) + b"PK\x06\x07" + bytes(16) + b"PK\x05\x06" + b"\xff" * 16 + bytes(2), "a.zip")
@example(b"\x1f\x8b\x08\x00" + bytes(40), "a.tar.gz")
@example(b"\xfd7zXZ\x00" + bytes(40), "a.txz")
@example(b"BZh9" + bytes(40), "a.tbz2")
def test_any_bytes(tmp_path: Path, workspace: Workspace, content: bytes, name: str) -> None:
    opened(content, tmp_path, workspace, name)


def test_a_tar_that_claims_a_terabyte(tmp_path: Path, workspace: Workspace) -> None:
    """A sparse file of GNU tar takes no room in the archive."""
    member = tarfile.TarInfo("cat/0.bmp")
    header = bytearray(member.tobuf(tarfile.GNU_FORMAT))
    header[156:157] = tarfile.GNUTYPE_SPARSE
    header[386:410] = b"00000000000\0" + b"00000000000\0"
    header[483:495] = b"\x80" + (2**40).to_bytes(11, "big")
    header[148:156] = b"        "
    header[148:156] = b"%06o\0 " % sum(header)
    opened(bytes(header) + bytes(1024), tmp_path, workspace, "a.tar")
    assert sum(path.stat().st_blocks for path in workspace.data.rglob("*")) * 512 < 200 * 2**20
