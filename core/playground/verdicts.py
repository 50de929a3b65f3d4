"""What a descent shows, in a sentence that says why."""

from dataclasses import dataclass

import numpy as np

from core.playground.descent import Path, descend
from core.playground.surfaces import Surface

SEEN = 0.01
"""Steps shorter than this cannot be seen in the picture."""


@dataclass(frozen=True)
class Verdict:
    """What a path shows: `kind` is one of still, uphill, crawls, slow, good, zigzags, swings, stuck, diverges."""

    kind: str
    sentence: str


def judge(path: Path) -> Verdict:
    """What the path did, and why: by the curvatures on a quadratic surface, by its steps on the others."""
    for check in (_no_descent, _diverging, _oscillating, _resting, _still_under_way):
        verdict = check(path)
        if verdict is not None:
            return verdict
    step, calm = path.arrives or 0, _without_overshoot(path)
    if calm is not None and step > 1.25 * calm + 2:
        return Verdict(
            "slow", f"Low: it arrives, but only after {step} steps; a rate of {_turn(path):.3g} needs {calm}."
        )
    past = path.momentum and _reversals(path) > 0.03
    way = "momentum carries it past the bottom a little, and it" if past else "it goes down and"
    return Verdict("good", f"Just right: {way} arrives after {step} {_steps(step)}.")


def _no_descent(path: Path) -> Verdict | None:
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
    if not path.diverged and not (
        path.surface.quadratic and _starts_off_the_bottom(path) and path.rate > limit * (1 + 1e-9)
    ):
        return None
    if path.rate <= limit:
        return Verdict("diverges", "Too high for so steep a start: the first steps throw it off the surface.")
    return Verdict(
        "diverges",
        f"Much too high: it diverges. {_curvature(path.surface)}, so above {_bound(path)} = {limit:.3g} "
        "each step overshoots farther than the last.",
    )


def _oscillating(path: Path) -> Verdict | None:
    limit, turn = path.surface.limit(path.momentum), _turn(path)
    if path.surface.quadratic:
        if not _starts_off_the_bottom(path) or path.rate <= turn * (1 + 1e-9):
            return None
    elif path.rate <= limit and _reversals(path, late=True) < 0.5:
        return None
    if path.rate > limit * 0.999 and path.arrives is None:
        return Verdict(
            "zigzags",
            f"Too high: it jumps from side to side and never comes to rest. {_curvature(path.surface)}, "
            f"and only rates below {_bound(path)} = {limit:.3g} come to rest there.",
        )
    above = f"{'(1 + momentum)' if path.momentum else '1'} / {max(path.surface.curvatures):.3g} = {turn:.3g}"
    return Verdict(
        "zigzags",
        f"{_price(path)} {_curvature(path.surface)}, and above {above} a step goes past the bottom to the other side.",
    )


def _price(path: Path) -> str:
    """What zigzagging costs or gains, beside the highest rate whose steps do not go past the bottom."""
    arrived, calm = path.arrives, _without_overshoot(path)
    beside = f"a rate of {_turn(path):.3g} needs {calm}" if calm else ""
    if arrived is None:
        return f"Too high: it zigzags, and after {path.steps} steps it has not arrived{beside and f', while {beside}'}."
    where = f" It ends in a poor minimum: {_losses(path)}." if _is_poor(path) else ""
    if calm is not None and arrived >= calm:
        return f"Too high: it zigzags and arrives after {arrived} {_steps(arrived)}, while {beside}.{where}"
    limit = path.surface.limit(path.momentum)
    edge = "it diverges" if path.surface.quadratic else "it cannot come to rest at the lowest point"
    return (
        f"Faster, at a risk: it zigzags and arrives after {arrived} {_steps(arrived)}"
        f"{beside and f', while {beside}'}; but it is at {path.rate / limit:.0%} of {limit:.3g}, "
        f"above which {edge}.{where}"
    )


def _resting(path: Path) -> Verdict | None:
    """Settled somewhere, on a surface where that need not be the lowest place."""
    if path.arrives is None or not _is_poor(path):
        return None
    return Verdict(
        "stuck",
        f"It arrives after {path.arrives} {_steps(path.arrives)}, but in a poor minimum: {_losses(path)}. "
        "Another rate, momentum or start leads elsewhere.",
    )


def _is_poor(path: Path) -> bool:
    """Whether the path ends clearly above the lowest minimum of a surface that has several."""
    return not path.surface.quadratic and bool(path.values[-1] >= _lowest(path.surface) + 0.05)


def _losses(path: Path) -> str:
    return f"its loss is {path.values[-1]:.2f}, and that of the lowest {max(_lowest(path.surface), 0.0):.2f}"


def _lowest(surface: Surface) -> float:
    return float(surface.value(*np.array(surface.minima).T).min())


def _turn(path: Path) -> float:
    """The rate above which a step goes past the bottom, in the steepest direction."""
    return path.surface.limit(path.momentum) / 2


def _without_overshoot(path: Path) -> int | None:
    """When the same descent arrives at the rate of `_turn`; None when it does not."""
    start = (float(path.points[0, 0]), float(path.points[0, 1]))
    return descend(path.surface, start, _turn(path), path.momentum, path.steps).arrives


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
        f"Too low: it crawls, and after {path.steps} steps it has not arrived. Each step is the rate times the slope, "
        "and the slope gets smaller on the way.",
    )


def _starts_off_the_bottom(path: Path) -> bool:
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
