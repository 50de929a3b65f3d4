"""Learning rates that five known rules suggest for the curve of a range test.

Four rules are those of fastai 2.8 (`fastai.callback.schedule`), in single precision: they use the points after the
first tenth and before the last five, up to the first loss that is not finite. The fifth is Lightning's before version
2.5.3 (later ones differentiate by the rate): it skips the first ten points and the last. All use the smoothed loss,
and give None where the curve is too short.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = Sequence[float] | NDArray[np.floating]

SKIP_END = 5
SLIDE_WIDTH = 15
SLIDE_THRESHOLD = 0.005
LIGHTNING_BEGIN = 10
LIGHTNING_END = 1

ANNEAL = "anneal"
"""What Anneal's own suggestion (`core.training.suggest`) is called where rules are named."""

PREFERRED = ("valley", "slide", "steep", "lightning", "minimum")
"""The rules in order of preference, when nobody chooses: fastai's default first."""

MEANINGS = {
    "valley": "The middle of the longest series of points of the smoothed loss, not always neighbours, of which each "
    "is lower than the one before. fastai's default.",
    "slide": "From the highest rate down: where the slope of the smoothed loss is first the same at both ends of "
    "15 points.",
    "steep": "Where the smoothed loss falls most steeply over the logarithm of the rate.",
    "lightning": "Where the smoothed loss falls most from one batch to the next: the rule of Lightning before version "
    "2.5.3.",
    "minimum": "A tenth of the rate at which the smoothed loss is lowest.",
}
"""What each rule does, in plain words. What its rate is worth on one curve, `core.training.readings` says."""


def valley(lrs: Floats, losses: Floats) -> float | None:
    """Rate half the length of the longest decreasing subsequence of the losses before its end (fastai's default).

    `lrs` and `losses` (n,) are the points to use. The index is computed as in fastai, where a curve that falls from
    its first point to its last begins at index -1.

    >>> f"{valley([1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0], [9, 9, 8, 7, 6, 5, 4, 20]):.0e}"
    '1e-03'
    """
    rates, values = _single(lrs, losses)
    if len(values) < 2:
        return None
    lengths = np.ones(len(values), dtype=int)
    for i in range(1, len(values)):
        lengths[i] = 1 + lengths[:i][values[:i] > values[i]].max(initial=0)
    end = int(lengths.argmax())
    # When the longest subsequence has one point (the curve never falls), fastai's start index stays 0.
    start = end - int(lengths[end]) if lengths[end] > 1 else 0
    sections = (end - start) / 3
    return float(rates[start + int(sections) + int(sections / 2)])


def slide(lrs: Floats, losses: Floats) -> float | None:
    """Rate where an interval of 15 points, slid in from the right, first has the same slope at both ends.

    Needs 16 points. The rule is Novetta's, with fastai's threshold of 0.005.
    """
    rates, values = _single(lrs, losses)
    if len(values) <= SLIDE_WIDTH:
        return None
    slopes = np.gradient(values)
    right, left = -1, -1 - SLIDE_WIDTH
    found = rates[left]
    while left >= -len(values) and abs(slopes[right] - slopes[left]) > SLIDE_THRESHOLD:
        found = rates[left]
        right, left = right - 1, left - 1
    return float(found)


def minimum(lrs: Floats, losses: Floats) -> float | None:
    """A tenth of the rate with the lowest loss: at the minimum itself the loss no longer improves.

    >>> f"{minimum([0.001, 0.01, 0.1], [2.0, 1.0, 5.0]):.0e}"
    '1e-03'
    """
    rates, values = _single(lrs, losses)
    return float(rates[values.argmin()]) / 10 if len(values) else None


def steep(lrs: Floats, losses: Floats) -> float | None:
    """Rate where the loss falls fastest per logarithm of the rate. Needs 2 points."""
    rates, values = _single(lrs, losses)
    if len(values) < 2:
        return None
    return float(rates[(np.diff(values) / np.diff(np.log(rates))).argmin()])


def lightning(lrs: Floats, losses: Floats) -> float | None:
    """Rate at the steepest fall per point: `_LRFinder.suggestion` of Lightning before version 2.5.3.

    Skips 10 points at the start, 1 at the end and losses that are not finite; needs 2 of the others.
    """
    values = np.asarray(losses, dtype=np.float64)[LIGHTNING_BEGIN:-LIGHTNING_END]
    finite = np.flatnonzero(np.isfinite(values))
    if len(finite) < 2:
        return None
    return float(lrs[int(finite[np.gradient(values[finite]).argmin()]) + LIGHTNING_BEGIN])


def suggestions(lrs: Floats, smoothed: Floats, steps: int | None = None) -> dict[str, float | None]:
    """The suggestion of every rule for a range test of `steps` batches (by default as many as there are points).

    `lrs` and `smoothed` (the smoothed loss) have one value for each batch: fewer than `steps` when the test stopped
    early. Keys: valley, slide, steep, minimum, lightning.
    """
    kept = slice((len(lrs) if steps is None else steps) // 10, -SKIP_END)
    rates, values = np.asarray(lrs)[kept], np.asarray(smoothed)[kept]
    broken = np.flatnonzero(~np.isfinite(values))
    if len(broken):
        rates, values = rates[: broken[0]], values[: broken[0]]
    fastai = {rule.__name__: rule(rates, values) for rule in (valley, slide, steep, minimum)}
    return {**fastai, "lightning": lightning(lrs, smoothed)}


def preferred(found: dict[str, float | None]) -> tuple[str, float] | None:
    """Name and rate of the suggestion to use when nobody chooses; None when no rule suggests a rate.

    >>> preferred({"valley": None, "slide": 0.002, "minimum": 0.001})
    ('slide', 0.002)
    """
    return next(((name, rate) for name in PREFERRED if (rate := found.get(name)) is not None), None)


def _single(lrs: Floats, losses: Floats) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    return np.asarray(lrs, dtype=np.float32), np.asarray(losses, dtype=np.float32)
