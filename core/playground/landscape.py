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


def _reflected(weight: Floats) -> Floats:
    """Reflected at -EDGE and EDGE until it lies between them, however far outside it was."""
    turn = np.mod(weight + EDGE, 4 * EDGE)
    return np.where(turn > 2 * EDGE, 4 * EDGE - turn, turn) - EDGE
