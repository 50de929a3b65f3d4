"""An array in a file that several processes read."""

import mmap
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from core.errors import DataError

Value = TypeVar("Value", bound=np.generic)


MAPPED = 64 * 2**20
"""Bytes of a memory map that may stay in this process once they were read; the system keeps what it has room for."""


def let_go(array: npt.NDArray[Any]) -> None:
    """Give up the pages of a large map: reading all of it would otherwise collect it in this process's memory."""
    mapped = getattr(array, "_mmap", None)
    if mapped is not None and array.nbytes > MAPPED and hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)


class Mapped(Generic[Value]):
    """An `array` that is sent to another process as the name of its file, which that process maps itself.

    An array that is no memory map is sent whole.
    """

    def __init__(self, array: npt.NDArray[Value]) -> None:
        self.array = array

    def __getstate__(self) -> dict[str, Any]:
        file = getattr(self.array, "filename", None)
        return {"array": self.array} if file is None else {"file": str(file)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        if "array" in state:
            self.array = state["array"]
            return
        try:
            self.array = np.load(state["file"], mmap_mode="r")
        except (OSError, ValueError, EOFError) as error:
            raise DataError(
                f"{state['file']} cannot be read by this process. All processes of a job need the workspace "
                "(ANNEAL_HOME) at the same place: put it on a disk that every machine sees."
            ) from error
