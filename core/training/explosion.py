"""When a range test has seen enough: the rate at which the raw losses explode.

fastai stops where the smoothed loss is 4 times its best (`core.training.smoothing`). That mean lags by many batches, so
that the sweep trains on long after the network is lost, or, where the loss only rises to that of guessing, to its end.
Here the batches' own losses decide, a few of them together, so that one odd batch does not.
"""

import math
from collections.abc import Sequence

import numpy as np

AGAIN, AMONG = 4, 5
"""So many of the last so many batches have to lie above the limit: enough for the curve to show the collapse
(`core.training.suggest` asks for 3), and few enough to stop soon."""

FIRST = 7
"""Batches, or a tenth of the sweep if that is more, that show the loss and its scatter before the rates matter."""

TIMES = 1.5
"""Times the loss of the first batches that is far above it."""

DEVIATIONS = 2.0
"""Standard deviations of one batch's loss, in its root, that are far above the first batches."""

DEVIATION = 1.4826
"""Standard deviation of a normal distribution as a multiple of its median absolute deviation."""


def exploded(losses: Sequence[float], *, steps: int, classes: int) -> bool:
    """Whether the raw `losses` (nats) of a sweep of `steps` batches, as far as it is, end far up.

    They do when 4 of the last 5 lie above the loss of guessing, ln(`classes`), above 1.5 times that of the first
    batches, and above what these scatter by. One loss that is not finite is enough.

    >>> calm = [0.3, 0.2, 0.4, 0.3, 0.2, 0.3, 0.4]
    >>> [exploded([*calm, *more], steps=45, classes=10) for more in ([90.0], [2.9, 3.1, 0.4, 5.0, 4.0], [3.0] * 4)]
    [False, True, True]
    """
    if losses and not math.isfinite(losses[-1]):
        return True
    if len(losses) < FIRST + AGAIN:
        return False
    highest = limit(losses[: max(FIRST, steps // 10)], classes)
    return losses[-1] > highest and sum(loss > highest for loss in losses[-AMONG:]) >= AGAIN


def limit(first: Sequence[float], classes: int) -> float:
    """The loss (nats) above which a batch counts as exploded, after the losses `first` (n,) of the first batches."""
    values = np.asarray(first, dtype=np.float64)
    roots = np.sqrt(np.maximum(values, 0.0))
    middle = float(np.median(roots))
    scatter = DEVIATION * float(np.median(np.abs(roots - middle)))
    return max(math.log(max(classes, 2)), TIMES * middle**2, (middle + DEVIATIONS * scatter) ** 2)
