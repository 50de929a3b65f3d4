"""Class weights for data sets in which some classes have many more images than others."""

import numpy as np
from numpy.typing import NDArray

UNBALANCED = 2.0
"""Class weights are offered when the largest class has at least this many times the images of the smallest."""


def balanced_weights(labels: NDArray[np.int64], classes: int) -> NDArray[np.float32]:
    """Weight of each class, (classes,) float32: `n / (classes * images of the class)`, scikit-learn's "balanced".

    A class without images is weighted as if it had one.

    >>> balanced_weights(np.array([0, 0, 1, 1, 1, 1]), classes=2).tolist()
    [1.5, 0.75]
    """
    counts = np.maximum(np.bincount(labels, minlength=classes), 1)
    return (len(labels) / (classes * counts)).astype(np.float32)


def is_unbalanced(labels: NDArray[np.int64], classes: int) -> bool:
    """Whether the largest class has at least twice the images of the smallest.

    >>> is_unbalanced(np.array([0, 0, 1]), classes=2), is_unbalanced(np.array([0, 0, 1, 1, 1]), classes=2)
    (True, False)
    """
    counts = np.bincount(labels, minlength=max(classes, 1))
    return bool(counts.max() >= UNBALANCED * max(int(counts.min()), 1))
