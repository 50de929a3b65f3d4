"""Where the classes of a data set come from: its folders, a table, or the names of its files."""

from dataclasses import dataclass
from typing import Literal

from core.data.layout import Layout, Place, lay_out
from core.data.reading import Choice, Folder
from core.data.sources import Source


@dataclass(frozen=True)
class Labelled:
    """`places` of the files that have a class, `strays` (name, reason) of those that have none.

    `origin` says where the split comes from ("" where one must be made); the rest is for `Reading`.
    """

    places: dict[str, Place]
    strays: tuple[tuple[str, str], ...]
    origin: str
    classes_from: Literal["folder", "names", "csv", "list"]
    source: str
    folders: tuple[Folder, ...]
    questions: tuple[str, ...]
    empty: tuple[tuple[str, str], ...]
    choice: Choice


def labelled(source: Source, choice: Choice) -> Labelled:
    """The class of every file of `source`, read as `choice` says."""
    return _of_folders(lay_out([file.name for file in source.files], choice, source.empty), choice)


def _of_folders(layout: Layout, choice: Choice) -> Labelled:
    return Labelled(
        layout.places,
        layout.strays,
        layout.origin,
        "folder",
        "",
        layout.folders,
        layout.questions,
        layout.empty,
        choice,
    )
