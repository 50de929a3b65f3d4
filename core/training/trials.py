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
from core.model.classifier import Classifier, evaluating
from core.model.machine import explained_memory_errors
from core.training.feeds import VALIDATION_BATCH, Feed, Indices, feed_for
from core.training.kept_out import classes_not_judged, kept_out, trial_data
from core.training.learner import Learner
from core.training.preserve import preserved
from core.training.randomness import seed_of
from core.training.samples import Samples
from core.training.schedules import Schedule, schedule_of, steps_per_epoch
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

    With `replay`, the stages of the head that were trained so far, the head is first trained anew through them without
    the images kept out: those that it has seen would judge the rates that change it least to be the best.

    `stage` says what is trained, on which images and with which optimiser; of its own rates only the ratios between
    the layer groups count, of its schedule nothing. Every trial with the same `repeat` has the same batches in the
    same order, and the same augmentation and dropout. All rates are tried once before any is repeated; one that
    diverged is not. The images of `kept_out` are trained on in none. After each trial, and when the iterator is
    closed before its end, the model is byte for byte what it was. A trial diverges by the rule of training
    (`core.training.smoothing`), or when its loss on the images kept out ends above 4 times what it was before and 4
    times that of guessing; it counts from the first batch with such a loss.

    `progress` is called while stages are replayed and images are judged; an exception that it raises stops the trials.
    Raises `DataError` where too few images can be kept out.
    """
    settings = TrialSettings(tuple(rates), length, repeats)
    found = empty_trials(learner, stage, settings, curve_lowest=curve_lowest, replay=replay)
    total = found.batches * len(settings.rates) * settings.repeats

    results: list[TrialResult] = []
    with closing(
        trial_records(learner, stage, settings, replay=replay, progress=progress)
    ) as records:  # closing it puts the model back
        for record in records:
            if isinstance(record, TrialBatch):
                progress(f"Trying {two_figures(record.lr)}", record.trial * found.batches + record.batch, total)
            elif isinstance(record, TrialResult):
                results.append(record)
            else:
                found = found.model_copy(update={"before": record})
    return with_results(found, results)
