"""A data set: which images there are, of which class, on which side of the split, and what is wrong with the rest."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from core.data.layout import Layout, lay_out
from core.data.scan import Seen, scan
from core.data.sources import Source, SourceFile, open_source
from core.data.split import hold_out, part
from core.errors import DataError
from core.workspace import Progress, Workspace, no_progress

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
    """Classes, images and a split, sorted by name.

    `fingerprint` is of the content: names, classes and bytes of the images, not of how they are split; with
    `split_origin` ("as given", "20 % held out, seed 0") and `seed` it fixes the split too.
    """

    spec: str
    title: str
    classes: tuple[str, ...]
    items: tuple[Item, ...]
    broken: tuple[Broken, ...]
    fingerprint: str
    split_origin: str
    seed: int

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
        """Images a class and split: columns class, split, images; a row for each pair, also of 0 images."""
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
            )
        except (KeyError, TypeError, ValueError) as error:
            raise DataError("The record of this data set is damaged. Load the data set again.") from error


def load_data(
    spec: str,
    workspace: Workspace,
    *,
    valid_share: float = 0.2,
    seed: int = 0,
    progress: Progress = no_progress,
) -> DataSet:
    """Read a data set: every file is looked at once, bad ones are listed and skipped.

    `spec` as in `core.data.sources.open_source`. Where the folders give no split, `valid_share` (0..1) of
    every class is held out, the same images for the same `seed`. Raises `DataError` when there is nothing to
    train on, with what to do.
    """
    source = open_source(spec, workspace, progress)
    layout = lay_out([file.name for file in source.files])
    files = [file for file in source.files if file.name in layout.places]
    seen = scan(source.spec, files, workspace, progress)
    unreadable = [(file.name, found.reason) for file, found in zip(files, seen, strict=True) if found.reason]
    broken = tuple(Broken(*row) for row in sorted([*source.refused, *layout.strays, *unreadable]))
    good = [(file, found) for file, found in zip(files, seen, strict=True) if not found.reason]
    _refuse_nothing(source, layout, files, good, broken)
    return _assembled(source, layout, good, broken, valid_share, seed)


Found = Sequence[tuple[SourceFile, Seen]]


def _assembled(
    source: Source, layout: Layout, good: Found, broken: tuple[Broken, ...], valid_share: float, seed: int
) -> DataSet:
    names = [layout.places[file.name].label for file, _ in good]
    classes = sorted(set(names))
    number = {name: label for label, name in enumerate(classes)}
    labels = [number[name] for name in names]
    digests = [found.digest for _, found in good]
    if layout.origin:
        splits = [layout.places[file.name].split for file, _ in good]
        _refuse_one_sided(classes, labels, splits)
        origin = layout.origin
    else:
        held = hold_out(labels, digests, classes, valid_share, seed)
        splits = ["valid" if is_held else "train" for is_held in held]
        origin = f"{valid_share * 100:.3g} % held out, seed {seed}"
    items = tuple(
        Item(file.name, file.path, label, split, found.digest, found.width, found.height)
        for (file, found), label, split in zip(good, labels, splits, strict=True)
    )
    return DataSet(source.spec, source.title, tuple(classes), items, broken, _fingerprint(classes, items), origin, seed)


def _fingerprint(classes: list[str], items: Sequence[Item]) -> str:
    content = repr((classes, [(item.name, item.label, item.digest) for item in items]))
    return hashlib.blake2b(content.encode(), digest_size=16).hexdigest()


def _refuse_nothing(
    source: Source, layout: Layout, files: list[SourceFile], good: Found, broken: tuple[Broken, ...]
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
    classes = {layout.places[file.name].label for file, _ in good}
    if len(classes) < 2:
        raise DataError(
            f"{where} has readable images of one class only, {classes.pop()}. A classifier needs two or more: "
            "put the images of each class in a folder of their own."
        )


def _refuse_one_sided(classes: list[str], labels: list[int], splits: list[str]) -> None:
    """Raise `DataError` where a given split has no validation images, or nothing to learn a class from."""
    if "valid" not in splits:
        raise DataError("None of the validation images can be read. Add some, or take the validation folder away.")
    trained = {label for label, split in zip(labels, splits, strict=True) if split == "train"}
    for label, name in enumerate(classes):
        if label not in trained:
            raise DataError(
                f"The class {name} has no readable training images. Add some to its training folder, "
                "or take the class away from the other folders."
            )
