"""A data set with more images of the same classes: those there before keep their place, their class and their side."""

from dataclasses import replace
from typing import NamedTuple

from core.data.dataset import DataSet
from core.data.folder_names import one_form
from core.data.index import fingerprint_of
from core.data.items import Item, Items
from core.data.labels import Labelled, labelled
from core.data.reading import Choice
from core.data.scan import scan
from core.data.sources import SourceFile, open_source
from core.data.versions.version import as_given
from core.errors import DataError
from core.workspace import Progress, Workspace, no_progress


class Growth(NamedTuple):
    """The grown data set, how many images of each side were added, and how many were left out, being there already."""

    data: DataSet
    train: int
    valid: int
    known: int


def grown(data: DataSet, spec: str, workspace: Workspace, progress: Progress = no_progress) -> Growth:
    """`data` with the images of `spec`, a folder or an archive, that it does not hold yet, recognised by their bytes.

    New images are trained on, unless `spec` has folders for validation; images that were held out stay held out, and
    none of them enters training. Raises `DataError` when there is nothing new, or a class is not one of `data`.
    """
    source = open_source(spec, workspace, progress)
    labels = labelled(source, Choice())
    files = [file for file in source.files if file.name in labels.places]
    numbers = _numbers(data, labels, files)
    seen = scan(source.spec, files, workspace, progress).seen
    held, names = set(data.items.digests), set(data.items.names)
    new: list[Item] = []
    known = 0
    for file, found in zip(files, seen, strict=True):
        if found.reason:
            continue
        if found.digest in held:
            known += 1
            continue
        held.add(found.digest)
        place = labels.places[file.name]
        split = place.split if labels.origin and place.split in ("train", "valid", "test") else "train"
        name = _unused(file.name, names)
        names.add(name)
        label = numbers[one_form(place.label)]
        new.append(Item(name, file.path, label, split, found.digest, found.width, found.height))
    if not new:
        raise DataError(
            f"{source.spec} holds no image that the run does not have yet. Choose a folder with new images."
        )
    items = data.items.joined(Items.of(new))
    after = replace(
        data,
        items=items,
        fingerprint=fingerprint_of(data.classes, items),
        grown_from=(*data.grown_from, len(data.items)),
    )
    if data.edits:
        after = replace(after, given=as_given(after).fingerprint)
    sides = [item.split for item in new]
    return Growth(after, sides.count("train"), sides.count("valid"), known)


def _numbers(data: DataSet, labels: Labelled, files: list[SourceFile]) -> dict[str, int]:
    """The number of each class by its name; raises `DataError` for classes that the data set does not have."""
    numbers = {one_form(name): number for number, name in enumerate(data.classes)}
    found = {labels.places[file.name].label for file in files}
    strange = sorted(name for name in found if one_form(name) not in numbers)
    if strange:
        some = ", ".join(strange[:5]) + (", …" if len(strange) > 5 else "")
        raise DataError(
            f"The run has no class {some}. Put new images into folders named after its classes "
            f"({', '.join(data.classes[:5])}{', …' if len(data.classes) > 5 else ''}), or begin a new run."
        )
    return numbers


def _unused(name: str, names: set[str]) -> str:
    """`name`, or one like it that no image has yet."""
    number, free = 1, name
    while free in names:
        number += 1
        free = f"added-{number}/{name}"
    return free
