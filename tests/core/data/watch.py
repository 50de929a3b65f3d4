"""What a block of code does outside of a folder: files written, programs started, pickles loaded."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_STARTED = {
    "subprocess.Popen",
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.fork",
    "pickle.find_class",
    "socket.connect",
}
_WRITES = {"os.remove", "os.rename", "os.link", "os.symlink", "os.mkdir", "os.rmdir", "os.truncate", "os.chmod"}
_watching: list[tuple[Path, list[str]]] = []


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    for allowed, seen in _watching:
        if event in _STARTED:
            seen.append(event)
        elif event in _WRITES:
            within = _folder_of(arguments[-1])
            paths = [os.path.join(within, os.fsdecode(path)) for path in arguments[:2] if isinstance(path, str | bytes)]
            seen += [f"{event} {path}" for path in paths if _outside(path, allowed)]
        elif event == "open":
            path, mode, flags = arguments
            writes = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            if writes and _outside(path, allowed):
                seen.append(f"open {path}, {mode}")


def _folder_of(descriptor: object) -> str:
    """The folder that an open file stands for, to which a path is relative; "" for none."""
    known = isinstance(descriptor, int) and descriptor >= 0
    return os.readlink(f"/proc/self/fd/{descriptor}") if known else ""


def _outside(path: object, allowed: Path) -> bool:
    if not isinstance(path, str | bytes | os.PathLike):
        return False
    place = os.path.realpath(os.fsdecode(path))
    return not place.startswith(str(allowed.resolve())) and place != os.devnull


sys.addaudithook(_hook)


@contextmanager
def nothing_outside(allowed: Path) -> Iterator[None]:
    """Fail when the block writes outside of `allowed`, starts a program, loads a pickle or opens a connection."""
    entry: tuple[Path, list[str]] = (allowed, [])
    _watching.append(entry)
    try:
        yield
    finally:
        _watching.remove(entry)
    assert not entry[1], entry[1][:5]
