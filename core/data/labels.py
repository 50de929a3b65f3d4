"""Where the classes of a data set come from: its folders, a table, or the names of its files."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from core.data.layout import Layout, Place, lay_out
from core.data.name_labels import NamePattern, best_pattern, labels_by_name, suggested
from core.data.reading import Choice, Folder
from core.data.sources import Source
from core.data.table_labels import TableReading, best_tables, chosen_table, described, placed
from core.data.tree import may_be_image
from core.errors import DataError, SeveralLabelsError

MOST_COVERED = 0.9
"""Share of the images that a table must label to be asked about beside class folders."""


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
    """The class of every file of `source`, read as `choice` says; raises `DataError`."""
    layout = _laid_out(source, choice)
    source = _counting(source, layout)
    if choice.classes_from == "csv":
        return _of_tables(source, layout, chosen_table(source, choice), choice)
    if choice.classes_from == "names":
        return _of_names(source, layout, choice)
    if choice.classes_from == "folder":
        return _of_folders(layout, choice)
    readings = _or_none(source, choice)
    if readings:
        return _of_tables(source, layout, readings, choice)
    if len({place.label for place in layout.places.values()}) > 1:
        return _asking_about_tables(source, _of_folders(layout, choice))
    best = best_tables(source, choice)
    if best:
        return _of_tables(source, layout, best, choice)
    return _of_folders(layout, choice)


def name_suggestions(source: Source) -> list[NamePattern]:
    """Patterns by which the names of the files would give classes, the best first, each with what it gives."""
    layout = _laid_out(source, Choice())
    return suggested(_images(_counting(source, layout)))


def _laid_out(source: Source, choice: Choice) -> Layout:
    """The layout of the files; folders that cannot be read count as class folders without an image."""
    closed = dict(source.closed)
    layout = lay_out([file.name for file in source.files], choice, [*source.empty, *closed])
    reasons = {folder.rpartition("/")[2]: reason for folder, reason in closed.items()}
    return replace(layout, empty=tuple((name, reasons.get(name, why)) for name, why in layout.empty))


def _counting(source: Source, layout: Layout) -> Source:
    """The source without images in folders that are left out, so that masks are not taken for the pictures."""
    ignored = {folder.path for folder in layout.folders if folder.part == "ignored"}
    if not ignored:
        return source
    files = (file for file in source.files if not (may_be_image(file.name) and _is_below(file.name, ignored)))
    return replace(source, files=tuple(files))


def _is_below(name: str, folders: set[str]) -> bool:
    parts = name.split("/")
    return any("/".join(parts[:depth]) in folders for depth in range(1, len(parts)))


def _images(source: Source) -> list[str]:
    return [file.name for file in source.files if may_be_image(file.name)]


def _or_none(source: Source, choice: Choice) -> list[TableReading]:
    try:
        return described(source, choice)
    except DataError:
        return []


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


def _of_tables(source: Source, layout: Layout, readings: Sequence[TableReading], choice: Choice) -> Labelled:
    places, origin, questions = placed(source, layout, list(readings))
    first = readings[0]
    names = " and ".join(reading.table.name for reading in readings)
    columns = f"{first.columns.file}, {first.columns.label}" + (f", {first.columns.split}" * bool(first.columns.split))
    reason = f"{names} has no label for it."
    return _without_classes(source, layout, choice, places, origin, reason, "csv", f"{names}: {columns}", questions)


def _of_names(source: Source, layout: Layout, choice: Choice) -> Labelled:
    images = _images(source)
    questions = []
    pattern = choice.pattern
    if not pattern:
        best = best_pattern(images)
        pattern = best.pattern
        if best.unfit:
            questions.append(f"{best.unfit:,} names do not fit the pattern {pattern}; these images are left out.")
    labels = labels_by_name(images, pattern)
    sides = {layout.sides[name] for name in labels if name in layout.sides}
    given = "train" in sides and len(sides) > 1
    held_out = "" if not given else "valid" if "valid" in sides else "test"
    origin = "" if not given else "as given" if held_out == "valid" else "as given, with the test folder for validation"
    places = {name: Place(label, _given_side(layout, name, held_out)) for name, label in labels.items()}
    reason = f"Its name does not fit the pattern {pattern}."
    return _without_classes(source, layout, choice, places, origin, reason, "names", pattern, questions)


def _given_side(layout: Layout, name: str, held_out: str) -> str:
    side = layout.sides.get(name, "train")
    return "" if not held_out else "valid" if side == held_out else side


def _without_classes(
    source: Source,
    layout: Layout,
    choice: Choice,
    places: dict[str, Place],
    origin: str,
    reason: str,
    classes_from: Literal["names", "csv"],
    described_as: str,
    questions: list[str],
) -> Labelled:
    """A reading in which folders are no classes."""
    strays = tuple((name, reason) for name in _images(source) if name not in places)
    folders = tuple(folder if folder.part != "class" else _no_class(folder) for folder in layout.folders)
    return Labelled(places, strays, origin, classes_from, described_as, folders, tuple(questions), (), choice)


def _no_class(folder: Folder) -> Folder:
    """A folder that would be a class, where the classes come from elsewhere."""
    return folder.model_copy(update={"part": "wrapper", "means": "", "why": "the classes come from elsewhere"})


def _asking_about_tables(source: Source, found: Labelled) -> Labelled:
    """Class folders beside a table that labels nearly all images otherwise: which one is meant must be asked."""
    try:
        tables = best_tables(source, found.choice, least=MOST_COVERED)
    except SeveralLabelsError:  # the folders are classes of one label each
        return found
    if not tables:
        return found
    table = tables[0]
    pairs = {(found.places[name].label, label) for name, label in table.labels.items() if name in found.places}
    if len(pairs) == len({label for label, _ in pairs}) == len({label for _, label in pairs}):
        return found  # the folders and the table say the same in other words
    question = (
        f"{table.table.name} labels {len(table.labels):,} images differently from their folders, which are read as the "
        "classes. To read the table instead: --classes-from csv."
    )
    return replace(found, questions=(*found.questions, question))
