"""The learning rate range test (arXiv:1506.01186), as fastai 2.8 runs it."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from core.errors import PlanError
from core.training.learner import Learner
from core.training.preserve import preserved
from core.training.randomness import seed_of
from core.training.smoothing import EXPLODED, Smoothed
from core.training.stage import HIGHEST_RATE, Stage
from core.training.suggestions import HIGHEST, LOWEST, STEPS, suggestions
from core.workspace import Progress, no_progress

FEWEST_STEPS, MOST_STEPS = 2, 10_000


@dataclass(frozen=True)
class FinderPoint:
    """One batch of a range test; `lr` is the last layer group's rate, `step` counts from 0."""

    step: int
    lr: float
    loss: float
    smoothed: float


@dataclass(frozen=True)
class FinderCurve:
    """A range test: training loss, raw and smoothed, against the rate of the last layer group.

    `stopped` says why there are no more points: "end", "diverged", "not a number" or "asked".
    `suggestions` has valley, slide, steep, minimum and lightning, None where the curve is too short.
    """

    lrs: list[float]
    losses: list[float]
    smoothed: list[float]
    suggestions: dict[str, float | None]
    stopped: str
    meta: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """What `to_json` gave."""
        return cls(**values)


def range_points(
    learner: Learner, stage: Stage, *, lowest: float = LOWEST, highest: float = HIGHEST, steps: int = STEPS
) -> Iterator[FinderPoint]:
    """Train on `steps` batches at rates that grow from `lowest` towards `highest`, and undo it.

    The stage says what is trained, on what and with which optimiser; its own rates only say how the layer groups'
    rates relate. Short data sets are gone through again and again. Ends early when the loss is not a number, or
    its smoothed value more than 4 times its best. However the iteration ends, when the iterator is closed the
    model is byte by byte what it was. Raises `PlanError` for a range or number of steps that makes no sense.
    """
    if not (0 < lowest < highest <= HIGHEST_RATE and FEWEST_STEPS <= steps <= MOST_STEPS):
        raise PlanError(
            f"A range test needs a lowest rate above 0 and below the highest, which may be up to {HIGHEST_RATE:g}, "
            f"and {FEWEST_STEPS} to {MOST_STEPS:,} steps."
        )
    stage = stage.model_copy(update={"lr": stage.lr or (1.0,)})
    rates = stage.group_rates(len(learner.model.groups))
    smoothed, best = Smoothed(), math.inf
    with preserved(learner.model):
        task = learner.task(stage, seed=seed_of(learner.seed, "range test"))
        task.set_training()
        for step in range(steps):
            lr = lowest * (highest / lowest) ** (step / steps)
            epoch, batch = divmod(step, task.steps_per_epoch)
            scaled = tuple(lr * rate / rates[-1] for rate in rates)
            loss = task.train(task.batches(epoch)[batch], step, scaled, stage.momentum)
            if not math.isfinite(loss):
                return
            value = smoothed.add(loss)
            best = min(best, value)
            yield FinderPoint(step, lr, loss, value)
            if value > EXPLODED * best:
                return


def curve_of(points: Iterable[FinderPoint], steps: int, *, asked: bool = False, **meta: Any) -> FinderCurve:
    """The curve of the `points` that a test of `steps` batches gave; `asked` when somebody stopped it."""
    done = list(points)
    lrs, losses, smoothed = ([getattr(p, name) for p in done] for name in ("lr", "loss", "smoothed"))
    if asked:
        stopped = "asked"
    elif done and smoothed[-1] > EXPLODED * min(smoothed):
        stopped = "diverged"
    else:
        stopped = "end" if len(done) == steps else "not a number"
    found = suggestions(lrs, losses, smoothed, steps)
    return FinderCurve(lrs, losses, smoothed, found, stopped, {"steps": steps, **meta})


def range_test(
    learner: Learner,
    stage: Stage,
    *,
    lowest: float = LOWEST,
    highest: float = HIGHEST,
    steps: int = STEPS,
    progress: Progress = no_progress,
) -> FinderCurve:
    """The whole test at the learner's present state, which it leaves as it was; see `range_points`.

    `curve.meta` has what the test depended on: steps, seed, and the stage without its rate.
    """
    points = []
    for point in range_points(learner, stage, lowest=lowest, highest=highest, steps=steps):
        points.append(point)
        progress("Finding the learning rate", len(points), steps)
    return curve_of(points, steps, **test_meta(learner, stage, lowest=lowest, highest=highest))


def test_meta(learner: Learner, stage: Stage, **more: Any) -> dict[str, Any]:
    """What a range test depended on, as JSON values."""
    described = stage.model_dump(mode="json", exclude={"lr", "name", "schedule", "cycles", "cycle_len", "cycle_mult"})
    return {"seed": learner.seed, "epoch": learner.position.epoch, "stage": described, **more}
