"""Training images that grow within a stage: small ones first, of which an epoch costs less, then larger ones.

Progressive resizing (fast.ai 2018, lesson 2) without a stage for each size: the pixels of the stage's own size are
shrunk batch by batch, so that none are decoded again. Validation images have the stage's size throughout. Importing
this module imports no torch.
"""

from collections.abc import Iterator

from core.training.stage import Stage

STEP_PX = 16
"""By how much the images grow at a time."""

GROWN = 0.7
"""The share of a stage's batches after which its images have their full size: the last ones set the network to it."""


def side_at(stage: Stage, step: int, steps: int) -> int:
    """Side in px of the training images of batch `step` (from 0) of a stage of `steps` batches.

    >>> stage = Stage(size=128, grow_from=64)
    >>> [side_at(stage, step, 20) for step in (0, 3, 4, 7, 11, 13, 14, 19)]
    [64, 64, 80, 96, 112, 112, 128, 128]
    """
    return next((side for side, end in sides(stage) if step < end * steps), stage.size)


def sides(stage: Stage) -> Iterator[tuple[int, float]]:
    """Each side in px that a stage's training images have in turn, and the share of its batches by which it ends.

    >>> [(side, round(end, 3)) for side, end in sides(Stage(size=100, grow_from=64))]
    [(64, 0.233), (80, 0.467), (96, 0.7), (100, 1.0)]
    >>> list(sides(Stage(size=128)))
    [(128, 1.0)]
    """
    smaller = range(stage.first_size, stage.size, STEP_PX)
    yield from ((side, GROWN * number / len(smaller)) for number, side in enumerate(smaller, start=1))
    yield stage.size, 1.0


def area(stage: Stage, begin: float = 0.0, end: float = 1.0) -> float:
    """The mean number of pixels of a training image between two shares of a stage's batches; one of full size is 1.

    >>> round(area(Stage(size=128, grow_from=64)), 3), area(Stage(size=128, grow_from=64), 0.7)
    (0.645, 1.0)
    """
    if begin >= end:
        return (side_at(stage, round(begin * 10_000), 10_000) / stage.size) ** 2
    total, before = 0.0, 0.0
    for side, until in sides(stage):
        total += max(0.0, min(end, until) - max(begin, before)) * (side / stage.size) ** 2
        before = until
    return total / (end - begin)
