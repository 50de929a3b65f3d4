"""The one folder that Anneal writes to, and how a file gets into it whole or not at all."""

import errno
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from core.errors import WorkspaceError

Progress = Callable[[str, int, int], None]
"""Called as `progress(what, done, total)` while long work goes on; `what` is a short phrase."""


def no_progress(what: str, done: int, total: int) -> None:
    """The progress callback of a caller that does not want any."""


@dataclass(frozen=True)
class Workspace:
    """Where runs, decoded pixels, activations and downloads live.

    `Workspace.at()` is `$ANNEAL_HOME`, or `~/.anneal`; each folder is created when first asked for.
    """

    root: Path

    @classmethod
    def at(cls, root: str | Path | None = None) -> "Workspace":
        """The workspace at `root`, by default `$ANNEAL_HOME` or `~/.anneal`."""
        chosen = root or os.environ.get("ANNEAL_HOME") or Path.home() / ".anneal"
        return cls(Path(chosen).expanduser().resolve())

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
    def runs(self) -> Path:
        """One folder a run."""
        return self._folder("runs")

    @property
    def jobs(self) -> Path:
        """One file a job: queued, running or ended."""
        return self._folder("jobs")


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
        raise


@contextmanager
def atomic(path: Path) -> Iterator[BinaryIO]:
    """Open a temporary file beside `path`; flush and rename it over `path` if the block succeeds.

    A reader sees the old content or the new, never a half. Raises `WorkspaceError` when the disk is full.
    """
    with sentences(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        try:
            with os.fdopen(handle, "w+b") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


def timestamp() -> str:
    """The present local time with its offset, as it is written into files (ISO 8601)."""
    return datetime.now().astimezone().isoformat(timespec="seconds")


def write_json(path: Path, value: Any) -> None:
    """Write `value` as JSON to `path`, whole or not at all."""
    content = json.dumps(value, indent=1, ensure_ascii=False).encode()
    with atomic(path) as file:
        file.write(content)


def read_json(path: Path) -> Any:
    """The JSON value in `path`; raises `OSError`, or `ValueError` for what is not JSON or too deeply nested."""
    text = path.read_text(encoding="utf-8")
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError(f"{path.name} is nested too deeply") from error
