"""Labels from a table in the data set or beside it: which file each row means, and of which class it is."""

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from core.data.columns import Columns, columns_of, one_label_each, split_cell
from core.data.folder_names import one_form
from core.data.layout import Layout, Place
from core.data.paths import typed_path
from core.data.reading import Choice
from core.data.sources import Source
from core.data.tables import Table, is_table, read_table
from core.data.tree import may_be_image
from core.errors import DataError, SeveralLabelsError

_METADATA = ("metadata.csv", "metadata.jsonl", "metadata.tsv")
"""Tables that say by their name that they describe the images beside them."""


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

    def __init__(self, names: list[str]) -> None:
        self._paths = {one_form(name): name for name in names}
        self._short: dict[str, str | None] = {}
        for name in names:
            base = one_form(name).rpartition("/")[2]
            for key in {base, os.path.splitext(base)[0]}:
                self._short[key] = None if key in self._short else name

    def find(self, cell: str, folder: str) -> str | None:
        """The file that a cell of a table in `folder` means; None when there is none, or several."""
        path = cell.replace("\\", "/").removeprefix("./").strip("/")
        for candidate in (f"{folder}/{path}" if folder else path, path):
            if candidate in self._paths:
                return self._paths[candidate]
        base = path.rpartition("/")[2]
        return self._short.get(base) or self._short.get(os.path.splitext(base)[0])


def tables_in(source: Source) -> list[str]:
    """Names of the tables in a data set."""
    return [file.name for file in source.files if is_table(file.name)]


def described(source: Source, choice: Choice) -> list[TableReading]:
    """What the files called metadata say, where every one names the images beside it and their labels."""
    names = [file.name for file in source.files if file.name.rpartition("/")[2].lower() in _METADATA]
    readings = [_of_file(source, name, choice) for name in names]
    return readings if readings and all(reading.plausible for reading in readings) else []


def best_table(source: Source, choice: Choice, least: float = 0.0) -> TableReading | None:
    """Of the tables in a data set, the one that labels the most images, in two classes or more; None if none does.

    `least` (0..1) is the share of the images that must have a label. Raises `SeveralLabelsError` where the labels of
    the only tables that fit are no classes.
    """
    images = sum(may_be_image(file.name) for file in source.files)
    best: TableReading | None = None
    several: SeveralLabelsError | None = None
    for name in tables_in(source):
        try:
            reading = _of_file(source, name, choice)
        except SeveralLabelsError as error:
            several = error
            continue
        except DataError:
            continue
        enough = reading.plausible and len(reading.labels) >= least * images
        if enough and (best is None or len(reading.labels) > len(best.labels)):
            best = reading
    if best is None and several is not None:
        raise several
    return best


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
    best = best_table(source, choice)
    if best is None:
        listed = ", ".join(names[:5])
        raise DataError(f"No table of {source.title} labels its images: {listed}. Name the right one with --labels.")
    return [best]


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
    return places, origin, [question for reading in readings for question in _questions(reading)]


def _side(split: str, held_out: str) -> str:
    return "valid" if split == held_out else split


def _questions(reading: TableReading) -> list[str]:
    name, columns = reading.table.name, reading.columns
    said = []
    if columns.guessed:
        said.append(f"The labels are read from the column {columns.label} of {name}, which is a guess.")
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
    files = _Files([file.name for file in source.files if may_be_image(file.name)])
    columns = columns_of(
        table, choice, lambda cells: sum(files.find(cell, folder) is not None for cell in cells if cell)
    )
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
    path = typed_path(name)
    if not path.is_file():
        there = tables_in(source)
        known = f" It has: {', '.join(there[:5])}." if there else ""
        raise DataError(f"There is no table {name}, neither in {source.title} nor at {path}.{known}")
    return path


def sizes_of(reading: TableReading) -> list[tuple[str, int]]:
    """How many images each label has, the most frequent first; for a preview."""
    return Counter(reading.labels.values()).most_common()
