"""The settings of a range test, and the curve that it gives. Importing this module does not import torch."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, field_serializer

from core.errors import PlanError
from core.training.explosion import exploded
from core.training.smoothing import EXPLODED
from core.training.stage import HIGHEST_RATE, Stage
from core.training.suggest import Suggestion, suggest
from core.training.suggestions import suggestions

FEWEST_STEPS, MOST_STEPS = 2, 10_000

NOT_USED = {"lr", "name", "schedule", "cycles", "cycle_len", "cycle_mult", "freeze_early_after", "measure_after_cycle"}
"""Settings of a stage that a range test does not depend on."""


@dataclass(frozen=True)
class RangeSettings:
    """The range of learning rates and the number of batches of a range test; the defaults are fastai's.

    A test with exactly these defaults is fastai's, and ends as fastai's does (`fastais`); every other one ends soon
    after its raw losses have exploded (`core.training.explosion`).
    Raises `PlanError` for a range or a number of steps that makes no sense.

    >>> [round(RangeSettings(lowest=1e-4, highest=1.0, steps=4).rate(step), 4) for step in range(4)]
    [0.0001, 0.001, 0.01, 0.1]
    """

    lowest: float = 1e-7
    highest: float = 10.0
    steps: int = 100

    def __post_init__(self) -> None:
        in_range = 0 < self.lowest < self.highest <= HIGHEST_RATE
        if not (in_range and FEWEST_STEPS <= self.steps <= MOST_STEPS):
            raise PlanError(
                "A range test needs a lowest rate above 0 and below the highest, which may be up to "
                f"{HIGHEST_RATE:g}, and {FEWEST_STEPS} to {MOST_STEPS:,} steps."
            )

    def rate(self, step: int) -> float:
        """The learning rate of batch `step` (from 0): it grows exponentially, as in fastai."""
        return float(self.lowest * (self.highest / self.lowest) ** (step / self.steps))

    @property
    def fastais(self) -> bool:
        """Whether this is fastai's range test."""
        return self == RangeSettings()

    def exploded(self, losses: Sequence[float], smoothed: Sequence[float], classes: int) -> bool:
        """Whether a test ends after these raw and smoothed losses (nats, one a batch), which are its first ones."""
        if self.fastais:
            return len(smoothed) > 0 and smoothed[-1] > EXPLODED * min(smoothed)
        return exploded(losses, steps=self.steps, classes=classes)


@dataclass(frozen=True)
class RangePoint:
    """One batch of a range test; `lr` is the learning rate of the last layer group, `step` counts from 0."""

    step: int
    lr: float
    loss: float
    smoothed: float


class RangeMeta(BaseModel):
    """What a range test depended on. `epoch` counts the epochs that the learner had trained before it.

    `batches` is the length of the stage that the test is for, `classes` the number of classes of its data. Tests with
    one seed and another `repeat` (from 0) go over other batches from the same state.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    steps: int
    lowest: float
    highest: float
    seed: int
    repeat: int = 0
    epoch: int
    stage: Stage
    batches: int
    classes: int

    @field_serializer("stage")
    def _only_what_was_used(self, stage: Stage) -> dict[str, Any]:
        return stage.model_dump(mode="json", exclude=NOT_USED)


class RangeCurve(BaseModel):
    """The result of a range test: training loss, raw and smoothed, at each learning rate of the last layer group.

    `suggestion` is Anneal's, read off the raw losses (`core.training.suggest`); None when there are no losses.
    `suggestions` has the rate of each rule of `core.training.suggestions`, None where the curve is too short.
    `stopped` says why the curve ends: at the last rate, with losses that had exploded (`RangeSettings.exploded`), with
    a loss that is not a number, or because a person stopped it.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    lrs: list[float]
    losses: list[float]
    smoothed: list[float]
    suggestion: Suggestion | None
    suggestions: dict[str, float | None]
    stopped: Literal["end", "diverged", "not a number", "asked"]
    meta: RangeMeta

    @property
    def classes(self) -> int:
        """The number of classes of the data."""
        return self.meta.classes

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return self.model_dump(mode="json")


def curve_of(points: Iterable[RangePoint], meta: RangeMeta, *, asked: bool = False) -> RangeCurve:
    """The curve of the `points` of a range test; `asked` when a person stopped it."""
    done = list(points)
    lrs, losses = [point.lr for point in done], [point.loss for point in done]
    smoothed = [point.smoothed for point in done]
    settings = RangeSettings(meta.lowest, meta.highest, meta.steps)
    stopped: Literal["end", "diverged", "not a number", "asked"]
    if asked:
        stopped = "asked"
    elif settings.exploded(losses, smoothed, meta.classes):
        stopped = "diverged"
    else:
        stopped = "end" if len(done) == meta.steps else "not a number"
    return RangeCurve(
        lrs=lrs,
        losses=losses,
        smoothed=smoothed,
        suggestion=suggestion_for(lrs, losses, meta.stage, batches=meta.batches, classes=meta.classes),
        suggestions=suggestions(lrs, smoothed, meta.steps),
        stopped=stopped,
        meta=meta,
    )


def suggestion_for(
    lrs: Sequence[float], losses: Sequence[float], stage: Stage, *, batches: int, classes: int
) -> Suggestion | None:
    """Anneal's rate for `stage`, of so many `batches`, from a curve's raw `losses` (N,), nats; None without any."""
    if not lrs:
        return None
    return suggest(lrs, losses, steps=batches, classes=classes, only_the_head=stage.freeze_to == -1)
