"""Intervals and paired comparisons of trials that were judged on the same images. Imports no torch."""

import math

import numpy as np
from numpy.typing import NDArray

Z95 = 1.959963984540054
"""95 % of a normal distribution lie within so many standard deviations."""

Losses = NDArray[np.float64]
Right = NDArray[np.bool_]


def wilson(share: float, images: int, z: float = Z95) -> tuple[float, float]:
    """Wilson's interval (low, high, 0..1) of an accuracy `share` (0..1) on `images` images (E. B. Wilson, 1927).

    It stays within 0..1, and is not of length 0 where all images are right, as that of the normal approximation is.

    >>> [round(end, 3) for end in wilson(0.9, 100)], [round(end, 3) for end in wilson(1.0, 20)]
    ([0.826, 0.945], [0.839, 1.0])
    """
    if images < 1:
        return 0.0, 1.0
    spread = z**2 / images
    middle = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * math.sqrt(share * (1 - share) / images + spread / (4 * images))
    return max(0.0, middle - half), min(1.0, middle + half)


def mcnemar(only_first: int, only_second: int) -> float:
    """P-value (0..1) of McNemar's exact test, two-sided.

    `only_first` images are right under the first rate alone, `only_second` under the second alone.

    >>> mcnemar(0, 0), mcnemar(3, 3), round(mcnemar(1, 9), 4)
    (1.0, 1.0, 0.0215)
    """
    both = only_first + only_second
    tail = sum(math.comb(both, k) for k in range(min(only_first, only_second) + 1))
    return min(1.0, 2 * tail / (1 << both))


def standard_errors(values: NDArray[np.floating]) -> tuple[float, float | None]:
    """Standard errors of the mean of `values` (repeats, images): over the images, and over the repeats.

    That over the images is of each image's mean over the repeats; that over the repeats is None for a single one.
    """
    repeats, images = values.shape
    over_images = float(values.mean(axis=0).std(ddof=1) / math.sqrt(images)) if images > 1 else 0.0
    over_repeats = float(values.mean(axis=1).std(ddof=1) / math.sqrt(repeats)) if repeats > 1 else None
    return over_images, over_repeats


def combined(over_images: float, over_repeats: float | None) -> float:
    """One standard error from that over the images and that over the repeats."""
    return math.hypot(over_images, over_repeats or 0.0)


def p_of(difference: float, error: float) -> float:
    """Two-sided p-value of a mean difference with this standard error, by the normal approximation."""
    if error == 0:
        return 1.0 if difference == 0 else 0.0
    return math.erfc(abs(difference) / error / math.sqrt(2))


def paired_losses(first: Losses, second: Losses) -> tuple[float, float, float]:
    """Mean of `first` - `second` (repeats, images), its standard error, and its p-value."""
    differences = first - second
    error = combined(*standard_errors(differences))
    mean = float(differences.mean())
    return mean, error, p_of(mean, error)


def paired_accuracy(first: Right, second: Right) -> float:
    """P-value of the difference between two accuracies (repeats, images), on the same images.

    McNemar's exact test for one repeat; for several, which are not independent, that of the mean difference.
    """
    if len(first) == 1:
        return mcnemar(int((first & ~second).sum()), int((second & ~first).sum()))
    differences = first.astype(np.float64) - second
    return p_of(float(differences.mean()), combined(*standard_errors(differences)))
