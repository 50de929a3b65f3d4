"""Which image each row of a kept array is of, so that a data set with more images takes over the rows that are there.

Beside `KEY.npy` lies `KEY.digests`: a line for each row, the digest of the image's file.
"""

from collections.abc import Callable, Generator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.data.items import Indices
from core.data.mapped import let_go
from core.workspace import atomic

TOGETHER, TOGETHER_BYTES = 16, 2**20
"""Rows that are passed on at once, and their bytes: one by one, small images wait for Python."""

Rows = npt.NDArray[Any]


class KeptRows:
    """Rows of arrays kept in `folder` that are of the images with `digests`; `missing` are those of no array.

    An array's name is the digest of what it is of: `key_of` gives it for lines of digests, and an array is used only
    where its name is the one for the digests beside it. `opened(path, count)` maps its `count` rows, None where it is
    damaged.
    """

    def __init__(
        self,
        folder: Path,
        digests: bytes,
        key_of: Callable[[bytes], str],
        opened: Callable[[Path, int], Rows | None],
    ) -> None:
        wanted = np.array(digests.split(b"\n"))
        self._source = np.full(len(wanted), -1)
        self._row = np.zeros(len(wanted), dtype=np.int64)
        self._arrays: list[Rows] = []
        for path in sorted(folder.glob("[!.]*.digests")):
            content = _read(path)
            if key_of(content) != path.stem:
                continue
            known = np.array(content.split(b"\n"))
            rows = opened(path.with_suffix(".npy"), len(known))
            if rows is not None:
                self._take(wanted, known, rows)

    def _take(self, wanted: npt.NDArray[np.bytes_], known: npt.NDArray[np.bytes_], rows: Rows) -> None:
        """Note which of the images that are `wanted`, and in no other array, this one has."""
        order = np.argsort(known, kind="stable")
        place = np.minimum(np.searchsorted(known, wanted, sorter=order), len(known) - 1)
        here = (known[order[place]] == wanted) & (self._source < 0)
        if here.any():
            self._source[here] = len(self._arrays)
            self._row[here] = order[place][here]
            self._arrays.append(rows)

    def missing(self, first: int) -> Indices:
        """Numbers of the images from `first` on that no array has."""
        return np.flatnonzero(self._source[first:] < 0) + first

    def merged(self, first: int, made: Generator[Rows, None, None], chunk: int = 256) -> Generator[Rows, None, None]:
        """All rows from number `first` on in order, in blocks; `made` gives those that are missing, one at a time."""
        with closing(made):
            for start in range(first, len(self._source), chunk):
                source = self._source[start : start + chunk]
                if (source < 0).all():
                    yield from _together(made, len(source))
                else:
                    yield self._block(start, source, made)
            for _ in made:  # nothing is left, but its last report
                pass

    def _block(self, start: int, source: Indices, made: Generator[Rows, None, None]) -> Rows:
        block = np.empty((len(source), *self._arrays[0].shape[1:]), dtype=self._arrays[0].dtype)
        for number, rows in enumerate(self._arrays):
            block[source == number] = rows[self._row[start : start + len(source)][source == number]]
            let_go(rows)
        for i in np.flatnonzero(source < 0):
            block[i] = next(made)
        return block


def _together(made: Generator[Rows, None, None], count: int) -> Generator[Rows, None, None]:
    """The next `count` rows, several in a block."""
    while count:
        rows = [next(made)]
        more = min(count, TOGETHER, max(1, TOGETHER_BYTES // max(1, rows[0].nbytes))) - 1
        rows += [next(made) for _ in range(more)]
        yield np.array(rows)
        count -= len(rows)


def write_digests(path: Path, digests: bytes) -> None:
    """Note beside the array `path` which images its rows are of, one a line, unless that stands there already."""
    beside = path.with_suffix(".digests")
    if not beside.exists():
        with atomic(beside) as file:
            file.write(digests)


def delete_array(path: Path) -> None:
    """Delete an array and what stands beside it."""
    path.unlink()
    for suffix in (".json", ".digests"):
        path.with_suffix(suffix).unlink(missing_ok=True)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
