"""The one folder that Anneal writes to, and how a file gets into it whole or not at all."""

import errno
import json
import os
import re
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO

from core.errors import WorkspaceError
from core.kept import read_json as read_json

Progress = Callable[[str, int, int], None]
"""Called as `progress(what, done, total)` while long work goes on; `what` is a short phrase."""


def no_progress(what: str, done: int, total: int) -> None:
    """The progress callback of a caller that does not want any."""


VISITORS = "visitors"
"""The folder of a server's workspace with one workspace for each visitor."""

SHARED = "shared"
"""The one in it with the data that all visitors read."""

_VISITOR = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Workspace:
    """Where runs, decoded pixels, activations and downloads live.

    `Workspace.at()` is `$ANNEAL_HOME`, or `~/.anneal`; each folder is created when first asked for. On a server for
    several people each visitor has a workspace in the server's: `HOST/visitors/` and 32 hexadecimal digits. That is
    told from the place alone, so that pages, workers and commands agree whatever they were started with.
    """

    root: Path

    @classmethod
    def at(cls, root: str | Path | None = None) -> "Workspace":
        """The workspace at `root`, by default `$ANNEAL_HOME` or `~/.anneal`."""
        chosen = root or os.environ.get("ANNEAL_HOME") or Path.home() / ".anneal"
        return cls(Path(chosen).expanduser().resolve())

    @property
    def host(self) -> "Workspace | None":
        """The server's workspace that this is a visitor's part of; None for one on a person's own machine."""
        visitors = self.root.parent
        inside = visitors.name == VISITORS and _VISITOR.fullmatch(self.root.name)
        return Workspace(visitors.parent) if inside else None

    @property
    def pool(self) -> "Workspace":
        """The workspace whose worker pool does this one's jobs: the server's for a visitor's, else itself."""
        return self.host or self

    @property
    def shared(self) -> "Workspace":
        """Where the data sets that come with Anneal are kept: for all visitors of a server together, else itself."""
        host = self.host
        return Workspace(host.root / SHARED) if host else self

    def holder(self, paths: Iterable[Path]) -> "Workspace":
        """`shared` where every one of `paths` lies in its data, else itself: who keeps what is computed from them."""
        if self.host is None:
            return self
        inside = f"{self.shared.root / 'data'}{os.sep}"
        return self.shared if all(os.path.normpath(path).startswith(inside) for path in paths) else self

    def _folder(self, name: str) -> Path:
        folder = self.root / name
        with sentences(folder):
            folder.mkdir(parents=True, exist_ok=True)
        return folder

    @property
    def data(self) -> Path:
        """Embedded, unpacked, uploaded and downloaded data sets."""
        return self._folder("data")

    @property
    def indexes(self) -> Path:
        """What was found in each source, so that the second look is immediate."""
        return self._folder("indexes")

    @property
    def pixels(self) -> Path:
        """Decoded images, one uint8 memory map a data set and size."""
        return self._folder("pixels")

    @property
    def activations(self) -> Path:
        """Penultimate features, one float32 memory map a data set, size and backbone."""
        return self._folder("activations")

    @property
    def packages(self) -> Path:
        """What exported files carry and a package registry has, fetched once."""
        return self._folder("packages")

    @property
    def versions(self) -> Path:
        """Lists of edits, one file a data set."""
        return self._folder("versions")

    @property
    def runs(self) -> Path:
        """One folder a run."""
        return self._folder("runs")

    @property
    def jobs(self) -> Path:
        """One file a job: queued, running or ended."""
        return self._folder("jobs")


def owner_of(path: Path) -> str:
    """The visitor whose workspace holds `path`, as 32 hexadecimal digits; "" for what belongs to nobody alone."""
    owners = (name for above, name in pairwise(path.parts) if above == VISITORS)
    return next((name for name in owners if _VISITOR.fullmatch(name)), "")


_OF_THE_MACHINE = (
    errno.EIO,
    errno.ESTALE,
    errno.ENODEV,
    errno.ENXIO,
    errno.EFBIG,
    errno.EMFILE,
    errno.ENFILE,
    errno.ENOMEM,
)
"""A broken disk, a network share that has gone, a file too large, too many open files."""


@contextmanager
def sentences(path: Path) -> Iterator[None]:
    """Turn the operating system's refusals to write `path` into a `WorkspaceError`."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise WorkspaceError(
                f"The disk that holds {path.parent} is full. Free some space (the Runs page clears caches) "
                "and try again; nothing that was saved before is lost."
            ) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR):
            raise WorkspaceError(
                f"{path.parent} cannot be written to. Set ANNEAL_HOME to a folder of yours and try again."
            ) from error
        if error.errno in _OF_THE_MACHINE:
            raise WorkspaceError(
                f"{path.name} could not be written to {path.parent}: {error.strerror}. Check the disk, and try again; "
                "nothing that was saved before is lost."
            ) from error
        raise


@contextmanager
def atomic(path: Path) -> Iterator[BinaryIO]:
    """Open a temporary file beside `path`; flush and rename it over `path` if the block succeeds.

    A reader sees the old content or the new, never a half. Who may read the file is for the umask to say. Raises
    `WorkspaceError` when the disk is full.
    """
    with sentences(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        name = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
        handle = os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
        try:
            with os.fdopen(handle, "w+b") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, path)
        except BaseException:
            name.unlink(missing_ok=True)
            raise


def timestamp() -> str:
    """The present local time with its offset, as it is written into files (ISO 8601)."""
    return datetime.now().astimezone().isoformat(timespec="seconds")


def write_json(path: Path, value: Any, *, indent: int | None = 1) -> None:
    """Write `value` as JSON to `path`, whole or not at all; without `indent` on one line, 3 times as fast."""
    content = json.dumps(value, indent=indent, ensure_ascii=False).encode()
    with atomic(path) as file:
        file.write(content)
