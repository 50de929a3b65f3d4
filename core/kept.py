"""How JSON is read, whoever wrote it, and the ranges of the values that are kept in files.

What `parse_json` gives can be written again, shown on a page and used as a path: everything that Python's own reader
lets through and that fails later is refused here, once. A page runs again at every click: what `read_model` and
`read_once` read of a small file they read again only when the file has changed.
"""

import os
import stat
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, NamedTuple, TypeVar

from pydantic import BaseModel, BeforeValidator, Field
from pydantic_core import from_json

LARGEST = 2**28
"""Bytes of a file of JSON: ten times the record of the largest data set that is read (200,000 images)."""

FRESH_NS = 2 * 10**9
"""What a file holds is remembered once it has not changed for so long. A disk's clock may stand still for 2 s, and a
file that changed twice within one moment of it looks as if it had changed once."""

MOST_FILES, MOST_BYTES, LARGE = 4000, 16 * 2**20, 2**20
"""Files that are remembered, and their bytes together: beyond them not those that nobody asked for longest, and no file
larger than the last number."""

PART = 2**14
"""Bytes that a part of a file counts as."""

Model = TypeVar("Model", bound=BaseModel)
Value = TypeVar("Value")

_KINDS = bytes(ord("d" if byte in b"0123456789" else "s" if byte in b"[,:- \t\r\n" else ".") for byte in range(256))
"""What each byte of JSON may be: a digit, what stands before a number, or something else."""

_ENORMOUS = b"s" + 19 * b"d"

_BOM = b"\xef\xbb\xbf"

Count = Annotated[int, Field(ge=0, le=10**9)]
"""How many of something, or a place in an order from 0."""

Seconds = Annotated[float, Field(ge=0, le=1e10, allow_inf_nan=False)]
"""How long something took, or seconds since 1970."""

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
"""An accuracy, a probability or another part of a whole."""

Pid = Annotated[int, Field(gt=1, lt=2**31)]
"""A process's id; signals to 0, 1 and negative ones would reach others."""

Positive = Annotated[float, Field(gt=0, le=1e10, allow_inf_nan=False)]
"""A rate, or another number above 0."""

Finite = Annotated[float, Field(ge=-1e300, le=1e300, allow_inf_nan=False)]
"""A number that can be computed with and drawn."""

Seed = Annotated[int, Field(ge=0, lt=2**63)]
"""What generators of random numbers begin from."""

Estimate = Annotated[float | None, BeforeValidator(lambda value: value if _can_be_said(value) else None)]
"""Seconds or a share that a job expects; what cannot be said, or is no such number, is None."""


def _can_be_said(value: object) -> bool:
    return type(value) in (int, float) and 0 <= value <= 1e10  # type: ignore[operator]


def parse_json(text: str | bytes) -> Any:
    """The JSON value in a text; NaN and infinities are read, a byte order mark is passed over.

    Raises `ValueError` for what is not JSON or not UTF-8, for more than 200 levels of nesting, halves of surrogate
    pairs, NUL characters, and whole numbers of more than 64 bits.

    >>> parse_json('{"rate": 1e-3}')
    {'rate': 0.001}
    """
    raw = (text.encode() if isinstance(text, str) else text).removeprefix(_BOM)
    value = from_json(raw)
    if _is_suspect(raw):
        _refuse_odd(value)
    return value


def _is_suspect(raw: bytes) -> bool:
    """Whether a text may hold what `_refuse_odd` finds, in a 20th of the time.

    Digits count only where a number begins: among the digests of 200,000 images some have as many in a row.
    """
    return b"\\u0000" in raw or _ENORMOUS in b"s" + raw.translate(_KINDS)


def _refuse_odd(value: Any) -> None:
    """Raise `ValueError` where a value holds a NUL or an enormous whole number, at any depth."""
    left = [value]
    while left:
        inner = left.pop()
        if isinstance(inner, dict):
            left += [*inner.keys(), *inner.values()]
        elif isinstance(inner, list):
            left += inner
        elif isinstance(inner, str) and "\0" in inner:
            raise ValueError("a text holds a NUL character")
        elif type(inner) is int and abs(inner) >= 2**63:
            raise ValueError("a whole number has more than 64 bits")


def read_json(path: Path) -> Any:
    """The JSON value in a file; raises `OSError`, or `ValueError` as `parse_json` does and for no file of that size."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise ValueError(f"{path.name} is not a file")
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size > LARGEST:
            raise ValueError(f"{path.name} is larger than {LARGEST >> 20} MB")
        return parse_json(file.read(size))  # room is made for as much as is asked for, also where the file is small


class FileState(NamedTuple):
    """A file as the file system sees it; `settled` says that a file in another state has another one of these."""

    size: int
    changed: tuple[int, ...]
    settled: bool

    def same_as(self, then: "FileState | None") -> bool:
        """Whether the file is as it was `then`, as far as that could be told then."""
        return then is not None and then.settled and self[:2] == then[:2]


def state_of(path: Path) -> FileState:
    """The state of a file now; raises `OSError`. What is read after this call is of this state, or of a later one."""
    facts, now = path.stat(), time.time_ns()
    changed = (facts.st_mtime_ns, facts.st_ctime_ns, facts.st_ino, facts.st_dev)
    return FileState(facts.st_size, changed, now - max(facts.st_mtime_ns, facts.st_ctime_ns) > FRESH_NS)


class _Remembered:
    """What was made of files, for all threads: by the file and what it was made with."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: OrderedDict[tuple[Path, object], tuple[FileState, Any, int]] = OrderedDict()
        self._bytes = 0

    def get(self, path: Path, how: object, make: Callable[[], Any], most: int) -> Any:
        """What `make` makes of the file, at `most` so many bytes: now, or when it last did so of the file as it is."""
        state = state_of(path)
        with self._lock:
            known = self._found.get((path, how))
            if known is not None and state.same_as(known[0]):
                self._found.move_to_end((path, how))
                return known[1]
            self._drop((path, how))
        value, size = make(), min(state.size, most)
        if state.settled and size <= LARGE:
            with self._lock:
                self._drop((path, how))
                self._found[path, how] = state, value, size
                self._bytes += size
                while len(self._found) > MOST_FILES or self._bytes > MOST_BYTES:
                    self._drop(next(iter(self._found)))
        return value

    def _drop(self, key: tuple[Path, object]) -> None:
        known = self._found.pop(key, None)
        self._bytes -= known[2] if known else 0

    def forget(self, folder: Path) -> None:
        """Forget all files in `folder`, at any depth."""
        with self._lock:
            for key in [key for key in self._found if key[0].is_relative_to(folder)]:
                self._drop(key)


_remembered = _Remembered()


def read_once(path: Path, make: Callable[[Path], Value], *, part: bool = False) -> Value:
    """What `make`, a function of a module, makes of a file; the very same object until the file changes.

    So nobody may change it. With `part` it is only a small part of what the file holds. Raises `OSError`, and what
    `make` raises.
    """
    found: Value = _remembered.get(path, make, lambda: make(path), PART if part else LARGEST)
    return found


def read_model(path: Path, model: type[Model]) -> Model:
    """The JSON in a small file as a model; parsed again only when the file has changed. The caller may change it.

    Raises `OSError`, or `ValueError` for what is not JSON (`read_json`) or does not fit the model.
    """
    found: Model = _remembered.get(path, model, lambda: model.model_validate(read_json(path)), LARGEST)
    return found if model.model_config.get("frozen") else found.model_copy(deep=True)


def forget(folder: Path) -> None:
    """Forget what this process remembers of the files in a folder, at any depth."""
    _remembered.forget(folder)
