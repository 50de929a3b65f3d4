"""Probable label errors: images to which heads that have not seen them give little of their own class.

The ranking is by self-confidence, and how many are doubtful is counted, as in confident learning (C. G. Northcutt,
L. Jiang and I. L. Chuang, JAIR 70, 2021).
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from core.results.heads import Features, Labels, head_probabilities

FOLDS = 5

TOLERANCE = 1e-3
"""Slope of the loss at which a head is fitted well enough to rank images: a third of the time, the same order."""

Probabilities = npt.NDArray[np.float64]


def held_out_probabilities(
    features: Features,
    labels: Labels,
    groups: Labels,
    *,
    classes: int,
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Probabilities:
    """Probabilities (N, C) of each image by a head that was fitted without it and without those of its group.

    `features` (N, F), `labels` (N,) and `groups` (N,): images with the same bytes are a group. Five folds, fewer where
    a class has fewer groups. NaN for the images of a class that no other group has, which cannot be judged. Raises
    `ValueError` where fewer than two classes have two groups.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    sizes = [len(set(groups[labels == label].tolist())) for label in range(classes)]
    judged = np.flatnonzero(np.array(sizes)[labels] > 1)
    enough = [size for size in sizes if size > 1]
    if len(enough) < 2:
        raise ValueError("Fewer than two classes have two different images.")
    folds = StratifiedGroupKFold(n_splits=max(2, min(FOLDS, *enough)), shuffle=True, random_state=seed)
    found = np.full((len(labels), classes), np.nan)
    parts = list(folds.split(judged, labels[judged], groups[judged]))
    for done, (train, rest) in enumerate(parts, start=1):
        learned, asked = judged[train], judged[rest]
        known = set(labels[learned].tolist())
        asked = asked[[label in known for label in labels[asked]]]
        if len(known) > 1 and len(asked):
            found[asked] = head_probabilities(features, labels, learned, asked, classes, TOLERANCE)
        progress(done, len(parts))
    return found


def self_confidence(probabilities: Probabilities, labels: Labels) -> npt.NDArray[np.float64]:
    """The probability (N,) of each image's own label; NaN for those that were not judged."""
    found: npt.NDArray[np.float64] = probabilities[np.arange(len(labels)), labels]
    return found


def doubtful(probabilities: Probabilities, labels: Labels) -> npt.NDArray[np.bool_]:
    """Which images (N,) confident learning counts as mislabelled; it counts those that are merely hard, too.

    Of the classes whose probability reaches the mean that they have on their own images, the most probable is another.
    """
    own = self_confidence(probabilities, labels)
    usual = np.full(probabilities.shape[1], np.inf)
    for label in range(probabilities.shape[1]):
        mine = own[labels == label]
        if np.isfinite(mine).any():
            usual[label] = np.nanmean(mine)
    reached = np.nan_to_num(probabilities) >= usual
    best = np.where(reached, np.nan_to_num(probabilities), -1).argmax(axis=1)
    found: npt.NDArray[np.bool_] = reached.any(axis=1) & (best != labels)
    return found
