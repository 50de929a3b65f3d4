"""A run's history: one JSON row for each batch, epoch and cycle, appended in training and read as it grows."""

import json
import os
import threading
from collections import OrderedDict
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO

from core.workspace import sentences

if TYPE_CHECKING:
    import pandas as pd

STEP = ("stage", "epoch", "step", "momentum", "loss", "smoothed", "images_per_s")
EPOCH = ("stage", "epoch", "step", "train_loss", "valid_loss", "accuracy", "seconds")
CYCLE = ("stage", "cycle", "epoch", "step", "valid_loss", "accuracy")

COLUMNS: dict[str, tuple[str, ...]] = {"step": STEP, "epoch": EPOCH, "cycle": CYCLE}

_MARK = 200
"""So many bytes before the place read up to are compared, to see that the file is still the one read."""

_KEPT = 16

_WHOLE = frozenset({"stage", "epoch", "step", "cycle"})

_LARGEST = 2**63 - 1


class HistoryReader:
    """The rows of a history file as data frames; each `refresh` reads only what was appended since.

    A half-written last line is left for the next time. When the file was cut back (a resumed run drops what
    came after its checkpoint), it is read from the beginning. Safe to share between threads.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._forget()

    def _forget(self) -> None:
        self._offset = 0
        self._mark = b""
        self._columns: dict[str, dict[str, list[Any]]] = {kind: {} for kind in COLUMNS}
        self._frames: dict[str, pd.DataFrame] = {}

    def refresh(self) -> "HistoryReader":
        """Read what is new; returns itself."""
        with self._lock:
            try:
                with self.path.open("rb") as file:
                    self._read(file)
            except FileNotFoundError:
                self._forget()
        return self

    def _read(self, file: BinaryIO) -> None:
        start = self._offset - len(self._mark)
        if os.fstat(file.fileno()).st_size < self._offset:
            self._forget()
            start = 0
        file.seek(start)
        found = file.read()
        if not found.startswith(self._mark):
            self._forget()
            file.seek(0)
            found = file.read()
        new = found[len(self._mark) :]
        whole = new[: new.rfind(b"\n") + 1]
        for line in whole.splitlines():
            self._take(line)
        self._offset += len(whole)
        self._mark = (self._mark + whole)[-_MARK:]

    def _take(self, line: bytes) -> None:
        """Add the row in a line; one that is damaged or of a later version is left out."""
        try:
            read = json.loads(line)
            kind, lrs = read["kind"], read.get("lrs") or []
            row = {name: read[name] for name in COLUMNS[kind]}
            rates = {f"lr_{group}": rate for group, rate in enumerate(lrs)}
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return
        row |= rates
        if not all(_fits(name, value) for name, value in row.items()):
            return
        columns = self._columns[kind]
        count = max(map(len, columns.values()), default=0)
        for name, value in row.items():
            columns.setdefault(name, [None] * count).append(value)
        for values in columns.values():
            if len(values) == count:
                values.append(None)
        self._frames.pop(kind, None)

    def _frame(self, kind: str) -> "pd.DataFrame":
        with self._lock:
            if kind not in self._frames:
                import pandas as pd  # a third of a second, which the first page need not wait for

                columns = self._columns[kind]
                rates = sorted((n for n in columns if n.startswith("lr_")), key=lambda n: int(n[3:]))
                first, rest = (COLUMNS[kind][:3], COLUMNS[kind][3:]) if kind == "step" else (COLUMNS[kind], ())
                order = [*first, *rates, *rest]
                frame = pd.DataFrame({name: columns.get(name, []) for name in order})
                kinds = {name: "int64" if name in _WHOLE else "float64" for name in order}
                self._frames[kind] = frame.astype(kinds)
            return self._frames[kind].copy(deep=False)

    def rows(self, kind: str, first: int = 0) -> list[dict[str, Any]]:
        """The rows of a kind ("step", "epoch" or "cycle") from number `first` on, as plain values."""
        with self._lock:
            columns = self._columns[kind]
            values = zip(*(values[first:] for values in columns.values()), strict=True)
            return [dict(zip(columns, row, strict=True)) for row in values]

    @property
    def steps(self) -> "pd.DataFrame":
        """One row a batch: stage, epoch, step, lr_0, lr_1, … (stem to head), momentum, loss, smoothed, images_per_s."""
        return self._frame("step")

    @property
    def epochs(self) -> "pd.DataFrame":
        """One row a finished epoch: stage, epoch, step, train_loss, valid_loss, accuracy, seconds."""
        return self._frame("epoch")

    @property
    def cycles(self) -> "pd.DataFrame":
        """One row a finished cycle: stage, cycle, epoch, step, valid_loss, accuracy."""
        return self._frame("cycle")


def _fits(name: str, value: object) -> bool:
    """Whether a value can stand in the column `name`."""
    if name in _WHOLE:
        return type(value) is int and abs(value) <= _LARGEST
    return type(value) is float or (type(value) is int and abs(value) <= _LARGEST)


class HistoryWriter:
    """Appends rows to a history file; whatever lies after its first `keep` bytes is dropped first."""

    def __init__(self, path: Path, keep: int) -> None:
        self.path = path
        with sentences(path):
            path.touch()
            os.truncate(path, min(keep, path.stat().st_size))
            self._file = path.open("ab", buffering=0)
        self.bytes = self._file.seek(0, os.SEEK_END)

    def append(self, row: dict[str, Any]) -> None:
        """Write one row, seen by readers at once."""
        line = json.dumps(row, separators=(",", ":")).encode() + b"\n"
        with sentences(self.path):
            self._file.write(line)
        self.bytes += len(line)

    def sync(self) -> int:
        """Make what was written last through a loss of power; the file's length in bytes."""
        os.fsync(self._file.fileno())
        return self.bytes

    def __enter__(self) -> "HistoryWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


_readers: OrderedDict[Path, HistoryReader] = OrderedDict()
_readers_lock = threading.Lock()


def reader(path: Path) -> HistoryReader:
    """The process's one reader of `path`, refreshed: reruns and sessions share what was read before."""
    with _readers_lock:
        found = _readers.setdefault(path, HistoryReader(path))
        _readers.move_to_end(path)
        while len(_readers) > _KEPT:
            _readers.popitem(last=False)
    return found.refresh()
