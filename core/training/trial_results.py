"""What came of trials: figures with intervals, and every two rates compared. Importing it does not import torch."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from core.kept import Count, Finite, Positive, Seconds, Seed, Share
from core.training.proportions import Z, interval
from core.training.stage import Stage
from core.training.trial_settings import Length
from core.training.trial_statistics import (
    Losses,
    Right,
    combined,
    paired_accuracy,
    paired_losses,
    standard_errors,
)

if TYPE_CHECKING:
    import pandas as pd

APART = 0.05
"""P-value below which two rates are told apart, divided by the number of rates that one is compared with."""


@dataclass(frozen=True)
class TrialResult:
    """One trial: the rate of the last layer group, and each kept-out image's loss (n,) in nats and whether it is right.

    `repeat` counts from 0. `diverged_at` is the batch (from 1) at which training diverged; the arrays are then empty.
    """

    lr: float
    repeat: int
    losses: Losses
    right: Right
    diverged_at: int | None
    seconds: float


class Measured(BaseModel):
    """Loss (nats) and accuracy (0..1) on the images kept out, with what is known of their errors.

    `error_images` and `error_repeats` are the loss's standard errors over images and over repeats (None for one).
    `accuracy_low` and `accuracy_high` are the ends of Wilson's 95 % interval for that many images; repeats do not
    make it narrower, since they see the same images.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_inf_nan="constants")

    loss: Finite
    error_images: Finite
    error_repeats: Finite | None = None
    accuracy: Share
    accuracy_low: Finite
    accuracy_high: Finite

    @property
    def low(self) -> float:
        """Lower end of the loss's 95 % interval."""
        return self.loss - self._half

    @property
    def high(self) -> float:
        """Upper end of the loss's 95 % interval."""
        return self.loss + self._half

    @property
    def _half(self) -> float:
        return Z * combined(self.error_images, self.error_repeats)


class Outcome(BaseModel):
    """What came of the trials at one rate: `measured`, or the batch (from 1) at which one of them diverged.

    `repeats` is how many trials there were, `seconds` how long they took together.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    lr: Positive
    repeats: Count
    measured: Measured | None = None
    diverged_at: Count | None = None
    seconds: Seconds = 0.0


class Pair(BaseModel):
    """Two rates compared image by image.

    `difference` is the mean loss at `first` less that at `second`, `error` its standard error and `p_loss` its
    p-value; `p_accuracy` is that of the accuracies (McNemar's exact test, for one repeat).
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    first: Positive
    second: Positive
    difference: Finite
    error: Finite
    p_loss: Finite
    p_accuracy: Finite


class Trials(BaseModel):
    """Equal short trainings at several rates from one state, each annealed to 0 and undone.

    `outcomes` are in the order of the rates; those not tried yet are missing. `batches` is the length of a trial and
    `length` what that was asked as, `planned` the batches of the whole stage. Trials trained on `trained_on` images
    and were judged on `judged_on` others, which were as `before` says without any trial. `epoch` and `step` count
    what the learner had trained before them. `curve_lowest` is the rate of the lowest point of the range test that
    they follow, where there was one. With `replayed` the head was first trained anew without the images that judge;
    `valid_loss` is the loss on the validation images that the run had last, where that is known. `not_judged` names
    the classes of which no image could be kept out.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_inf_nan="constants")

    stage: Stage
    rates: tuple[Positive, ...]
    length: Length
    repeats: Count
    batches: Count
    planned: Count
    trained_on: Count
    judged_on: Count
    epoch: Count
    step: Count
    seed: Seed
    before: Measured | None = None
    outcomes: tuple[Outcome, ...] = ()
    pairs: tuple[Pair, ...] = Field(default=())
    curve_lowest: Positive | None = None
    replayed: bool = False
    valid_loss: float | None = None
    not_judged: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _each_rate_once(self) -> "Trials":
        rates = [outcome.lr for outcome in self.outcomes]
        if len(set(rates)) < len(rates):
            raise ValueError("a rate has two outcomes")
        return self

    @property
    def seen(self) -> bool:
        """Whether the network was trained before on the images that judge."""
        return self.step > 0 and not self.replayed

    @property
    def finished(self) -> tuple[Outcome, ...]:
        """The outcomes that did not diverge."""
        return tuple(outcome for outcome in self.outcomes if outcome.measured is not None)

    @property
    def best(self) -> Outcome | None:
        """The outcome with the lowest loss; None while there is none, or where all diverged."""
        return min(self.finished, key=_loss, default=None)

    @property
    def most_accurate(self) -> Outcome | None:
        """The outcome with the highest accuracy, the lower loss on ties."""
        return min(self.finished, key=lambda o: (-(o.measured.accuracy if o.measured else 0.0), _loss(o)), default=None)

    def pair(self, one: float, other: float) -> Pair | None:
        """How two rates compare; None where one of them has no figures."""
        return next((pair for pair in self.pairs if {pair.first, pair.second} == {one, other}), None)

    def apart(self, one: float, other: float) -> bool:
        """Whether the losses at two rates differ by more than chance.

        The p-value has to be below 5 % divided by the number of rates that one is compared with (Bonferroni).
        """
        pair = self.pair(one, other)
        return pair is not None and pair.p_loss < self.level

    @property
    def level(self) -> float:
        """P-value below which two rates are told apart."""
        return APART / max(len(self.finished) - 1, 1)

    @property
    def as_good(self) -> tuple[Outcome, ...]:
        """The outcomes that cannot be told apart from the best, without it."""
        best = self.best
        if best is None:
            return ()
        return tuple(o for o in self.finished if o.lr != best.lr and not self.apart(o.lr, best.lr))

    def frame(self) -> "pd.DataFrame":
        """One row a rate: lr, repeats, loss, low, high, accuracy, accuracy_low, accuracy_high, diverged_at, seconds.

        `low` and `high` are the ends of the loss's 95 % interval. Figures of rates that diverged are not a number.
        """
        import pandas as pd  # a third of a second, which a training job need not wait for

        names = ("loss", "low", "high", "accuracy", "accuracy_low", "accuracy_high")
        rows = [
            {
                "lr": outcome.lr,
                "repeats": outcome.repeats,
                **{name: getattr(outcome.measured, name, math.nan) for name in names},
                "diverged_at": outcome.diverged_at,
                "seconds": outcome.seconds,
            }
            for outcome in self.outcomes
        ]
        frame = pd.DataFrame(rows, columns=["lr", "repeats", *names, "diverged_at", "seconds"])
        return frame.astype({"diverged_at": "Int64"})


def _loss(outcome: Outcome) -> float:
    return outcome.measured.loss if outcome.measured else math.inf


def measured(losses: Losses, right: Right) -> Measured:
    """Figures of `losses` and `right` (repeats, images)."""
    over_images, over_repeats = standard_errors(losses)
    accuracy = float(right.mean())
    low, high = interval(accuracy, right.shape[1])
    return Measured(
        loss=float(losses.mean()),
        error_images=over_images,
        error_repeats=over_repeats,
        accuracy=accuracy,
        accuracy_low=low,
        accuracy_high=high,
    )


def with_results(trials: Trials, results: Sequence[TrialResult]) -> Trials:
    """`trials` with the outcomes of `results`, and every two rates compared on the repeats that both have."""
    at = {rate: [result for result in results if result.lr == rate] for rate in trials.rates}
    outcomes = tuple(_outcome(rate, found) for rate, found in at.items() if found)
    pairs = [_pair(at[a.lr], at[b.lr]) for a, b in combinations(outcomes, 2) if a.measured and b.measured]
    return trials.model_copy(update={"outcomes": outcomes, "pairs": tuple(pairs)})


def _outcome(rate: float, results: Sequence[TrialResult]) -> Outcome:
    diverged = next((result.diverged_at for result in results if result.diverged_at is not None), None)
    return Outcome(
        lr=rate,
        repeats=len(results),
        measured=None if diverged is not None else measured(_losses(results), _right(results)),
        diverged_at=diverged,
        seconds=sum(result.seconds for result in results),
    )


def _pair(first: Sequence[TrialResult], second: Sequence[TrialResult]) -> Pair:
    both = min(len(first), len(second))
    first, second = first[:both], second[:both]
    difference, error, p_loss = paired_losses(_losses(first), _losses(second))
    return Pair(
        first=first[0].lr,
        second=second[0].lr,
        difference=difference,
        error=error,
        p_loss=p_loss,
        p_accuracy=paired_accuracy(_right(first), _right(second)),
    )


def _losses(results: Sequence[TrialResult]) -> Losses:
    return np.stack([result.losses for result in results])


def _right(results: Sequence[TrialResult]) -> Right:
    return np.stack([result.right for result in results])
