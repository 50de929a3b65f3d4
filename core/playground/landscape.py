"""A loss over one weight with narrow minima and a wide one, and noisy descents on it at given learning rates."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.playground.surfaces import Floats

EDGE = 3.0
"""The weight stays within -EDGE..EDGE; a step beyond is reflected."""


@dataclass(frozen=True)
class Minimum:
    """A Gaussian dip of the loss: where it is, its depth, and its width (the Gaussian's standard deviation)."""

    place: float
    depth: float
    width: float

    @property
    def curvature(self) -> float:
        """Second derivative of the loss at the bottom; a descent at a rate above 2 / curvature leaves it."""
        return self.depth / self.width**2


NARROW = (Minimum(-2.1, 0.8, 0.12), Minimum(-1.3, 0.9, 0.13), Minimum(-0.45, 0.7, 0.11), Minimum(2.6, 0.6, 0.12))
WIDE = Minimum(1.2, 0.95, 0.55)
MINIMA = (*NARROW, WIDE)
_MIDDLE, _RISE = 0.6, 0.06


def loss(weight: Floats) -> Floats:
    """The loss at each weight."""
    dips = sum(w.depth * np.exp(-(((weight - w.place) / w.width) ** 2) / 2) for w in MINIMA)
    return np.asarray(1.2 + _RISE / 2 * (weight - _MIDDLE) ** 2 - dips)


def slope(weight: Floats) -> Floats:
    """The derivative of `loss`."""
    pull = sum(
        w.depth * (weight - w.place) / w.width**2 * np.exp(-(((weight - w.place) / w.width) ** 2) / 2) for w in MINIMA
    )
    return np.asarray(_RISE * (weight - _MIDDLE) + pull)


def descents(rates: Sequence[float] | Floats, starts: Floats, *, noise: float = 0.0, seed: int = 0) -> Floats:
    """Weights (len(rates) + 1, len(starts)) of descents from each of `starts`, one step a rate.

    `noise` is the standard deviation of what a mini-batch adds to the slope, drawn from `seed`.
    """
    drawn = np.random.default_rng(seed).normal(0.0, noise, (len(rates), len(starts)))
    places = [np.asarray(starts, dtype=np.float64)]
    for rate, extra in zip(rates, drawn, strict=True):
        places.append(_reflected(places[-1] - rate * (slope(places[-1]) + extra)))
    return np.array(places)


def minimum_at(weight: float) -> Minimum | None:
    """The minimum that `weight` is in (within two and a half of its widths); None on the slopes between."""
    near = [minimum for minimum in MINIMA if abs(weight - minimum.place) < 2.5 * minimum.width]
    return min(near, key=lambda minimum: abs(weight - minimum.place) / minimum.width, default=None)


def shares_wide(
    rates: Sequence[float] | Floats, ends: Sequence[int], *, noise: float, starts: int = 200, seed: int = 0
) -> list[float]:
    """Share (0..1) of evenly spaced starts that are in the wide minimum after each of `ends` steps."""
    places = descents(rates, np.linspace(-EDGE, EDGE, starts), noise=noise, seed=seed)
    return [float(np.mean(np.abs(places[end] - WIDE.place) < 2 * WIDE.width)) for end in ends]


def describe(places: Floats, rates: Sequence[float] | Floats, ends: Sequence[int]) -> str:
    """What one descent (n + 1,) shows, in words; `ends` are the steps at which its cycles end."""
    highest = max(rates, default=0.0)
    if highest <= 0:
        return "A rate of 0 or less goes nowhere good: choose one above 0."
    minima = [minimum_at(float(places[end])) for end in ends]
    if minima[-1] is WIDE and highest > 2 / WIDE.curvature:
        return (
            f"It is in the wide minimum, though no minimum holds it while the rate is above {2 / WIDE.curvature:.2g}."
        )
    if minima[-1] is WIDE:
        first = next(i for i, minimum in enumerate(minima) if all(later is WIDE for later in minima[i:]))
        if len(ends) == 1:
            return "It found the wide minimum and stays: its curvature is low, so no rate here throws it out."
        return (
            f"It found the wide minimum in cycle {first + 1}; restarts do not throw it out, for its curvature is low."
        )
    if highest < min(2 / minimum.curvature for minimum in NARROW):
        limit = min(2 / minimum.curvature for minimum in NARROW)
        return (
            f"The highest rate, {highest:.3g}, never exceeds {limit:.2g} = 2 / curvature of the narrow minima: "
            "whatever it falls into holds it. Raise the rate."
        )
    if minima[-1] is None:
        return "It has not come to rest: the rate was still too high at the end."
    moved = len({minimum for minimum in minima if minimum is not None}) > 1
    so_far = "Restarts threw it out of one narrow minimum into another" if moved else "It is still in a narrow minimum"
    return f"{so_far}: more cycles, a higher rate or another draw of mini-batches may carry it on."


def _reflected(weight: Floats) -> Floats:
    """Reflected at -EDGE and EDGE until it lies between them, however far outside it was."""
    turn = np.mod(weight + EDGE, 4 * EDGE)
    return np.where(turn > 2 * EDGE, 4 * EDGE - turn, turn) - EDGE
