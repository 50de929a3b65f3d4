"""Learning curves: what more images, and larger ones, would bring, told from heads on activations.

Importing this module imports no torch.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from core.results.heads import Features, Labels, head_probabilities
from core.training.proportions import LEVEL, holm, mcnemar, p_in_words
from core.training.trial_statistics import p_of

Right = NDArray[np.bool_]

RESAMPLES = 400
"""Bootstrap samples of the validation images and the draws, for the interval of what is extrapolated."""

WORTH = 0.5
"""A gain of fewer points than this is of no use to anybody."""

HALF = 0.5
"""The share that all images are compared with, class by class."""


class Point(BaseModel):
    """Accuracies (0..1) of heads trained on `images` images, a `share` (0..1) of all, one for each draw of them."""

    model_config = ConfigDict(frozen=True)

    share: float
    images: int
    accuracies: tuple[float, ...]

    @property
    def mean(self) -> float:
        """The mean of the accuracies."""
        return float(np.mean(self.accuracies))


class SizeCurve(BaseModel):
    """The learning curve at one image size in pixels.

    `fixed` and `broken` count the validation images that only the head at this size, or only that at the run's size,
    has right, both trained on all images.
    """

    model_config = ConfigDict(frozen=True)

    size: int
    points: tuple[Point, ...]
    fixed: int = 0
    broken: int = 0

    @property
    def p(self) -> float:
        """P-value of McNemar's exact test between this size and the run's, on all images."""
        return mcnemar(self.fixed, self.broken)


class ClassCurve(BaseModel):
    """Recall (0..1) of a class with `images` training images, at each share of all of them.

    It is None for a class without validation images.

    `gain` is how much of it came with the second half of the images, `p` its p-value, corrected for the number of
    classes (`holm`).
    """

    model_config = ConfigDict(frozen=True)

    name: str
    images: int
    recalls: tuple[float | None, ...]
    gain: float
    p: float


class Extrapolation(BaseModel):
    """The accuracy (0..1) that the curve points to at `images`, and the gain in points with its 95 % interval."""

    model_config = ConfigDict(frozen=True)

    images: int
    accuracy: float
    gain: float
    low: float
    high: float


class LearningCurveAnswer(BaseModel):
    """Curves of the run's size first, then of the other sizes whose pixels exist; all on `valid_images` images."""

    model_config = ConfigDict(frozen=True)

    curves: tuple[SizeCurve, ...]
    classes: tuple[ClassCurve, ...]
    twice: Extrapolation
    valid_images: int

    @property
    def larger(self) -> SizeCurve | None:
        """The larger size that is better than the run's by more than chance; the best of several. None without one."""
        used = self.curves[0]
        better = [
            curve
            for curve in self.curves[1:]
            if curve.size > used.size and curve.fixed > curve.broken and curve.p < LEVEL
        ]
        return max(better, key=lambda curve: curve.points[-1].mean, default=None)

    @property
    def hungry(self) -> tuple[ClassCurve, ...]:
        """The classes that the second half of the images helped by more than chance, most helped first."""
        found = [one for one in self.classes if one.gain > 0 and one.p < LEVEL]
        return tuple(sorted(found, key=lambda one: -one.gain))

    def sentences(self) -> list[str]:
        """What would help: more images, of which class, larger images, or neither; each with how sure it is."""
        return [self._more(), self._of_class(), self._size()]

    def _more(self) -> str:
        twice = self.twice
        range_ = f"{twice.low:+.1f} to {twice.high:+.1f} points"
        if twice.low >= WORTH:
            return (
                f"More images would help: twice as many point to {twice.accuracy:.1%} ({twice.gain:+.1f} points, "
                f"95% interval {range_}; an extrapolation)."
            )
        if twice.high < WORTH:
            return f"More images like these would hardly help: twice as many point to {range_} (an extrapolation)."
        return (
            f"Whether more images help cannot be told: twice as many point to {twice.gain:+.1f} points, but it could "
            f"be {range_} (an extrapolation)."
        )

    def _of_class(self) -> str:
        if not self.hungry:
            return "No class gained more than chance from the second half of its images."
        names = ", ".join(f"{one.name} ({100 * one.gain:+.0f} points)" for one in self.hungry[:3])
        return f"The second half of the images helped most here: {names}. Begin with more of these."

    def _size(self) -> str:
        others = self.curves[1:]
        used = self.curves[0]
        if not any(curve.size > used.size for curve in others):
            return f"Larger images were not compared: pixels exist for {used.size} px and no larger size."
        best = self.larger
        if best is None:
            sizes = ", ".join(str(curve.size) for curve in others if curve.size > used.size)
            return f"Larger images ({sizes} px) are not better than {used.size} px by more than chance."
        return (
            f"Larger images would help: {best.points[-1].mean:.1%} at {best.size} px, {used.points[-1].mean:.1%} at "
            f"{used.size} px ({best.fixed} fixed, {best.broken} broken: {p_in_words(best.p)})."
        )


class Task(NamedTuple):
    """What the heads are trained and judged on: rows of features, their labels, and the names of the classes."""

    labels: Labels
    train: Labels
    valid: Labels
    classes: Sequence[str]


def learning_curves(
    features: Mapping[int, Features],
    task: Task,
    *,
    shares: Sequence[float],
    draws: int,
    seed: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> LearningCurveAnswer:
    """Heads on `shares` (ascending, the last is 1) of the training rows of every class, `draws` random ones each.

    `features` maps an image size to features (N, F), the run's size first. At the share 1 there is one draw. Every
    class keeps at least one row.
    """
    plan = [(share, draw) for share in shares for draw in range(draws if share < 1 else 1)]
    total, done = len(plan) * len(features), 0
    found: dict[int, dict[tuple[float, int], Right]] = {}
    counts: dict[float, int] = {}
    for size, rows in features.items():
        found[size] = {}
        for share, draw in plan:
            some = _some(task, share, np.random.default_rng((seed, draw, round(1000 * share))))
            counts[share] = len(some)
            probabilities = head_probabilities(rows, task.labels, some, task.valid, len(task.classes))
            found[size][share, draw] = probabilities.argmax(1) == task.labels[task.valid]
            done += 1
            progress(done, total)
    first = next(iter(features))
    right = {share: _stacked(found[first], share) for share in shares}
    return LearningCurveAnswer(
        curves=tuple(_size_curve(size, found, first, shares, counts) for size in features),
        classes=_class_curves(task, right),
        twice=_twice(right, counts, np.random.default_rng(seed)),
        valid_images=len(task.valid),
    )


def _stacked(found: Mapping[tuple[float, int], Right], share: float) -> Right:
    """Whether each image is right (draws, images), of one share."""
    return np.stack([right for (at, _), right in found.items() if at == share])


def _some(task: Task, share: float, draws: np.random.Generator) -> Labels:
    """A share of the training rows of every class, at least one of each."""
    labels = task.labels[task.train]
    parts = []
    for k in np.unique(labels):
        rows = task.train[labels == k]
        parts.append(draws.permutation(rows)[: max(1, round(share * len(rows)))])
    return np.sort(np.concatenate(parts)).astype(np.int64)


def _size_curve(
    size: int,
    found: Mapping[int, Mapping[tuple[float, int], Right]],
    first: int,
    shares: Sequence[float],
    counts: Mapping[float, int],
) -> SizeCurve:
    points = []
    for share in shares:
        accuracies = tuple(_stacked(found[size], share).mean(axis=1).tolist())
        points.append(Point(share=share, images=counts[share], accuracies=accuracies))
    here, there = _stacked(found[size], shares[-1])[0], _stacked(found[first], shares[-1])[0]
    fixed, broken = int((here & ~there).sum()), int((there & ~here).sum())
    return SizeCurve(size=size, points=tuple(points), fixed=fixed, broken=broken)


def _class_curves(task: Task, right: Mapping[float, Right]) -> tuple[ClassCurve, ...]:
    labels = task.labels[task.valid]
    half = min(right, key=lambda share: abs(share - HALF))
    whole = max(right)
    gains, values = [], []
    for k in range(len(task.classes)):
        change = right[whole][0, labels == k] - right[half][:, labels == k].mean(axis=0)
        gains.append(float(change.mean()) if len(change) else 0.0)
        error = float(change.std(ddof=1) / math.sqrt(len(change))) if len(change) > 1 else math.inf
        values.append(p_of(gains[-1], error))
    raised = holm(values)
    return tuple(
        ClassCurve(
            name=name,
            images=int((task.labels[task.train] == k).sum()),
            recalls=tuple(_recall(rows[:, labels == k]) for rows in right.values()),
            gain=gains[k],
            p=raised[k],
        )
        for k, name in enumerate(task.classes)
    )


def _recall(right: Right) -> float | None:
    return float(right.mean()) if right.size else None


def _twice(right: Mapping[float, Right], counts: Mapping[float, int], draws: np.random.Generator) -> Extrapolation:
    """A power law through the errors, carried on to twice the images; the interval is from a bootstrap.

    That errors fall with a power of the number of images: J. Hestness et al., arXiv:1712.00409.
    """
    images = next(iter(right.values())).shape[1]
    sizes = np.array([counts[share] for share in right], dtype=np.float64)
    now, then = _carried_on(sizes, np.array([1 - rows.mean() for rows in right.values()]), images)
    gains = []
    for _ in range(RESAMPLES):
        drawn = draws.integers(0, images, images)
        errors = [1 - rows[draws.integers(0, len(rows), len(rows))][:, drawn].mean() for rows in right.values()]
        one, two = _carried_on(sizes, np.array(errors), images)
        gains.append(100 * (one - two))
    low, high = np.quantile(gains, [0.025, 0.975])
    return Extrapolation(
        images=2 * counts[max(counts)],
        accuracy=1 - then,
        gain=100 * (now - then),
        low=float(low),
        high=float(high),
    )


def _carried_on(sizes: NDArray[np.float64], errors: NDArray[np.float64], images: int) -> tuple[float, float]:
    """Errors (0..1) of the fitted power law at the largest size and at twice that; it never rises."""
    lifted = np.log(np.maximum(errors, 0.5 / (images + 1)))  # no error at all is fewer than one of so many
    slope, level = np.polyfit(np.log(sizes), lifted, 1)
    slope = min(0.0, float(slope))
    at = level + slope * math.log(sizes[-1]) if slope else float(lifted.mean())
    return math.exp(min(0.0, at)), math.exp(min(0.0, at + slope * math.log(2)))
