"""Archives from anybody: read an entry at a time, capped, and written under names of our own."""

import os
import re
import stat
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from core.data.folders import MOST_FILES, Readable, Store, clean_name
from core.data.zip_names import entry_names
from core.errors import DataError
from core.workspace import Progress

ENDINGS = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
"""What the names of archives end in that are unpacked here."""

NOT_READ = {
    ".7z": "a 7z archive",
    ".rar": "a RAR archive",
    ".z01": "a part of a split zip",
    ".001": "a part of a file",
    ".zst": "a Zstandard archive",
    ".lz4": "an LZ4 archive",
    ".lzma": "an LZMA archive",
    ".gz": "a gzip file",
    ".bz2": "a bzip2 file",
    ".xz": "an XZ file",
    ".z": "a compressed file",
    ".dmg": "a disk image",
    ".iso": "a disk image",
    ".img": "a disk image",
    ".sit": "a StuffIt archive",
    ".arj": "an ARJ archive",
    ".cab": "a Cabinet archive",
}
"""Endings of archives that are not, and what they are."""

DEEPEST = 2
"""Archives inside an archive are unpacked, and those inside them; no deeper."""

RATIO = 100
"""Photos hardly shrink in a zip; above this, and above `RATIO_FROM` bytes, it is taken for a bomb."""

RATIO_FROM = 64 * 2**20

_READ = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
_METHODS = {1: "Shrink", 6: "Implode", 9: "Deflate64", 93: "Zstandard", 94: "MP3", 95: "XZ", 96: "JPEG", 98: "PPMd"}
_AES = 99


class _DamagedError(Exception):
    """An archive or entry that cannot be read to its end."""


def is_archive(name: str) -> bool:
    """Whether a file's name is that of an archive which is unpacked here."""
    return name.lower().endswith(ENDINGS)


def is_zip(path: Path) -> bool:
    """Whether a file without a known ending begins as a zip does; documents, which are zips too, have endings."""
    try:
        with path.open("rb") as file:
            return not path.suffix and file.read(4) == b"PK\3\4"
    except OSError:
        return False


def without_ending(name: str) -> str:
    """An archive's name without .zip or .tar.gz."""
    ending = max((ending for ending in ENDINGS if name.lower().endswith(ending)), key=len, default="")
    return name[: len(name) - len(ending)]


@dataclass(frozen=True)
class _Entry:
    """A file in an archive: its name there, why it is refused ("" if it is not), and how it is opened."""

    name: str
    refusal: str
    open: "_Opener"


class _Opener:
    """Opens the content of one entry."""

    def __init__(self, archive: zipfile.ZipFile | tarfile.TarFile, member: zipfile.ZipInfo | tarfile.TarInfo) -> None:
        self._archive, self._member = archive, member

    def __call__(self) -> AbstractContextManager[Readable]:
        if isinstance(self._archive, zipfile.ZipFile) and isinstance(self._member, zipfile.ZipInfo):
            return self._archive.open(self._member)
        assert isinstance(self._archive, tarfile.TarFile)
        assert isinstance(self._member, tarfile.TarInfo)
        content = self._archive.extractfile(self._member)
        if content is None:
            raise _DamagedError
        return closing(content)


class _Measured:
    """The content of one entry, read no further than what the archive's own size makes believable."""

    def __init__(self, content: Readable, store: Store, packed: int) -> None:
        self.content, self.store, self.packed = content, store, packed

    def read(self, size: int, /) -> bytes:
        if self.store.bytes > max(RATIO_FROM, RATIO * self.packed):
            raise DataError(
                f"The archive unpacks to more than {RATIO} times its size, as no photos do. "
                "Unpack it yourself and choose the folder."
            )
        try:
            return self.content.read(size)
        except Exception as error:  # decompressors raise nearly anything on hostile bytes
            raise _DamagedError from error


def unpack(archive: Path, title: str, store: Store, progress: Progress) -> None:
    """Unpack `archive` into `store` and close it; archives inside it are unpacked too.

    Entries that are links, encrypted, damaged, compressed in a way that is not read here, or named outside are
    refused one by one, with a reason. Raises `DataError` when it is no archive, or holds too many files or bytes.
    """
    unpack_into(archive, title, store, progress)
    store.close(title)


def unpack_into(archive: Path, title: str, store: Store, progress: Progress, prefix: str = "", depth: int = 0) -> None:
    """Unpack without closing the store; names get `prefix` before them. Raises `DataError`."""
    packed = archive.stat().st_size
    try:
        with _opened(archive, title) as opened:
            entries = list(_entries(opened))
            if len(entries) > MOST_FILES:
                raise DataError(f"The archive holds {len(entries):,} files; up to {MOST_FILES:,} are read.")
            for done, entry in enumerate(entries, 1):
                name = store.admit(f"{prefix}{entry.name}")
                if name is not None:
                    _unpack_one(entry, name, store, packed, depth)
                if done % 50 == 0 or done == len(entries):
                    progress("Unpacking", done, len(entries))
    except _DamagedError as error:
        raise DataError(_no_archive(title)) from error


def _opened(archive: Path, title: str) -> zipfile.ZipFile | tarfile.TarFile:
    with archive.open("rb") as file:
        start = file.read(200)
    if not start:
        raise DataError(f"{title} is empty. Copy or download it again.")
    if re.match(rb"\s*(<!doctype html|<html)", start, re.IGNORECASE):
        raise DataError(f"{title} is a web page: its download failed. Download it again.")
    if start.startswith((b"7z\xbc\xaf", b"Rar!")):
        kind = "a 7z" if start.startswith(b"7z") else "a RAR"
        raise DataError(f"{title} is {kind} archive, which Anneal does not read. Unpack it, and choose the folder.")
    try:
        return zipfile.ZipFile(archive) if zipfile.is_zipfile(archive) else tarfile.open(archive)
    except Exception as error:  # both raise nearly anything on hostile bytes
        if "multi-disk" in str(error) or "span" in str(error):
            raise DataError(f"{title} is one part of a split archive. Unpack it, and choose the folder.") from error
        if start.startswith(b"PK\3\4"):
            raise DataError(f"{title} is damaged: its end is missing. Copy or download it again.") from error
        raise DataError(_no_archive(title)) from error


def _no_archive(title: str) -> str:
    kind = "zip" if title.lower().endswith(".zip") or not is_archive(title) else "tar"
    return f"{title} is not a {kind} archive, or is damaged."


def _entries(opened: zipfile.ZipFile | tarfile.TarFile) -> Iterator[_Entry]:
    if isinstance(opened, zipfile.ZipFile):
        listed = [entry for entry in opened.infolist() if entry.filename and not entry.is_dir()]
        for entry, name in zip(listed, entry_names(listed), strict=True):
            yield _Entry(name, _refusal(entry), _Opener(opened, entry))
        return
    try:
        members = opened.getmembers()
    except Exception as error:
        raise _DamagedError from error
    for member in members:
        if not member.isdir():
            refusal = "" if member.isreg() or member.islnk() else "It is a link, not a file."
            yield _Entry(member.name, refusal, _Opener(opened, member))


def _refusal(entry: zipfile.ZipInfo) -> str:
    """Why an entry of a zip is not read; "" if it is."""
    if stat.S_ISLNK(entry.external_attr >> 16):
        return "It is a link, not a file."
    if entry.flag_bits & 1 or entry.compress_type == _AES:
        return "It is encrypted."
    if entry.compress_type not in _READ:
        method = _METHODS.get(entry.compress_type, f"method {entry.compress_type}")
        return f"It is compressed with {method}, which Anneal does not read. Unpack the zip and choose the folder."
    return ""


def _unpack_one(entry: _Entry, name: str, store: Store, packed: int, depth: int) -> None:
    if entry.refusal:
        store.refuse(name, entry.refusal)
        return
    try:
        opened = entry.open()
    except RuntimeError:  # zipfile's word for encryption that the flags do not admit
        store.refuse(name, "It is encrypted.")
        return
    except Exception:  # zipfile and tarfile raise nearly anything on hostile bytes
        store.refuse(name, "It is damaged in the archive.")
        return
    try:
        with opened as content:
            if is_archive(name) and depth < DEEPEST:
                _unpack_inner(_Measured(content, store, packed), name, store, depth)
            else:
                store.add(name, _Measured(content, store, packed))
    except _DamagedError:
        store.refuse(name, "It is damaged in the archive.")


def _unpack_inner(content: _Measured, name: str, store: Store, depth: int) -> None:
    """Unpack an archive inside an archive, its files in a folder that is called like it."""
    handle, path = tempfile.mkstemp(dir=store.folder, prefix=".inner-")
    inner = Path(path)
    try:
        with os.fdopen(handle, "wb") as file:
            while chunk := content.read(2**20):
                store.count(len(chunk))
                file.write(chunk)
        try:
            unpack_into(inner, name, store, _silent, folder_for(inner, name), depth + 1)
        except DataError as error:
            store.refuse(name, str(error))
    finally:
        inner.unlink(missing_ok=True)


def folder_for(archive: Path, name: str) -> str:
    """The folder, with its slash, for an archive's files among others: called like it, unless it has that one."""
    stem = without_ending(name)
    try:
        with _opened(archive, name) as opened:
            tops = {(clean_name(entry.name) or "").partition("/")[0] for entry in _entries(opened)}
    except (DataError, _DamagedError):
        tops = set()
    if tops == {stem.rpartition("/")[2]}:
        return f"{stem.rpartition('/')[0]}/" if "/" in stem else ""
    return f"{stem}/"


def _silent(what: str, done: int, total: int) -> None:
    """An inner archive has no progress of its own."""


def spool(content: IO[bytes] | Readable, folder: Path) -> Path:
    """A copy of an archive on disk, in `folder`; the caller deletes it."""
    handle, path = tempfile.mkstemp(dir=folder, prefix=".dropped-")
    with os.fdopen(handle, "wb") as file:
        while chunk := content.read(2**20):
            file.write(chunk)
    return Path(path)
