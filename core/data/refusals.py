"""Data sets that cannot be trained on, each refused with what to do."""

from collections.abc import Sequence

from core.data.archives import is_archive
from core.data.dataset import Broken
from core.data.folder_names import alike, in_order
from core.data.labels import Labelled, name_suggestions
from core.data.other_tasks import other_task
from core.data.reading import LostClass
from core.data.sources import Source, SourceFile
from core.data.table_labels import tables_in, why_no_table
from core.errors import DataError

SHOWN = 8
"""Names that a sentence lists; of more it says how many there are."""


def refuse_nothing(
    source: Source,
    labels: Labelled,
    files: Sequence[SourceFile],
    good: Sequence[SourceFile],
    broken: tuple[Broken, ...],
    lost: tuple[LostClass, ...],
) -> None:
    """Raise `DataError` where there are no images, or fewer than two classes of them."""
    where = f"{source.title} ({source.spec})" if source.spec != source.title else source.title
    if not source.files and not source.refused:
        raise DataError(f"{where} has no files in it. Choose a folder with a folder of images for each class.")
    if not source.files:
        name, reason = source.refused[0]
        raise DataError(f"Nothing in {where} can be read. The first file, {name}: {reason}")
    archives = (
        []
        if files
        else [
            file.name for file in source.files if is_archive(file.name) or file.name.lower().endswith((".7z", ".rar"))
        ]
    )
    if archives:
        what = "Choose the archive itself." if len(archives) == 1 else "Unpack them, and choose the folder again."
        raise DataError(f"{where} has no class folders, but archives: {named(archives)}. {what}")
    if not files:
        raise DataError(f"{where} has no class folders{_only_splits(labels)}. {_to_do(source)}")
    if not good:
        first = next(row for row in broken if row.path == files[0].name)
        raise DataError(
            f"None of the {len(files):,} files in {where} can be read as an image. The first, {first.path}: "
            f"{first.reason}"
        )
    classes = {labels.places[file.name].label for file in good}
    if len(classes) < 2:
        gone = [row for row in lost if not row.readable]
        why = f" No image of {named([row.name for row in gone])} can be read: {gone[0].reason}" if gone else ""
        raise DataError(
            f"{where} has readable images of one class only, {classes.pop()}.{why} A classifier needs two or more. "
            f"{_to_do(source)}"
        )


def _only_splits(labels: Labelled) -> str:
    """The split folders that hold images and no folders of them, as the end of a sentence."""
    splits = [folder.path for folder in labels.folders if folder.part == "split" and folder.images]
    if not splits:
        return ""
    return f": {named(splits)} {'has' if len(splits) == 1 else 'have'} images, but no folder for each class"


def _to_do(source: Source) -> str:
    """Where the labels might be instead of in folders, what the data set is made for, or what to do."""
    ways = []
    patterns = name_suggestions(source)
    if patterns:
        counted = ", ".join(f"{label} ({count:,})" for label, count in patterns[0].images[:3])
        ways.append(f"if the file names hold the classes, as {patterns[0].pattern} ({counted}): --classes-from names")
    tables = tables_in(source)
    refusal = why_no_table(source) if tables else ""
    if tables and not refusal:
        ways.append(f"if {named(tables)} holds the labels: --classes-from csv")
    if not ways and (task := other_task(source)):
        return task
    advice = f"Put the images of each class in a folder named after it{'; or, ' if ways else ''}{'; '.join(ways)}"
    if refusal:
        return f"{advice}. The table was not taken for labels: {refusal}"
    return f"{advice}." if ways else f"{advice}, or say that the labels are in a CSV: --labels FILE."


def refuse_one_sided(classes: Sequence[str], labels: Sequence[int], splits: Sequence[str]) -> None:
    """Raise `DataError` where a given split has no validation images, or nothing to learn some classes from."""
    if "valid" not in splits:
        raise DataError("None of the validation images can be read. Add some, or remove the validation folder.")
    trained = {label for label, split in zip(labels, splits, strict=True) if split == "train"}
    untrained = [name for label, name in enumerate(classes) if label not in trained]
    written = {alike(classes[label]): classes[label] for label in trained}
    pairs = [(name, written[alike(name)]) for name in untrained if alike(name) in written]
    if pairs:
        listed = named([f"{name!r} and {other!r}" for name, other in pairs])
        raise DataError(
            f"The class folders of training and validation differ only in case or white space: {listed}. Give them the "
            "same name."
        )
    if len(untrained) == 1:
        raise DataError(
            f"The class {untrained[0]} has no readable training images. Add some to its training folder, "
            "or leave it out of the other folders: on the command line, --folder valid/NAME=ignored."
        )
    if untrained:
        raise DataError(
            f"{len(untrained):,} classes have no readable training images: {named(untrained)}. Add some to their "
            "training folders, or leave them out of the others: on the command line, --folder valid/NAME=ignored."
        )


def named(names: Sequence[str]) -> str:
    """Names in natural order in a sentence, "a, b and c"; of many the first ones, and how many more."""
    ranked = sorted(names, key=in_order)
    if len(ranked) > SHOWN:
        return f"{', '.join(ranked[:SHOWN])} and {len(ranked) - SHOWN:,} more"
    return " and ".join(part for part in (", ".join(ranked[:-1]), ranked[-1]) if part)
