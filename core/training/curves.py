"""The curve that a range test's raw losses lie about, and how far they scatter.

fastai's curve (`core.training.smoothing`) is a mean over the past: with beta 0.98 it remembers 50 batches, half of a
sweep of 100, so that what it shows at one rate happened at a much lower one. The smoother here is centred: it looks as
far ahead as back, so that a fall or a rise is shown at the rate where it took place.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Numbers = Sequence[float] | NDArray[np.floating]

WIDTH = 1.0
"""Decades of the learning rate that the smoother sees at once, half of them to each side. The weight of a batch falls
to half at 0.3 decades (a factor of 2)."""

FEWEST = 4
"""Batches to each side at the least, however few there are a decade."""

ROBUST_PASSES = 3
OUTLIER = 6.0
"""A batch 6 typical deviations from the curve has no weight in the next pass (Cleveland's LOWESS, 1979)."""

LEAST_FREEDOM = 0.1
"""Share of its variance that a batch's distance from the curve is taken to keep where the curve follows it closely."""

LEAST_SPREAD = 1e-9
"""Below this share the batches near a place lie at one rate, and no line goes through them."""

DEVIATION = 1.4826
"""Standard deviation of a normal distribution as a multiple of its median absolute deviation."""


@dataclass(frozen=True)
class Smooth:
    """A smoothed range test; each array has one value (N,) a batch, and all losses are in nats.

    `losses` is the curve, `low` and `high` bound the band that holds about 95% of the batches' own losses, and
    `width` is the smoother's width in decades. `roots`, `noise` and `error` are what the curve was made with: the
    curve's square root, the standard deviation of one batch about it, and that of the curve itself.
    """

    lrs: Floats
    losses: Floats
    low: Floats
    high: Floats
    roots: Floats
    noise: Floats
    error: Floats
    width: float


def smoothed(lrs: Numbers, losses: Numbers, *, width: float = WIDTH) -> Smooth:
    """The curve of raw `losses` (N,) against ascending rates `lrs` (N,): a local line through what is near each batch.

    A robust local regression (LOESS: tricube weights over the logarithm of the rate, three passes of bisquare
    weights against outliers) of the square root of the loss, whose scatter differs less from one end of a sweep to
    the other than that of the loss itself. Batches from the first loss on that is not a finite number are left out.
    Raises `ValueError` when the rates do not ascend from above 0, or there is not one loss for each.
    """
    rates, values = _checked(lrs, losses)
    x, y = np.log10(rates), np.sqrt(values)
    windows = [_window(x, at, width / 2) for at in range(len(x))]
    roots, noise, error = y.copy(), np.zeros_like(y), np.zeros_like(y)
    trust, free = np.ones_like(y), np.ones_like(y)
    for _ in range(ROBUST_PASSES):
        for at, (near, distances, closeness) in enumerate(windows):
            part = _line(distances, closeness * trust[near])
            roots[at] = part @ y[near]
            error[at] = np.sqrt(part @ part)
            own = part[at - near.start]
            free[at] = np.sqrt(max(1 - 2 * own + part @ part, LEAST_FREEDOM))
        residuals = np.abs(y - roots) / free  # a curve lies closer to its own batches than to others
        noise = np.array([DEVIATION * np.median(residuals[near]) for near, _, _ in windows])
        far = residuals / np.maximum(OUTLIER / DEVIATION * noise, np.finfo(float).tiny)
        trust = np.where(far < 1, (1 - np.minimum(far, 1) ** 2) ** 2, 0.0)
        trust[residuals == 0] = 1.0
    roots = np.maximum(roots, 0.0)
    low, high = np.maximum(roots - 2 * noise, 0) ** 2, (roots + 2 * noise) ** 2
    return Smooth(rates, roots**2, low, high, roots, noise, noise * error, width)


def _checked(lrs: Numbers, losses: Numbers) -> tuple[Floats, Floats]:
    rates, values = np.asarray(lrs, dtype=np.float64), np.asarray(losses, dtype=np.float64)
    if rates.ndim != 1 or rates.shape != values.shape:
        raise ValueError("a curve has one loss for each learning rate")
    if len(rates) and (rates[0] <= 0 or (np.diff(rates) <= 0).any()):
        raise ValueError("a curve's learning rates ascend from above 0")
    broken = np.flatnonzero(~np.isfinite(values))
    end = broken[0] if len(broken) else len(values)
    return rates[:end], np.maximum(values[:end], 0.0)


def _window(x: Floats, at: int, half: float) -> tuple[slice, Floats, Floats]:
    """Which batches lie near batch `at`, how far (N,) from it, and their tricube weights (N,)."""
    if len(x) > 1:
        spacing = (x[-1] - x[0]) / (len(x) - 1)
        half = max(half, (FEWEST + 0.5) * spacing)
    near = slice(int(np.searchsorted(x, x[at] - half)), int(np.searchsorted(x, x[at] + half, side="right")))
    distances = x[near] - x[at]
    return near, distances, np.maximum(1 - np.abs(distances / half) ** 3, 0) ** 3


def _line(distances: Floats, weights: Floats) -> Floats:
    """How much each batch (N,) counts in the value at distance 0 of the weighted least squares line."""
    if not weights.sum() > 0:
        weights = np.ones_like(weights)
    total, first, second = float(weights.sum()), float(weights @ distances), float(weights @ distances**2)
    spread = total * second - first**2
    if spread <= LEAST_SPREAD * total * second:
        return weights / total
    return weights * (second - first * distances) / spread
