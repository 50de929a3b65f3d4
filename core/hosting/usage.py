"""What a server's visitors keep on its disk and what its jobs need of its memory, refused before either is full."""

import os
import shutil
import time
from pathlib import Path

import psutil

from core.errors import WorkspaceError
from core.hosting.settings import settings_of
from core.workspace import Workspace

MB = 1_000_000

KNOWN_S, TOTAL_KNOWN_S = 2.0, 30.0
"""Seconds for which one visitor's bytes, and those of all, are not counted again."""

CGROUPS = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current", "/sys/fs/cgroup/memory.stat", "inactive_file"),
    (
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
        "/sys/fs/cgroup/memory/memory.usage_in_bytes",
        "/sys/fs/cgroup/memory/memory.stat",
        "total_inactive_file",
    ),
)
"""Where a container's limit, its use, and the files in it that can be given up are written (versions 2 and 1)."""

_counted: dict[Path, tuple[float, int]] = {}


def bytes_in(folder: Path, known_s: float = 0.0) -> int:
    """Bytes of all files below a folder, links not followed; as counted less than `known_s` seconds ago."""
    now = time.monotonic()
    before = _counted.get(folder)
    if before is not None and now - before[0] < known_s:
        return before[1]
    total = _count(folder)
    _counted[folder] = (now, total)
    return total


def forget_count(folder: Path) -> None:
    """Have the bytes below a folder be counted anew, and forget those of folders in it."""
    for known in [known for known in list(_counted) if known == folder or folder in known.parents]:
        _counted.pop(known, None)


def _count(folder: str | Path) -> int:
    total = 0
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                try:
                    is_folder = entry.is_dir(follow_symlinks=False)
                    total += _count(entry.path) if is_folder else entry.stat(follow_symlinks=False).st_size
                except OSError:  # it has gone since
                    continue
    except OSError:
        return 0
    return total


def room(workspace: Workspace) -> int:
    """Bytes that a visitor may still write, 0 or more, by his own limit, that of all together, and the disk's."""
    settings, host = settings_of(workspace), workspace.pool
    own = settings.disk_mb * MB - bytes_in(workspace.root, KNOWN_S)
    return max(0, min(own, _room_of_all(host)))


def _room_of_all(host: Workspace) -> int:
    settings = settings_of(host)
    free = shutil.disk_usage(host.root).free - settings.keep_free_mb * MB
    return min(settings.total_disk_mb * MB - bytes_in(host.root, TOTAL_KNOWN_S), free)


def refuse_full(workspace: Workspace, more: int = 0) -> None:
    """Raise `WorkspaceError` where a visitor has no room for `more` bytes; nothing to refuse on one's own machine."""
    if workspace.host is None:
        return
    settings = settings_of(workspace)
    used = bytes_in(workspace.root, KNOWN_S)
    if used + max(more, 1) > settings.disk_mb * MB:
        needs = f", and this needs {_mb(more)} more" if more else ""
        raise WorkspaceError(
            f"Your part of this server holds {_mb(used)} of the {settings.disk_mb:,} MB that it may{needs}. Delete "
            "runs or clear caches on the Runs page, and try again."
        )
    if _room_of_all(workspace.pool) < max(more, 1):
        raise WorkspaceError(
            "This server's disk has no room left for this. Delete what you no longer need on the Runs page, or try "
            "again later: what visitors leave behind is removed."
        )


def _mb(count: int) -> str:
    return f"{count / MB:,.0f} MB"


def refuse_pixels(images: int, pixels: int, workspace: Workspace, *, size: int | None = None) -> None:
    """Raise `WorkspaceError` where a visitor's `images` have too many `pixels` together, decoded to `size` or as given.

    Decoded images also need room on the disk: three bytes a pixel.
    """
    if workspace.host is None:
        return
    most = settings_of(workspace).pixels
    if pixels > most:
        at = f" at {size} px" if size else ""
        advice = "Choose a smaller image size" if size else "Upload smaller or fewer images"
        have = f"These {images:,} images have {pixels / 1e6:,.0f} million pixels{at}"
        raise WorkspaceError(f"{have}; this server takes {most / 1e6:,.0f} million. {advice}.")


def free_memory() -> int:
    """Bytes that this machine, or the container that it runs in, can still give."""
    available = int(psutil.virtual_memory().available)
    for limit, current, stat, name in CGROUPS:
        try:
            most = int(Path(limit).read_text())
            used = int(Path(current).read_text())
            rows = dict(line.split() for line in Path(stat).read_text().splitlines())
        except (OSError, ValueError):  # no such container; "max" where there is no limit
            continue
        return min(available, most - used + int(rows.get(name, 0)))
    return available


def resident(pids: list[int]) -> int:
    """Bytes of memory that processes hold together; what they share is counted for each."""
    total = 0
    for pid in pids:
        try:
            total += int(psutil.Process(pid).memory_info().rss)
        except psutil.Error:
            continue
    return total
