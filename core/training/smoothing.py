"""The smoothed loss, and the rule that decides from it whether training has diverged."""

import math
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from core.kept import Count

BETA = 0.98
"""Weight of the past in the smoothed loss of a range test, as in fastai."""

TRAINING_BETA = 0.9
"""Weight of the past while training: fastai's 0.98 lags by 50 batches, more than an epoch of a small data set has."""

EXPLODED = 4.0
"""A smoothed loss above this many times its best, and this many times the loss of guessing, counts as exploded."""

PATIENCE = 10
"""Batches in a row with such a loss before training is stopped: after a warm restart the loss may rise and recover."""


@dataclass
class Smoothed:
    """Exponentially weighted mean, corrected for its start (as in Adam, arXiv:1412.6980, section 3).

    >>> smoothed = Smoothed(beta=0.9)
    >>> [round(smoothed.add(loss), 3) for loss in (2.0, 1.0, 1.0)]
    [2.0, 1.474, 1.299]
    """

    mean: float = 0.0
    count: Count = 0
    beta: Annotated[float, Field(ge=0, lt=1)] = BETA

    def add(self, value: float) -> float:
        """Add `value`, and return the mean so far."""
        self.mean = self.beta * self.mean + (1 - self.beta) * value
        self.count += 1
        return self.mean / (1 - self.beta**self.count)


@dataclass
class DivergenceWatch:
    """Distinguishes an exploding loss from a noisy one.

    `best` is the lowest smoothed loss so far, `high` the number of batches in a row above the limit.
    """

    best: float | None = None
    high: Count = 0

    def exploded(self, smoothed: float, classes: int) -> bool:
        """Whether training has diverged, with `smoothed` as the smoothed loss (nats) after one more batch.

        It has when the loss is not finite, or when for 10 batches in a row it was above 4 times its best so far and
        above 4 times the loss of guessing, ln(`classes`).
        """
        if not math.isfinite(smoothed):
            return True
        self.best = smoothed if self.best is None else min(self.best, smoothed)
        limit = EXPLODED * max(self.best, math.log(max(classes, 2)))
        self.high = self.high + 1 if smoothed > limit else 0
        return self.high >= PATIENCE

    def worth_keeping(self, valid_loss: float, classes: int) -> bool:
        """Whether weights with this validation loss (nats) are good enough to go back to after divergence."""
        return self.high == 0 and valid_loss <= EXPLODED * math.log(max(classes, 2))
