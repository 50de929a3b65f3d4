"""The playground: gradient descent on surfaces that can be drawn, in numpy alone."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

EXTENT = (3.0, 2.4)
"""Surfaces are drawn for |x| up to the first and |y| up to the second."""

SEEN = 0.01
"""Steps shorter than this cannot be seen in the picture."""

FAR = 1e6
"""A path that gets this far from the middle has diverged and ends there."""


@dataclass(frozen=True)
class Surface:
    """A loss over two weights.

    `value(x, y)` and `gradient(x, y)` take arrays of one shape; `minima` are (x, y), the lowest first.
    `curvatures` are the eigenvalues of the Hessian, along x and along y: everywhere for a quadratic
    surface, else (`quadratic` is False) at its lowest minimum.
    """

    title: str
    text: str
    value: Callable[[Floats, Floats], Floats]
    gradient: Callable[[Floats, Floats], tuple[Floats, Floats]]
    curvatures: tuple[float, float]
    quadratic: bool
    minima: tuple[tuple[float, float], ...]
    start: tuple[float, float]

    def limit(self, momentum: float = 0.0) -> float:
        """The rate above which descent with heavy-ball momentum diverges: 2 (1 + momentum) / steepest curvature."""
        return 2 * (1 + momentum) / max(self.curvatures)


def _quadratic(title: str, text: str, across: float, along: float, start: tuple[float, float]) -> Surface:
    return Surface(
        title,
        text,
        value=lambda x, y: (across * x**2 + along * y**2) / 2,
        gradient=lambda x, y: (across * x, along * y),
        curvatures=(across, along),
        quadratic=True,
        minima=((0.0, 0.0),),
        start=start,
    )


_BUMP, _WAVE, _RISE = 0.5, 3.0, 0.3
_SIDE = 2.0 * math.pi / _WAVE * 0.935888
"""Where the bumpy surface has its second minimum along an axis."""

SURFACES = {
    "bowl": _quadratic("Bowl", "The same slope in every direction.", 2.0, 2.0, (-2.4, 1.2)),
    "valley": _quadratic(
        "Narrow valley",
        "Steep across, almost flat along: the usual shape of a loss.",
        0.4,
        4.0,
        (-2.6, 1.2),
    ),
    "saddle": Surface(
        "Saddle",
        "A pass between two valleys: at the top of it the slope is zero.",
        value=lambda x, y: x**2 - y**2 + y**4 / 4 + 1,
        gradient=lambda x, y: (2 * x, -2 * y + y**3),
        curvatures=(2.0, 4.0),
        quadratic=False,
        minima=((0.0, math.sqrt(2)), (0.0, -math.sqrt(2))),
        start=(-2.4, 0.02),
    ),
    "bumpy": Surface(
        "Bumpy ground",
        "Many minima, one of them the lowest.",
        value=lambda x, y: _RISE / 2 * (x**2 + y**2) + _BUMP * (2 - np.cos(_WAVE * x) - np.cos(_WAVE * y)),
        gradient=lambda x, y: (
            _RISE * x + _BUMP * _WAVE * np.sin(_WAVE * x),
            _RISE * y + _BUMP * _WAVE * np.sin(_WAVE * y),
        ),
        curvatures=(_RISE + _BUMP * _WAVE**2,) * 2,
        quadratic=False,
        minima=tuple((x * _SIDE, y * _SIDE) for x, y in [(0, 0), (-1, 0), (1, 0), (0, -1), (0, 1)])
        + tuple((x * _SIDE, y * _SIDE) for x in (-1, 1) for y in (-1, 1)),
        start=(-2.6, 1.5),
    ),
}


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


@dataclass(frozen=True)
class Verdict:
    """What a path shows: `kind` is one of still, uphill, crawls, good, zigzags, swings, stuck, diverges."""

    kind: str
    sentence: str


def judge(path: Path) -> Verdict:
    """What the path did, and why: by the curvatures on a quadratic surface, by its steps on the others."""
    for look in (_senseless, _diverging, _oscillating, _resting, _still_under_way):
        verdict = look(path)
        if verdict is not None:
            return verdict
    step = path.arrives or 0
    past = path.momentum and _reversals(path) > 0.03
    way = "momentum carries it past the bottom a little, and it" if past else "it goes down and"
    return Verdict("good", f"Just right: {way} arrives after {step} {_steps(step)}.")


def _senseless(path: Path) -> Verdict | None:
    if path.rate == 0:
        return Verdict("still", "A rate of 0 takes no steps: the weights stay where they are. Choose one above 0.")
    if path.rate < 0:
        return Verdict("uphill", "A negative rate walks uphill, and the loss only grows. Choose a rate above 0.")
    if not 0 <= path.momentum < 1:
        return Verdict("still", "Momentum must be from 0 to below 1: at 1 nothing ever slows down.")
    if not np.any(np.abs(path.surface.gradient(*path.points[0])) > np.float64(1e-12)):
        if (path.arrives or 0) == 0 and path.arrives is not None:
            return Verdict("still", "The start is a minimum already: the slope is zero. Choose another start.")
        return Verdict("stuck", "The slope here is exactly zero, though it is no minimum: move the start a little.")
    return None


def _diverging(path: Path) -> Verdict | None:
    limit = path.surface.limit(path.momentum)
    if not path.diverged and not (path.surface.quadratic and _felt(path) and path.rate > limit * (1 + 1e-9)):
        return None
    if path.rate <= limit:
        return Verdict("diverges", "Too high for so steep a start: the first steps throw it off the surface.")
    return Verdict(
        "diverges",
        f"Much too high: it diverges. {_curvature(path.surface)}, so above {_bound(path)} = {limit:.3g} "
        "each step overshoots farther than the last.",
    )


def _oscillating(path: Path) -> Verdict | None:
    steepest, limit = max(path.surface.curvatures), path.surface.limit(path.momentum)
    turn = limit / 2
    if path.surface.quadratic:
        if not _felt(path) or path.rate <= turn * (1 + 1e-9):
            return None
    elif path.rate <= limit and _reversals(path, late=True) < 0.5:
        return None
    if path.rate > limit * 0.999:
        return Verdict(
            "zigzags",
            f"Too high: it jumps from side to side and never comes to rest. {_curvature(path.surface)}, "
            f"and only rates below {_bound(path)} = {limit:.3g} come to rest there.",
        )
    arrived = path.arrives
    end = f"yet it arrives after {arrived} {_steps(arrived)}" if arrived else f"and {path.steps} steps are not enough"
    above = f"{'(1 + momentum)' if path.momentum else '1'} / {steepest:.3g} = {turn:.3g}"
    return Verdict(
        "zigzags",
        f"Too high: it zigzags, {end}. {_curvature(path.surface)}, and above {above} "
        "a step goes past the bottom to the other side.",
    )


def _resting(path: Path) -> Verdict | None:
    """Settled somewhere, on a surface where that need not be the lowest place."""
    if path.surface.quadratic or path.arrives is None:
        return None
    lowest = path.surface.value(*np.array(path.surface.minima).T).min()
    if path.values[-1] < lowest + 0.05:
        return None
    return Verdict(
        "stuck",
        "Stuck: it rests in a minimum that is not the lowest. Another rate, momentum or start leads elsewhere.",
    )


def _still_under_way(path: Path) -> Verdict | None:
    if path.arrives is not None:
        return None
    if path.surface.title == "Saddle" and abs(path.points[-1, 1]) < 0.5 and abs(path.points[-1, 0]) < 0.1:
        return Verdict("stuck", "Held up on the saddle: the slope is almost zero there. Momentum or more steps help.")
    if path.momentum and _reversals(path) > 0.05 and path.rate * max(path.surface.curvatures) > 0.01:
        return Verdict(
            "swings", f"Momentum of {path.momentum:g} carries it past the bottom and back: less of it settles sooner."
        )
    return Verdict(
        "crawls",
        f"Too low: it crawls, and {path.steps} steps are not enough. Each step is the rate times the slope, "
        "and the slope gets smaller on the way.",
    )


def _felt(path: Path) -> bool:
    """Whether the start is off the bottom in the steepest direction at all."""
    steepest = max(path.surface.curvatures)
    return any(c == steepest and abs(p) > 1e-12 for c, p in zip(path.surface.curvatures, path.points[0], strict=True))


def _reversals(path: Path, *, late: bool = False) -> float:
    """Share of the steps large enough to be seen (`late`: of their second half) that lead back."""
    moves = np.diff(path.points, axis=0)
    seen = moves[np.abs(moves).max(axis=1) > SEEN]
    seen = seen[len(seen) // 2 :] if late else seen
    if len(seen) < 2:
        return 0.0
    return float(np.mean(np.sum(seen[1:] * seen[:-1], axis=1) < 0))


def _curvature(surface: Surface) -> str:
    where = "The steepest curvature" if surface.quadratic else "The curvature at the lowest point"
    return f"{where} is {max(surface.curvatures):.3g}"


def _bound(path: Path) -> str:
    return f"{'2 (1 + momentum)' if path.momentum else '2'} / {max(path.surface.curvatures):.3g}"


def _steps(count: int) -> str:
    return "step" if count == 1 else "steps"
