"""vSGD on the playground's surfaces: gradient descent that chooses a rate for each weight from the noise that it sees.

Algorithm 1 of "No More Pesky Learning Rates" (Schaul, Zhang, LeCun, arXiv:1206.1106), in the variant with a rate for
each weight (vSGD-l). The formulas were compared with published code, not with the text of the paper: the first author's
(github.com/schaul/py-optim), the second author's (`vsgd-bb.m` in github.com/rlowrance/vsgd) and a transcription of
Algorithm 1 in that repository. They agree on all that is used here. The tests derive the rate independently: it is the
one that minimises the expected loss after the next step on a noisy quadratic.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from core.playground.descent import FAR, Path
from core.playground.surfaces import Floats, Surface

SAMPLES = 10
"""Gradients that are looked at before the first step, so that the averages mean something; the authors' code has 10."""

FLATTEST = 0.1
"""A lower curvature counts as this, so no rate exceeds 10. The paper's epsilon, which keeps flat places from sending
the weights off, is smaller, but these surfaces are 6 wide."""

_APART = 1e-4
"""Distance of the two gradients whose difference gives a curvature."""


@dataclass(frozen=True)
class Averages:
    """What vSGD remembers of each of d weights, arrays (d,).

    `gradient` is the mean gradient g, `square` the mean squared gradient v, `curvature` the mean absolute second
    derivative h, and `memory` the number of samples tau over which they go (1 or more).
    """

    gradient: Floats
    square: Floats
    curvature: Floats
    memory: Floats

    @classmethod
    def start(cls, gradients: Floats, curvatures: Floats, slow: float = 1.0) -> Self:
        """The means over n first samples (n, d), with a memory of n.

        `slow` (1 or more) is how many times v and h are overestimated, which keeps the first steps short. The authors
        take a tenth of the number of weights, and at least 1.
        """
        return cls(
            gradients.mean(axis=0),
            slow * np.square(gradients).mean(axis=0),
            slow * np.abs(curvatures).mean(axis=0),
            np.full(gradients.shape[1], float(len(gradients))),
        )

    @property
    def signal(self) -> Floats:
        """g^2 / v (0..1): the share of the squared gradient that is not noise; 0 where there is no gradient at all."""
        share = np.divide(self.gradient**2, self.square, out=np.zeros_like(self.square), where=self.square > 0)
        return np.minimum(share, 1.0)

    @property
    def rates(self) -> Floats:
        """The rates g^2 / (h v): 1 / h without noise, less with it."""
        return self.signal / np.maximum(self.curvature, FLATTEST)

    def updated(self, gradient: Floats, curvature: Floats) -> Self:
        """With one more sample (d,) and (d,).

        Each average moves by a share 1 / tau towards the sample; then tau <- (1 - g^2 / v) tau + 1: after a long step
        the past is forgotten, after a short one it still counts.
        """
        share = 1 / self.memory
        averaged = type(self)(
            self.gradient + share * (gradient - self.gradient),
            self.square + share * (gradient**2 - self.square),
            self.curvature + share * (np.abs(curvature) - self.curvature),
            self.memory,
        )
        memory = (1 - averaged.signal) * self.memory + 1
        return type(self)(averaged.gradient, averaged.square, averaged.curvature, memory)


@dataclass(frozen=True)
class NoisyPath(Path):
    """A descent by noisy gradients; `rate` is the highest of its rates, `momentum` 0.

    `noise` is the standard deviation of what is added to each gradient. `rates` (n, 2) are those of each step and
    weight. `memories` (n, 2) are vSGD's tau after each step, None for rates that were given.
    """

    noise: float
    rates: Floats
    memories: Floats | None


def curvatures_at(surface: Surface, place: Floats) -> Floats:
    """Second derivatives (2,) along x and along y: exact on a quadratic surface, else by central differences."""
    if surface.quadratic:
        return np.array(surface.curvatures, dtype=np.float64)
    x, y = place
    across = np.subtract(surface.gradient(x + _APART, y)[0], surface.gradient(x - _APART, y)[0])
    along = np.subtract(surface.gradient(x, y + _APART)[1], surface.gradient(x, y - _APART)[1])
    return np.array([across, along]) / (2 * _APART)


def descend_vsgd(
    surface: Surface,
    start: tuple[float, float],
    *,
    noise: float = 0.0,
    seed: int = 0,
    steps: int = 60,
    samples: int = SAMPLES,
    slow: float = 1.0,
) -> NoisyPath:
    """Descent at the rates that vSGD chooses, a new one for each weight and step.

    Before the first step `samples` gradients are looked at, which are not counted in `steps`. `slow` is explained in
    `Averages.start`. The steps meet the same noise as those of `descend_noisy` with the same `noise`, `seed` and
    `steps`. Raises `ValueError` for numbers that are not finite, a negative noise, or samples or slow below 1.
    """
    if samples < 1 or not (math.isfinite(slow) and slow >= 1):
        raise ValueError("vSGD needs at least one sample to start with, and a slow start of 1 or more")
    place, (steps_noise, samples_noise) = _begin(start, noise, seed, steps, samples)
    curvature = curvatures_at(surface, place)
    averages = Averages.start(
        _gradient(surface, place) + samples_noise, np.broadcast_to(curvature, samples_noise.shape), slow
    )
    points, rates, memories = [place], [], []
    for extra in steps_noise:
        gradient = _gradient(surface, place) + extra
        averages = averages.updated(gradient, curvatures_at(surface, place))
        place = _stopped(place - averages.rates * gradient)
        points.append(place)
        rates.append(averages.rates)
        memories.append(averages.memory)
        if _is_far(place):
            break
    return _path(surface, points, steps, noise, rates, memories)


def descend_noisy(
    surface: Surface, start: tuple[float, float], rates: Sequence[float], *, noise: float = 0.0, seed: int = 0
) -> NoisyPath:
    """Descent at given `rates`, one a step for both weights: a fixed rate, or an annealed one, to compare vSGD with.

    Raises `ValueError` for numbers that are not finite or a negative noise.
    """
    if not all(math.isfinite(rate) for rate in rates):
        raise ValueError("the rates must be finite numbers")
    place, (steps_noise, _) = _begin(start, noise, seed, len(rates), 0)
    points, used = [place], []
    for rate, extra in zip(rates, steps_noise, strict=True):
        place = _stopped(place - rate * (_gradient(surface, place) + extra))
        points.append(place)
        used.append(np.full(2, float(rate)))
        if _is_far(place):
            break
    return _path(surface, points, len(rates), noise, used, None)


def _begin(
    start: tuple[float, float], noise: float, seed: int, steps: int, samples: int
) -> tuple[Floats, tuple[Floats, Floats]]:
    """The start as an array, and the noise of the steps (steps, 2) and of the first samples (samples, 2)."""
    if not all(math.isfinite(number) for number in (*start, noise)) or noise < 0:
        raise ValueError("the start and the noise must be finite numbers, and the noise 0 or more")
    draws = np.random.default_rng(seed)
    steps_noise = draws.normal(0.0, noise, (steps, 2))
    return np.array(start, dtype=np.float64), (steps_noise, draws.normal(0.0, noise, (samples, 2)))


def _gradient(surface: Surface, place: Floats) -> Floats:
    return np.array(surface.gradient(place[0], place[1]), dtype=np.float64)


def _is_far(place: Floats) -> bool:
    return bool(np.abs(place).max() >= FAR)


def _stopped(place: Floats) -> Floats:
    """On the line to `place`, at most `FAR` away."""
    return place * min(1.0, FAR / max(float(np.abs(place).max()), 1.0))


def _path(
    surface: Surface,
    points: list[Floats],
    steps: int,
    noise: float,
    rates: list[Floats],
    memories: list[Floats] | None,
) -> NoisyPath:
    track, used = np.array(points), np.array(rates).reshape(-1, 2)
    return NoisyPath(
        surface=surface,
        rate=float(used.max(initial=0.0)),
        momentum=0.0,
        steps=steps,
        points=track,
        values=surface.value(track[:, 0], track[:, 1]),
        diverged=_is_far(track[-1]),
        noise=noise,
        rates=used,
        memories=None if memories is None else np.array(memories).reshape(-1, 2),
    )
