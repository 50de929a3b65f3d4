"""All images of a data set decoded to one size, once: a uint8 memory map in the workspace."""

import hashlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.data.decode import Fit, Pixels, decode_bytes, digest_of, read
from core.data.index import DataSet, Item
from core.data.moved import refuse_moved
from core.data.parallel import in_threads
from core.errors import DataError
from core.workspace import Progress, Workspace, atomic, no_progress, write_json

VERSION = 3
"""Goes up when decoding changes, so that old pixels are not taken for new ones."""

SMALLEST, LARGEST = 4, 2048


def pixels_key(data: DataSet, size: int) -> str:
    """Name of the cached pixels: a digest of the images' bytes in their order, the size, the fit and the version."""
    how = f"{VERSION} {size}" if data.fit == "crop" else f"{VERSION} {size} {data.fit}"
    content = "\n".join([how, *(item.digest for item in data.items)])
    return hashlib.blake2b(content.encode(), digest_size=16).hexdigest()


def load_pixels(
    data: DataSet, size: int, workspace: Workspace, progress: Progress = no_progress
) -> npt.NDArray[np.uint8]:
    """Read-only uint8 memory map of shape (N, size, size, 3); row i is `data.items[i]` as `decode` gives it.

    Decoded in parallel at the first use, a few images in memory at a time; of a data set that has grown, only the
    images that were added, where the others are decoded already. Raises `DataError` when an image
    is gone or is no longer the one that was indexed, `WorkspaceError` when the disk is full.
    """
    if not SMALLEST <= size <= LARGEST:
        raise DataError(f"Images can be {SMALLEST} to {LARGEST} pixels a side; {size} was asked for.")
    path = workspace.pixels / f"{pixels_key(data, size)}.npy"
    shape = (len(data.items), size, size, 3)
    pixels = _opened(path, shape)
    if pixels is None:
        _decode_all(data, size, path, progress, _decoded_before(data, size, workspace))
        pixels = _opened(path, shape)
        if pixels is None:
            raise DataError(f"The decoded images in {path} cannot be read back. Check the disk, and try again.")
    _describe(data, size, path)
    return pixels


def _opened(path: Path, shape: tuple[int, int, int, int]) -> Pixels | None:
    """The memory map, or None when there is none of this shape."""
    try:
        pixels = np.load(path, mmap_mode="r")
    except (OSError, ValueError, EOFError):
        return None
    return pixels if pixels.shape == shape and pixels.dtype == np.uint8 else None


def _decoded_before(data: DataSet, size: int, workspace: Workspace) -> Pixels:
    """The first rows of the pixels, which were decoded before the data set grew; (0, size, size, 3) if there are none.

    They are read again by their key, a digest of the images' bytes: they are rows of the very same images.
    """
    for before in data.before_growing:
        shape = (len(before.items), size, size, 3)
        pixels = _opened(workspace.pixels / f"{pixels_key(before, size)}.npy", shape)
        if pixels is not None:
            return pixels
    return np.zeros((0, size, size, 3), dtype=np.uint8)


def _decode_all(data: DataSet, size: int, path: Path, progress: Progress, first: Pixels) -> None:
    """Stream the decoded images into a .npy file: written, not mapped, so that a full disk is an error, not a crash."""
    chunk = max(1, min(16, 2**21 // (size * size * 3)))
    header = {"descr": "|u1", "fortran_order": False, "shape": (len(data.items), size, size, 3)}
    rest = data.items[len(first) :]
    decoded = in_threads(lambda item: _decoded(item, size, data.fit), rest, "Decoding images", progress, chunk=chunk)
    with atomic(path) as file:
        np.lib.format.write_array_header_1_0(file, header)
        for image in first:
            file.write(np.ascontiguousarray(image).data)
        for image in decoded:
            file.write(image.data)


def _decoded(item: Item, size: int, fit: Fit) -> Pixels:
    try:
        content = read(item.path)
        if digest_of(content) != item.digest:
            raise DataError("The file has changed since.")
        return decode_bytes(content, size, item.path.suffix, fit)
    except DataError as error:
        refuse_moved(item)
        raise DataError(
            f"{item.name} is no longer as it was when the data set was read. {error} "
            "Put it back, or load the data set again."
        ) from error


def _describe(data: DataSet, size: int, path: Path) -> None:
    """Write beside the pixels what they are, for the list of caches."""
    facts = path.with_suffix(".json")
    if not facts.exists():
        described = {"data": data.title, "fingerprint": data.fingerprint, "size": size, "images": len(data.items)}
        write_json(facts, {**described, "bytes": path.stat().st_size})
