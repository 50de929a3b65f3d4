"""Which column of a table names the files, which their labels, and which the split."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.data.one_hot import LABEL, with_labels
from core.data.reading import Choice
from core.data.split_names import split_of
from core.data.tables import Table
from core.errors import DataError, SeveralLabelsError

_FILES = ("file_name", "filename", "file", "image", "image_id", "img", "path", "filepath", "image_path", "id", "name")
_LABELS = (
    "label",
    "labels",
    "class",
    "class_name",
    "classname",
    "category",
    "target",
    "tag",
    "tags",
    "breed",
    "species",
)
_SPLITS = ("split", "set", "subset", "partition", "data_set", "dataset", "usage", "is_valid", "is_test", "fold_name")
_BOXES = frozenset({"xmin", "ymin", "xmax", "ymax", "bbox", "x_min", "bbox_x", "boundingbox", "encodedpixels"})


@dataclass(frozen=True)
class Columns:
    """Names of the columns; `split` may be "". `guessed` says that the label's was found by its cells alone."""

    file: str
    label: str
    split: str = ""
    guessed: bool = False


def columns_of(table: Table, choice: Choice, matching: Callable[[list[str]], int]) -> tuple[Table, Columns]:
    """The columns of `table`, those chosen first; `matching` counts the files that cells name.

    The table comes back with one column of labels where it had a column of 0 and 1 for each class. Raises
    `DataError` that lists the columns, where they cannot be told or hold something else than one label a file.
    """
    file = choice.file_column or _file_column(table, matching)
    table.column(file)
    if not choice.label_column and _BOXES & {_plain(column) for column in table.columns}:
        raise DataError(f"{table.name} describes parts of images (boxes or masks), not a class for each image.")
    others = [column for column in table.columns if column != file]
    split = choice.split_column or next((column for column in others if _is_split(table, column)), "")
    if split:
        table.column(split)
    label, guessed = choice.label_column, False
    if not label:
        others = [column for column in others if column != split]
        known = {_plain(column) for column in others} & set(_LABELS)
        if not known and (marked := with_labels(table, others)):
            return marked, Columns(file, LABEL, split)
        label, guessed = _label_column(table, others)
    table.column(label)
    if label in table.lists:
        raise SeveralLabelsError(_several(table.name))
    return table, Columns(file, label, split, guessed)


def is_header(cell: str) -> bool:
    """Whether a cell of a first line is one of the usual names of columns."""
    return _plain(cell) in {*_FILES, *_LABELS, *_SPLITS}


def one_label_each(table: Table, pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    """File -> label of (file, label) pairs; raises `SeveralLabelsError` where files have several labels."""
    labels: dict[str, str] = {}
    others: dict[str, str] = {}
    for file, label in pairs:
        if labels.setdefault(file, label) != label:
            others.setdefault(file, label)
    if others:
        file, label = next(iter(others.items()))
        where = f", {len(others):,} of {len(labels):,}"
        said = _several(table.name, f"{file} is called {labels[file]} and {label}", where)
        raise SeveralLabelsError(f"{said} Where a row is wrong, delete it.")
    if _joined(list(labels.values())):
        example = max(labels.items(), key=lambda pair: len(pair[1]))
        raise SeveralLabelsError(_several(table.name, f"{example[0]} is called {example[1]!r}"))
    return labels


def _joined(labels: list[str]) -> bool:
    """Whether labels are lists of labels in one cell: "haze primary", "cat;dog"."""
    distinct = set(labels)
    for sign in (";", "|", ",", " "):
        parts = [label.split(sign) for label in distinct if sign in label.strip(sign)]
        used = Counter(part.strip() for words in parts for part in words)
        words = {part.strip() for label in distinct for part in label.split(sign)}
        shared = sum(count > 1 or part in distinct for part, count in used.items())
        if parts and len(words) < len(distinct) and 2 * shared > len(used):
            return True
    return False


def _several(name: str, example: str = "", where: str = "") -> str:
    shown = f" ({example})" if example else ""
    return (
        f"{name} gives several labels to an image{where}{shown}. Anneal learns one class for each image; it cannot "
        "use several."
    )


def _file_column(table: Table, matching: Callable[[list[str]], int]) -> str:
    counts = {column: matching(table.column(column)) for column in table.columns}
    best = max(counts.values(), default=0)
    if not best:
        raise DataError(f"No column of {table.name} names the images: {', '.join(table.columns)}.")
    ranked = [column for column in table.columns if counts[column] == best]
    return min(ranked, key=lambda column: _FILES.index(_plain(column)) if _plain(column) in _FILES else len(_FILES))


def _label_column(table: Table, columns: list[str]) -> tuple[str, bool]:
    """The column of labels, and whether it was found by its cells."""
    for name in _LABELS:
        for column in columns:
            if _plain(column) == name:
                return column, False
    if len(columns) == 1:
        return columns[0], False
    likely = [column for column in columns if _is_labels(table.column(column))]
    if len(likely) == 1:
        return likely[0], True
    raise DataError(
        f"Which column of {table.name} holds the labels? Choose one of: {', '.join(columns) or 'none is left'}. "
        "On the command line: --columns label=NAME."
    )


def _is_labels(cells: list[str]) -> bool:
    """Whether cells repeat as labels do, and are no numbers."""
    distinct = {cell for cell in cells if cell}
    numbers = sum(cell.replace(".", "", 1).lstrip("-").isdecimal() for cell in distinct)
    return 2 <= len(distinct) <= len(cells) // 2 and 2 * numbers < len(distinct)


def _is_split(table: Table, column: str) -> bool:
    if _plain(column) not in _SPLITS:
        return False
    return all(split_cell(column, cell) for cell in table.column(column) if cell)


def split_cell(column: str, cell: str) -> str:
    """The split that a cell means: "train", "Test", or yes and no in a column like is_valid; "" if none."""
    plain = _plain(column)
    if plain.startswith("is_"):
        yes = cell.casefold() in ("true", "1", "yes", "1.0")
        no = cell.casefold() in ("false", "0", "no", "0.0")
        return (split_of(plain[3:]) or "valid") if yes else "train" if no else ""
    return split_of(cell)


def _plain(column: str) -> str:
    return column.casefold().strip().replace(" ", "_").replace("-", "_")
