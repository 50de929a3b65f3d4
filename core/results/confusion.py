"""Confusion matrices and what follows from them. Importing this module does not import torch.

Rows are true classes and columns predicted ones, as in scikit-learn.
"""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

Integers = npt.NDArray[np.int64]
Normalise = Literal["none", "true", "predicted"]


def confusion_matrix(
    labels: npt.NDArray[np.integer[Any]], predicted: npt.NDArray[np.integer[Any]], classes: int
) -> Integers:
    """Counts (C, C) int64 of (true, predicted) pairs; `labels` and `predicted` (N,) are in 0..C-1.

    >>> confusion_matrix(np.array([0, 0, 1]), np.array([0, 1, 1]), 2).tolist()
    [[1, 1], [0, 1]]
    """
    pairs = np.asarray(labels, dtype=np.int64) * classes + np.asarray(predicted, dtype=np.int64)
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes).astype(np.int64)


def normalised(matrix: Integers, by: Normalise = "true") -> npt.NDArray[np.float64]:
    """The matrix as shares (C, C) 0..1 of the images of each true class (row) or predicted class (column).

    "none" gives shares of all images. A row or column without images is 0.

    >>> normalised(np.array([[3, 1], [0, 2]]), "true").tolist()
    [[0.75, 0.25], [0.0, 1.0]]
    """
    total = matrix.sum(axis={"true": 1, "predicted": 0, "none": None}[by], keepdims=True)
    return _ratio(matrix, np.broadcast_to(total, matrix.shape))


def as_frame(
    matrix: Integers,
    classes: Sequence[str],
    normalise: Normalise = "true",
    order: Sequence[int] | None = None,
    *,
    filled: bool = False,
) -> pd.DataFrame:
    """One row for each cell, in `order` of classes: `true`, `predicted`, `images`, `share` (0..1), `correct`.

    `order` may name some of the classes; shares are still of all images. With `filled`, cells off the diagonal without
    images are left out: of 1,000 classes these are nearly all of a million.
    """
    chosen = np.arange(len(classes)) if order is None else np.asarray(order, dtype=np.int64)
    names = np.array(classes, dtype=object)[chosen]
    grid = np.ix_(chosen, chosen)
    images = matrix[grid]
    wanted = (images != 0) | np.eye(len(names), dtype=bool) if filled else np.ones(images.shape, dtype=bool)
    rows, columns = np.nonzero(wanted)
    return pd.DataFrame(
        {
            "true": names[rows],
            "predicted": names[columns],
            "images": images[rows, columns],
            "share": normalised(matrix, normalise)[grid][rows, columns],
            "correct": rows == columns,
        }
    )


def order_by_confusion(matrix: Integers) -> list[int]:
    """An order of the classes in which confused classes are neighbours, the most confused ones first.

    The pairs of classes are sorted by the number of images confused in either direction, most first, and joined at
    their ends to chains. Classes that are never confused come last, in their own order.

    >>> order_by_confusion(np.array([[9, 0, 1], [0, 9, 0], [4, 0, 5]]))
    [0, 2, 1]
    """
    both = matrix + matrix.T
    np.fill_diagonal(both, 0)
    first, second = np.nonzero(np.triu(both, 1))
    chains = {c: [c] for c in range(len(matrix))}
    for pair in np.argsort(-both[first, second], kind="stable"):
        _join(chains, int(first[pair]), int(second[pair]))
    unique = list({id(chain): chain for chain in chains.values()}.values())
    unique.sort(key=lambda chain: -int(both[np.ix_(chain, chain)].max(initial=0)))
    return [c for chain in unique for c in chain]


def most_confused(matrix: Integers, classes: Sequence[str], n: int = 10) -> pd.DataFrame:
    """The `n` largest cells off the diagonal: `true`, `predicted`, `images`, `share` of the true class's images."""
    frame = as_frame(matrix, classes, filled=True)
    wrong = frame[~frame["correct"] & (frame["images"] > 0)]
    ranked = wrong.sort_values(["images", "share"], ascending=False, kind="stable").head(n)
    return ranked.drop(columns="correct").reset_index(drop=True)


def most_confused_pair(matrix: Integers) -> tuple[int, int, int]:
    """The two classes with most images taken for each other, whichever way, and how many; the first of equals.

    There is at least one image off the diagonal of `matrix`.

    >>> most_confused_pair(np.array([[9, 3, 0], [0, 9, 2], [0, 2, 5]]))
    (1, 2, 4)
    """
    both = np.triu(matrix + matrix.T, k=1)
    one, other = np.unravel_index(int(both.argmax()), both.shape)
    return int(one), int(other), int(both[one, other])


def confused_with(matrix: Integers, place: int, most: int) -> list[int]:
    """The class at `place`, and those that are taken for it or it for them, most images first; at most `most` classes.

    >>> confused_with(np.array([[9, 0, 1], [0, 9, 0], [4, 0, 5]]), 2, 10)
    [2, 0]
    """
    both = matrix[place] + matrix[:, place]
    both[place] = 0
    ranked = np.argsort(-both, kind="stable")[: most - 1]
    return [place, *(int(other) for other in ranked if both[other])]


def per_class(matrix: Integers, classes: Sequence[str]) -> pd.DataFrame:
    """`class`, `precision`, `recall`, `f1` (0..1) and `images` of each class; a ratio of no images is NaN.

    Precision is the share of the images predicted as this class that are of it, recall the share of the images of
    this class that were predicted as it, F1 their harmonic mean. A class without images to check has no recall.
    """
    right = np.diag(matrix)
    true, called = matrix.sum(axis=1), matrix.sum(axis=0)
    return pd.DataFrame(
        {
            "class": list(classes),
            "precision": _ratio(right, called, np.nan),
            "recall": _ratio(right, true, np.nan),
            "f1": _ratio(2 * right, true + called, np.nan),
            "images": true,
        }
    )


def _ratio(part: Integers, whole: Integers, of_none: float = 0.0) -> npt.NDArray[np.float64]:
    return np.divide(part, whole, out=np.full(part.shape, of_none, dtype=np.float64), where=whole != 0)


def _join(chains: dict[int, list[int]], a: int, b: int) -> None:
    """Join the chains of `a` and `b` so that the two are neighbours, if both are ends of different chains."""
    left, right = chains[a], chains[b]
    if left is right or a not in (left[0], left[-1]) or b not in (right[0], right[-1]):
        return
    if left[-1] != a:
        left.reverse()
    if right[0] != b:
        right.reverse()
    left.extend(right)
    for c in right:
        chains[c] = left
