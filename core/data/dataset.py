"""A data set: which images there are, of which class, on which side of the split, and what is wrong with the rest."""

import os
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from core.data.decode import Fit, checked_fit
from core.data.items import Indices, Items
from core.data.reading import Reading
from core.data.split import part
from core.data.versions.edits import EXCLUDED, Edit
from core.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

SPLIT_NAMES = ("train", "valid", "test")

Groups = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Broken:
    """A file that is skipped: its name in the set, and one sentence that says why."""

    path: str
    reason: str


@dataclass(frozen=True)
class DataSet:
    """Classes, images and a split, sorted by name; numbers in the names of classes sort as numbers.

    `fingerprint` is of the content: names, classes and bytes of the images, not of how they are split; with
    `split_origin` ("as given", "20% held out, seed 0") and `seed` it fixes the split too. `reading` says how the
    files became classes. `grown_from` has how many images there were each time before more were added; these keep
    their places, and the added ones come after them. `fit` says how pictures that are not square become so.
    `edits` are those that make it a version of what the files give (`core.data.versions`), and `given` is the
    fingerprint without them.
    """

    spec: str
    title: str
    classes: tuple[str, ...]
    items: Items
    broken: tuple[Broken, ...]
    fingerprint: str
    split_origin: str
    seed: int
    reading: Reading = field(default_factory=Reading)
    grown_from: tuple[int, ...] = ()
    fit: Fit = "crop"
    edits: tuple[Edit, ...] = ()
    given: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "items", Items.of(self.items))

    @cached_property
    def used(self) -> Items:
        """The images on a side of the split: all but those that the version leaves out."""
        out = self.items.are_in(EXCLUDED)
        return self.items.select(np.flatnonzero(~out)) if out.any() else self.items

    @property
    def labels(self) -> Indices:
        """Class of each item, int64 of shape (N,)."""
        return self.items.labels

    @cached_property
    def places(self) -> dict[str, int]:
        """Name of an image -> its position in the items."""
        return {name: place for place, name in enumerate(self.items.names)}

    @cached_property
    def folders(self) -> tuple[str, ...]:
        """The folders in which images lie, each once."""
        return tuple(dict.fromkeys(path.rpartition(os.sep)[0] for path in self.items.paths()))

    def indices(self, split: str) -> Indices:
        """Positions of the items of a split ("train", "valid" or "test"), ascending."""
        if split not in SPLIT_NAMES:
            raise DataError(f"There is no split {split!r}. Choose train, valid or test.")
        return np.flatnonzero(self.items.are_in(split)).astype(np.int64)

    def of_class(self, label: int, split: str = "") -> Indices:
        """Positions of the used images of a class, on one side of the split or on all, ascending."""
        wanted = self.items.are_in(split) if split else ~self.items.are_in(EXCLUDED)
        return np.flatnonzero(wanted & (self.labels == label)).astype(np.int64)

    def train_indices(self, share: float = 1.0) -> Indices:
        """Positions of `share` (0..1] of the training images of every class, at least one each, ascending.

        The same seed gives the same images, and a larger share contains every smaller one.
        """
        train = self.indices("train")
        names = [self.items.names[i] for i in train.tolist()]
        chosen = part(names, self.labels[train].tolist(), share, self.seed)
        return train[chosen]

    def counts(self) -> "pd.DataFrame":
        """Images per class and split: columns class, split, images; a row for each pair, also of 0 images."""
        import pandas as pd  # a third of a second, which the first page need not wait for

        found = {split: self.images_of(split) for split in SPLIT_NAMES}
        splits = [split for split in SPLIT_NAMES if found[split].any()]
        rows = [(name, split, int(found[split][label])) for label, name in enumerate(self.classes) for split in splits]
        return pd.DataFrame(rows, columns=["class", "split", "images"])

    def images_of(self, split: str) -> Indices:
        """How many images of a split each class has, int64 of shape (C,)."""
        return np.bincount(self.labels[self.indices(split)], minlength=len(self.classes)).astype(np.int64)

    @cached_property
    def duplicates(self) -> Groups:
        """Names of images with the same bytes, a tuple for each such group."""
        return self._groups(lambda members: True)

    @cached_property
    def leaks(self) -> Groups:
        """Those duplicates of which some are on one side of the split and some on another."""
        splits = list(self.used.splits())
        return self._groups(lambda members: len({splits[i] for i in members}) > 1)

    @cached_property
    def conflicts(self) -> Groups:
        """Those duplicates that are in several classes at once."""
        labels = self.used.labels
        return self._groups(lambda members: len({int(labels[i]) for i in members}) > 1)

    def _groups(self, wanted: Callable[[list[int]], bool]) -> Groups:
        names = self.used.names
        return tuple(tuple(names[i] for i in members) for members in self._same_bytes if wanted(members))

    @cached_property
    def _same_bytes(self) -> list[list[int]]:
        """Positions in `used` of images with the same bytes, of those that have copies."""
        first: dict[str, int] = {}
        same: dict[int, list[int]] = defaultdict(list)
        for place, digest in enumerate(self.used.digests):
            one = first.setdefault(digest, place)
            if one != place:
                same[one].append(place)
        return [[one, *same[one]] for one in sorted(same)]

    def to_json(self) -> dict[str, Any]:
        """All of it as plain values; `from_json` gives it back."""
        return {**self.head(), "items": [list(row) for row in self.items.rows()]}

    def head(self) -> dict[str, Any]:
        """All of it but the images, as plain values; `of_head` gives it back with them."""
        return {
            "spec": self.spec,
            "title": self.title,
            "classes": list(self.classes),
            "broken": [[broken.path, broken.reason] for broken in self.broken],
            "fingerprint": self.fingerprint,
            "split_origin": self.split_origin,
            "seed": self.seed,
            "reading": self.reading.model_dump(mode="json"),
            **({"grown_from": list(self.grown_from)} if self.grown_from else {}),
            **({"fit": self.fit} if self.fit != "crop" else {}),
            **(
                {"edits": [edit.model_dump(mode="json") for edit in self.edits], "given": self.given}
                if self.edits
                else {}
            ),
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "DataSet":
        """The data set that `to_json` was called on; raises `DataError` when the values are damaged."""
        try:
            return cls.of_head(value, Items.of_rows(value["items"]))
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise DataError("The record of this data set is damaged. Load the data set again.") from error

    @classmethod
    def of_head(cls, value: dict[str, Any], items: Items) -> "DataSet":
        """The data set of `items` that `head` was called on.

        Raises `KeyError`, `TypeError` or `ValueError` where the values are damaged, or a label is of no class.
        """
        if len(items) and not 0 <= items.labels.min() <= items.labels.max() < len(value["classes"]):
            raise ValueError("a label is of no class")
        return cls(
            spec=value["spec"],
            title=value["title"],
            classes=tuple(value["classes"]),
            items=items,
            broken=tuple(Broken(path, reason) for path, reason in value["broken"]),
            fingerprint=value["fingerprint"],
            split_origin=value["split_origin"],
            seed=value["seed"],
            reading=Reading.model_validate(value.get("reading", {})),
            grown_from=tuple(int(count) for count in value.get("grown_from", ())),
            fit=checked_fit(value.get("fit", "crop")),
            edits=tuple(Edit.model_validate(edit) for edit in value.get("edits", ())),
            given=str(value.get("given", "")),
        )
