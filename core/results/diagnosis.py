"""Whether a run overfits: two facts and their numbers. Importing this module imports no torch.

That training loss is well below validation loss is overfitting. It costs something only from where validation loss
rises while training loss falls: until then training longer still helps on new images. Both are said, in that order.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from core.augment import NONE
from core.training.stage import Stage

Verdict = Literal["too-early", "underfitting", "just-right", "overfitting", "costly", "diverged"]

TITLES: dict[Verdict, str] = {
    "too-early": "Too early to say",
    "underfitting": "Underfitting: both losses still fall",
    "just-right": "No overfitting",
    "overfitting": "Overfitting, which costs nothing so far",
    "costly": "Overfitting, and it costs",
    "diverged": "Diverged",
}

ENOUGH_EPOCHS = 3
"""Comparable epochs that are needed for a trend."""
GAP_RATIO, GAP_NATS = 1.3, 0.05
"""A gap counts when validation loss is this many times training loss, and this far above it, in two epochs in a row."""
RISE_SHARE, RISE_NATS = 0.05, 0.01
"""A rise counts when two epochs in a row lie this share, and this far, above the lowest validation loss.

It must also be larger than the noise: the standard error of either loss over the validation images, where it is known.
"""
EXPLODED = 4.0
"""Validation loss above this many times its lowest, with a higher training loss too, is divergence."""


@dataclass(frozen=True)
class Fact:
    """One observation: whether it holds, and a sentence about it with its numbers."""

    holds: bool
    sentence: str


@dataclass(frozen=True)
class Diagnosis:
    """A verdict with its evidence, in sentences.

    `gap`: training loss is well below validation loss, which is overfitting. `rise`: validation loss rises while
    training loss falls, so that it costs. Their sentences are in `evidence` too, in this order; both are None when
    there are no epochs to compare.
    """

    verdict: Verdict
    title: str
    evidence: tuple[str, ...]
    gap: Fact | None = None
    rise: Fact | None = None


def diagnose(
    epochs: pd.DataFrame, stages: Sequence[Stage] | None = None, *, diverged: bool = False, dropout: bool = False
) -> Diagnosis:
    """The diagnosis of a run's history: one row an epoch with `stage`, `epoch`, `train_loss`, `valid_loss` (nats).

    With `stages` (indexed by the `stage` column), only the last epochs whose training losses can be compared are
    used: augmentation, image size and loss are the same. Where `epochs` has `valid_error`, the standard error of
    `valid_loss`, a rise that is not larger is no trend. `diverged` says that training stopped because of its loss,
    `dropout` that the network has dropout, which raises its training loss.

    >>> epochs = pd.DataFrame(
    ...     {"stage": 0, "epoch": [1, 2, 3, 4], "train_loss": [1, 0.6, 0.3, 0.1], "valid_loss": [1, 0.5, 0.6, 0.7]}
    ... )
    >>> found = diagnose(epochs)
    >>> found.verdict, found.gap.holds, found.rise.holds
    ('costly', True, True)
    """
    if epochs.empty:
        said = "The loss exploded in the first epoch." if diverged else "No epoch has been trained yet."
        return _diagnosis("diverged" if diverged else "too-early", [said])
    if diverged or _exploded(epochs):
        return _diagnosis("diverged", [_explosion(epochs, diverged)])
    recent = _comparable(epochs, stages).dropna(subset=["train_loss", "valid_loss"])
    gap, rise = _gap(recent), _rise(recent)
    evidence = [gap.sentence, rise.sentence, *_how_measured(recent, _stage(stages, recent), dropout)]
    if len(recent) < len(epochs):
        only = "the last epoch is" if len(recent) == 1 else f"the last {len(recent)} epochs are"
        evidence.append(f"Only {only} compared: {_what_differs(epochs, recent, stages or ())}")
    return _diagnosis(_verdict(recent, gap, rise), evidence, gap, rise)


def _diagnosis(verdict: Verdict, evidence: list[str], gap: Fact | None = None, rise: Fact | None = None) -> Diagnosis:
    return Diagnosis(verdict, TITLES[verdict], tuple(evidence), gap, rise)


def _verdict(recent: pd.DataFrame, gap: Fact, rise: Fact) -> Verdict:
    if rise.holds:
        return "costly"
    if len(recent) < ENOUGH_EPOCHS:
        return "too-early"
    if gap.holds:
        return "overfitting"
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
    """Whether training loss was well below validation loss in the last epoch, and in the one before if there is one."""
    train, valid = float(recent["train_loss"].iloc[-1]), float(recent["valid_loss"].iloc[-1])
    wide = (recent["valid_loss"] > GAP_RATIO * recent["train_loss"]) & (
        recent["valid_loss"] - recent["train_loss"] > GAP_NATS
    )
    if not wide.iloc[-1]:
        return Fact(False, f"Training loss {train:.3f} is {_beside(train, valid)}.")
    below = f"Training loss {train:.3f} is well below validation loss {valid:.3f}"
    if not wide.tail(2).all():
        return Fact(False, f"{below}, but only in the last epoch, and one epoch is no trend.")
    return Fact(True, f"{below}: the network does better on its training images than on new ones. That is overfitting.")


def _beside(train: float, valid: float) -> str:
    if train > valid:
        return f"above validation loss {valid:.3f}"
    if valid > GAP_RATIO * train:
        return f"below validation loss {valid:.3f}, but by too little to count"
    return f"close to validation loss {valid:.3f}"


def _rise(recent: pd.DataFrame) -> Fact:
    """Whether the last two epochs are clearly above the lowest validation loss, while training loss fell since then."""
    if len(recent) < ENOUGH_EPOCHS:
        return Fact(False, f"{_epochs(len(recent))} to compare: a trend needs at least {ENOUGH_EPOCHS}.")
    best = int(recent["valid_loss"].to_numpy().argmin())
    low, train_then = float(recent["valid_loss"].iloc[best]), float(recent["train_loss"].iloc[best])
    last, train_now = float(recent["valid_loss"].iloc[-1]), float(recent["train_loss"].iloc[-1])
    if best == len(recent) - 1:
        return Fact(
            False, f"Validation loss is at its lowest now, {low:.3f}: on new images the network still improves."
        )
    after = recent["valid_loss"].iloc[best + 1 :].tail(2)
    clear = after > low + max(RISE_SHARE * low, RISE_NATS)
    above_noise = after > low + _noise(recent, best)
    change = f"Validation loss went from {low:.3f} (its lowest, epoch {int(recent['epoch'].iloc[best])}) to {last:.3f}"
    if len(after) == 2 and clear.all() and not above_noise.all():
        noise = float(_noise(recent, best).iloc[-1])
        return Fact(
            False, f"{change}. Other validation images would move it by about {noise:.3f}, so this may be chance."
        )
    if len(after) == 2 and clear.all():
        return _lasting(change, train_then, train_now, _accuracy_since(recent, best))
    if clear.iloc[-1]:
        return Fact(False, f"{change} in the last epoch only, and one epoch is no trend.")
    return Fact(False, f"{change}, too small a change to count: overfitting would cost from where it rises clearly.")


def _noise(recent: pd.DataFrame, best: int) -> pd.Series:
    """The larger standard error of the losses of epoch `best` and of each of the last two after it; 0 where unknown."""
    if "valid_error" not in recent:
        return pd.Series(0.0, index=recent.index[best + 1 :][-2:])
    errors = recent["valid_error"].fillna(0.0)
    return errors.iloc[best + 1 :].tail(2).clip(lower=float(errors.iloc[best]))


def _lasting(change: str, train_then: float, train_now: float, accuracy: str) -> Fact:
    """A lasting rise of validation loss: overfitting that costs only where training loss fell meanwhile."""
    training = f"from {train_then:.3f} to {train_now:.3f}"
    if train_now < train_then:
        return Fact(True, f"{change} while training loss fell {training}: this is where overfitting costs.{accuracy}")
    return Fact(
        False, f"{change}, and training loss did not fall ({training}): a restart or too high a rate does that."
    )


def _accuracy_since(recent: pd.DataFrame, best: int) -> str:
    """What accuracy did since epoch `best`, which need not fall with the loss; "" where it was not measured."""
    if "accuracy" not in recent or recent["accuracy"].iloc[[best, -1]].isna().any():
        return ""
    then, now = float(recent["accuracy"].iloc[best]), float(recent["accuracy"].iloc[-1])
    cost = "" if now < then else ": so far it costs honest probabilities, not accuracy"
    return f" Accuracy meanwhile went from {then:.1%} to {now:.1%}{cost}."


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
    return f"Validation loss is {last:.3f}; its lowest was {best:.3f}, and training loss rose with it."


def _comparable(epochs: pd.DataFrame, stages: Sequence[Stage] | None) -> pd.DataFrame:
    """The last epochs whose training losses can be compared (all of them when the stages are not known)."""
    if stages is None:
        return epochs
    kinds = [_kind_of_loss(stages, int(number)) for number in epochs["stage"]]
    start = len(kinds)
    while start > 0 and kinds[start - 1] == kinds[-1]:
        start -= 1
    return epochs.iloc[start:]


LOSS_DEPENDS_ON = (
    "augmentation",
    "label smoothing",
    "choice of class weights",
    "image size",
    "growth of the images",
    "share of the images",
)
"""The settings of a stage on which its training loss depends, as `_kind_of_loss` has them."""


def _kind_of_loss(stages: Sequence[Stage], number: int) -> tuple[object, ...]:
    """The settings of a stage on which its training loss depends."""
    if not 0 <= number < len(stages):
        return (number,)
    stage = stages[number]
    return (stage.augmentation, stage.label_smoothing, stage.class_weights, stage.size, stage.grow_from, stage.share)


def _what_differs(epochs: pd.DataFrame, recent: pd.DataFrame, stages: Sequence[Stage]) -> str:
    """Why the training losses of the epochs before `recent` are no measure for its own."""
    before, now = (int(epochs["stage"].iloc[place]) for place in (-len(recent) - 1, -1))
    if not (0 <= before < len(stages) and 0 <= now < len(stages)):
        return "the epochs before belong to a stage that is not known."
    kinds = zip(LOSS_DEPENDS_ON, _kind_of_loss(stages, before), _kind_of_loss(stages, now), strict=True)
    names = [name for name, one, other in kinds if one != other]
    return f"the epochs before had another {' and another '.join(names)}, which changes training loss."


def _stage(stages: Sequence[Stage] | None, recent: pd.DataFrame) -> Stage | None:
    number = int(recent["stage"].iloc[-1]) if stages is not None else -1
    return stages[number] if stages is not None and 0 <= number < len(stages) else None


def _how_measured(recent: pd.DataFrame, stage: Stage | None, dropout: bool) -> list[str]:
    """Why training loss is the higher one where it is, and what keeps both above 0: what this run has, and no more."""
    said = []
    higher = bool(recent["train_loss"].iloc[-1] > recent["valid_loss"].iloc[-1])
    augmented = stage is not None and stage.augmentation != NONE
    only_in_training = " and ".join(["augmentation"] * augmented + ["dropout"] * dropout)
    if higher and only_in_training:
        said.append(f"Training loss is measured with {only_in_training}, validation loss without: that raises it.")
    elif higher:
        said.append("Training loss is the mean over the epoch, while the network improved; validation comes after it.")
    if stage is not None and stage.label_smoothing:
        said.append(
            f"With label smoothing {stage.label_smoothing:g} the network learns never to be quite sure, "
            "so neither loss falls to 0."
        )
    return said


def _epochs(count: int) -> str:
    return f"{count} epoch" if count == 1 else f"{count} epochs"
