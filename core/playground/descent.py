"""Gradient descent with momentum on a surface, step by step."""

import math
from dataclasses import dataclass

import numpy as np

from core.playground.surfaces import Floats, Surface

FAR = 1e6
"""A path that gets this far from the middle has diverged and ends there."""


@dataclass(frozen=True)
class Path:
    """A descent: `points` (n + 1, 2) from the start on, `values` (n + 1) of the surface there.

    A diverged path ends at the first point beyond `FAR`, before `steps` are done; all its numbers are finite.
    """

    surface: Surface
    rate: float
    momentum: float
    steps: int
    points: Floats
    values: Floats
    diverged: bool

    @property
    def arrives(self) -> int | None:
        """The step from which on the path stays within 0.05 of one of the minima; None when it never does."""
        if self.diverged:
            return None
        gaps = self.points[:, None, :] - np.array(self.surface.minima)[None]
        away = np.flatnonzero(np.linalg.norm(gaps, axis=2).min(axis=1) > 0.05)
        if not len(away):
            return 0
        return int(away[-1]) + 1 if away[-1] < len(self.points) - 1 else None


def descend(surface: Surface, start: tuple[float, float], rate: float, momentum: float = 0.0, steps: int = 60) -> Path:
    """Gradient descent with heavy-ball momentum, as `torch.optim.SGD` does it: v <- m v + g; x <- x - rate v.

    Any number is taken: zero, negative, huge. Raises `ValueError` only for numbers that are none (NaN, infinite).
    """
    if not all(math.isfinite(number) for number in (*start, rate, momentum)):
        raise ValueError("the start, the rate and the momentum must be finite numbers")
    points, place, speed = [np.array(start, dtype=np.float64)], np.array(start, dtype=np.float64), np.zeros(2)
    diverged = False
    for _ in range(steps):
        speed = momentum * speed + np.array(surface.gradient(place[0], place[1]))
        place = place - rate * speed
        diverged = bool(np.abs(place).max() > FAR)
        if diverged:
            place = place * (FAR / np.abs(place).max())
        points.append(place)
        if diverged:
            break
    track = np.array(points)
    return Path(surface, rate, momentum, steps, track, surface.value(track[:, 0], track[:, 1]), diverged)
