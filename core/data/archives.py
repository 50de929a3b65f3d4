"""Zip archives from anybody: read an entry at a time, capped, and written under names of our own."""

import lzma
import stat
import struct
import zipfile
import zlib
from pathlib import Path

from core.data.folders import MOST_FILES, Readable, Store
from core.errors import DataError
from core.workspace import Progress

ENDINGS = (".zip",)
"""What the names of archives end in."""

RATIO = 100
"""Photos hardly shrink in a zip; above this, and above `RATIO_FROM` bytes, it is taken for a bomb."""

RATIO_FROM = 64 * 2**20

_DAMAGE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, struct.error, ValueError, NotImplementedError)


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
        return self.content.read(size)


def unpack(archive: Path, title: str, store: Store, progress: Progress) -> None:
    """Unpack `archive` into `store` and close it.

    Entries that are links, encrypted, damaged, or named outside are refused one by one, with a reason. Raises
    `DataError` when it is no zip archive, or holds too many files or bytes.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            _unpack_all(opened, archive.stat().st_size, store, progress)
    except _DAMAGE as error:
        raise DataError(f"{title} is not a zip archive, or is damaged.") from error
    store.close(title)


def _unpack_all(opened: zipfile.ZipFile, packed: int, store: Store, progress: Progress) -> None:
    entries = [entry for entry in opened.infolist() if not entry.is_dir()]
    if len(entries) > MOST_FILES:
        raise DataError(f"The archive holds {len(entries):,} files; up to {MOST_FILES:,} are read.")
    for done, entry in enumerate(entries, 1):
        name = store.admit(entry.filename)
        if name is not None:
            _unpack_one(opened, entry, name, store, packed)
        if done % 50 == 0 or done == len(entries):
            progress("Unpacking", done, len(entries))


def _unpack_one(opened: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str, store: Store, packed: int) -> None:
    if stat.S_ISLNK(entry.external_attr >> 16):
        store.refuse(name, "It is a link, not a file.")
    elif entry.flag_bits & 1:
        store.refuse(name, "It is encrypted.")
    else:
        try:
            with opened.open(entry) as content:
                store.add(name, _Measured(content, store, packed))
        except _DAMAGE:
            store.refuse(name, "It is damaged in the archive.")
        except RuntimeError:  # zipfile's word for encryption that the flags do not admit
            store.refuse(name, "It is encrypted.")


def is_archive(name: str) -> bool:
    """Whether a file's name is that of an archive which is unpacked here."""
    return name.lower().endswith(ENDINGS)
