"""All files of a folder on disk, links followed but nothing entered twice, and what was passed by."""

import os
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

from core.data.catalogue import DOWNLOADS
from core.data.folder_names import clutter
from core.data.stamps import Stamp
from core.errors import DataError

MOST_FILES = 1_000_000
"""Files of a folder on this machine; archives, which may come from anybody, hold fewer."""

ROOMS = frozenset({"data", "indexes", "pixels", "activations", "runs", "jobs"})
"""Folders of a workspace, see `core.workspace`."""

_FILES = frozenset({"speed.json", "warm.sock"})
_STORED = (
    "upload-",
    "zip-",
    "arrow-",
    "torchvision-",
    "digits-",
    "shapes-",
    *(f"{offer.spec}-" for offer in DOWNLOADS),
)

OURS = "Anneal's own folder"


@dataclass
class Walked:
    """What lies below a folder.

    `files` are (posix name, path); `refused` (name, reason) of what cannot be opened or was there before; `ignored`
    (folder, reason) of what systems and programs left behind; `empty` the folders in which nothing else is, and
    `closed` (folder, reason) those that cannot be read. `folders` are the places of all that were opened, each with its
    stamp from before that.
    """

    files: list[tuple[str, str]] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    ignored: list[tuple[str, str]] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    closed: list[tuple[str, str]] = field(default_factory=list)
    folders: list[tuple[str, Stamp]] = field(default_factory=list)


def walk(root: Path, home: Path) -> Walked:
    """Everything below `root` but clutter and workspaces, that at `home` included; raises `DataError`.

    Folders come before links, so that a folder that is reached both ways has its own name.
    """
    found = Walked()
    seen: dict[tuple[int, int], str] = {}
    waiting, links = deque([(root, "")]), deque[tuple[Path, str]]()
    while waiting or links:
        folder, prefix = (waiting or links).popleft()
        entries = _opened(folder, prefix, root, found, seen)
        if entries is None:
            continue
        ours = _ours(folder, entries, home)
        if ours and prefix:
            found.ignored.append((prefix.rstrip("/"), OURS))
            continue
        if prefix and all(clutter(entry.name) for entry in entries):
            found.empty.append(prefix.rstrip("/"))
        for entry in entries:
            _sort(entry, prefix, OURS if entry.name in ours else "", found, waiting, links)
        if len(found.files) > MOST_FILES:
            raise DataError(f"{root} holds more than {MOST_FILES:,} files. Choose a folder with only the images.")
    return found


def _opened(
    folder: Path, prefix: str, root: Path, found: Walked, seen: dict[tuple[int, int], str]
) -> "list[os.DirEntry[str]] | None":
    """The entries of a folder; None, and the reason in `found`, when it cannot be opened or has been read."""
    name = prefix.rstrip("/")
    try:
        facts = folder.stat()
        place = (facts.st_dev, facts.st_ino)
        if place in seen:
            found.refused.append((name, f"It is a link to {seen[place] or 'the whole folder'}, which is read already."))
            return None
        seen[place] = name
        found.folders.append((str(folder), (facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns)))
        return list(os.scandir(folder))
    except OSError as error:
        if not prefix:
            raise DataError(f"The folder {root} cannot be opened: {error.strerror}.") from error
        found.refused.append((name, f"The folder cannot be opened: {error.strerror}."))
        found.closed.append(found.refused[-1])
        return None


def _ours(folder: Path, entries: "list[os.DirEntry[str]]", home: Path) -> set[str]:
    """Names of what is Anneal's, where the entries are those of a workspace."""
    names = {entry.name for entry in entries}
    rooms = names & ROOMS
    at_home = bool(rooms) and folder.resolve() == home
    if not at_home and ("indexes" not in rooms or len(rooms) == 1):
        return set()
    if "data" in rooms and not _only_stored(folder / "data"):  # somebody's own folder of that name
        rooms.discard("data")
    return rooms | {name for name in names if name in _FILES or name.endswith(".lock")}


def _only_stored(folder: Path) -> bool:
    """Whether a workspace's folder of data sets holds nothing else."""
    try:
        return all(name.startswith((".", *_STORED)) for name in os.listdir(folder))
    except OSError:
        return False


def _sort(
    entry: "os.DirEntry[str]",
    prefix: str,
    ours: str,
    found: Walked,
    waiting: deque[tuple[Path, str]],
    links: deque[tuple[Path, str]],
) -> None:
    name = prefix + entry.name
    why = ours or clutter(entry.name)
    if why:
        if entry.name != "." and entry.is_dir():
            found.ignored.append((_text(name), why))
    elif _text(name) != name:
        found.refused.append((_text(name), "Its name is not valid text. Rename it."))
        if entry.is_dir():
            found.closed.append(found.refused[-1])
    elif entry.is_dir():
        (links if entry.is_symlink() else waiting).append((Path(entry.path), f"{name}/"))
    else:
        found.files.append((name, entry.path))


def _text(name: str) -> str:
    return name if name.isascii() else name.encode("utf-8", "replace").decode()
