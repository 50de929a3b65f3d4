"""Every schedule as a pure function of the batch number: nothing is stepped, so anything can be drawn ahead."""

import math
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal

from core.training.stage import Stage

GENTLE_FACTOR = 1 / 100
GENTLE_PART = 20
"""fastai 0.7's gentle start: the first cycle's first 1/20 of batches at a hundredth of the rate."""

RISE = 0.3
START_DIVISOR = 25.0
END_DIVISOR = 1e4
"""One-cycle as torch's `OneCycleLR` has it: rise over 0.3 of the batches from rate/25, end at rate/250,000."""

MOMENTUM_SWING = 0.05
"""One-cycle's momentum falls from `momentum` + 0.05 to `momentum` - 0.05 while the rate rises, and comes back."""


def cosine(start: float, end: float, position: float) -> float:
    """Value at `position` (0..1) on a half cosine from `start` to `end` (arXiv:1608.03983, eq. 5)."""
    return end + (start - end) * (1 + math.cos(math.pi * position)) / 2


@dataclass(frozen=True)
class Schedule:
    """Learning rate and momentum for every batch of a stage.

    `cycle_steps` are the batches of each cycle. Steps count from 0, cycles too.
    """

    kind: Literal["cosine", "one-cycle", "constant"]
    cycle_steps: tuple[int, ...]
    base_momentum: float = 0.9
    gentle_start: bool = False

    @property
    def steps(self) -> int:
        """Batches in all."""
        return sum(self.cycle_steps)

    @property
    def cycle_ends(self) -> tuple[int, ...]:
        """How many batches have been done when each cycle ends."""
        return tuple(accumulate(self.cycle_steps))

    def position(self, step: int) -> tuple[int, int, int]:
        """Cycle that batch `step` belongs to, batches done in it before, and its length (SGDR's T_cur and T_i).

        Counted with integers: with cycles of 1, 3, 9, 27, 81, ... epochs, cycle 5 starts at epoch 121 exactly,
        where a floating point logarithm misses it. Raises `IndexError` outside `0..steps-1`.
        """
        if not 0 <= step < self.steps:
            raise IndexError(f"step {step} is not one of this schedule's {self.steps}")
        ends = self.cycle_ends
        cycle = bisect_right(ends, step)
        length = self.cycle_steps[cycle]
        return cycle, step - (ends[cycle] - length), length

    def factor(self, step: int) -> float:
        """Learning rate of batch `step` as a share (0..1) of the highest one."""
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
        """Momentum (AdamW: beta 1) of batch `step`."""
        _, done, length = self.position(step)
        if self.kind != "one-cycle":
            return self.base_momentum
        swing = min(MOMENTUM_SWING, self.base_momentum, (1 - self.base_momentum) / 2)
        high, low = self.base_momentum + swing, self.base_momentum - swing
        return self._one_cycle(done, length, high, low, high)

    @staticmethod
    def _one_cycle(done: int, length: int, start: float, middle: float, end: float) -> float:
        if length == 1:
            return middle  # torch would train the only batch at the end's rate, which is next to nothing
        peak, last = RISE * length - 1, length - 1
        if done <= peak:
            return cosine(start, middle, done / peak) if peak > 0 else middle
        return cosine(middle, end, (done - peak) / (last - peak))


def schedule_of(stage: Stage, steps_per_epoch: int) -> Schedule:
    """The schedule of `stage` where an epoch has `steps_per_epoch` batches."""
    return Schedule(
        kind=stage.schedule,
        cycle_steps=tuple(epochs * steps_per_epoch for epochs in stage.cycle_lengths),
        base_momentum=stage.momentum,
        gentle_start=stage.gentle_start,
    )
