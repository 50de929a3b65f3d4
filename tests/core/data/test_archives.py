"""Archives of every kind and origin: read, or refused with the reason."""

import io
import os
import struct
import tarfile
import unicodedata
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.data.archives import is_archive, without_ending
from core.data.index import load_data
from core.data.sources import Source, open_source, store_upload
from core.data.zip_names import code_page
from core.errors import DataError
from core.workspace import Workspace
from tests.core.data.making import folder, png, write, zipped

PETS = {f"{name}/{k}.png": png(10 * n + k) for n, name in enumerate(("cat", "dog")) for k in range(4)}


def zip_bytes(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return content.getvalue()


def patched(content: bytes, local: int, central: int, value: int, mask: int = 0xFF) -> bytes:
    """A zip with one byte of every local and central header set (or, with a mask, some of its bits)."""
    raw = bytearray(content)
    for sign, offset in ((b"PK\x03\x04", local), (b"PK\x01\x02", central)):
        at = raw.find(sign)
        while at >= 0:
            raw[at + offset] = raw[at + offset] & ~mask | value
            at = raw.find(sign, at + 4)
    return bytes(raw)


def raw_names(names: dict[bytes, bytes]) -> bytes:
    """A zip whose names are these bytes, without a flag that says what they mean."""
    stand_ins = {f"{'x' * (len(name) - 3)}{k:03d}": name for k, name in enumerate(names)}
    content = zip_bytes(dict(zip(stand_ins, names.values(), strict=True)), zipfile.ZIP_STORED)
    for stand_in, name in stand_ins.items():
        content = content.replace(stand_in.encode(), name)
    return content


def open_or_refuse(path: Path, workspace: Workspace) -> Source | None:
    """The source; None where it is refused with a sentence."""
    try:
        return open_source(str(path), workspace)
    except DataError:
        return None


def names_in(content: bytes, tmp_path: Path, workspace: Workspace, name: str = "a.zip") -> list[str]:
    (tmp_path / name).write_bytes(content)
    return [file.name for file in open_source(str(tmp_path / name), workspace).files]


@pytest.mark.parametrize(
    ("codec", "words"),
    [
        ("utf-8", ["Äpfel", "柿", "été"]),
        ("cp437", ["Äpfel", "Birnen", "Größe", "été"]),
        ("cp850", ["Blåbær", "Ørret", "São"]),
        ("cp866", ["кошки", "Собаки"]),
        ("cp932", ["ねこ", "いぬの写真"]),
        ("cp932", ["カメラ", "柿"]),
        ("cp949", ["고양이", "강아지"]),
        ("gbk", ["苹果", "香蕉图片"]),
        ("cp1252", ["Äpfel und Öl", "façade"]),
        ("cp1251", ["кошки", "Собаки"]),
    ],
)
def test_names_in_code_pages_are_what_they_were(
    tmp_path: Path, workspace: Workspace, codec: str, words: list[str]
) -> None:
    content = raw_names({f"{word}/{k}.png".encode(codec): png(k) for word in words for k in range(2)})
    found = names_in(content, tmp_path, workspace)
    assert {name.split("/")[0] for name in found} == set(words)


def test_decomposed_names_without_the_flag_make_one_class(tmp_path: Path, workspace: Workspace) -> None:
    forms = [unicodedata.normalize(form, "Äpfel") for form in ("NFD", "NFC")]
    files = {f"{form}/{n}{k}.png".encode(): png(10 * n + k) for n, form in enumerate(forms) for k in range(3)}
    files |= {f"pear/{k}.png".encode(): png(30 + k) for k in range(3)}
    (tmp_path / "a.zip").write_bytes(raw_names(files))
    assert load_data(str(tmp_path / "a.zip"), workspace).classes == ("pear", forms[1])


def test_the_unicode_path_field_goes_first(tmp_path: Path, workspace: Workspace) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for given, meant, raw in (("_/1.png", "柿/1.png", b"_/1.png"), ("a/2.png", "b/2.png", b"another name")):
            entry = zipfile.ZipInfo(given)
            body = struct.pack("<BI", 1, zlib.crc32(raw)) + meant.encode()
            entry.extra = struct.pack("<HH", 0x7075, len(body)) + body
            archive.writestr(entry, png())
    assert names_in(content.getvalue(), tmp_path, workspace) == ["a/2.png", "柿/1.png"]


@given(st.lists(st.binary(min_size=1, max_size=12), max_size=5))
def test_any_bytes_have_some_code_page(names: list[bytes]) -> None:
    for name in names:
        name.decode(code_page(names), "replace")


@pytest.mark.parametrize(("method", "said"), [(9, "Deflate64"), (93, "Zstandard"), (98, "PPMd"), (77, "method 77")])
def test_a_compression_that_is_not_read_is_named(tmp_path: Path, workspace: Workspace, method: int, said: str) -> None:
    (tmp_path / "a.zip").write_bytes(patched(zip_bytes(PETS), 8, 10, method))
    with pytest.raises(DataError, match=f"Nothing in .* compressed with {said}, which Anneal does not read") as refusal:
        load_data(str(tmp_path / "a.zip"), workspace)
    assert "damaged" not in str(refusal.value)


@pytest.mark.parametrize("aes", [False, True])
def test_an_encrypted_archive_is_called_that(tmp_path: Path, workspace: Workspace, aes: bool) -> None:
    content = patched(zip_bytes(PETS), 8, 10, 99) if aes else patched(zip_bytes(PETS), 6, 8, 1, mask=1)
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(DataError, match=r"Nothing in .* cat/0\.png: It is encrypted"):
        load_data(str(tmp_path / "a.zip"), workspace)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA, zipfile.ZIP_STORED])
def test_other_compressions_are_read(tmp_path: Path, workspace: Workspace, method: int) -> None:
    assert names_in(zip_bytes(PETS, method), tmp_path, workspace) == sorted(PETS)


@pytest.mark.parametrize(("name", "mode"), [("a.tar", "w"), ("a.tar.gz", "w:gz"), ("a.TGZ", "w:gz"), ("a.txz", "w:xz")])
def test_tar_archives_are_read(tmp_path: Path, workspace: Workspace, name: str, mode: str) -> None:
    with tarfile.open(tmp_path / name, mode) as archive:
        for member, body in PETS.items():
            facts = tarfile.TarInfo(f"./pets/{member}")
            facts.size = len(body)
            archive.addfile(facts, io.BytesIO(body))
        link = tarfile.TarInfo("pets/cat/link.png")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
        outside = tarfile.TarInfo("../outside.png")
        archive.addfile(outside)
    source = open_source(str(tmp_path / name), workspace)
    assert {file.name: file.path.read_bytes() for file in source.files} == {f"pets/{k}": v for k, v in PETS.items()}
    assert dict(source.refused) == {
        "pets/cat/link.png": "It is a link, not a file.",
        "../outside.png": "Its name leads outside the data set.",
    }
    content = (tmp_path / name).read_bytes()
    (tmp_path / f"torn-{name}").write_bytes(content[: len(content) // 3])
    torn = open_or_refuse(tmp_path / f"torn-{name}", workspace)
    assert torn is None or len(torn.files) < len(PETS)


def test_archives_inside_archives_are_unpacked(tmp_path: Path, workspace: Workspace) -> None:
    inner = {"train.zip": {f"train/{k}": v for k, v in PETS.items()}, "valid.zip": {"cat/9.png": png(90)}}
    files = {name: zip_bytes(content) for name, content in inner.items()}
    deep = zip_bytes({"b.zip": zip_bytes({"c.zip": zip_bytes({"x.png": png(1)})})})
    zipped(tmp_path / "set.zip", {**files, "deep.zip": deep, "torn.zip": b"PK\3\4", "labels.csv": b"id,label\n"})
    source = open_source(str(tmp_path / "set.zip"), workspace)
    names = {file.name for file in source.files}
    assert names == {*(f"train/{k}" for k in PETS), "valid/cat/9.png", "labels.csv", "deep/b/c.zip"}
    assert dict(source.refused) == {"torn.zip": "torn.zip is damaged: its end is missing. Copy or download it again."}
    assert not list(workspace.data.rglob(".inner-*"))


def test_several_archives_dropped_at_once(workspace: Workspace) -> None:
    one, two = ({name: body for name, body in PETS.items() if name.startswith(kind)} for kind in ("cat", "dog"))
    flat = {name.replace("/", "-"): body for name, body in two.items()}
    spec = store_upload([("cat.zip", io.BytesIO(zip_bytes(one))), ("dog.zip", io.BytesIO(zip_bytes(flat)))], workspace)
    data = load_data(spec, workspace)
    assert data.classes == ("cat", "dog")
    assert {item.name for item in data.items} == {*one, *(f"dog/{name}" for name in flat)}


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.7z", b"7z\xbc\xaf\x27\x1c", "is a 7z archive, which Anneal does not read. Unpack it"),
        ("a.rar", b"Rar!\x1a", "is a RAR archive, which Anneal does not read. Unpack it"),
        ("wrong.zip", b"7z\xbc\xaf\x27\x1c", "is a 7z archive, which Anneal does not read"),
        ("a.zip.001", b"PK", "is a part of a file, which Anneal does not read"),
        ("torn.tar", b"no tar", "torn.tar is not a tar archive, or is damaged"),
    ],
)
def test_what_is_not_unpacked_is_named(
    tmp_path: Path, workspace: Workspace, name: str, content: bytes, sentence: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=sentence):
        open_source(str(tmp_path / name), workspace)


def test_a_folder_of_archives_is_explained(tmp_path: Path, workspace: Workspace) -> None:
    write(tmp_path / "set", {"train.zip": zip_bytes(PETS), "test.7z": b"7z"})
    with pytest.raises(DataError, match=r"no class folders, but archives: test\.7z and train\.zip\. Unpack them"):
        load_data(str(tmp_path / "set"), workspace)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), min_size=1, max_size=6), st.integers(0, 10**9))
def test_a_damaged_archive_ends_in_a_sentence(
    tmp_path: Path, workspace: Workspace, damage: list[tuple[int, int]], stamp: int
) -> None:
    raw = bytearray(zip_bytes(PETS))
    for at, value in damage:
        raw[-1 - at % len(raw)] = value
    path = tmp_path / f"{stamp}.zip"
    path.write_bytes(raw)
    source = open_or_refuse(path, workspace)
    assert source is None or all(reason for _, reason in source.refused)
    assert not [left for left in workspace.data.iterdir() if left.name.startswith(".")]


def test_endings() -> None:
    assert is_archive("A.ZIP")
    assert not is_archive("a.7z")
    assert [without_ending(name) for name in ("a.tar.gz", "x/b.zip", "c")] == ["a", "x/b", "c"]


def test_hard_links_in_a_tar_are_the_files_that_they_stand_for(tmp_path: Path, workspace: Workspace) -> None:
    """tar stores a file with two names once, and the second name as a link to the first."""
    folder(tmp_path / "set", {"cat": 3, "dog": 3})
    os.link(tmp_path / "set/cat/000.png", tmp_path / "set/cat/again.png")
    (tmp_path / "set/dog/soft.png").symlink_to("/etc/passwd")
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        archive.add(tmp_path / "set", "set")
    source = open_source(str(tmp_path / "a.tar"), workspace)
    contents = {file.name: file.path.read_bytes() for file in source.files}
    assert contents["set/cat/again.png"] == contents["set/cat/000.png"]
    assert dict(source.refused) == {"set/dog/soft.png": "It is a link, not a file."}


def test_a_zip_is_known_by_its_content_where_its_name_has_no_ending(tmp_path: Path, workspace: Workspace) -> None:
    zipped(tmp_path / "archive", PETS)
    assert {file.name for file in open_source(str(tmp_path / "archive"), workspace).files} == set(PETS)


def test_drive_letters_are_no_folders(tmp_path: Path, workspace: Workspace) -> None:
    zipped(tmp_path / "a.zip", {f"C:\\photos\\{name}": content for name, content in PETS.items()})
    assert load_data(str(tmp_path / "a.zip"), workspace).classes == ("cat", "dog")
