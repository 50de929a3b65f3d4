"""The smoothed loss, and when it says that training has gone wrong."""

import math
from dataclasses import dataclass

BETA = 0.98
"""Weight of the past in the finder's mean, as in fastai."""

TRAINING_BETA = 0.9
"""Weight of the past while training: fastai's 0.98 lags by 50 batches, more than a small data set's epoch has."""

EXPLODED = 4.0
"""A smoothed loss this many times its best, and this many times that of guessing, is not coming back."""

PATIENCE = 10
"""Batches in a row that the loss has to stay there: a warm restart may jump, and recovers."""


@dataclass
class Smoothed:
    """Debiased exponentially weighted mean: `value` is exact from the first number on."""

    mean: float = 0.0
    count: int = 0
    beta: float = BETA

    def add(self, value: float) -> float:
        """Take `value` in, and give the mean."""
        self.mean = self.beta * self.mean + (1 - self.beta) * value
        self.count += 1
        return self.mean / (1 - self.beta**self.count)


@dataclass
class Watch:
    """Tells an exploding loss from a noisy one. `high` counts the batches in a row above the limit."""

    best: float | None = None
    high: int = 0

    def exploded(self, smoothed: float, classes: int) -> bool:
        """Whether the loss, `smoothed` after one more batch, is gone: not finite, or far too high for too long.

        Far too high is above 4 times its best so far and above 4 times the loss of guessing (ln `classes`).
        """
        if not math.isfinite(smoothed):
            return True
        self.best = smoothed if self.best is None else min(self.best, smoothed)
        limit = EXPLODED * max(self.best, math.log(max(classes, 2)))
        self.high = self.high + 1 if smoothed > limit else 0
        return self.high >= PATIENCE

    def worth_keeping(self, valid_loss: float, classes: int) -> bool:
        """Whether the weights, with this validation loss, are ones to come back to."""
        return self.high == 0 and valid_loss <= EXPLODED * math.log(max(classes, 2))
