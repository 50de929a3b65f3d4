"""The LR finder: the learning rate range test (arXiv:1506.01186), by default shorter than fastai 2.8 runs it."""

import math
from collections.abc import Iterator

from core.training.curve import RangeCurve, RangeMeta, RangePoint, RangeSettings, curve_of
from core.training.learner import Learner
from core.training.preserve import preserved
from core.training.randomness import seed_of
from core.training.schedules import steps_per_epoch
from core.training.smoothing import Smoothed
from core.training.stage import Stage
from core.training.sweeps import sweep_for
from core.workspace import Progress, no_progress

FASTAI = RangeSettings()
"""fastai's range of rates, number of steps and rule to stop."""


def usual(stage: Stage) -> RangeSettings:
    """The rates and steps of a range test for `stage`, where nobody chooses them."""
    return sweep_for(stage.freeze_to == -1)


def range_points(learner: Learner, stage: Stage, settings: RangeSettings | None = None) -> Iterator[RangePoint]:
    """Train on `settings.steps` batches at exponentially growing rates, then put the model back as it was.

    `stage` says what is trained, on which images and with which optimiser; its own rates only give the ratios
    between the layer groups. Without `settings` the rates are those that suit what it trains (`usual`). A small data
    set is used several times. The test ends early when the loss is not finite, or when it has exploded
    (`RangeSettings.exploded`). When the iterator is closed, also before its end, the model is byte for byte as before.
    """
    settings = settings or usual(stage)
    stage = stage.model_copy(update={"lr": stage.lr or (1.0,)})
    rates = stage.group_rates(len(learner.model.groups))
    length = steps_per_epoch(stage, learner.data)
    mean, losses, smoothed = Smoothed(), list[float](), list[float]()
    classes = len(learner.data.classes)
    with preserved(learner.model):
        task = learner.task(stage, seed=seed_of(learner.seed, "range test"))
        task.set_training()
        for step in range(settings.steps):
            lr = settings.rate(step)
            epoch, batch = divmod(step, length)
            scaled = tuple(lr * rate / rates[-1] for rate in rates)
            loss = task.train(task.batches(epoch)[batch], step, scaled, stage.momentum)
            if not math.isfinite(loss):
                return
            losses.append(loss)
            smoothed.append(mean.add(loss))
            yield RangePoint(step, lr, loss, smoothed[-1])
            if settings.exploded(losses, smoothed, classes):
                return


def range_test(
    learner: Learner, stage: Stage, settings: RangeSettings | None = None, *, progress: Progress = no_progress
) -> RangeCurve:
    """The curve of a whole range test at the learner's present state, which is left as it was; see `range_points`."""
    settings, points = settings or usual(stage), []
    for point in range_points(learner, stage, settings):
        points.append(point)
        progress("Finding the learning rate", len(points), settings.steps)
    return curve_of(points, range_meta(learner, stage, settings))


def range_meta(learner: Learner, stage: Stage, settings: RangeSettings | None = None) -> RangeMeta:
    """What a range test of `stage` depends on, with the learner as it is now."""
    settings = settings or usual(stage)
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
