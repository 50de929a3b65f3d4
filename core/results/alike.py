"""Images that are nearly the same, and images unlike any of their class, by their activations."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from core.results.heads import Features, Labels

NEAR = 0.2
"""Two images are near-duplicates when their distance is at most this part of the median distance from an image to its
nearest one. Of 60 photos, 9 in 10 that were compressed, made smaller, brighter or mirrored lie below it, and 7 in 10
that were turned or cropped a little; of 1,440 different ones 3 do, and those look the same."""

ODD = 3.5
"""Robust standard deviations from which an image counts as unlike its class (Iglewicz and Hoaglin, 1993)."""

FEWEST = 5
"""Images of a class below which nothing is said about which of them is unlike the others."""

CHUNK = 512

Floats = npt.NDArray[np.float64]


def nearest(
    features: Features, asked: Labels, progress: Callable[[int, int], None] = lambda done, total: None
) -> tuple[Labels, Floats]:
    """The nearest other row of each row `asked` of `features` (N, F), and its distance: 1 - cosine, about the mean."""
    centred = features - features.mean(axis=0)
    units = centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-12)
    rows, distances = np.zeros(len(asked), dtype=np.int64), np.zeros(len(asked))
    for start in range(0, len(asked), CHUNK):
        some = asked[start : start + CHUNK]
        alike = units[some] @ units.T
        alike[np.arange(len(some)), some] = -np.inf
        rows[start : start + CHUNK] = alike.argmax(axis=1)
        distances[start : start + CHUNK] = 1 - alike.max(axis=1)
        progress(start + len(some), len(asked))
    return rows, distances


def near_pairs(asked: Labels, rows: Labels, distances: Floats) -> list[tuple[int, int, float]]:
    """The pairs of near-duplicates among what `nearest` gave, nearest first.

    Each is two rows and the distance between them as a part of the median distance.
    """
    median = float(np.median(distances)) if len(distances) else 0.0
    if median <= 0:
        return []
    found: dict[tuple[int, int], float] = {}
    for one, other, distance in zip(asked.tolist(), rows.tolist(), distances.tolist(), strict=True):
        if distance <= NEAR * median:
            found[min(one, other), max(one, other)] = distance / median
    return sorted(((*pair, ratio) for pair, ratio in found.items()), key=lambda row: row[2])


def unlike(features: Features, labels: Labels) -> Floats:
    """How unlike the others of its class each image is: robust standard deviations (N,) of the angle to its class.

    The distance is 1 - cosine to the median direction of the class; 0 for classes of fewer than `FEWEST` images.
    """
    units = features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)
    found = np.zeros(len(labels))
    for label in np.unique(labels):
        mine = np.flatnonzero(labels == label)
        if len(mine) < FEWEST:
            continue
        middle = np.median(units[mine], axis=0)
        distances = 1 - units[mine] @ (middle / max(float(np.linalg.norm(middle)), 1e-12))
        usual = np.median(distances)
        spread = 1.4826 * np.median(np.abs(distances - usual))
        if spread > 0:
            found[mine] = (distances - usual) / spread
    return found
