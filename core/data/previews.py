"""A few pictures of a data set on offer, to recognise it by before it is opened; nothing is made or fetched."""

from collections.abc import Sequence
from pathlib import PurePosixPath

from PIL import Image

from core.data.catalogue import Offer
from core.data.decode import decode
from core.data.downloads import stored_folder
from core.data.embedded import embedded_pictures
from core.data.sources import SourceFile, open_source
from core.errors import DataError
from core.workspace import Workspace


def is_here(offer: Offer, workspace: Workspace) -> bool:
    """Whether the set can be opened without the network."""
    return not offer.downloads or stored_folder(offer.spec, workspace.shared).is_dir()


def preview(offer: Offer, workspace: Workspace, *, count: int, side: int) -> list[Image.Image]:
    """Up to `count` pictures of the set, RGB and `side` pixels square, each of another class while there are more.

    Empty where the set is not here yet. Files that cannot be read are passed over; raises `DataError` where the
    set's list of names is damaged.
    """
    if not is_here(offer, workspace):
        return []
    if not offer.downloads:
        return [picture.resize((side, side)) for picture in embedded_pictures(offer.spec, count)]
    pictures: list[Image.Image] = []
    for file in _one_of_each_class(open_source(offer.spec, workspace).files):
        if len(pictures) == count:
            break
        try:
            pictures.append(Image.fromarray(decode(file.path, side)))
        except (DataError, OSError):
            continue
    return pictures


def _one_of_each_class(files: Sequence[SourceFile]) -> list[SourceFile]:
    """The first file of each class (the folder that it lies in), in the order of the files; then the second, ..."""
    seen: dict[str, int] = {}
    ranked = []
    for file in files:
        label = PurePosixPath(file.name).parent.name
        seen[label] = seen.get(label, 0) + 1
        ranked.append((seen[label], file))
    return [file for _, file in sorted(ranked, key=lambda pair: pair[0])]
