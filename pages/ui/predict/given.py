"""The images that a person gave: dropped, pasted, taken with the camera, or one of the run's own."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

from core.data.archives import NOT_READ, is_archive, spool, unpack_into
from core.data.decode import read
from core.data.folders import Readable, Store, new_folder
from core.data.index import Item
from core.data.tree import may_be_image
from core.errors import DataError
from core.hosting.usage import refuse_full, room
from core.workspace import Progress, Workspace

MOST_IMAGES = 1000
"""Images that the page answers at a time; for more there is the command."""

MOST_UNPACKED = 2 * 2**30
"""Bytes that an archive dropped here may unpack to; it lies on the disk only while its images are answered."""


class Upload(Readable, Protocol):
    """A file that the browser sent (`streamlit.file_uploader`)."""

    file_id: str
    name: str

    def read(self, size: int = -1, /) -> bytes:
        """Up to `size` bytes, or all that are left."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Go to a place in the file."""


@dataclass(frozen=True)
class Given:
    """An image: an `id` that no other image has, its `name`, and what gives its bytes, or why there are none."""

    id: str
    name: str
    content: Callable[[], bytes]
    reason: str = ""

    @property
    def suffix(self) -> str:
        """What its name ends in: ".jpg"."""
        return PurePosixPath(self.name).suffix


def of_upload(upload: Upload) -> Given:
    """A file that was dropped, pasted or taken with the camera, and is no archive."""
    ending = PurePosixPath(upload.name).suffix.lower()
    kind = NOT_READ.get(ending)
    reason = f"It is {kind}, which Anneal does not read. Unpack it, and drop the images." if kind else ""
    return Given(upload.file_id, upload.name, lambda: _bytes_of(upload), reason)


def of_item(run_id: str, item: Item) -> Given:
    """One of the images of a run's data set."""
    return Given(f"{run_id}/{item.name}", item.name, lambda: read(item.path))


def _bytes_of(upload: Upload) -> bytes:
    upload.seek(0)
    content = upload.read()
    if not content:
        raise DataError("The file is empty.")
    return content


@contextmanager
def unpacked(upload: Upload, workspace: Workspace, progress: Progress) -> Iterator[Sequence[Given]]:
    """The images in an archive, in the block; then nothing of it stays on the disk.

    Raises `DataError` where it is no archive, unpacks to too much, or holds no image, and `WorkspaceError` where a
    server's visitor has no room left.
    """
    with new_folder(workspace.data) as folder:
        store = Store(folder, most_bytes=_most_bytes(workspace))
        upload.seek(0)
        archive = spool(upload, folder)
        unpack_into(archive, upload.name, store, progress)
        archive.unlink()
        found = [_packed(upload, name, folder / file) for name, file in store.names.items() if may_be_image(name)]
        refused = [Given(f"{upload.file_id}/{name}", name, bytes, reason) for name, reason in store.refused]
        if not found and not refused:
            raise DataError("There is no image in it.")
        yield sorted([*found, *refused], key=lambda given: given.name)


def _most_bytes(workspace: Workspace) -> int:
    """How much an archive may unpack to: on a server no more than its visitor has room for."""
    refuse_full(workspace)
    return MOST_UNPACKED if workspace.host is None else max(1, min(MOST_UNPACKED, room(workspace)))


def _packed(upload: Upload, name: str, path: Path) -> Given:
    return Given(f"{upload.file_id}/{name}", name, lambda: read(path))


def split(uploads: Sequence[Upload]) -> tuple[list[Upload], list[Upload]]:
    """(archives, other files) among what was dropped."""
    archives = [upload for upload in uploads if is_archive(upload.name)]
    return archives, [upload for upload in uploads if not is_archive(upload.name)]
