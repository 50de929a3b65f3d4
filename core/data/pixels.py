"""All images of a data set decoded to one size, once: a uint8 memory map in the workspace."""

import hashlib
import os
from collections.abc import Generator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from core.data.decode import Fit, Pixels, decode_bytes, digest_of, read
from core.data.index import DataSet
from core.data.kept_rows import KeptRows, write_digests
from core.data.moved import refuse_moved
from core.data.parallel import in_threads
from core.data.row_file import RowFile
from core.errors import DataError
from core.hosting.usage import refuse_full, refuse_pixels
from core.workspace import Progress, Workspace, no_progress, write_json

VERSION = 3
"""Goes up when decoding changes, so that old pixels are not taken for new ones."""

DECODING = "Decoding images"
"""What decoding reports as."""

SMALLEST, LARGEST = 4, 2048

SHARED_SIZES = (32, 64, 96, 128, 160, 192, 224)
"""Pixels a side at which a server's visitors share the decoded images of the sets that come with Anneal: few enough."""


def pixels_key(data: DataSet, size: int) -> str:
    """Name of the cached pixels: a digest of the images' bytes in their order, the size, the fit and the version."""
    return key_of(digests_of(data), size, data.fit)


def digests_of(data: DataSet) -> bytes:
    """Digests of the images' bytes in their order, one a line."""
    return "\n".join(data.items.digests).encode()


def key_of(digests: bytes, size: int, fit: Fit) -> str:
    """`pixels_key` of the images whose bytes have these digests, one a line."""
    how = f"{VERSION} {size}" if fit == "crop" else f"{VERSION} {size} {fit}"
    return hashlib.blake2b(f"{how}\n".encode() + digests, digest_size=16).hexdigest()


def load_pixels(
    data: DataSet, size: int, workspace: Workspace, progress: Progress = no_progress
) -> npt.NDArray[np.uint8]:
    """Read-only uint8 memory map of shape (N, size, size, 3); row i is `data.items[i]` as `decode` gives it.

    Decoded in parallel at the first use, a few images in memory at a time. Images that are decoded for another data set
    are not decoded again, nor are those of a decoding that was interrupted. Raises `DataError` when an image
    is gone or is no longer the one that was indexed, `WorkspaceError` when the disk is full or a server's limit is met.
    """
    if not SMALLEST <= size <= LARGEST:
        raise DataError(f"Images can be {SMALLEST} to {LARGEST} pixels a side; {size} was asked for.")
    home, workspace = workspace, keeper(data, size, workspace)
    file = _file(data, size, workspace)
    pixels = file.opened()
    if pixels is None:
        refuse_pixels(len(data.items), len(data.items) * size * size, home, size=size)
        refuse_full(home, 3 * len(data.items) * size * size)
        _decode_all(data, size, file, progress)
        pixels = file.opened()
        if pixels is None:
            raise DataError(f"The decoded images in {file.path} cannot be read back. Check the disk, and try again.")
    _describe(data, size, file.path)
    return pixels


def has_pixels(data: DataSet, size: int, workspace: Workspace) -> bool:
    """Whether the images are decoded to this size already."""
    return _file(data, size, keeper(data, size, workspace)).opened() is not None


def keeper(data: DataSet, size: int, workspace: Workspace) -> Workspace:
    """The workspace that keeps these pixels: a visitor's own, or the shared one for shared data at a usual size."""
    return workspace.holder(map(Path, data.items.paths())) if size in SHARED_SIZES else workspace


def _file(data: DataSet, size: int, workspace: Workspace) -> RowFile:
    path = workspace.pixels / f"{pixels_key(data, size)}.npy"
    return RowFile(path, len(data.items), (size, size, 3), "|u1")


def _decode_all(data: DataSet, size: int, file: RowFile, progress: Progress) -> None:
    """Decode the images of which no array of this size and fit has the pixels, and put all in order."""
    kept = KeptRows(
        file.path.parent,
        digests_of(data),
        lambda digests: key_of(digests, size, data.fit),
        lambda path, count: replace(file, path=path, count=count).opened(),
    )
    chunk = max(1, min(16, 2**21 // (size * size * 3)))
    work = partial(_decoded, size=size, fit=data.fit)
    names, places, digests = data.items.names, list(data.items.paths()), data.items.digests

    def produce(first: int) -> Generator[Pixels, None, None]:
        rest = [Wanted(names[i], places[i], digests[i]) for i in kept.missing(first).tolist()]
        return kept.merged(first, in_threads(work, rest, DECODING, progress, chunk=chunk))

    file.make(produce, DECODING, progress)


class Wanted(NamedTuple):
    """An image to decode: its name in the set, where it lies, and the digest of its bytes."""

    name: str
    place: str
    digest: str


def _decoded(image: Wanted, size: int, fit: Fit) -> Pixels:
    try:
        content = read(image.place)
        if digest_of(content) != image.digest:
            raise DataError("The file has changed since.")
        return decode_bytes(content, size, os.path.splitext(image.place)[1], fit)
    except DataError as error:
        refuse_moved(Path(image.place))
        raise DataError(
            f"{image.name} is no longer as it was when the data set was read. {error} "
            "Put it back, or load the data set again."
        ) from error


def _describe(data: DataSet, size: int, path: Path) -> None:
    """Write beside the pixels what they are, for the list of caches, and of which images."""
    write_digests(path, digests_of(data))
    facts = path.with_suffix(".json")
    if not facts.exists():
        described = {
            "data": data.title,
            "fingerprint": data.given or data.fingerprint,
            "size": size,
            "images": len(data.items),
        }
        write_json(facts, {**described, "bytes": path.stat().st_size})
