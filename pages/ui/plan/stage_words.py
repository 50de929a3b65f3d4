"""A stage in one line of words, and what can be said of it only by knowing its run."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.augment import NONE, Augmentation
from core.model.catalogue import GROUPS
from core.numbers import rate_in_words
from core.training.stage import Plan, Stage


@dataclass(frozen=True)
class Facts:
    """What a stage's form needs to know of its run: `images` is the number of training images, `rate` the chosen
    learning rate, `own` the augmentation chosen on its page where it is none of the named ones.
    """

    groups: Sequence[str]
    classes: Sequence[str]
    images: int
    unbalanced: bool = False
    rate: float | None = None
    own: Augmentation | None = None


def in_words(stage: Stage, facts: Facts, before: Stage | None = None) -> str:
    """A stage in one line: what is trained, how long, at which rate, on what; `before` is the planned one before it."""
    goes_on = before is not None and Plan(stages=(before, stage)).goes_on(1)
    rate = "customary rate" if goes_on else _rate(stage)
    parts = [trained_by(stage, facts.groups), _length(stage), rate, f"{stage.size} px"]
    if stage.augmentation != NONE:
        parts.append(stage.augmentation.name)
    if stage.share < 1:
        parts.append(f"{stage.share:.0%} of the images")
    return " · ".join(parts)


def trained_by(stage: Stage, groups: Sequence[str] = GROUPS) -> str:
    """What a stage trains, and whether from precomputed activations."""
    trained = stage.scope(groups)
    return f"{trained}, precomputed" if stage.precompute else trained


def _length(stage: Stage) -> str:
    epochs = f"{stage.epochs} epoch{'s' if stage.epochs > 1 else ''}"
    if stage.schedule == "cosine" and stage.cycles > 1:
        return f"{epochs} in {stage.cycles} cycles"
    return f"{epochs}, {stage.schedule}"


def _rate(stage: Stage) -> str:
    if stage.lr is None:
        return "rate found first"
    if len(stage.lr) == 1:
        return f"rate {rate_in_words(stage.lr[0])}"
    return f"rates {rate_in_words(stage.lr[0])} to {rate_in_words(stage.lr[-1])}"
