"""A stage in words, and what can be said of it only by knowing its run."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.augment import NONE, OWN, WITHOUT_FLIPS, Augmentation, rows
from core.jobs.stage_time import Pace, StageTime
from core.model.catalogue import GROUPS
from core.numbers import rate_in_words
from core.training.refreezing import frozen_group, frozen_in_words
from core.training.stage import Plan, Stage
from pages.ui.text import duration

NBSP = "\u00a0"
"""Keeps a number and its unit on one line."""
SOURCES = {"run": "as measured in this run", "benchmark": "by the benchmark of this machine"}


@dataclass(frozen=True)
class Facts:
    """What a stage's card and form need to know of its run.

    `images` is the number of training images, `rate` the chosen learning rate, `own` the augmentation chosen on its
    page where it is none of the named ones, `pace` the speed of stages on this machine, `last` the stage that was
    trained last.
    """

    groups: Sequence[str]
    classes: Sequence[str]
    images: int
    unbalanced: bool = False
    rate: float | None = None
    own: Augmentation | None = None
    pace: Pace | None = None
    last: Stage | None = None


def in_words(stage: Stage, facts: Facts) -> str:
    """A stage in one line: what is trained, how long, at which rate, on what."""
    frozen = [frozen_in_words(stage, facts.groups)] if stage.freeze_early_after is not None else []
    parts = [trained_by(stage, facts.groups), *frozen, _length(stage), _rate(stage), _sizes(stage)]
    if stage.augmentation != NONE:
        parts.append(augmentation_in_words(stage.augmentation))
    if stage.share < 1:
        parts.append(f"{_percent(stage.share)} of the images")
    return " · ".join(parts)


def fit_in_words(stage: Stage, facts: Facts, before: Stage | None = None) -> str:
    """What is trained, how long and at which rate; `before` is the planned stage before it."""
    goes_on = before is not None and Plan(stages=(before, stage)).goes_on(1)
    return " · ".join([stage.scope(facts.groups), _length(stage), "customary rate" if goes_on else _rate(stage)])


def settings_in_words(stage: Stage, facts: Facts, time: StageTime | None) -> str:
    """What a stage trains on and how long that takes, as markdown: each setting by its name."""
    count = max(1, round(stage.share * facts.images))
    again = frozen_group(stage, facts.groups)
    settings = {
        "Augmentation": augmentation_in_words(stage.augmentation),
        "Precompute": "yes" if stage.precompute else "no",
        **({again.capitalize(): f"frozen after cycle {stage.freeze_early_after}"} if again else {}),
        "Image size": _sizes(stage),
        "Training images": f"all {count:,}" if stage.share == 1 else f"{_percent(stage.share)}, {count:,}",
        "Time": time_in_words(time, trained=facts.last is not None),
    }
    source = "" if time is None else f", {SOURCES[time.source]}"
    return f"{NBSP}· ".join(f"{name}{NBSP}**{value}**" for name, value in settings.items()) + source


def about(seconds: float) -> str:
    """A time that was estimated, on one line: "about 3 min"."""
    return f"about {duration(seconds)}".replace(" ", NBSP)


def time_in_words(time: StageTime | None, *, trained: bool) -> str:
    """About how long a stage takes; `trained` tells whether the run has trained at all."""
    if time is None:
        return "measured when it trains" if trained else "measured in the first stage"
    return about(time.seconds)


def augmentation_in_words(how: Augmentation) -> str:
    """An augmentation by its name; one of a person's own with what it uses.

    >>> augmentation_in_words(Augmentation(rotate=10, zoom=1.2))
    'custom (rotation, zoom)'
    """
    if how == WITHOUT_FLIPS:
        return "without flips"
    if how.name != OWN:
        return how.name
    return f"{OWN} ({', '.join(title.lower() for title, _ in rows(how))})"


def trained_by(stage: Stage, groups: Sequence[str] = GROUPS) -> str:
    """What a stage trains, and whether from precomputed activations."""
    trained = stage.scope(groups)
    return f"{trained}, precomputed" if stage.precompute else trained


def _sizes(stage: Stage) -> str:
    return stage.sizes_in_words.replace(" ", NBSP)


def _percent(share: float) -> str:
    return f"{share * 100:.0f}{NBSP}%"


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
