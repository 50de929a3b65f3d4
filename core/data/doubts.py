"""What makes a reading of plain class folders doubtful, a question each."""

import re
from collections.abc import Iterator

from core.data.folder_names import ANNOTATIONS, IMAGES, PAPERS, THUMBNAILS, UNLABELLED, is_called
from core.data.split_names import split_of
from core.data.tree import Node

_CAMERA = re.compile(r"(new folder.*|untitled.*|dcim|\d{3}[a-z_]{5}|(19|20)\d\d([-_. ]?\d\d){0,2})$", re.IGNORECASE)
"""Names that cameras and programs give to folders by themselves."""

_PAIRED = frozenset({"input", "inputs", "target", "targets", "output"})
"""Folders of pairs of images, as for image restoration."""

_SPECIAL = ANNOTATIONS | THUMBNAILS | PAPERS | UNLABELLED | IMAGES | _PAIRED


def doubt_about_nesting(nested: list[Node]) -> Iterator[str]:
    """A question about folders that are read as classes and hold folders of images only."""
    if nested:
        yield (
            f"{few(nested)} holds folders of images and is read as one class. If those folders are the classes, "
            "say that it is a wrapper."
        )


def doubts_about_classes(folders: list[Node], *, some_decided: bool) -> Iterator[str]:
    """Questions about `folders` that are read as classes."""
    splits = [folder for folder in folders if split_of(folder.name)]
    odd = [folder for folder in folders if folder not in splits and is_called(folder.name, _SPECIAL)]
    if odd:
        yield f"{few(odd)} is read as a class, though folders with that name are mostly not classes."
    if splits:
        yield f"{few(splits)} is read as a class, though its name is that of a split."
    cameras = all(_CAMERA.match(folder.name) for folder in folders)
    if cameras and not some_decided and not all(folder.name.isdecimal() for folder in folders):
        yield f"{few(folders)}: do these folders stand for classes? Cameras give folders such names."


def few(nodes: list[Node], shown: int = 3) -> str:
    """Folders in a sentence: the first ones by name, and how many more."""
    named = ", ".join(node.path for node in nodes[:shown])
    more = f" and {len(nodes) - shown:,} more" if len(nodes) > shown else ""
    return f"The folder {named}" if len(nodes) == 1 else f"Each of the folders {named}{more}"
