"""The training images that are most like an image to the network: nearest by the cosine of their activations.

Importing this module imports no torch.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from core.data.index import DataSet, Indices

Floats = npt.NDArray[np.float32]

VALUES_AT_ONCE = 2**22
"""Activations in memory at a time, and products: 16 MB each, however many images there are."""

QUERIES_AT_ONCE = 512


@dataclass(frozen=True)
class Neighbours:
    """K neighbours of each of Q images, the nearest first.

    `indices` (Q, K) int64 are positions in the data set's items, `similarities` (Q, K) float32 the cosines, -1..1;
    `labels` (Q, K) int64 are the neighbours' classes.
    """

    indices: Indices
    similarities: Floats
    labels: Indices

    def __len__(self) -> int:
        return len(self.indices)

    def agreeing(self, label: int, image: int) -> int:
        """How many neighbours of the image in row `image` are of class `label`."""
        return int((self.labels[image] == label).sum())


class NearestAnswer(BaseModel):
    """The nearest training images of the data set's images `items` (Q), to the network at `size` px.

    `indices` and `similarities` (Q, K) as in `Neighbours`.
    """

    model_config = ConfigDict(frozen=True, ser_json_inf_nan="constants")

    size: int
    items: tuple[int, ...]
    indices: tuple[tuple[int, ...], ...]
    similarities: tuple[tuple[float, ...], ...]

    @classmethod
    def of(cls, found: Neighbours, items: Indices, size: int) -> "NearestAnswer":
        """Neighbours of `items` (Q,) as plain values, the cosines with 4 decimals."""
        similar = [[round(float(cosine), 4) for cosine in row] for row in found.similarities]
        return cls(size=size, items=items.tolist(), indices=found.indices.tolist(), similarities=similar)

    def neighbours(self, data: DataSet) -> Neighbours:
        """Them as arrays, with their classes in `data`."""
        count = len(self.indices[0]) if self.indices else 0
        indices = np.array(self.indices, dtype=np.int64).reshape(len(self.items), count)
        similarities = np.array(self.similarities, dtype=np.float32).reshape(indices.shape)
        return Neighbours(indices, similarities, data.labels[indices])


def nearest_of_items(data: DataSet, activations: Floats, items: Indices, count: int = 6) -> Neighbours:
    """The `count` nearest training images of the data set's images `items` (Q,); no image is a neighbour of itself.

    `activations` (N, F) are those of all images of `data` (`core.model.activations.load_activations`).
    """
    return _nearest(data, activations, activations[items], count, items)


def nearest_of_features(data: DataSet, activations: Floats, features: Floats, count: int = 6) -> Neighbours:
    """The `count` nearest training images of other images, from their features (Q, F) (`Classifier.features`).

    `activations` (N, F) are those of all images of `data`, with the same weights and at the same size.
    """
    return _nearest(data, activations, features, count, None)


def _nearest(
    data: DataSet, activations: Floats, features: Floats, count: int, themselves: Indices | None
) -> Neighbours:
    """Exact, a chunk of the training images at a time; with `themselves` (Q,) the positions of the images asked for.

    The same K for all: the number of training images, less one where an image may be among them, when that is lower.
    """
    train = data.indices("train")
    most = len(train) - int(themselves is not None and bool(np.isin(themselves, train).any()))
    count = max(0, min(count, most))
    queries = _unit(features)
    indices = np.zeros((len(queries), 0), dtype=np.int64)
    similarities = np.zeros((len(queries), 0), dtype=np.float32)
    rows = max(1, VALUES_AT_ONCE // max(1, activations.shape[1], QUERIES_AT_ONCE))
    for first in range(0, len(train) if count else 0, rows):
        there = train[first : first + rows]
        bank = np.ascontiguousarray(activations[there], dtype=np.float32)
        starts = range(0, max(1, len(queries)), QUERIES_AT_ONCE)
        parts = [_best(queries, bank, there, count, themselves, slice(at, at + QUERIES_AT_ONCE)) for at in starts]
        indices = np.hstack([indices, np.vstack([places for places, _ in parts])])
        similarities = np.hstack([similarities, np.vstack([found for _, found in parts])])
        indices, similarities = _sorted(indices, similarities, count)
    return Neighbours(indices, similarities, data.labels[indices])


def _best(
    queries: Floats, bank: Floats, there: Indices, count: int, themselves: Indices | None, part: slice
) -> tuple[Indices, Floats]:
    """The best of one chunk for a part of the queries, in no order; an image itself is as unlike as can be."""
    with np.errstate(invalid="ignore", over="ignore"):
        found = np.nan_to_num((queries[part] @ bank.T) * _one_by_length(bank), nan=0.0, posinf=0.0, neginf=0.0)
    if themselves is not None:
        found[themselves[part][:, None] == there[None, :]] = -np.inf
    if found.shape[1] > count:
        places = np.argpartition(-found, count - 1, axis=1)[:, :count]
        return there[places], np.take_along_axis(found, places, axis=1)
    return np.broadcast_to(there, found.shape), found


def _sorted(indices: Indices, similarities: Floats, count: int) -> tuple[Indices, Floats]:
    """The best `count` of each row, the most similar first; of equally similar ones, the first in the data set."""
    order = np.lexsort((indices, -similarities), axis=1)[:, :count]
    return np.take_along_axis(indices, order, axis=1), np.take_along_axis(similarities, order, axis=1)


def _unit(rows: Floats) -> Floats:
    """Rows of length 1; those without a direction, or with numbers that are not finite, become 0: like nothing."""
    rows = np.asarray(rows, dtype=np.float32)
    with np.errstate(invalid="ignore", over="ignore"):
        units: Floats = np.nan_to_num(rows * _one_by_length(rows)[:, None], nan=0.0, posinf=0.0, neginf=0.0)
    return units


def _one_by_length(rows: Floats) -> Floats:
    """1 / the length of each row, (n,); 0 for rows without a direction, or with numbers that are not finite."""
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        found: Floats = (1 / np.sqrt(np.einsum("ij,ij->i", rows, rows))).astype(np.float32)
    return np.where(np.isfinite(found), found, np.float32(0))
