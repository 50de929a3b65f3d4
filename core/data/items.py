"""The images of a data set, kept as columns: an object for an image is made when one is asked for.

200,000 objects with paths of their own take some 150 MB and a second to make; as columns they take a quarter of that,
and what is asked of all images at once, such as their sizes, is computed on arrays.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import index
from pathlib import Path
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from core.data.packed import Packed

Indices = npt.NDArray[np.int64]
"""Positions of images in a data set, (n,)."""


@dataclass(frozen=True, slots=True)
class Item:
    """One readable image; `label` is its position in `DataSet.classes`, `digest` of the file's bytes."""

    name: str
    path: Path
    label: int
    split: str
    digest: str
    width: int
    height: int


class Items(Sequence[Item]):
    """N images in their order; never changed.

    `names` and `digests` are texts, `labels`, `widths` and `heights` int64 of shape (N,). A slice is `Items` again.
    """

    __slots__ = ("_root", "_sides", "_splits", "_tails", "digests", "heights", "labels", "names", "widths")

    def __init__(
        self,
        names: Sequence[str],
        paths: Sequence[str],
        labels: Sequence[int] | Indices,
        splits: Sequence[str],
        digests: Sequence[str],
        widths: Sequence[int] | Indices,
        heights: Sequence[int] | Indices,
    ) -> None:
        """A column each, all of one length; raises `ValueError` and `TypeError` for columns that are not so."""
        if len({len(names), len(paths), len(labels), len(splits), len(digests), len(widths), len(heights)}) != 1:
            raise ValueError("the columns have different lengths")
        self.names = _texts(names)
        self.digests = _texts(digests)
        self.labels, self.widths, self.heights = _numbers(labels), _numbers(widths), _numbers(heights)
        self._sides, self._splits = _coded(_texts(splits))
        self._root, self._tails = _rooted(self.names, _texts(paths))

    @classmethod
    def of(cls, items: Iterable[Item]) -> "Items":
        """`items` as columns."""
        if isinstance(items, Items):
            return items
        return cls.of_rows(
            [(i.name, str(i.path), int(i.label), str(i.split), i.digest, int(i.width), int(i.height)) for i in items]
        )

    @classmethod
    def of_rows(cls, rows: Sequence[Sequence[Any]]) -> "Items":
        """Of rows (name, path, label, split, digest, width, height); raises as `Items` does."""
        if not rows:
            return cls((), (), (), (), (), (), ())
        return cls(*zip(*rows, strict=True))

    @classmethod
    def unpacked(cls, kept: Packed) -> "Items":
        """What `packed` gave; raises `KeyError`, `ValueError` and `AttributeError` for a damaged file."""
        texts, numbers = kept.texts, kept.numbers
        items = cls.__new__(cls)
        items.names, items.digests = tuple(texts["names"]), tuple(texts["digests"])
        items._root, items._tails = str(kept.words["root"]), tuple(texts["tails"]) if "tails" in texts else items.names
        items.labels, items.widths, items.heights = (
            _numbers(numbers[name]) for name in ("labels", "widths", "heights")
        )
        items._sides, items._splits = tuple(map(str, kept.words["sides"])), numbers["splits"]
        columns = (items.names, items.digests, items._tails, items.labels, items.widths, items.heights, items._splits)
        if len({len(column) for column in columns}) != 1 or items._splits.max(initial=-1) >= len(items._sides):
            raise ValueError("the columns do not agree")
        return items

    def packed(self) -> Packed:
        """All of it as columns for a file."""
        texts: dict[str, Sequence[str]] = {"names": self.names, "digests": self.digests}
        if self._tails is not self.names:
            texts["tails"] = self._tails
        numbers: dict[str, npt.NDArray[Any]] = {"labels": self.labels, "splits": self._splits}
        numbers |= {"widths": self.widths, "heights": self.heights}
        return Packed({"root": self._root, "sides": list(self._sides)}, texts, numbers)

    def rows(self) -> Iterator[tuple[str, str, int, str, str, int, int]]:
        """What `of_rows` takes."""
        numbers = (column.tolist() for column in (self.labels, self.widths, self.heights))
        labels, widths, heights = numbers
        return zip(self.names, self.paths(), labels, self.splits(), self.digests, widths, heights, strict=True)

    def paths(self) -> Iterator[str]:
        """Where each image lies."""
        root = self._root
        return (root + tail for tail in self._tails) if root else iter(self._tails)

    def splits(self) -> Iterator[str]:
        """The side of the split of each image."""
        return map(self._sides.__getitem__, self._splits.tolist())

    def are_in(self, split: str) -> npt.NDArray[np.bool_]:
        """Whether each image is on this side of the split, (N,)."""
        code = self._sides.index(split) if split in self._sides else -1
        found: npt.NDArray[np.bool_] = self._splits == code
        return found

    def __len__(self) -> int:
        return len(self.names)

    @overload
    def __getitem__(self, place: int) -> Item: ...
    @overload
    def __getitem__(self, place: slice) -> "Items": ...
    def __getitem__(self, place: int | slice) -> "Item | Items":
        if isinstance(place, slice):
            return self.select(np.arange(len(self))[place])
        at = index(place)
        return Item(
            self.names[at],
            Path(self._root + self._tails[at]),
            int(self.labels[at]),
            self._sides[self._splits[at]],
            self.digests[at],
            int(self.widths[at]),
            int(self.heights[at]),
        )

    def __iter__(self) -> Iterator[Item]:
        for name, path, label, split, digest, width, height in self.rows():
            yield Item(name, Path(path), label, split, digest, width, height)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Items):
            return NotImplemented
        return len(self) == len(other) and all(
            mine == theirs for mine, theirs in zip(self.rows(), other.rows(), strict=True)
        )

    __hash__ = None  # type: ignore[assignment]  # nothing is kept by all images of a set

    def select(self, places: Indices) -> "Items":
        """The images at `places`, in their order."""
        at = places.tolist()
        taken = self._like()
        taken.names, taken.digests = (tuple(column[i] for i in at) for column in (self.names, self.digests))
        taken._tails = taken.names if self._tails is self.names else tuple(self._tails[i] for i in at)
        taken.labels, taken.widths, taken.heights = (
            _numbers(column[places]) for column in (self.labels, self.widths, self.heights)
        )
        taken._splits = self._splits[places]
        return taken

    def with_labels(self, labels: Indices) -> "Items":
        """The same images with these classes."""
        changed = self._like()
        changed.labels = _numbers(labels)
        return changed

    def with_splits(self, splits: Sequence[str]) -> "Items":
        """The same images on these sides of the split."""
        changed = self._like()
        changed._sides, changed._splits = _coded(tuple(splits))
        return changed

    def with_paths(self, paths: Sequence[str]) -> "Items":
        """The same images in these places."""
        changed = self._like()
        changed._root, changed._tails = _rooted(self.names, tuple(paths))
        return changed

    def joined(self, more: "Items") -> "Items":
        """These images, and `more` after them."""
        columns = zip(self._columns(), more._columns(), strict=True)
        return Items(*([*one, *other] for one, other in columns))

    def _columns(self) -> tuple[Iterable[Any], ...]:
        numbers = (self.labels.tolist(), self.widths.tolist(), self.heights.tolist())
        return (self.names, self.paths(), numbers[0], self.splits(), self.digests, *numbers[1:])

    def _like(self) -> "Items":
        copy = Items.__new__(Items)
        for name in Items.__slots__:
            setattr(copy, name, getattr(self, name))
        return copy


def _texts(values: Sequence[str]) -> tuple[str, ...]:
    if not set(map(type, values)) <= {str}:
        raise TypeError("a name is no text")
    return tuple(values)


def _numbers(values: Sequence[int] | Indices) -> Indices:
    if not isinstance(values, np.ndarray):
        if not set(map(type, values)) <= {int}:
            raise TypeError("a count is no whole number")
        values = np.fromiter(values, dtype=np.int64, count=len(values))
    numbers: Indices = values.astype(np.int64)  # a copy: what was given may be changed by whoever has it
    numbers.flags.writeable = False
    return numbers


def _coded(values: Sequence[str]) -> tuple[tuple[str, ...], npt.NDArray[np.int32]]:
    """The different texts, and which of them each value is."""
    texts = tuple(dict.fromkeys(values))
    places = {text: place for place, text in enumerate(texts)}
    return texts, np.fromiter(map(places.__getitem__, values), dtype=np.int32, count=len(values))


def _rooted(names: tuple[str, ...], paths: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """What all paths begin with and the rest of each: the names themselves where the files are called so."""
    if not paths or not names[0] or not paths[0].endswith(names[0]):
        return "", paths
    root = paths[0][: -len(names[0])]
    called_so = all(path == root + name for path, name in zip(paths, names, strict=True))
    return (root, names) if called_so else ("", paths)
