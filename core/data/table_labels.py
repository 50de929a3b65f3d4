"""Labels from a table in the data set or beside it: which file each row means, and of which class it is."""

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from core.data.columns import Columns, columns_of, is_header, one_label_each, split_cell
from core.data.folder_names import ANNOTATIONS, one_form
from core.data.layout import Layout, Place
from core.data.paths import typed_path
from core.data.reading import Choice
from core.data.sources import Source
from core.data.split_names import NEUTRAL, split_and_rest, split_of
from core.data.tables import PERHAPS, Table, is_table, read_table, without_header
from core.data.tree import may_be_image
from core.errors import DataError, SeveralLabelsError

_METADATA = ("metadata.csv", "metadata.jsonl", "metadata.tsv")
"""Tables that say by their name that they describe the images beside them."""


MOST_TEXTS = 20
"""Texts that are looked at for being tables; where there are more, each describes one image."""

MOST_TEXT_BYTES = 20 * 2**20

_CLASS_NAMES = frozenset({"classes", "class_names", "classnames", "names", "categories", "label_names", "label_map"})
"""Files, without suffix, that list what numbers of classes mean."""

_MISSING = frozenset({"nan", "null", "none", "n/a", "na", "#n/a", "-", "?"})
"""Labels, in lower case, by which programs say that there is none."""


@dataclass(frozen=True)
class TableReading:
    """What a table says: `labels` and `splits` of files by name, the columns read, and how many rows name no file."""

    table: Table
    columns: Columns
    labels: dict[str, str]
    splits: dict[str, str]
    unmatched: int

    @property
    def plausible(self) -> bool:
        """Whether the labels are classes: two or more, of two images or more on average."""
        classes = set(self.labels.values())
        return 2 <= len(classes) <= len(self.labels) / 2


class _Files:
    """Finds files by what a table calls them: a path, a name, or a name without its suffix."""

    def __init__(self, names: list[str], split: str = "") -> None:
        """Of several files of one name, that in a folder of `split` is meant, where there is one such."""
        self._paths = {one_form(name): name for name in names}
        self._short = _unique(names)
        self._in_split = _unique([name for name in names if split and _is_in_split(name, split)])
        self.shared = {key for key, name in self._short.items() if name is None}

    def find(self, cell: str, folder: str) -> str | None:
        """The file that a cell of a table in `folder` means; None when there is none, or several."""
        path = cell.replace("\\", "/").removeprefix("./").strip("/")
        for candidate in (f"{folder}/{path}" if folder else path, path):
            if candidate in self._paths:
                return self._paths[candidate]
        base = path.rpartition("/")[2]
        stem = os.path.splitext(base)[0]
        for key in (base, stem, *_as_number(stem)):
            if found := self._short.get(key) or self._in_split.get(key):
                return found
        return None


def _unique(names: Sequence[str]) -> dict[str, str | None]:
    """Last part of a name, with and without suffix and zeros before a number -> the name; None where it is not one."""
    found: dict[str, str | None] = {}
    for name in names:
        base = one_form(name).rpartition("/")[2]
        stem = os.path.splitext(base)[0]
        for key in {base, stem, *_as_number(stem)}:
            found[key] = None if key in found else name
    return found


def _as_number(stem: str) -> list[str]:
    """A number without the zeros before it, which spreadsheets drop: 0012 is 12; as a key that no name has."""
    return [f"/{int(stem)}"] if stem.isdecimal() and len(stem) < 19 else []


def _is_in_split(name: str, split: str) -> bool:
    return any(split_of(part) == split for part in one_form(name).split("/")[:-1])


def tables_in(source: Source) -> list[str]:
    """Names of the tables in a data set."""
    return [file.name for file in source.files if is_table(file.name)]


def described(source: Source, choice: Choice) -> list[TableReading]:
    """What the files called metadata say, where every one names the images beside it and their labels."""
    names = [file.name for file in source.files if file.name.rpartition("/")[2].lower() in _METADATA]
    readings = [_of_file(source, name, choice) for name in names]
    return readings if readings and all(reading.plausible for reading in readings) else []


def _perhaps_tables(source: Source) -> list[str]:
    """Names of tables, and of a few other files that may be some, where they are not large."""
    texts = [file for file in source.files if file.name.lower().endswith(PERHAPS)]
    few = texts if len(texts) <= MOST_TEXTS else []
    return [*tables_in(source), *(file.name for file in few if _size(file.path) <= MOST_TEXT_BYTES)]


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def best_tables(source: Source, choice: Choice, least: float = 0.0) -> list[TableReading]:
    """Of the tables in a data set, the one that labels the most images, in two classes or more; none if none does.

    Tables that are called after splits (train.csv, val.csv) go together. `least` (0..1) is the share of the images that
    must have a label. Raises `SeveralLabelsError` where the labels of the only tables that fit are no classes.
    """
    names = _perhaps_tables(source) if not least else tables_in(source)
    images = sum(may_be_image(file.name) for file in source.files) if names else 0
    plausible: list[TableReading] = []
    several: SeveralLabelsError | None = None
    for name in names:
        try:
            reading = _of_file(source, name, choice)
        except SeveralLabelsError as error:
            several = error
            continue
        except DataError:
            continue
        if reading.plausible and len(reading.labels) >= least * images:
            plausible.append(reading)
    if not plausible and several is not None:
        raise several
    together = _by_splits(plausible)
    return together or sorted(plausible, key=lambda reading: -len(reading.labels))[:1]


def _by_splits(readings: Sequence[TableReading]) -> list[TableReading]:
    """Tables of different splits, each with its split as that of its files; none where they are no such."""
    found: dict[str, TableReading] = {}
    for reading in readings:
        split = _split_of_table(reading.table.name)
        if split and not reading.splits and split not in found:
            found[split] = replace(reading, splits=dict.fromkeys(reading.labels, split))
    files = [name for reading in found.values() for name in reading.labels]
    return list(found.values()) if "train" in found and len(found) > 1 and len(set(files)) == len(files) else []


def _split_of_table(name: str) -> str:
    """The split in a table's name: train.csv, labels_val.csv."""
    meant, rest = split_and_rest(os.path.splitext(name.rpartition("/")[2])[0])
    return meant if not set(rest) - NEUTRAL - ANNOTATIONS - {"list", "metadata", "meta", "csv"} else ""


def why_no_table(source: Source) -> str:
    """Why none of the tables gives classes, in the words of the error; "" where one does."""
    try:
        readings = chosen_table(source, Choice(classes_from="csv"))
    except DataError as error:
        return str(error)
    found = readings[0]
    if all(reading.plausible for reading in readings):
        return ""
    classes = len(set(found.labels.values()))
    kinds = "1 label" if classes == 1 else f"{classes:,} different labels"
    return f"the column {found.columns.label} of {found.table.name} has {kinds} for {len(found.labels):,} images."


def chosen_table(source: Source, choice: Choice) -> list[TableReading]:
    """What the chosen table says, or the only one that fits; raises `DataError`."""
    if choice.table:
        return [_of_file(source, choice.table, choice)]
    readings = described(source, choice)
    if readings:
        return readings
    names = tables_in(source)
    if not names:
        raise DataError(f"There is no table in {source.title}. Name one: on the command line with --labels FILE.")
    if len(names) == 1:
        return [_of_file(source, names[0], choice)]
    best = best_tables(source, choice)
    if not best:
        listed = ", ".join(names[:5])
        raise DataError(f"No table of {source.title} labels its images: {listed}. Name the right one with --labels.")
    return best


def _named_elsewhere(source: Source, labels: Iterable[str]) -> list[str]:
    """A question where the labels of a table are numbers, and a file beside it seems to hold their names."""
    stems = ((file.name, file.name.rpartition("/")[2].casefold().partition(".")[0]) for file in source.files)
    names = [name for name, stem in stems if stem in _CLASS_NAMES and not may_be_image(name)]
    if not names or not all(label.isdecimal() for label in labels):
        return []
    return [f"The classes are named by number; {names[0]} may hold their names, but is not read."]


def placed(source: Source, layout: Layout, readings: list[TableReading]) -> tuple[dict[str, Place], str, list[str]]:
    """Places of the files, where the split comes from, and what is doubtful."""
    labels = {name: label for reading in readings for name, label in reading.labels.items()}
    splits = {name: split for reading in readings for name, split in reading.splits.items()}
    named = " and ".join(reading.table.name for reading in readings)
    where = f"as given in {named}" if splits else "as given"
    sides = splits or {name: layout.sides[name] for name in labels if name in layout.sides}
    used = set(sides.values())
    given = "train" in used and len(used) > 1
    held_out = "" if not given else "valid" if "valid" in used else "test"
    origin = "" if not given else where if held_out == "valid" else f"{where}, with the test images for validation"
    places = {
        name: Place(label, "" if not given else _side(sides.get(name, "train"), held_out))
        for name, label in labels.items()
    }
    asked = [question for reading in readings for question in _questions(reading)]
    return places, origin, asked + _named_elsewhere(source, labels.values())


def _side(split: str, held_out: str) -> str:
    return "valid" if split == held_out else split


def _questions(reading: TableReading) -> list[str]:
    name, columns = reading.table.name, reading.columns
    said = []
    if columns.guessed:
        said.append(f"The labels are read from the column {columns.label} of {name}, which is a guess.")
    odd = [label for label in dict.fromkeys(reading.labels.values()) if label.casefold() in _MISSING]
    if odd:
        said.append(f"The label {odd[0]} in {name} is read as a class. Clear the cell if it means that there is none.")
    if reading.unmatched:
        rows = "1 row" if reading.unmatched == 1 else f"{reading.unmatched:,} rows"
        said.append(f"{rows} of {name} name files that are not there, or no label.")
    return said


def _of_file(source: Source, name: str, choice: Choice) -> TableReading:
    """Read one table, of the data set or elsewhere on disk; raises `DataError`."""
    wanted = one_form(name)
    inside = next((file for file in source.files if one_form(file.name) == wanted), None)
    path = inside.path if inside else _elsewhere(source, name)
    table = read_table(path, inside.name if inside else path.name)
    folder = one_form(table.name).rpartition("/")[0] if inside else ""
    files = _Files([file.name for file in source.files if may_be_image(file.name)], _split_of_table(table.name))

    def matching(cells: list[str]) -> int:
        return len({files.find(cell, folder) for cell in cells if cell} - {None})

    if not choice.file_column and matching([column for column in table.columns if not is_header(column)]):
        table = without_header(table)
    table, columns = columns_of(table, choice, matching)
    pairs, splits, unmatched = [], {}, 0
    cells = table.column(columns.split) if columns.split else [""] * len(table.rows)
    for row in zip(table.column(columns.file), table.column(columns.label), cells, strict=True):
        found = files.find(row[0], folder) if row[0] and row[1] else None
        if found is None:
            unmatched += 1
            continue
        pairs.append((found, row[1]))
        if meant := split_cell(columns.split, row[2]) if columns.split else "":
            splits[found] = meant
    return TableReading(table, columns, one_label_each(table, pairs), splits, unmatched)


def _elsewhere(source: Source, name: str) -> Path:
    if source.confined:
        raise DataError(f"There is no table {name} in {source.title}. Upload the table together with its images.")
    path = typed_path(name)
    if not path.is_file():
        there = tables_in(source)
        known = f" It has: {', '.join(there[:5])}." if there else ""
        raise DataError(f"There is no table {name}, neither in {source.title} nor at {path}.{known}")
    return path


def sizes_of(reading: TableReading) -> list[tuple[str, int]]:
    """How many images each label has, the most frequent first; for a preview."""
    return Counter(reading.labels.values()).most_common()
