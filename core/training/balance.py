"""Class weights for data sets in which some classes have many more images than others."""

import numpy as np
from numpy.typing import NDArray

UNBALANCED = 2.0
"""Class weights are worth offering when the largest class has this many times the images of the smallest."""


def balanced_weights(labels: NDArray[np.int64], classes: int) -> NDArray[np.float32]:
    """Weight of each class, (classes,) float32: `n / (classes * images of the class)`, scikit-learn's "balanced".

    A class without images weighs as if it had one.
    """
    counts = np.maximum(np.bincount(labels, minlength=classes), 1)
    return (len(labels) / (classes * counts)).astype(np.float32)


def is_unbalanced(labels: NDArray[np.int64], classes: int) -> bool:
    """Whether the largest class has at least twice the images of the smallest."""
    counts = np.bincount(labels, minlength=max(classes, 1))
    return bool(counts.max() >= UNBALANCED * max(int(counts.min()), 1))
