"""Size and times of files and folders: with the same stamp, nothing was written there since."""

import os
from array import array
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

Stamp = tuple[int, int, int]

Stamps = npt.NDArray[np.int64]
"""A stamp a row, (N, 3): bytes, time of writing and of the last change of the entry, in nanoseconds."""

GONE: Stamp = (-1, -1, -1)


def stamp(path: str | os.PathLike[str]) -> Stamp:
    """The stamp of a file or folder, links followed; `GONE` where there is nothing to be asked."""
    try:
        facts = os.stat(path)
    except (OSError, ValueError):
        return GONE
    return (facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns)


def stamps_of(paths: Iterable[str]) -> Stamps:
    """The stamp of each path."""
    numbers = array("q")
    for found in map(stamp, paths):
        numbers.extend(found)
    return np.frombuffer(numbers, dtype=np.int64).reshape(-1, 3)
