"""A stage in one line of words, and what can be said of it only by knowing its run."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.augment import Augmentation
from core.charts.lines import rate_in_words
from core.errors import PlanError
from core.training.stage import Plan, Stage


@dataclass(frozen=True)
class Facts:
    """What a stage's form needs to know of its run: `images` are those to train on, `rate` is the one in hand."""

    groups: Sequence[str]
    classes: Sequence[str]
    images: int
    unbalanced: bool = False
    rate: float | None = None
    own: Augmentation | None = None


def in_words(stage: Stage, facts: Facts, before: Stage | None = None) -> str:
    """A stage in one line: what is trained, how long, at which rate, on what; `before` is the planned one before it."""
    as_before = before is not None and Plan(stages=(before, stage)).takes_rate_before(1)
    rate = "rate as found before" if as_before else _rate(stage)
    parts = [_scope(stage, facts.groups), _length(stage), rate, f"{stage.size} px"]
    if stage.augmentation.name != "none":
        parts.append(stage.augmentation.name)
    if stage.share < 1:
        parts.append(f"{stage.share:.0%} of the images")
    return " · ".join(parts)


def _scope(stage: Stage, groups: Sequence[str]) -> str:
    try:
        first = stage.first_trained(len(groups))
    except PlanError:
        return "unknown layer group"
    if first == len(groups) - 1:
        return "head, precomputed" if stage.precompute else "head only"
    return "everything" if first == 0 else f"from {groups[first]} on"


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
