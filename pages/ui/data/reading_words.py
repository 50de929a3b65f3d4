"""How a data set was read, in a sentence; what was left out and why. All of it escaped for markdown."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from core.data.index import SPLIT_NAMES, DataSet
from core.data.reading import ChosenPart, Folder, Reading
from pages.ui.text import literal

PARTS: dict[ChosenPart, str] = {
    "class": "A class",
    "train": "Training images",
    "valid": "Validation images",
    "test": "Test images",
    "wrapper": "Look inside it",
    "ignored": "Left out",
}
"""What a folder can be, as the page calls it."""
FEW = 3
"""Names that a line lists."""
REASONS = 4
"""Reasons that are listed one by one."""


@dataclass(frozen=True)
class LeftOut:
    """What was left out for one reason: how many, the first names, and the reason without capital; literal text."""

    count: str
    names: str
    reason: str


def how_read(data: DataSet) -> str:
    """The sentence of how the files became classes, without a full stop: "Read as 10 classes in train/ and valid/"."""
    return f"Read as {_number(len(data.classes), 'class', 'classes')} {_from(data.reading, data.split_origin)}"


def _from(reading: Reading, split_origin: str) -> str:
    if reading.classes_from == "names":
        return f"from the names of the files, by the pattern {literal(reading.source)}"
    if reading.classes_from == "csv":
        table, _, columns = reading.source.rpartition(": ")
        return f"from the table {literal(table)}, columns {literal(columns)}"
    if reading.classes_from == "list":
        return "from a list"
    splits = [folder for folder in reading.folders if folder.part == "split"]
    if splits and split_origin.startswith("as given"):
        return _in_splits(splits, split_origin)
    parents = {folder.path.rpartition("/")[0] for folder in reading.folders if folder.part == "class"} - {""}
    return (
        f"from the folders in {_listed([f'{path}/' for path in sorted(parents)])}" if parents else "from their folders"
    )


def _in_splits(splits: Sequence[Folder], split_origin: str) -> str:
    """Such as "in train/ and valid/", with what a folder serves for where its name does not say so."""
    used = [folder for folder in splits if folder.images]
    top = min(folder.path.count("/") for folder in used)
    outer = [folder for folder in used if folder.path.count("/") == top]
    outer.sort(key=lambda folder: SPLIT_NAMES.index(folder.means))
    if len(outer) > FEW:
        inside = sorted({f"{folder.path.rpartition('/')[2]}/" for folder in outer})
        text = f"with {_listed(inside)} in each"
    else:
        text = f"in {_listed([f'{folder.path}/' for folder in outer])}"
    return f"{text}; the test images serve for validation" if "for validation" in split_origin else text


def left_out(data: DataSet) -> list[LeftOut]:
    """What is in the data set and is not used, grouped by reason, the largest group first; of many reasons a few."""
    folders: dict[str, list[Folder]] = defaultdict(list)
    for folder in data.reading.folders:
        if folder.part == "ignored":
            folders[folder.why].append(folder)
    files: dict[str, list[str]] = defaultdict(list)
    below = tuple(f"{folder.path}/" for group in folders.values() for folder in group)
    for broken in data.broken:
        if not broken.path.startswith(below):  # it is counted with its folder
            files[broken.reason].append(broken.path)
    rows = [(sum(folder.images for folder in group), _folders(group, why)) for why, group in folders.items()]
    rows += [(len(group), _files(group, why)) for why, group in files.items()]
    rows.sort(key=lambda row: -row[0])
    shown = [row for _, row in rows[: REASONS if len(rows) > REASONS + 1 else REASONS + 1]]
    more = len(rows) - len(shown)
    if more:
        shown.append(LeftOut(f"and more, for {_number(more, 'other reason', 'other reasons')}", "", ""))
    return shown


def _folders(group: Sequence[Folder], why: str) -> LeftOut:
    images = sum(folder.images for folder in group)
    count = _number(len(group), "folder", "folders")
    with_images = f"{count} with {_number(images, 'image', 'images')}" if images else count
    return LeftOut(with_images, _listed([f"{folder.path}/" for folder in group]), _after_colon(why))


def _files(group: Sequence[str], why: str) -> LeftOut:
    return LeftOut(_number(len(group), "file", "files"), _listed(group), _after_colon(why))


def _after_colon(reason: str) -> str:
    """A sentence as it goes on after a colon: no capital, unless a name begins it, and no full stop."""
    first, second = reason[:1], reason[1:2]
    return literal((first.lower() if second.islower() or second == " " else first) + reason[1:].rstrip("."), None)


def _listed(names: Sequence[str] | set[str]) -> str:
    """Such as "a, b and c"; of many the first ones, and how many more."""
    ranked = sorted(names) if isinstance(names, set) else list(names)
    shown = [literal(name, 40) for name in ranked[:FEW]]
    if len(ranked) > FEW:
        return f"{', '.join(shown)} and {len(ranked) - FEW:,} more"
    return " and ".join(part for part in (", ".join(shown[:-1]), shown[-1]) if part)


def _number(count: int, one: str, several: str) -> str:
    return f"1 {one}" if count == 1 else f"{count:,} {several}"
