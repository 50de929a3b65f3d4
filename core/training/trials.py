"""Trials: a few equal short trainings at several rates, each annealed to 0 and undone, judged on images kept out.

A range test changes its rate with every batch; a trial trains at one rate as a stage does. Short ones are biased too:
with few batches to go, low rates look better than they are (arXiv:1803.02021).
"""

import math
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from time import perf_counter

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from core.model.classifier import Classifier, evaluating
from core.model.machine import explained_memory_errors
from core.numbers import rate_in_words
from core.training.feeds import VALIDATION_BATCH, Feed, feed_for
from core.training.growing import side_at
from core.training.kept_out import classes_not_judged, kept_out, trial_data
from core.training.late import in_order
from core.training.learner import Learner
from core.training.preserve import preserved
from core.training.randomness import seed_of
from core.training.samples import Samples
from core.training.schedules import Schedule, schedule_of, steps_per_epoch
from core.training.shared_task import task_kind
from core.training.smoothing import EXPLODED, TRAINING_BETA, DivergenceWatch, Smoothed
from core.training.stage import Stage
from core.training.trial_results import Measured, TrialResult, Trials, measured, with_results
from core.training.trial_settings import Length, TrialSettings
from core.training.trial_statistics import Losses, Right
from core.workspace import Progress, no_progress

REPLAYING = "Training the head without the images kept out"

NOTHING: tuple[Losses, Right] = (np.zeros(0), np.zeros(0, dtype=np.bool_))
"""What is measured after training diverged."""


@dataclass(frozen=True)
class TrialBatch:
    """Batch number `batch` (from 1) of trial number `trial` (from 0) was trained; `lr` is the rate that is tried."""

    trial: int
    lr: float
    batch: int


TrialRecord = Measured | TrialBatch | TrialResult


def empty_trials(
    learner: Learner,
    stage: Stage,
    settings: TrialSettings,
    *,
    curve_lowest: float | None = None,
    replay: Sequence[Stage] = (),
) -> Trials:
    """What trials of `stage` depend on, with the learner as it is now, and no outcome yet.

    The arguments are those of `try_rates`. Raises `DataError` where too few training images can be kept out.
    """
    kept = kept_out(learner.data)
    data = trial_data(learner.data, kept)
    images = len(data.train_indices(stage.share))
    return Trials(
        stage=stage,
        rates=settings.rates,
        length=settings.length,
        repeats=settings.repeats,
        batches=settings.batches(stage, images),
        planned=stage.epochs * steps_per_epoch(stage, data),
        trained_on=images,
        judged_on=len(kept),
        epoch=learner.position.epoch,
        step=learner.position.step,
        seed=learner.seed,
        curve_lowest=curve_lowest,
        replayed=bool(replay),
        not_judged=tuple(classes_not_judged(learner.data, kept)),
    )


def trial_records(
    learner: Learner,
    stage: Stage,
    settings: TrialSettings,
    *,
    replay: Sequence[Stage] = (),
    progress: Progress = no_progress,
) -> Generator[TrialRecord, None, None]:
    """Make the trials: yields the figures before them, then a `TrialBatch` a batch and a `TrialResult` a trial.

    `stage` says what is trained, on which images and with which optimiser; of its own rates only the ratios between
    the layer groups count, of its schedule nothing. Every trial with the same `repeat` has the same batches in the
    same order, and the same augmentation and dropout. All rates are tried once before any is repeated; one that
    diverged is not. The images of `kept_out` are trained on in none. When the iterator is closed, also before its end,
    the model is byte for byte what it was.

    With `replay`, the stages of the head that were trained so far, the head is first trained anew through them without
    the images kept out: images that it knows would judge the rates that change it least to be the best.

    A trial diverges by the rule of training (`core.training.smoothing`), or when its loss on the images kept out ends
    above 4 times what it was before and 4 times that of guessing; it counts from the first batch with such a loss.
    `progress` is called while stages are replayed and images are judged; an exception that it raises stops the trials.
    Raises `DataError` where too few images can be kept out.
    """
    trials = _Trials(learner, stage, settings, progress)
    plan = [(repeat, lr) for repeat in range(settings.repeats) for lr in settings.rates]
    diverged: set[float] = set()
    with preserved(learner.model):
        trials.replay(replay)
        yield trials.measure_before()
        for number, (repeat, lr) in enumerate(plan):
            if lr in diverged:
                continue
            with preserved(learner.model):
                for record in trials.run(number, repeat, lr):
                    if isinstance(record, TrialResult) and record.diverged_at is not None:
                        diverged.add(lr)
                    yield record


class _Trials:
    """What all trials share: the images, their order, and the schedule."""

    def __init__(self, learner: Learner, stage: Stage, settings: TrialSettings, progress: Progress) -> None:
        self._learner = learner
        self._model = learner.model
        self._progress = progress
        self._kept = kept_out(learner.data)
        self._data = trial_data(learner.data, self._kept)
        self._stage = stage.model_copy(update={"lr": stage.lr or (1.0,)})
        self._samples, self._feed = self._ready(self._stage)
        self._rates = self._stage.group_rates(len(learner.model.groups))
        self._length = steps_per_epoch(self._stage, self._data)
        batches = settings.batches(self._stage, len(self._samples.train))
        self._schedule = Schedule("cosine", (batches,), self._stage.momentum)
        self._limit = math.inf

    def _ready(self, stage: Stage) -> tuple[Samples, Feed]:
        """The images of a stage without those kept out, and what makes batches of them."""
        learner = self._learner
        feed = feed_for(stage, self._model, learner.data, learner.workspace, learner.progress)
        return Samples(self._data, stage, learner.device), feed

    def replay(self, stages: Sequence[Stage]) -> None:
        """Train a new head through `stages` on the images that are not kept out; the caller puts the model back."""
        if stages:
            new_head(self._model)
        total = sum(stage.epochs * steps_per_epoch(stage, self._data) for stage in stages)
        done = before = 0
        for stage in stages:
            length = steps_per_epoch(stage, self._data)
            schedule, highest = schedule_of(stage, length), stage.group_rates(len(self._model.groups))
            task = task_kind()(self._model, stage, *self._ready(stage), seed=self._learner.seed)
            task.set_training()
            for step in range(schedule.steps):
                epoch, batch = divmod(step, length)
                rates = tuple(schedule.factor(step) * rate for rate in highest)
                side = side_at(stage, step, schedule.steps)
                task.train(task.batches(before + epoch)[batch], done, rates, schedule.momentum(step), side)
                done += 1
                self._progress(REPLAYING, done, total)
            before += stage.epochs

    def measure_before(self) -> Measured:
        """The figures without any trial, by which divergence is told too."""
        losses, right = self._judged()
        before = measured(losses[None], right[None])
        self._limit = EXPLODED * max(before.loss, math.log(max(len(self._model.classes), 2)))
        return before

    def run(self, number: int, repeat: int, lr: float) -> Iterator[TrialBatch | TrialResult]:
        """One trial; the caller puts the model back."""
        started = perf_counter()
        seed = seed_of(self._learner.seed, "trial", repeat)
        task = task_kind()(self._model, self._stage, self._samples, self._feed, seed=seed)
        task.set_training()
        smoothed, watch = Smoothed(beta=TRAINING_BETA), DivergenceWatch()
        diverged_at, high_since = None, None

        def train(step: int) -> list[Tensor]:
            epoch, batch = divmod(step, self._length)
            top = lr * self._schedule.factor(step)
            rates = tuple(top * rate / self._rates[-1] for rate in self._rates)
            side = side_at(self._stage, step, self._schedule.steps)
            return [task.train(task.batches(epoch)[batch], step, rates, self._schedule.momentum(step), side).plain]

        for step, (loss,) in in_order(self._learner.device, range(self._schedule.steps), train):
            yield TrialBatch(number, lr, step + 1)
            high_since = (high_since or step + 1) if not loss <= self._limit else None
            if not math.isfinite(loss) or watch.exploded(smoothed.add(loss), len(self._model.classes)):
                diverged_at = high_since or step + 1
                break
        losses, right = NOTHING if diverged_at is not None else self._judged()
        if diverged_at is None and not losses.mean() <= self._limit:  # too few batches for the watch to be sure
            diverged_at, (losses, right) = high_since or self._schedule.steps, NOTHING
        yield TrialResult(lr, repeat, losses, right, diverged_at, perf_counter() - started)

    def _judged(self) -> tuple[Losses, Right]:
        """Cross-entropy (n,) in nats of each kept-out image, without augmentation, and whether it is right."""
        with evaluating(self._model), explained_memory_errors(VALIDATION_BATCH, self._stage.size):
            logits = torch.cat(list(self._feed.plain_logits(self._kept, self._progress))).float()
            labels = self._samples.labels(self._kept)
            losses = F.cross_entropy(logits, labels, reduction="none")
            right = logits.argmax(dim=1) == labels
            return losses.cpu().to(torch.float64).numpy(), right.cpu().numpy()


def new_head(model: Classifier) -> None:
    """Give `model` the head that a new one has: weights of zero."""
    with torch.no_grad():
        for parameter in model.head.parameters():
            parameter.zero_()


def try_rates(
    learner: Learner,
    stage: Stage,
    rates: Sequence[float],
    *,
    length: Length = "epoch",
    repeats: int = 1,
    replay: Sequence[Stage] = (),
    curve_lowest: float | None = None,
    progress: Progress = no_progress,
) -> Trials:
    """Train `stage` for a short time at each of 2 to 6 `rates` from the learner's present state, and undo it.

    `length` is "short" (a third of an epoch), "epoch" or "stage" (as many batches as the stage has); each trial is one
    cosine cycle to 0. With `repeats` (1..5) each rate is tried with as many orders of the batches. Rates are those of
    the last layer group. Where the head has been trained already, give its stages as `replay`: the head is trained
    anew through them without the images that judge, which otherwise favour rates that change it little. `curve_lowest`
    is the rate of a range test's lowest point, to be compared with the best. Raises `PlanError` for other rates,
    `DataError` where too few training images can be kept out to judge by.

        trials = try_rates(learner, Stage(freeze_to=0), [3e-4, 1e-3, 3e-3])
        print(trials.frame(), trials.best.lr)
    """
    settings = TrialSettings(tuple(rates), length, repeats)
    found = empty_trials(learner, stage, settings, curve_lowest=curve_lowest, replay=replay)
    total = found.batches * len(settings.rates) * settings.repeats
    results: list[TrialResult] = []

    def replaying(what: str, done: int, steps: int) -> None:
        if what == REPLAYING:
            progress(what, done, steps)

    records = trial_records(learner, stage, settings, replay=replay, progress=replaying)
    with closing(records):  # which puts the model back
        for record in records:
            if isinstance(record, TrialBatch):
                progress(f"Trying {rate_in_words(record.lr)}", record.trial * found.batches + record.batch, total)
            elif isinstance(record, TrialResult):
                results.append(record)
            else:
                found = found.model_copy(update={"before": record})
    return with_results(found, results)
