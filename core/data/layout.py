"""What the names of the files say: which class an image is of, and on which side of the split."""

from collections.abc import Sequence
from dataclasses import dataclass

SPLITS = {
    "train": "train",
    "training": "train",
    "valid": "valid",
    "val": "valid",
    "validation": "valid",
    "test": "test",
    "testing": "test",
}
"""Folder names above the classes -> the split they mean."""

_CLUTTER = frozenset({"__macosx", "thumbs.db", "desktop.ini", "icon\r"})

NO_CLASS = "The file is not in a class folder."
OUTSIDE = "The file lies outside the train, valid and test folders."


@dataclass(frozen=True)
class Place:
    """The class of an image, and its split where the folders give one (else "")."""

    label: str
    split: str


@dataclass(frozen=True)
class Layout:
    """`places` of the files that have a class, `strays` (name, reason) of those that have none.

    `origin` says where the split comes from; it is "" when there is none and one must be made.
    """

    places: dict[str, Place]
    strays: tuple[tuple[str, str], ...]
    origin: str


def is_ignored(name: str) -> bool:
    """Whether a file is what systems leave behind: hidden files, `__MACOSX`, `Thumbs.db`."""
    return any(part.startswith(".") or part.lower() in _CLUTTER for part in name.split("/"))


def lay_out(names: Sequence[str]) -> Layout:
    """Read classes and splits off posix names: `class/...` or `train|valid|test/class/...`.

    Folders that only wrap the whole are passed through. Without a validation folder a test folder serves as
    one. A split is taken as given only when both sides have classes in them.
    """
    parts = {name: name.split("/") for name in names}
    depth = _wrapping(list(parts.values()))
    tops = {p[depth] for p in parts.values() if len(p) > depth + 1}
    labelled = {_split(p[depth]) for p in parts.values() if len(p) > depth + 2} - {""}
    given = "train" in labelled and bool(labelled & {"valid", "test"})
    if given or (tops and all(_split(top) for top in tops)):
        return _under_splits(parts, depth, labelled)
    places = {name: Place(p[depth], "") for name, p in parts.items() if len(p) > depth + 1}
    strays = tuple((name, NO_CLASS) for name in names if name not in places)
    return Layout(places, strays, "")


def _split(folder: str) -> str:
    return SPLITS.get(folder.lower(), "")


def _wrapping(parts: list[list[str]]) -> int:
    """How many folders lie around the data set: each the only one there, with more folders inside."""
    depth = 0
    while True:
        tops = {p[depth] for p in parts if len(p) > depth + 1}
        if len(tops) != 1 or _split(next(iter(tops))) or not any(len(p) > depth + 2 for p in parts):
            return depth
        depth += 1


def _under_splits(parts: dict[str, list[str]], depth: int, labelled: set[str]) -> Layout:
    given = "train" in labelled and len(labelled) > 1
    held_out = "" if not given else "valid" if "valid" in labelled else "test"
    places, strays = {}, []
    for name, p in parts.items():
        split = _split(p[depth]) if len(p) > depth + 1 else ""
        if len(p) <= depth + 2:
            strays.append((name, NO_CLASS))
        elif not split:
            strays.append((name, OUTSIDE))
        else:
            places[name] = Place(p[depth + 1], "" if not held_out else "valid" if split == held_out else split)
    if not held_out:
        return Layout(places, tuple(strays), "")
    origin = "as given" if held_out == "valid" else "as given, with the test folder for validation"
    return Layout(places, tuple(strays), origin)
