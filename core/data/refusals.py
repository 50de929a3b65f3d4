"""Data sets that cannot be trained on, each refused with what to do."""

from collections.abc import Sequence

from core.data.dataset import Broken
from core.data.folder_names import in_order
from core.data.labels import Labelled
from core.data.reading import LostClass
from core.data.sources import Source, SourceFile
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
    if not files:
        raise DataError(f"{where} has no class folders. Put the images of each class in a folder named after it.")
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
            f"{where} has readable images of one class only, {classes.pop()}.{why} A classifier needs two or more: "
            "put the images of each class in a folder of their own."
        )


def refuse_one_sided(classes: Sequence[str], labels: Sequence[int], splits: Sequence[str]) -> None:
    """Raise `DataError` where a given split has no validation images, or nothing to learn some classes from."""
    if "valid" not in splits:
        raise DataError("None of the validation images can be read. Add some, or take the validation folder away.")
    trained = {label for label, split in zip(labels, splits, strict=True) if split == "train"}
    untrained = [name for label, name in enumerate(classes) if label not in trained]
    if len(untrained) == 1:
        raise DataError(
            f"The class {untrained[0]} has no readable training images. Add some to its training folder, "
            "or take the class away from the other folders."
        )
    if untrained:
        raise DataError(
            f"{len(untrained):,} classes have no readable training images: {named(untrained)}. Add some to their "
            "training folders, or take the classes away from the other folders."
        )


def named(names: Sequence[str]) -> str:
    """Names in natural order in a sentence, "a, b and c"; of many the first ones, and how many more."""
    ranked = sorted(names, key=in_order)
    if len(ranked) > SHOWN:
        return f"{', '.join(ranked[:SHOWN])} and {len(ranked) - SHOWN:,} more"
    return " and ".join(part for part in (", ".join(ranked[:-1]), ranked[-1]) if part)
