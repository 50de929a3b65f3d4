"""A data set: which images there are, of which class, on which side of the split, and what is wrong with the rest."""

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from core.data.decode import Fit, checked_fit
from core.data.reading import Reading
from core.data.split import part
from core.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

SPLIT_NAMES = ("train", "valid", "test")

Indices = npt.NDArray[np.int64]
Groups = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Item:
    """One readable image; `label` is its position in `DataSet.classes`, `digest` of the file's bytes."""

    name: str
    path: Path
    label: int
    split: str
    digest: str
    width: int
    height: int


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
    """

    spec: str
    title: str
    classes: tuple[str, ...]
    items: tuple[Item, ...]
    broken: tuple[Broken, ...]
    fingerprint: str
    split_origin: str
    seed: int
    reading: Reading = field(default_factory=Reading)
    grown_from: tuple[int, ...] = ()
    fit: Fit = "crop"

    @cached_property
    def labels(self) -> Indices:
        """Class of each item, int64 of shape (N,)."""
        return np.fromiter((item.label for item in self.items), dtype=np.int64, count=len(self.items))

    def indices(self, split: str) -> Indices:
        """Positions of the items of a split ("train", "valid" or "test"), ascending."""
        if split not in SPLIT_NAMES:
            raise DataError(f"There is no split {split!r}. Choose train, valid or test.")
        return np.array([i for i, item in enumerate(self.items) if item.split == split], dtype=np.int64)

    def train_indices(self, share: float = 1.0) -> Indices:
        """Positions of `share` (0..1] of the training images of every class, at least one each, ascending.

        The same seed gives the same images, and a larger share contains every smaller one.
        """
        train = self.indices("train")
        chosen = part([self.items[i].name for i in train], [self.items[i].label for i in train], share, self.seed)
        return train[chosen]

    def counts(self) -> "pd.DataFrame":
        """Images per class and split: columns class, split, images; a row for each pair, also of 0 images."""
        import pandas as pd  # a third of a second, which the first page need not wait for

        found = Counter((item.label, item.split) for item in self.items)
        splits = [split for split in SPLIT_NAMES if any(split == used for _, used in found)]
        rows = [(name, split, found[label, split]) for label, name in enumerate(self.classes) for split in splits]
        return pd.DataFrame(rows, columns=["class", "split", "images"])

    @cached_property
    def duplicates(self) -> Groups:
        """Names of images with the same bytes, a tuple for each such group."""
        return self._groups(lambda members: True)

    @cached_property
    def leaks(self) -> Groups:
        """Those duplicates of which some are on one side of the split and some on another."""
        return self._groups(lambda members: len({item.split for item in members}) > 1)

    @cached_property
    def conflicts(self) -> Groups:
        """Those duplicates that are in several classes at once."""
        return self._groups(lambda members: len({item.label for item in members}) > 1)

    def _groups(self, wanted: Callable[[list[Item]], bool]) -> Groups:
        same: dict[str, list[Item]] = defaultdict(list)
        for item in self.items:
            same[item.digest].append(item)
        return tuple(
            tuple(item.name for item in members) for members in same.values() if len(members) > 1 and wanted(members)
        )

    @property
    def before_growing(self) -> tuple["DataSet", ...]:
        """The data set as it was each time before images were added, the latest first; for what is kept of it."""
        return tuple(replace(self, items=self.items[:count], grown_from=()) for count in reversed(self.grown_from))

    def to_json(self) -> dict[str, Any]:
        """All of it as plain values; `from_json` gives it back."""
        return {
            "spec": self.spec,
            "title": self.title,
            "classes": list(self.classes),
            "items": [[i.name, str(i.path), i.label, i.split, i.digest, i.width, i.height] for i in self.items],
            "broken": [[broken.path, broken.reason] for broken in self.broken],
            "fingerprint": self.fingerprint,
            "split_origin": self.split_origin,
            "seed": self.seed,
            "reading": self.reading.model_dump(mode="json"),
            **({"grown_from": list(self.grown_from)} if self.grown_from else {}),
            **({"fit": self.fit} if self.fit != "crop" else {}),
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "DataSet":
        """The data set that `to_json` was called on; raises `DataError` when the values are damaged."""
        try:
            rows = ((name, Path(path), *rest) for name, path, *rest in value["items"])
            return cls(
                spec=value["spec"],
                title=value["title"],
                classes=tuple(value["classes"]),
                items=tuple(Item(*row) for row in rows),
                broken=tuple(Broken(path, reason) for path, reason in value["broken"]),
                fingerprint=value["fingerprint"],
                split_origin=value["split_origin"],
                seed=value["seed"],
                reading=Reading.model_validate(value.get("reading", {})),
                grown_from=tuple(int(count) for count in value.get("grown_from", ())),
                fit=checked_fit(value.get("fit", "crop")),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise DataError("The record of this data set is damaged. Load the data set again.") from error
