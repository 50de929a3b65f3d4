"""A .npy file of many rows that takes long to make: written in chunks, so that an interruption costs one chunk.

Until it is whole it lies in a folder of its own, `.NAME.part`, beside a list with a checksum of each chunk. Whoever
makes it next compares the chunks with their checksums and goes on behind the last one that is as it was written. Writes
that a power cut or a kill lost or cut short are to be found: a CRC does that, in a fifth of a digest's time.
"""

import errno
import os
import shutil
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
from filelock import BaseFileLock, FileLock, Timeout

from core.workspace import Progress, sentences

Rows = npt.NDArray[Any]

Produce = Callable[[int], Generator[Rows, None, None]]
"""Gives the rows (n, *row) from a number on in order, in blocks."""

CHUNK_BYTES, CHUNK_ROWS = 4 * 2**20, 1024
"""A chunk has as many rows as fit into these bytes, and no more than these rows."""

LOOK_S = 0.25
"""Seconds between two looks whether another process has finished the same file."""


@dataclass(frozen=True)
class RowFile:
    """Where an array of `count` rows of the shape `row` is kept as `path`, and how far it is made."""

    path: Path
    count: int
    row: tuple[int, ...]
    dtype: str

    @property
    def part(self) -> Path:
        """The folder in which it is made."""
        return self.path.with_name(f".{self.path.stem}.part")

    def opened(self) -> Rows | None:
        """The read-only memory map (`count`, *`row`); None where there is no whole file of this shape and type."""
        try:
            rows: Rows = np.load(self.path, mmap_mode="r")
        except (OSError, ValueError, EOFError):
            return None
        return rows if rows.shape == (self.count, *self.row) and rows.dtype == np.dtype(self.dtype) else None

    def make(self, produce: Produce, what: str, progress: Progress) -> None:
        """Write the file. `produce(first)` gives the rows from number `first` on in order, in blocks (n, *`row`).

        One process makes it; others wait for that, and report `what` with its rows to `progress`. An exception
        that `produce` or `progress` raises ends it, and what was written is gone on with at the next call. Raises
        `WorkspaceError` when the disk is full; then nothing is kept.
        """
        lock = self._locked(what, progress)
        try:
            with sentences(self.path):
                if self.opened() is None:
                    self._make(produce)
                shutil.rmtree(self.part, ignore_errors=True)
        finally:
            lock.release()

    def _make(self, produce: Produce) -> None:
        try:
            with self._ready() as (file, chunks):
                self._write(file, chunks, produce)
            os.replace(self._rows, self.path)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):  # room for what others need
                shutil.rmtree(self.part, ignore_errors=True)
            raise

    @property
    def _rows(self) -> Path:
        return self.part / "rows.npy"

    @property
    def _chunks(self) -> Path:
        return self.part / _CHUNKS

    @property
    def _row_bytes(self) -> int:
        return int(np.prod(self.row)) * np.dtype(self.dtype).itemsize

    @property
    def _chunk(self) -> int:
        """Rows of a chunk."""
        return max(1, min(CHUNK_ROWS, CHUNK_BYTES // self._row_bytes))

    def _locked(self, what: str, progress: Progress) -> BaseFileLock:
        """Wait until no other process makes the file; the lock that keeps others from it."""
        lock = FileLock(self.part / "lock")
        while True:
            try:
                with sentences(self.path):
                    self.part.mkdir(parents=True, exist_ok=True)
                    return lock.acquire(timeout=LOOK_S, poll_interval=LOOK_S / 5).lock
            except Timeout:
                progress(what, min(self.count, len(_lines(self._chunks)) * self._chunk), self.count)
            except FileNotFoundError:  # another process has finished the file, and removed the folder
                continue

    @contextmanager
    def _ready(self) -> Iterator[tuple[BinaryIO, BinaryIO]]:
        """The file of rows and the list of checksums, open behind the last chunk that is as it was written."""
        for path in (self._rows, self._chunks):
            path.touch()
        with self._rows.open("r+b") as file, self._chunks.open("r+b") as chunks:
            header = {"descr": np.lib.format.dtype_to_descr(np.dtype(self.dtype)), "fortran_order": False}
            np.lib.format.write_array_header_1_0(file, {**header, "shape": (self.count, *self.row)})
            start = file.tell()
            whole = self._verified(file, _lines(self._chunks))
            chunks.truncate(whole * _LINE)
            chunks.seek(whole * _LINE)
            file.truncate(start + min(self.count, whole * self._chunk) * self._row_bytes)
            file.seek(0, os.SEEK_END)
            yield file, chunks
            file.flush()
            os.fsync(file.fileno())

    def _verified(self, file: BinaryIO, checksums: list[bytes]) -> int:
        """How many chunks from the first on are as their checksums say."""
        for number, checksum in enumerate(checksums):
            rows = min(self._chunk, self.count - number * self._chunk)
            content = file.read(max(0, rows) * self._row_bytes)
            if rows <= 0 or len(content) < rows * self._row_bytes or _line(zlib.crc32(content)) != checksum:
                return number
        return len(checksums)

    def _write(self, file: BinaryIO, chunks: BinaryIO, produce: Produce) -> None:
        done = (chunks.tell() // _LINE) * self._chunk
        checksum, missing = 0, min(self._chunk, self.count - done)
        if missing <= 0:
            return
        with closing(produce(done)) as blocks:
            for block in blocks:
                while len(block):
                    part, block = block[:missing], block[missing:]
                    content = np.ascontiguousarray(part, dtype=self.dtype).data
                    file.write(content)
                    checksum = zlib.crc32(content, checksum)
                    done, missing = done + len(part), missing - len(part)
                    if not missing:
                        file.flush()
                        chunks.write(_line(checksum) + b"\n")
                        chunks.flush()
                        checksum, missing = 0, min(self._chunk, self.count - done)
        if done != self.count:
            raise ValueError(f"{done} rows were given for a file of {self.count}")


def last_written(part: Path) -> Path:
    """What of a half-made file was written last: the list of its chunks, or its folder where there is none yet."""
    chunks = part / _CHUNKS
    return chunks if chunks.exists() else part


_CHUNKS = "chunks"
_LINE = 9
"""Bytes of a checksum and the end of its line."""


def _lines(path: Path) -> list[bytes]:
    """The whole lines of a list of checksums."""
    try:
        content = path.read_bytes()
    except OSError:
        return []
    return [content[at : at + _LINE - 1] for at in range(0, len(content) - _LINE + 1, _LINE)]


def _line(checksum: int) -> bytes:
    return f"{checksum:08x}".encode()
