"""A stage under way: its batches are begun, and become records once their numbers have been read."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from torch import Tensor

from core.errors import DivergedError
from core.numbers import rate_in_words
from core.training.good_weights import GoodWeights
from core.training.group_watch import figures_of
from core.training.growing import side_at
from core.training.late import Late
from core.training.position import Position
from core.training.records import StepRecord
from core.training.refreezing import rates_at
from core.training.schedules import Schedule
from core.training.stage import Stage
from core.training.task import Task


class _Batch(NamedTuple):
    rates: tuple[float, ...]
    momentum: float
    images: int


@dataclass(frozen=True)
class Fitting:
    """What training through a `stage` needs, beside the `Position`, which counts the batches that were read.

    `rates` has the highest learning rate of each layer group. `norms` measures the layer groups after batch number n
    (from 0) of the stage, with its gradients still in place (`GroupWatch.norms`); nothing after most batches.
    """

    stage: Stage
    task: Task
    schedule: Schedule
    rates: tuple[float, ...]
    good: GoodWeights
    steps_per_epoch: int
    norms: Callable[[int], list[Tensor]]
    late: Late[_Batch] = field(init=False)

    def __post_init__(self) -> None:
        """No batch has begun."""
        object.__setattr__(self, "late", Late[_Batch](self.task.device))

    def next_batch(self, at: Position) -> StepRecord:
        """Begin as many batches of the epoch as the device may be ahead, and read the oldest."""
        left = self.steps_per_epoch - at.stage_step % self.steps_per_epoch
        while self.late.room and len(self.late) < left:
            self._begin_batch(at)
        return self.read_batch(at)

    def _begin_batch(self, at: Position) -> None:
        step, stage_step = at.step + len(self.late), at.stage_step + len(self.late)
        indices = self.task.batches(at.epoch)[stage_step % self.steps_per_epoch]
        factor, momentum = self.schedule.factor(stage_step), self.schedule.momentum(stage_step)
        steps = self.schedule.steps
        rates = tuple(factor * rate for rate in rates_at(self.stage, self.rates, stage_step, steps))
        side = side_at(self.stage, stage_step, steps)

        def train() -> list[Tensor]:
            return [self.task.train(indices, step, rates, momentum, side).plain, *self.norms(stage_step)]

        self.late.begin(_Batch(rates, momentum, len(indices)), train)

    def read_batch(self, at: Position) -> StepRecord:
        """Wait for the oldest batch that was begun, and count it; raises `DivergedError` like `diverged`."""
        (rates, momentum, images), (loss, *norms), seconds = self.late.read()
        smoothed, epoch = at.smoothed.add(loss), at.epoch + 1
        if at.watch.exploded(smoothed, self.task.classes):
            raise self.diverged(at, loss)
        at.count_batch(loss=loss, images=images, steps_per_epoch=self.steps_per_epoch, seconds=seconds)
        speed = images / seconds
        return StepRecord(at.stage, epoch, at.step, rates, momentum, loss, smoothed, speed, *figures_of(norms))

    def diverged(self, at: Position, loss: float) -> DivergedError:
        """Put the last good weights back, and end the stage; the error that says so.

        Batches after the one with this `loss` that were begun already go with it.
        """
        self.good.put_back()
        at.end()
        what = f"the loss rose to {loss:,.1f} and stayed high" if math.isfinite(loss) else "the loss is not a number"
        return DivergedError(
            f"Training diverged in epoch {at.epoch + 1}: {what}. The last good weights were put back. "
            f"Try a lower rate: a tenth of {rate_in_words(max(self.rates))}, or one from the range test."
        )
