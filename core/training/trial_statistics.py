"""Intervals and paired comparisons of trials that were judged on the same images. Imports no torch."""

import math

import numpy as np
from numpy.typing import NDArray

from core.training.proportions import mcnemar

Losses = NDArray[np.float64]
Right = NDArray[np.bool_]


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
