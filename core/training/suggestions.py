"""Learning rates read off a range test's curve, as fastai 2.8 and Lightning read them.

fastai's four see the points between the first tenth and the last five, up to the first that is not a number, in
single precision (`fastai.callback.schedule`); Lightning's sees all but the first ten and the last. Both look at
the smoothed loss. Each gives None where the curve is too short for it.
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

LOWEST, HIGHEST, STEPS = 1e-7, 10.0, 100
"""Range of rates and number of batches of a range test where nothing else is asked for: fastai's defaults."""

MEANINGS: dict[str, str] = {
    "valley": "Two thirds down the longest fall of the loss. A safe first choice, and fastai's default.",
    "slide": "Just before the loss flattens out at the bottom. A higher rate, with more risk.",
    "steep": "Where the loss falls fastest. On a noisy curve it may be chance.",
    "lightning": "Steepest fall from one point to the next, as in Lightning up to 2.5.2.",
    "minimum": "A tenth of the rate with the lowest loss. Not the lowest itself: there learning has already stopped.",
}
"""What each suggestion means, in one or two sentences."""

PREFERRED = ("valley", "slide", "steep", "lightning", "minimum")
"""The order in which a rate is taken when nobody chooses: fastai's default first."""


def valley(lrs: Floats, losses: Floats) -> float | None:
    """Rate two thirds along the longest decreasing subsequence of the losses (fastai's default).

    `lrs` and `losses` are the points to look at. Indexed as fastai does, where a curve that falls from its
    first point to its last starts at -1.
    """
    rates, values = _single(lrs, losses)
    if len(values) < 2:
        return None
    lengths = np.ones(len(values), dtype=int)
    for i in range(1, len(values)):
        lengths[i] = 1 + lengths[:i][values[:i] > values[i]].max(initial=0)
    end = int(lengths.argmax())
    # Of one point, as in a curve that never falls, fastai's search has not begun and stays at 0.
    start = end - int(lengths[end]) if lengths[end] > 1 else 0
    sections = (end - start) / 3
    return float(rates[start + int(sections) + int(sections / 2)])


def slide(lrs: Floats, losses: Floats) -> float | None:
    """Rate where an interval of 15 points, slid in from the right, first has the same slope at both ends.

    Needs 16 points; after novetta's rule, with fastai's threshold of 0.005.
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
    """A tenth of the rate with the lowest loss: at the minimum itself the loss has stopped improving."""
    rates, values = _single(lrs, losses)
    return float(rates[values.argmin()]) / 10 if len(values) else None


def steep(lrs: Floats, losses: Floats) -> float | None:
    """Rate where the loss falls fastest over the logarithm of the rate. Needs 2 points."""
    rates, values = _single(lrs, losses)
    if len(values) < 2:
        return None
    return float(rates[(np.diff(values) / np.diff(np.log(rates))).argmin()])


def lightning(lrs: Floats, losses: Floats) -> float | None:
    """Rate at the steepest fall from point to point, as `_LRFinder.suggestion` of Lightning up to 2.5.2 has it.

    From 2.5.3 on Lightning divides the fall by the distance between the rates, which this does not.

    Skips 10 points at the start, 1 at the end and those that are not finite; needs 2 of the rest.
    """
    values = np.asarray(losses, dtype=np.float64)[LIGHTNING_BEGIN:-LIGHTNING_END]
    finite = np.flatnonzero(np.isfinite(values))
    if len(finite) < 2:
        return None
    return float(lrs[int(finite[np.gradient(values[finite]).argmin()]) + LIGHTNING_BEGIN])


def suggestions(lrs: Floats, losses: Floats, smoothed: Floats, steps: int | None = None) -> dict[str, float | None]:
    """Every suggestion for a range test of `steps` batches (by default as many as there are points).

    `lrs`, `losses` (raw) and `smoothed` have one value a batch done, fewer than `steps` when it stopped early.
    Keys: valley, slide, steep, minimum, lightning. The raw losses decide nothing: like their originals, all
    five look at the smoothed ones.
    """
    del losses
    kept = slice((len(lrs) if steps is None else steps) // 10, -SKIP_END)
    rates, values = np.asarray(lrs)[kept], np.asarray(smoothed)[kept]
    broken = np.flatnonzero(~np.isfinite(values))
    if len(broken):
        rates, values = rates[: broken[0]], values[: broken[0]]
    fastai = {rule.__name__: rule(rates, values) for rule in (valley, slide, steep, minimum)}
    return {**fastai, "lightning": lightning(lrs, smoothed)}


def preferred(found: dict[str, float | None]) -> tuple[str, float] | None:
    """Name and rate of the suggestion to take when nobody chooses; None when the curve gave none."""
    return next(((name, rate) for name in PREFERRED if (rate := found.get(name)) is not None), None)


def _single(lrs: Floats, losses: Floats) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    return np.asarray(lrs, dtype=np.float32), np.asarray(losses, dtype=np.float32)
