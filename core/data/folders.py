"""Folders in the workspace that appear whole or not at all, and images kept there under names of our own."""

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from core.data.folder_names import is_ignored
from core.errors import DataError
from core.workspace import read_json, sentences, write_json

MANIFEST = "names.json"

MOST_FILES = 200_000
MOST_BYTES = 20 * 2**30

_CHUNK = 2**20


class Readable(Protocol):
    """Bytes that can be read a chunk at a time."""

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes; none at the end."""
        ...


@contextmanager
def new_folder(parent: Path) -> Iterator[Path]:
    """A hidden temporary folder in `parent`; what has not been settled elsewhere by the end is deleted."""
    with sentences(parent):
        folder = Path(tempfile.mkdtemp(dir=parent, prefix=".", suffix=".part"))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def settle(folder: Path, target: Path) -> None:
    """Rename `folder` to `target`; where somebody else has just made the same `target`, theirs stays."""
    try:
        os.rename(folder, target)
    except OSError:
        if not target.is_dir():
            raise


@dataclass
class Store:
    """Files from elsewhere, written to `folder` under numbers; their own names are only data in the manifest.

    Names that lead outside or come twice, and what could not be read, are refused with a reason and the rest
    goes on; more than `most_files` files or `most_bytes` (0: `MOST_FILES` and `MOST_BYTES`) raise `DataError`. `digest`
    covers names and content.
    """

    folder: Path
    most_files: int = 0
    most_bytes: int = 0
    names: dict[str, str] = field(default_factory=dict)
    refused: list[tuple[str, str]] = field(default_factory=list)
    bytes: int = 0
    _hash: hashlib.blake2b = field(default_factory=lambda: hashlib.blake2b(digest_size=16))

    @property
    def digest(self) -> str:
        """Digest of all that was added, in its order."""
        return self._hash.hexdigest()

    def admit(self, raw: str) -> str | None:
        """The clean posix name of a file to be added, or None when it is ignored or has been refused."""
        name = clean_name(raw)
        if name is None:
            self.refuse(raw, "Its name leads outside the data set.")
        elif name and not is_ignored(name):
            if name not in self.names:
                return name
            self.refuse(name, "Another file has the same name.")
        return None

    def refuse(self, name: str, reason: str) -> None:
        """List a file as unusable."""
        self._room_for_one_more()
        self.refused.append((_text(name), reason))

    def add(self, name: str, content: Readable) -> None:
        """Copy one file, a chunk at a time; if reading it fails, nothing of it stays."""
        self._room_for_one_more()
        suffix = re.search(r"\.[a-z0-9]{1,5}$", name.lower())
        path = self.folder / f"{len(self.names) + len(self.refused):06d}{suffix.group() if suffix else ''}"
        self._hash.update(repr(name).encode())
        try:
            with path.open("wb") as file:
                while chunk := content.read(_CHUNK):
                    self.count(len(chunk))
                    self._hash.update(chunk)
                    file.write(chunk)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        self.names[name] = path.name

    def count(self, size: int) -> None:
        """Count bytes written; raises `DataError` past the limit."""
        self.bytes += size
        limit = self.most_bytes or MOST_BYTES
        if self.bytes > limit:
            most = f"{limit / 1e6:,.0f} MB" if self.most_bytes else f"{limit >> 30} GB"
            raise DataError(f"That is more than {most} of files. Choose fewer of them.")

    def close(self, title: str) -> None:
        """Write the manifest, without which the folder is no data set."""
        write_manifest(self.folder, title, self.names.items(), self.refused)

    def _room_for_one_more(self) -> None:
        limit = self.most_files or MOST_FILES
        if len(self.names) + len(self.refused) >= limit:
            raise DataError(f"That is more than {limit:,} files. Choose a smaller data set.")


def clean_name(raw: str) -> str | None:
    """`raw` as a relative posix path without empty parts; None when it climbs out with `..`."""
    path = re.sub(r"^[A-Za-z]:(?=/)", "", _text(raw).replace("\\", "/").replace("\0", ""))
    parts = [part for part in path.split("/") if part not in ("", ".")]
    return None if ".." in parts else "/".join(parts)


def write_manifest(
    folder: Path, title: str, names: Iterable[tuple[str, str]], refused: Iterable[tuple[str, str]] = ()
) -> None:
    """Say which name of the data set each file of `folder` (a relative path) has."""
    files = [list(pair) for pair in names]
    write_json(folder / MANIFEST, {"title": title, "files": files, "refused": [list(pair) for pair in refused]})


@dataclass(frozen=True)
class Manifest:
    """What a stored folder holds: (name, relative path) pairs, and (name, reason) of what was refused."""

    title: str
    files: tuple[tuple[str, str], ...]
    refused: tuple[tuple[str, str], ...]


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a stored folder; raises `DataError` when it is damaged."""
    try:
        value = read_json(folder / MANIFEST)
        files = tuple((str(name), str(path)) for name, path in value["files"])
        refused = tuple((str(name), str(reason)) for name, reason in value["refused"])
        return Manifest(str(value["title"]), files, refused)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"The stored data set {folder.name} is damaged. Delete {folder} and add it again.") from error


def is_stored(folder: Path, home: Path) -> bool:
    """Whether `folder` is one of ours, directly in `home`: a manifest anywhere else is a file like any other."""
    return folder.parent == home and (folder / MANIFEST).is_file()


def copy_whole(content: Readable, target: Path) -> str:
    """Copy a file a chunk at a time within the limit on bytes; returns the digest of its content."""
    store = Store(target.parent)
    store.add(target.name, content)
    os.replace(target.parent / store.names[target.name], target)
    return store.digest


def _text(name: str) -> str:
    """A name that can be written as UTF-8."""
    return name.encode("utf-8", "replace").decode()
