"""A data set with edits: labels changed and images left out, each image in its place; and without them again."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from core.data.dataset import SPLIT_NAMES, DataSet
from core.data.index import fingerprint_of
from core.data.refusals import named
from core.data.versions.edits import EXCLUDED, Edit
from core.errors import DataError


class Unfit(NamedTuple):
    """An edit that does not fit a data set, and why, in a sentence."""

    edit: Edit
    reason: str


def as_given(data: DataSet) -> DataSet:
    """The data set as its files give it, with every edit taken back."""
    if not data.edits:
        return data
    numbers = {name: number for number, name in enumerate(data.classes)}
    labels, splits = data.labels.copy(), list(data.items.splits())
    for edit in data.edits:
        place = data.places.get(edit.image)
        if place is not None:
            labels[place], splits[place] = numbers[edit.was], edit.split
    items = data.items.with_labels(labels).with_splits(splits)
    return replace(data, items=items, fingerprint=fingerprint_of(data.classes, items), edits=(), given="")


def versioned(data: DataSet, edits: Sequence[Edit]) -> DataSet:
    """The version of `data` with exactly these edits; those that it has already are taken back first.

    Every image keeps its place and its side of the split, so what was decoded and computed of them stays valid; one
    that is left out is on none. Raises `DataError` when an edit does not fit the images, or where a class, training or
    validation would be left with too few images.
    """
    given = as_given(data)
    wrong = unfit(given, edits)
    if wrong:
        more = f" (and {len(wrong) - 1:,} more)" if len(wrong) > 1 else ""
        raise DataError(
            f"The edit of {wrong[0].edit.image} does not fit the data set{more}: {wrong[0].reason} "
            "Take such edits back, or put the files back as they were."
        )
    after = edited(given, edits)
    _refuse_few(given, after)
    return after


def edited(given: DataSet, edits: Sequence[Edit]) -> DataSet:
    """`given`, which has no edits, with `edits`, which fit it; nothing is refused."""
    numbers = {name: number for number, name in enumerate(given.classes)}
    labels, splits = given.labels.copy(), list(given.items.splits())
    applied: dict[int, Edit] = {}
    for edit in edits:
        place = _place(given, edit)
        if place is None or place in applied:
            continue
        applied[place] = edit.model_copy(update={"image": given.items.names[place], "split": splits[place]})
        if edit.action == "relabel":
            labels[place] = numbers[edit.to]
        elif edit.action == "exclude":
            splits[place] = EXCLUDED
    if not applied:
        return given
    items = given.items.with_labels(labels).with_splits(splits)
    after = replace(given, items=items, fingerprint=fingerprint_of(given.classes, items))
    return replace(after, edits=tuple(applied.values()), given=given.fingerprint)


def unfit(given: DataSet, edits: Sequence[Edit]) -> list[Unfit]:
    """The edits that do not fit `given`, the data set without edits: of files that changed or are gone, of other
    classes.

    An image that only has another name by now is known by its bytes.
    """
    found = []
    for edit in edits:
        place = _place(given, edit)
        if place is None:
            what = "the file has changed since" if edit.image in given.places else "the file is gone"
            found.append(Unfit(edit, f"{what}."))
            continue
        label = given.classes[given.labels[place]]
        if edit.to and edit.to not in given.classes:
            found.append(Unfit(edit, f"there is no class {edit.to} now."))
        elif label != edit.was:
            found.append(Unfit(edit, f"it was of class {edit.was} when it was edited, and its files now say {label}."))
    return found


def _place(given: DataSet, edit: Edit) -> int | None:
    """The place of the edited image; where it has another name by now, of the one image with its bytes and class."""
    digests, place = given.items.digests, given.places.get(edit.image)
    if place is not None and digests[place] == edit.digest:
        return place
    same = [
        place
        for place, digest in enumerate(digests)
        if digest == edit.digest and given.classes[given.labels[place]] == edit.was
    ]
    return same[0] if len(same) == 1 else None


def _refuse_few(given: DataSet, after: DataSet) -> None:
    """Raise `DataError` where the edits, not the files, leave too little to train or to validate on."""
    for split, what in (("train", "training"), ("valid", "validation")):
        if len(given.indices(split)) and not len(after.indices(split)):
            raise DataError(f"The edits leave no {what} image. Take some of them back.")
    had, has = _sizes(given), _sizes(after)
    trained, trains = _sizes(given, "train"), _sizes(after, "train")
    for counts, before, least, what in ((has, had, 2, ""), (trains, trained, 1, "training ")):
        few = [label for label in range(len(given.classes)) if counts[label] < least <= before[label]]
        if few:
            left = f"1 {what}image" if counts[few[0]] else f"no {what}image"
            raise DataError(
                f"The edits leave the class {named([given.classes[label] for label in few])} with {left}, which is "
                "too few to learn it. Take some of them back, or add images of it."
            )


def _sizes(data: DataSet, split: str = "") -> list[int]:
    """How many images of a split, or of all of them, each class has."""
    counts = [data.images_of(name).tolist() for name in ((split,) if split else SPLIT_NAMES)]
    return [sum(of_each) for of_each in zip(*counts, strict=True)]
