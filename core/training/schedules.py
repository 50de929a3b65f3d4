"""Learning rate and momentum as pure functions of the batch number, so that a schedule can be drawn before training."""

import math
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal

from core.data.index import DataSet
from core.data.split import batch_count
from core.training.stage import Stage

GENTLE_FACTOR = 1 / 100
GENTLE_PART = 20
"""The gentle start of fastai 0.7: the first 1/20 of the first cycle's batches at 1/100 of the rate."""

RISE = 0.3
START_DIVISOR = 25.0
END_DIVISOR = 1e4
"""One-cycle as in torch's `OneCycleLR`: up from rate/25 for the first 30 % of the batches, down to rate/250,000."""

MOMENTUM_SWING = 0.05
"""One-cycle's momentum falls from `momentum` + 0.05 to `momentum` - 0.05 while the rate rises, and comes back."""


def cosine(start: float, end: float, position: float) -> float:
    """Value at `position` (0..1) on a half cosine from `start` to `end` (arXiv:1608.03983, eq. 5).

    >>> cosine(1.0, 0.0, 0.0), cosine(1.0, 0.0, 0.5), cosine(1.0, 0.0, 1.0)
    (1.0, 0.5, 0.0)
    """
    return end + (start - end) * (1 + math.cos(math.pi * position)) / 2


@dataclass(frozen=True)
class Schedule:
    """Learning rate and momentum for every batch of a stage.

    `cycle_steps` has the number of batches of each cycle. Steps and cycles count from 0.

    >>> schedule = Schedule("cosine", cycle_steps=(4, 8))
    >>> [round(schedule.factor(step), 2) for step in range(6)]
    [1.0, 0.85, 0.5, 0.15, 1.0, 0.96]
    >>> schedule.position(5)
    (1, 1, 8)
    """

    kind: Literal["cosine", "one-cycle", "constant"]
    cycle_steps: tuple[int, ...]
    base_momentum: float = 0.9
    gentle_start: bool = False

    @property
    def steps(self) -> int:
        """Number of batches in all cycles."""
        return sum(self.cycle_steps)

    @property
    def cycle_ends(self) -> tuple[int, ...]:
        """Number of batches trained when each cycle ends."""
        return tuple(accumulate(self.cycle_steps))

    def position(self, step: int) -> tuple[int, int, int]:
        """Cycle of batch `step`, batches before it in that cycle, and batches in that cycle (SGDR's T_cur and T_i).

        Computed with integers: with cycles of 1, 3, 9, 27, 81, ... epochs, cycle 5 starts exactly at epoch 121,
        which a floating point logarithm would miss. Raises `IndexError` outside `0..steps-1`.
        """
        if not 0 <= step < self.steps:
            raise IndexError(f"step {step} is not one of this schedule's {self.steps}")
        ends = self.cycle_ends
        cycle = bisect_right(ends, step)
        length = self.cycle_steps[cycle]
        return cycle, step - (ends[cycle] - length), length

    def factor(self, step: int) -> float:
        """Learning rate of batch `step`, divided by the highest one (0..1)."""
        cycle, done, length = self.position(step)
        if self.gentle_start and cycle == 0 and done * GENTLE_PART < length:
            return GENTLE_FACTOR
        if self.kind == "constant":
            return 1.0
        if self.kind == "cosine":
            return cosine(1.0, 0.0, done / length)
        lowest = 1 / START_DIVISOR
        return self._one_cycle(done, length, lowest, 1.0, lowest / END_DIVISOR)

    def momentum(self, step: int) -> float:
        """Momentum of batch `step` (for AdamW: beta 1)."""
        _, done, length = self.position(step)
        if self.kind != "one-cycle":
            return self.base_momentum
        swing = min(MOMENTUM_SWING, self.base_momentum, (1 - self.base_momentum) / 2)
        high, low = self.base_momentum + swing, self.base_momentum - swing
        return self._one_cycle(done, length, high, low, high)

    @staticmethod
    def _one_cycle(done: int, length: int, start: float, middle: float, end: float) -> float:
        if length == 1:
            return middle  # torch would train the only batch at the lowest rate, which would change almost nothing
        peak, last = RISE * length - 1, length - 1
        if done <= peak:
            return cosine(start, middle, done / peak) if peak > 0 else middle
        return cosine(middle, end, (done - peak) / (last - peak))


def steps_per_epoch(stage: Stage, data: DataSet) -> int:
    """Batches in one epoch of `stage` on `data`: the stage's share of the training images, in batches."""
    return batch_count(len(data.train_indices(stage.share)), stage.batch_size)


def schedule_of(stage: Stage, steps_per_epoch: int) -> Schedule:
    """The schedule of `stage` where an epoch has `steps_per_epoch` batches.

    >>> schedule_of(Stage(cycles=3, cycle_mult=2), steps_per_epoch=10).cycle_ends
    (10, 30, 70)
    """
    return Schedule(
        kind=stage.schedule,
        cycle_steps=tuple(epochs * steps_per_epoch for epochs in stage.cycle_lengths),
        base_momentum=stage.momentum,
        gentle_start=stage.gentle_start,
    )
