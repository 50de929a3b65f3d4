"""The LR finder: the learning rate range test (arXiv:1506.01186), as fastai 2.8 runs it."""

import math
from collections.abc import Iterator

from core.training.curve import RangeCurve, RangeMeta, RangePoint, RangeSettings, curve_of
from core.training.learner import Learner
from core.training.preserve import preserved
from core.training.randomness import seed_of
from core.training.schedules import steps_per_epoch
from core.training.smoothing import EXPLODED, Smoothed
from core.training.stage import Stage
from core.workspace import Progress, no_progress

FASTAI = RangeSettings()
"""fastai's range of rates and number of steps."""


def range_points(learner: Learner, stage: Stage, settings: RangeSettings = FASTAI) -> Iterator[RangePoint]:
    """Train on `settings.steps` batches at exponentially growing rates, then put the model back as it was.

    `stage` says what is trained, on which images and with which optimiser; its own rates only give the ratios
    between the layer groups. A small data set is used several times. The test ends early when the loss is
    not finite, or when the smoothed loss is more than 4 times its best. When the iterator is closed, also before its
    end, the model is byte for byte what it was.
    """
    stage = stage.model_copy(update={"lr": stage.lr or (1.0,)})
    rates = stage.group_rates(len(learner.model.groups))
    length = steps_per_epoch(stage, learner.data)
    smoothed, best = Smoothed(), math.inf
    with preserved(learner.model):
        task = learner.task(stage, seed=seed_of(learner.seed, "range test"))
        task.set_training()
        for step in range(settings.steps):
            lr = settings.rate(step)
            epoch, batch = divmod(step, length)
            scaled = tuple(lr * rate / rates[-1] for rate in rates)
            loss = task.train(task.batches(epoch)[batch], step, scaled, stage.momentum).objective
            if not math.isfinite(loss):
                return
            value = smoothed.add(loss)
            best = min(best, value)
            yield RangePoint(step, lr, loss, value)
            if value > EXPLODED * best:
                return


def range_test(
    learner: Learner, stage: Stage, settings: RangeSettings = FASTAI, *, progress: Progress = no_progress
) -> RangeCurve:
    """The curve of a whole range test at the learner's present state, which is left as it was; see `range_points`."""
    points = []
    for point in range_points(learner, stage, settings):
        points.append(point)
        progress("Finding the learning rate", len(points), settings.steps)
    return curve_of(points, range_meta(learner, stage, settings))


def range_meta(learner: Learner, stage: Stage, settings: RangeSettings = FASTAI) -> RangeMeta:
    """What a range test of `stage` depends on, with the learner as it is now."""
    return RangeMeta(
        steps=settings.steps,
        lowest=settings.lowest,
        highest=settings.highest,
        seed=learner.seed,
        epoch=learner.position.epoch,
        stage=stage,
        batches=stage.epochs * steps_per_epoch(stage, learner.data),
        classes=len(learner.data.classes),
    )
