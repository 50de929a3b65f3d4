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

from core.data.dataset import DataSet
from core.model.classifier import evaluating
from core.model.machine import explained_memory_errors
from core.training.feeds import VALIDATION_BATCH, Feed, Indices, feed_for
from core.training.kept_out import classes_not_judged, kept_out, trial_data
from core.training.learner import Learner
from core.training.preserve import preserved
from core.training.randomness import seed_of
from core.training.samples import Samples
from core.training.schedules import Schedule, steps_per_epoch
from core.training.smoothing import EXPLODED, TRAINING_BETA, DivergenceWatch, Smoothed
from core.training.stage import Stage
from core.training.task import Task
from core.training.trial_results import Measured, TrialResult, Trials, measured, with_results
from core.training.trial_settings import Length, TrialSettings
from core.training.trial_statistics import Losses, Right
from core.training.trial_words import two_figures
from core.workspace import Progress, no_progress


@dataclass(frozen=True)
class TrialBatch:
    """Batch number `batch` (from 1) of trial number `trial` (from 0) was trained; its rate at the top was `lr`."""

    trial: int
    lr: float
    batch: int


TrialRecord = Measured | TrialBatch | TrialResult

NOTHING: tuple[Losses, Right] = (np.zeros(0), np.zeros(0, dtype=np.bool_))
"""What is measured after training diverged."""


def empty_trials(learner: Learner, stage: Stage, settings: TrialSettings, curve_lowest: float | None = None) -> Trials:
    """What trials of `stage` depend on, with the learner as it is now, and no outcome yet.

    Raises `DataError` where too few training images can be kept out.
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
        not_judged=tuple(classes_not_judged(learner.data, kept)),
    )


def trial_records(
    learner: Learner, stage: Stage, settings: TrialSettings, *, progress: Progress = no_progress
) -> Generator[TrialRecord, None, None]:
    """Make the trials: yields the figures before them, then a `TrialBatch` a batch and a `TrialResult` a trial.

    `stage` says what is trained, on which images and with which optimiser; of its own rates only the ratios between
    the layer groups count, of its schedule nothing. Every trial with the same `repeat` has the same batches in the
    same order, and the same augmentation and dropout. All rates are tried once before any is repeated; one that
    diverged is not. The images of `kept_out` are trained on in none. After each trial, and when the iterator is
    closed before its end, the model is byte for byte what it was. A trial diverges by the rule of training
    (`core.training.smoothing`), or when its loss on the images kept out ends above 4 times what it was before and 4
    times that of guessing; it counts from the first batch with such a loss.

    `progress` is called while images are judged; an exception that it raises stops the trials. Raises `DataError`
    where too few images can be kept out.
    """
    trials = _Trials(learner, stage, settings, progress)
    yield trials.before
    plan = [(repeat, lr) for repeat in range(settings.repeats) for lr in settings.rates]
    diverged: set[float] = set()
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
        self._stage = stage.model_copy(update={"lr": stage.lr or (1.0,)})
        self._model = learner.model
        self._seed = learner.seed
        self._progress = progress
        self._kept: Indices = kept_out(learner.data)
        self._data: DataSet = trial_data(learner.data, self._kept)
        self._samples = Samples(self._data, self._stage, learner.device)
        self._feed: Feed = feed_for(self._stage, learner.model, learner.data, learner.workspace, learner.progress)
        self._rates = self._stage.group_rates(len(learner.model.groups))
        self._length = steps_per_epoch(self._stage, self._data)
        batches = settings.batches(self._stage, len(self._samples.train))
        self._schedule = Schedule("cosine", (batches,), self._stage.momentum)
        losses, right = self._judged()
        self.before = measured(losses[None], right[None])
        self._limit = EXPLODED * max(self.before.loss, math.log(max(len(learner.model.classes), 2)))

    def run(self, number: int, repeat: int, lr: float) -> Iterator[TrialBatch | TrialResult]:
        """One trial; the caller puts the model back."""
        started = perf_counter()
        task = Task(self._model, self._stage, self._samples, self._feed, seed=seed_of(self._seed, "trial", repeat))
        task.set_training()
        smoothed, watch = Smoothed(beta=TRAINING_BETA), DivergenceWatch()
        diverged_at, high_since = None, None
        for step in range(self._schedule.steps):
            epoch, batch = divmod(step, self._length)
            top = lr * self._schedule.factor(step)
            rates = tuple(top * rate / self._rates[-1] for rate in self._rates)
            loss = task.train(task.batches(epoch)[batch], step, rates, self._schedule.momentum(step))
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
            logits = self._feed.plain_logits(self._kept, self._progress).float()
            labels = self._samples.labels(self._kept)
            losses = F.cross_entropy(logits, labels, reduction="none")
            right = logits.argmax(dim=1) == labels
            return losses.cpu().to(torch.float64).numpy(), right.cpu().numpy()


def try_rates(
    learner: Learner,
    stage: Stage,
    rates: Sequence[float],
    *,
    length: Length = "epoch",
    repeats: int = 1,
    curve_lowest: float | None = None,
    progress: Progress = no_progress,
) -> Trials:
    """Train `stage` for a short time at each of 2 to 6 `rates` from the learner's present state, and undo it.

    `length` is "short" (a third of an epoch), "epoch" or "stage" (as many batches as the stage has); each trial is one
    cosine cycle to 0. With `repeats` (1..5) each rate is tried with as many orders of the batches. Rates are those of
    the last layer group. `curve_lowest` is the rate of a range test's lowest point, to be compared with the best.
    Raises `PlanError` for other rates, `DataError` where too few training images can be kept out to judge by.

        trials = try_rates(learner, Stage(freeze_to=0), [3e-4, 1e-3, 3e-3])
        print(trials.frame(), trials.best.lr)
    """
    settings = TrialSettings(tuple(rates), length, repeats)
    found = empty_trials(learner, stage, settings, curve_lowest)
    total = found.batches * len(settings.rates) * settings.repeats

    results: list[TrialResult] = []
    with closing(trial_records(learner, stage, settings)) as records:  # closing it puts the model back
        for record in records:
            if isinstance(record, TrialBatch):
                progress(f"Trying {two_figures(record.lr)}", record.trial * found.batches + record.batch, total)
            elif isinstance(record, TrialResult):
                results.append(record)
            else:
                found = found.model_copy(update={"before": record})
    return with_results(found, results)
