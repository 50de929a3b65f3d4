"""The LR finder: the learning rate range test (arXiv:1506.01186), by default shorter than fastai 2.8 runs it."""

import math
from collections.abc import Iterator

from torch import Tensor

from core.training.curve import RangeCurve, RangeMeta, RangePoint, RangeSettings, curve_of
from core.training.late import in_order
from core.training.learner import Learner
from core.training.preserve import preserved
from core.training.randomness import seed_of
from core.training.schedules import steps_per_epoch
from core.training.smoothing import Smoothed
from core.training.spread import checked_seeds
from core.training.stage import Stage
from core.training.sweeps import sweep_for
from core.workspace import Progress, no_progress

FASTAI = RangeSettings()
"""fastai's range of rates, number of steps and rule to stop."""


def usual(stage: Stage) -> RangeSettings:
    """The rates and steps of a range test for `stage`, where nobody chooses them."""
    return sweep_for(stage.freeze_to == -1)


def range_points(
    learner: Learner, stage: Stage, settings: RangeSettings | None = None, *, repeat: int = 0
) -> Iterator[RangePoint]:
    """Train on `settings.steps` batches at exponentially growing rates, then put the model back as it was.

    `stage` says what is trained, on which images and with which optimiser; its own rates only give the ratios
    between the layer groups. Without `settings` the rates are those that suit what it trains (`usual`). A small data
    set is used several times. Each `repeat` (from 0) has its own order of the images. The test ends early when the
    loss is not finite, or when it has exploded (`RangeSettings.exploded`). When the iterator is closed, also before its
    end, the model is byte for byte as before. On a GPU a few more batches may have been trained by then than there are
    points (`core.training.late`); the points are the same.
    """
    settings = settings or usual(stage)
    stage = stage.model_copy(update={"lr": stage.lr or (1.0,)})
    rates = stage.group_rates(len(learner.model.groups))
    length = steps_per_epoch(stage, learner.data)
    mean, losses, smoothed = Smoothed(), list[float](), list[float]()
    classes = len(learner.data.classes)
    with preserved(learner.model):
        task = learner.task(stage, seed=seed_of(learner.seed, "range test", *((repeat,) if repeat else ())))
        task.set_training()

        def train(step: int) -> list[Tensor]:
            (epoch, batch), lr = divmod(step, length), settings.rate(step)
            scaled = tuple(lr * rate / rates[-1] for rate in rates)
            return [task.train(task.batches(epoch)[batch], step, scaled, stage.momentum).objective]

        for step, (loss,) in in_order(learner.device, range(settings.steps), train):
            if not math.isfinite(loss):
                return
            losses.append(loss)
            smoothed.append(mean.add(loss))
            yield RangePoint(step, settings.rate(step), loss, smoothed[-1])
            if settings.exploded(losses, smoothed, classes):
                return


def range_test(
    learner: Learner,
    stage: Stage,
    settings: RangeSettings | None = None,
    *,
    repeat: int = 0,
    progress: Progress = no_progress,
) -> RangeCurve:
    """The curve of a whole range test at the learner's present state, which is left as it was; see `range_points`."""
    settings, points = settings or usual(stage), []
    for point in range_points(learner, stage, settings, repeat=repeat):
        points.append(point)
        progress("Finding the learning rate", len(points), settings.steps)
    return curve_of(points, range_meta(learner, stage, settings, repeat=repeat))


def range_tests(
    learner: Learner,
    stage: Stage,
    settings: RangeSettings | None = None,
    *,
    seeds: int,
    progress: Progress = no_progress,
) -> list[RangeCurve]:
    """The curves of `seeds` (1 to 10) range tests from the learner's present state, each with its own order of images.

    The first is that of `range_test`. `progress` counts the batches of all; a test that ends early counts as whole.
    Raises `PlanError` for a number of seeds out of range.
    """
    checked_seeds(seeds)
    settings = settings or usual(stage)

    def over_all(repeat: int) -> Progress:
        def report(what: str, done: int, total: int) -> None:
            progress(part_of(what, repeat, seeds), repeat * total + done, seeds * total)

        return report

    return [range_test(learner, stage, settings, repeat=repeat, progress=over_all(repeat)) for repeat in range(seeds)]


def part_of(what: str, repeat: int, seeds: int) -> str:
    """What is done, and for which seed where there are several.

    >>> part_of("Finding the learning rate", 1, 3), part_of("Finding the learning rate", 0, 1)
    ('Finding the learning rate, seed 2 of 3', 'Finding the learning rate')
    """
    return what if seeds == 1 else f"{what}, seed {repeat + 1} of {seeds}"


def range_meta(learner: Learner, stage: Stage, settings: RangeSettings | None = None, *, repeat: int = 0) -> RangeMeta:
    """What a range test of `stage` depends on, with the learner as it is now."""
    settings = settings or usual(stage)
    return RangeMeta(
        steps=settings.steps,
        lowest=settings.lowest,
        highest=settings.highest,
        seed=learner.seed,
        repeat=repeat,
        epoch=learner.position.epoch,
        stage=stage,
        batches=stage.epochs * steps_per_epoch(stage, learner.data),
        classes=len(learner.data.classes),
    )
