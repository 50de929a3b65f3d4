"""A run's history: one JSON row for each batch, epoch and cycle, appended in training and read as it grows."""

import contextlib
import json
import math
import os
import threading
from array import array
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from core.errors import RunError
from core.kept import FileState, parse_json, state_of
from core.results.restarts import CycleLine
from core.workspace import sentences

if TYPE_CHECKING:
    import pandas as pd

STEP = ("stage", "epoch", "step", "momentum", "loss", "smoothed", "images_per_s")
EPOCH = ("stage", "epoch", "step", "train_loss", "valid_loss", "accuracy", "seconds")
CYCLE = ("stage", "cycle", "epoch", "step", "valid_loss", "accuracy")

COLUMNS: dict[str, tuple[str, ...]] = {"step": STEP, "epoch": EPOCH, "cycle": CYCLE}

LATER: dict[str, tuple[str, ...]] = {"step": (), "epoch": ("valid_error",), "cycle": ()}
"""Columns that rows of earlier versions lack."""

LINE = "line"
"""The kind of the rows that are a `CycleLine` each."""

GROUP = ("stage", "epoch", "step", "group", "lr", "grad", "moved")
"""Of the table of layer groups, which some rows of batches have more figures for."""

_MARK = 200
"""So many bytes before the place read up to are compared, to see that the file is still the one read."""

_KEPT = 16

_AT_ONCE = 500
"""Lines parsed in one go: a long history is read in half of the time."""

_WHOLE = frozenset({"stage", "epoch", "step", "cycle"})

_LARGEST = 2**63 - 1

_MOST_OF_ALL = 10**9
"""Of stages, epochs, batches and cycles."""

_MOST_GROUPS = 64


class HistoryReader:
    """The rows of a history file as data frames; each `refresh` reads only what was appended since.

    Figures are kept as numbers of 8 bytes, so that a frame of 200,000 batches is made in a few milliseconds.

    A half-written last line is left for the next time. When the file was cut back (a resumed run drops what
    came after its checkpoint), it is read from the beginning. Safe to share between threads.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._forget()

    def _forget(self) -> None:
        self._state: FileState | None = None
        self._offset = 0
        self._mark = b""
        self._columns: dict[str, dict[str, array[Any]]] = {kind: {} for kind in COLUMNS}
        self._counts = dict.fromkeys(COLUMNS, 0)
        self._groups: list[tuple[int | float, ...]] = []
        self._lines: list[CycleLine] = []
        self._frames: dict[str, pd.DataFrame] = {}

    def refresh(self) -> "HistoryReader":
        """Read what is new, if the file has changed; returns itself."""
        with self._lock:
            try:
                state = state_of(self.path)
                if not state.same_as(self._state):
                    with self.path.open("rb") as file:
                        self._read(file)
                self._state = state
            except FileNotFoundError:
                self._forget()
            except OSError as error:
                raise RunError(
                    f"{self.path.name} of run {self.path.parent.name} cannot be read ({error.strerror or error}). "
                    "Put the file right, or delete the run."
                ) from error
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
        for row in _parsed(whole.splitlines()):
            self._take(row)
        self._offset += len(whole)
        self._mark = (self._mark + whole)[-_MARK:]

    def _take(self, read: Any) -> None:
        """Add a row; one that is damaged or of a later version is left out."""
        try:
            kind, lrs, grads = read["kind"], read.get("lrs") or [], read.get("grads")
            if kind == LINE:
                self._lines.append(CycleLine.model_validate(read))
                return
            row = {name: read[name] for name in COLUMNS[kind]}
            row.update((name, read[name]) for name in LATER[kind] if name in read)
            if not isinstance(lrs, list) or len(lrs) > _MOST_GROUPS:
                return
            row.update((f"lr_{group}", rate) for group, rate in enumerate(lrs))
            groups = list(zip(lrs, grads, read.get("moved") or [], strict=False)) if grads else []
        except (ValueError, KeyError, TypeError, AttributeError):
            return
        if not all(_fits(name, value) for name, value in row.items()):
            return
        self._groups += [
            (row["stage"], row["epoch"], row["step"], number, *figures)
            for number, figures in enumerate(groups)
            if all(type(figure) in (int, float) for figure in figures)
        ]
        columns, count = self._columns[kind], self._counts[kind]
        for name, value in row.items():
            if name not in columns:
                columns[name] = array("q") if name in _WHOLE else array("d", [math.nan]) * count
            columns[name].append(value)
        if len(columns) > len(row):
            for values in columns.values():
                if len(values) == count:
                    values.append(math.nan)
        self._counts[kind] = count + 1
        self._frames.pop(kind, None)

    def _frame(self, kind: str) -> "pd.DataFrame":
        with self._lock:
            if kind not in self._frames:
                import pandas as pd  # a third of a second, which the first page need not wait for

                columns = self._columns[kind]
                rates = sorted((n for n in columns if n.startswith("lr_")), key=lambda n: int(n[3:]))
                first, rest = (COLUMNS[kind][:3], COLUMNS[kind][3:]) if kind == "step" else (COLUMNS[kind], ())
                order = [*first, *rates, *rest, *(name for name in LATER[kind] if name in columns)]
                empty = {name: array("q" if name in _WHOLE else "d") for name in order}
                values = {name: np.array(columns.get(name, empty[name])) for name in order}
                self._frames[kind] = pd.DataFrame(values)
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
        """One row a finished epoch: stage, epoch, step, train_loss, valid_loss, accuracy, seconds.

        And `valid_error` where an epoch has it (NaN elsewhere): the standard error of its valid_loss over the images.
        """
        return self._frame("epoch")

    @property
    def lines(self) -> list[CycleLine]:
        """What was measured after each cycle, or why nothing was, oldest first."""
        with self._lock:
            return list(self._lines)

    @property
    def groups(self) -> "pd.DataFrame":
        """One row a layer group (`group`, from 0 at the stem) of each batch that was measured.

        The other columns are stage, epoch, step, lr, and grad and moved, those of `core.training.group_watch`.
        """
        import pandas as pd

        with self._lock:
            return pd.DataFrame(self._groups, columns=list(GROUP))

    @property
    def cycles(self) -> "pd.DataFrame":
        """One row a finished cycle: stage, cycle, epoch, step, valid_loss, accuracy."""
        return self._frame("cycle")


def _parsed(lines: list[bytes]) -> Iterator[Any]:
    """The JSON values of lines, many at a time; lines that are not JSON are left out."""
    for first in range(0, len(lines), _AT_ONCE):
        some = lines[first : first + _AT_ONCE]
        try:
            rows = parse_json(b"[" + b",".join(some) + b"]")
            if len(rows) == len(some):
                yield from rows
                continue
        except ValueError:
            pass
        for line in some:
            with contextlib.suppress(ValueError):
                yield parse_json(line)


def _fits(name: str, value: object) -> bool:
    """Whether a value can stand in the column `name`."""
    if name in _WHOLE:
        return type(value) is int and 0 <= value <= _MOST_OF_ALL
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
