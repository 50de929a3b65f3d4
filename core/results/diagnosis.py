"""Whether a run overfits: two facts, their numbers, and what to try next. Importing this module imports no torch.

That training loss is well below validation loss (a gap), and that validation loss rises while training loss falls
(overfitting), are different facts. A gap alone does no harm as long as validation loss improves.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from core.augment import NONE
from core.training.stage import Stage

Verdict = Literal["too-early", "underfitting", "just-right", "gap", "overfitting", "diverged"]

TITLES: dict[Verdict, str] = {
    "too-early": "Too early to say",
    "underfitting": "Underfitting: there is more to learn",
    "just-right": "Just right",
    "gap": "A gap, and no overfitting yet",
    "overfitting": "Overfitting",
    "diverged": "Diverged",
}

ENOUGH_EPOCHS = 3
"""Comparable epochs that are needed for a trend."""
GAP_RATIO, GAP_NATS = 1.3, 0.05
"""A gap counts when validation loss is this many times training loss, and this far above it."""
RISE_SHARE, RISE_NATS = 0.05, 0.01
"""A rise counts when two epochs in a row lie this share, and this far, above the best validation loss."""
EXPLODED = 4.0
"""Validation loss above this many times its best, with a higher training loss too, is divergence."""

NEXT_STEPS: dict[Verdict, tuple[str, ...]] = {
    "too-early": ("Train until there are at least 3 epochs to compare.",),
    "underfitting": (
        "Train longer: another cycle, or cycle_mult=2.",
        "Unfreeze more layer groups.",
        "Run the LR finder again; a higher rate may do.",
        "If augmentation is strong, weaken it.",
    ),
    "just-right": (
        "Unfreeze, or go on with cycle_mult=2, until validation loss turns up.",
        "Evaluate, and look at the confusion matrix and the worst errors.",
        "If the images are larger than the size trained at, train at a larger size.",
    ),
    "gap": (
        "Go on while validation loss still falls.",
        "Use more augmentation or more data to narrow the gap.",
    ),
    "overfitting": (
        "Load an earlier snapshot: the best validation loss is kept.",
        "Use more augmentation or more data.",
        "Lower the rate, or unfreeze fewer layer groups.",
    ),
    "diverged": (
        "Lower the learning rate 10 times, or run the LR finder again.",
        "Go on from the last good snapshot.",
    ),
}


@dataclass(frozen=True)
class Fact:
    """One observation: whether it holds, and a sentence about it with its numbers."""

    holds: bool
    sentence: str


@dataclass(frozen=True)
class Diagnosis:
    """A verdict with its evidence (sentences), and what to try next.

    `gap`: training loss is well below validation loss. `rise`: validation loss rises while training loss falls.
    Their sentences are in `evidence` too; both are None when there are no epochs to compare.
    """

    verdict: Verdict
    title: str
    evidence: tuple[str, ...]
    next_steps: tuple[str, ...]
    gap: Fact | None = None
    rise: Fact | None = None


def diagnose(epochs: pd.DataFrame, stages: Sequence[Stage] | None = None, *, diverged: bool = False) -> Diagnosis:
    """The diagnosis of a run's history: one row an epoch with `stage`, `epoch`, `train_loss`, `valid_loss` (nats).

    With `stages` (indexed by the `stage` column), only the last epochs whose training losses can be compared are
    used: augmentation, image size and loss are the same. `diverged` says that training stopped because of its loss.

    >>> epochs = pd.DataFrame(
    ...     {"stage": 0, "epoch": [1, 2, 3, 4], "train_loss": [1, 0.6, 0.3, 0.1], "valid_loss": [1, 0.5, 0.6, 0.7]}
    ... )
    >>> found = diagnose(epochs)
    >>> found.verdict, found.gap.holds, found.rise.holds
    ('overfitting', True, True)
    """
    if epochs.empty:
        said = "The loss exploded in the first epoch." if diverged else "No epoch has been trained yet."
        return _diagnosis("diverged" if diverged else "too-early", [said])
    evidence = [_last(epochs)]
    if diverged or _exploded(epochs):
        return _diagnosis("diverged", [*evidence, _explosion(epochs, diverged)])
    recent = _comparable(epochs, stages).dropna(subset=["train_loss", "valid_loss"])
    gap, rise = _gap(recent), _rise(recent)
    evidence += [gap.sentence, rise.sentence]
    stage = _stage(stages, recent)
    if recent["train_loss"].iloc[-1] > recent["valid_loss"].iloc[-1] or stage is not None:
        evidence.append(_how_computed(stage))
    if len(recent) < len(epochs):
        evidence.append(
            f"Only the last {len(recent)} epochs are compared: the stages before had other images or another loss."
        )
    return _diagnosis(_verdict(recent, gap, rise), evidence, gap, rise)


def _diagnosis(verdict: Verdict, evidence: list[str], gap: Fact | None = None, rise: Fact | None = None) -> Diagnosis:
    return Diagnosis(verdict, TITLES[verdict], tuple(evidence), NEXT_STEPS[verdict], gap, rise)


def _verdict(recent: pd.DataFrame, gap: Fact, rise: Fact) -> Verdict:
    if rise.holds:
        return "overfitting"
    if len(recent) < ENOUGH_EPOCHS:
        return "too-early"
    if gap.holds:
        return "gap"
    return "underfitting" if _still_learning(recent) else "just-right"


def _still_learning(recent: pd.DataFrame) -> bool:
    """Whether both losses fell clearly in the last epoch, and training loss is not yet well below validation loss."""
    train, valid = recent["train_loss"].to_numpy(), recent["valid_loss"].to_numpy()
    falling = all(
        losses[-1] == losses.min() and losses[-2] - losses[-1] > max(RISE_SHARE * losses[-1], RISE_NATS)
        for losses in (train, valid)
    )
    return bool(falling and train[-1] >= valid[-1] / GAP_RATIO)


def _gap(recent: pd.DataFrame) -> Fact:
    train, valid = float(recent["train_loss"].iloc[-1]), float(recent["valid_loss"].iloc[-1])
    holds = valid > GAP_RATIO * train and valid - train > GAP_NATS
    where = "well below" if holds else "above" if train > valid else "close to"
    return Fact(holds, f"Gap: training loss {train:.3f} is {where} validation loss {valid:.3f}.")


def _rise(recent: pd.DataFrame) -> Fact:
    """Whether the last two epochs are clearly above the best validation loss, while training loss fell since then."""
    if len(recent) < ENOUGH_EPOCHS:
        return Fact(False, f"Trend: {_epochs(len(recent))} to compare is too few to see one.")
    best = int(recent["valid_loss"].to_numpy().argmin())
    low, train_then = float(recent["valid_loss"].iloc[best]), float(recent["train_loss"].iloc[best])
    last, train_now = float(recent["valid_loss"].iloc[-1]), float(recent["train_loss"].iloc[-1])
    after = recent["valid_loss"].iloc[best + 1 :].tail(2)
    up = len(after) == 2 and bool((after > low + max(RISE_SHARE * low, RISE_NATS)).all())
    epoch = int(recent["epoch"].iloc[best])
    if best == len(recent) - 1:
        return Fact(False, f"Trend: validation loss is at its best, {low:.3f}.")
    change = f"validation loss went from {low:.3f} (its best, epoch {epoch}) to {last:.3f}"
    training = f"training loss from {train_then:.3f} to {train_now:.3f}"
    if up and train_now < train_then:
        return Fact(True, f"Trend: {change}, while {training}: the network memorises the training images.")
    if up:
        return Fact(False, f"Trend: {change}, but {training} as well, as after a restart or at too high a rate.")
    few = "and one epoch is no trend" if len(after) == 1 else "which is too little for a trend"
    return Fact(False, f"Trend: {change}, {few}.")


def _last(epochs: pd.DataFrame) -> str:
    row = epochs.iloc[-1]
    accuracy = row.get("accuracy")
    said = "" if accuracy is None or pd.isna(accuracy) else f" and accuracy {accuracy:.1%}"
    return f"After {_epochs(len(epochs))}: validation loss {row['valid_loss']:.3f}{said}."


def _exploded(epochs: pd.DataFrame) -> bool:
    train, valid = epochs["train_loss"], epochs["valid_loss"]
    if not (math.isfinite(train.iloc[-1]) and math.isfinite(valid.iloc[-1])):
        return True
    far = valid.iloc[-1] > EXPLODED * valid.min() and valid.iloc[-1] > valid.iloc[0]
    return bool(far and train.iloc[-1] > train.iloc[0])


def _explosion(epochs: pd.DataFrame, diverged: bool) -> str:
    last, best = epochs["valid_loss"].iloc[-1], epochs["valid_loss"].min()
    if diverged:
        return "Training stopped because its loss exploded; the last good weights were kept."
    return f"Validation loss is {last:.3f}; its best was {best:.3f}, and training loss rose with it."


def _comparable(epochs: pd.DataFrame, stages: Sequence[Stage] | None) -> pd.DataFrame:
    """The last epochs whose training losses can be compared (all of them when the stages are not known)."""
    if stages is None:
        return epochs
    kinds = [_kind_of_loss(stages, int(number)) for number in epochs["stage"]]
    start = len(kinds)
    while start > 0 and kinds[start - 1] == kinds[-1]:
        start -= 1
    return epochs.iloc[start:]


def _kind_of_loss(stages: Sequence[Stage], number: int) -> tuple[object, ...]:
    """The settings of a stage on which its training loss depends."""
    if not 0 <= number < len(stages):
        return (number,)
    stage = stages[number]
    return (stage.augmentation, stage.label_smoothing, stage.class_weights, stage.size, stage.share)


def _stage(stages: Sequence[Stage] | None, recent: pd.DataFrame) -> Stage | None:
    number = int(recent["stage"].iloc[-1]) if stages is not None else -1
    return stages[number] if stages is not None and 0 <= number < len(stages) else None


def _how_computed(stage: Stage | None) -> str:
    """How the training loss differs from the validation loss, and what keeps both above 0."""
    augmented = stage is None or stage.augmentation != NONE
    smoothing = 0.0 if stage is None else stage.label_smoothing
    floor = f" With label smoothing {smoothing:g} the network learns never to be sure, so neither falls to 0."
    return (
        f"Training loss is computed during training, with dropout{' and augmentation' if augmented else ''}; "
        f"validation loss is not, so training loss may be the higher one.{floor if smoothing else ''}"
    )


def _epochs(count: int) -> str:
    return f"{count} epoch" if count == 1 else f"{count} epochs"
