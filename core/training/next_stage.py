"""What to train next, as advice that names one stage: what does not apply to a run is no advice.

Importing this module imports no torch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from core.augment import NONE, Augmentation, keeping_labels
from core.numbers import rate_in_words
from core.training.recipes import GROUP_RATIO, suited
from core.training.stage import Stage

Change = Literal[
    "longer", "unfreeze", "freeze", "find-rate", "lower-rate", "more-augmentation", "less-augmentation", "larger"
]

LOWER = 10
"""So many times lower is a lower rate."""

LARGER, STEP = 1.5, 32
"""Images are made this many times larger, in whole steps of so many pixels."""

STRONGEST = Augmentation(rotate=40, zoom=1.5, shift=0.2, warp=0.2, brightness=0.2, contrast=0.2)
"""Advice makes no transform stronger than this."""

AMOUNTS = {"rotate": 0.0, "zoom": 1.0, "shift": 0.0, "warp": 0.0, "brightness": 0.0, "contrast": 0.0}
"""Transforms that have a strength, and the strength that does nothing."""


@dataclass(frozen=True)
class NextStage:
    """One piece of advice: what to do, in a sentence without markup, and the stage that does exactly this."""

    change: Change
    says: str
    stage: Stage


def next_stage(
    change: Change,
    last: Stage,
    *,
    groups: int,
    classes: Sequence[str],
    pretrained: bool,
    largest: int | None = None,
) -> NextStage | None:
    """The advice to make `change` after the stage `last`, from the present weights; None where it does not apply.

    `last` has the rate that it was trained at. `groups` is the number of layer groups. A network that began from
    random weights (not `pretrained`) is trained whole from the start, so that nothing is left to unfreeze. `largest`
    is the side in pixels of the images as they are: to train at a larger size is no advice beyond it, or where it is
    not known.
    """
    if change == "longer":
        return _longer(last)
    if change == "find-rate":
        says = "Find the learning rate again: a range test from the present weights, then the same stage."
        return NextStage(change, says, last.model_copy(update={"lr": None, "name": "Same stage, rate found again"}))
    if change == "lower-rate":
        return _lower(last)
    if change in ("unfreeze", "freeze"):
        return _frozen(change, last, groups, classes) if pretrained else None
    if change == "larger":
        return _larger(last, largest)
    return _augmented(change, last, classes)


def _longer(last: Stage) -> NextStage:
    if last.schedule != "cosine":
        stage = last.model_copy(update={"cycle_len": min(2 * last.cycle_len, 1000), "name": "Longer"})
        return NextStage("longer", f"Train longer: {_epochs(stage.epochs)} more, in one go.", stage)
    change = {"cycles": 2, "cycle_len": min(last.cycle_lengths[-1], 1000), "cycle_mult": 2}
    stage = last.model_copy(update={**change, "name": "Longer cycles"})
    first, second = stage.cycle_lengths
    says = (
        f"Train longer: two cycles, of {_epochs(first)} and {_epochs(second)}, the second twice as long as the first."
    )
    return NextStage("longer", says, stage)


def _lower(last: Stage) -> NextStage | None:
    if last.lr is None:
        return None
    stage = last.model_copy(update={"lr": tuple(rate / LOWER for rate in last.lr), "name": "Lower rate"})
    assert stage.lr is not None
    rate = rate_in_words(stage.lr[-1])
    return NextStage("lower-rate", f"Lower the learning rate {LOWER} times, to {rate}, and train once more.", stage)


def _frozen(change: Change, last: Stage, groups: int, classes: Sequence[str]) -> NextStage | None:
    """The whole network instead of a part of it; or one layer group fewer than before."""
    first = last.freeze_to % groups
    if change == "freeze":
        if first == groups - 1:
            return None
        stage = last.model_copy(update={"freeze_to": first + 1 - groups, "lr": None, "name": "Fewer layer groups"})
        trained = groups - first - 1
        count = f"{trained} layer groups" if trained > 1 else "the head alone"
        return NextStage("freeze", f"Train less of the network: {count}, at a rate found first.", stage)
    if first == 0:
        return None
    stage = last.model_copy(
        update={
            "name": "Whole network, slower towards the stem",
            "freeze_to": 0,
            "freeze_norm": True,
            "precompute": False,
            "lr": None,
            "group_ratio": GROUP_RATIO,
            "schedule": "cosine",
            "cycles": 3,
            "cycle_len": 1,
            "cycle_mult": 2,
            "augmentation": suited(classes) if last.augmentation == NONE else last.augmentation,
        }
    )
    says = "Unfreeze the backbone: 3 cycles of 1, 2 and 4 epochs, at a rate found first, lower towards the stem."
    return NextStage("unfreeze", says, stage)


def _larger(last: Stage, largest: int | None) -> NextStage | None:
    size = -int(-last.size * LARGER // STEP) * STEP
    if largest is None or size > min(largest, 1024):
        return None
    stage = last.model_copy(update={"size": size, "lr": None, "name": f"Larger images, {size} px"})
    return NextStage("larger", f"Train at {size} px instead of {last.size} px, at a rate found again.", stage)


def _augmented(change: Change, last: Stage, classes: Sequence[str]) -> NextStage | None:
    """Stronger or weaker transforms, and always those that keep the labels."""
    how, more = last.augmentation, change == "more-augmentation"
    if how == NONE:
        if not more:
            return None
        update = {"augmentation": suited(classes), "precompute": False, "lr": None, "name": "With augmentation"}
        says = "Use augmentation: each image is changed a little at every use. The rate is found first."
        return NextStage(change, says, last.model_copy(update=update))
    changed = keeping_labels(_scaled(how, 2 if more else 0.5), classes)
    if changed == how:
        return None
    stage = last.model_copy(
        update={"augmentation": changed, "name": "More augmentation" if more else "Less augmentation"}
    )
    return NextStage(change, f"Use {'more' if more else 'less'} augmentation: transforms up to {_amount(more)}.", stage)


def _amount(more: bool) -> str:
    return "twice as strong" if more else "half as strong"


def _scaled(how: Augmentation, factor: float) -> Augmentation:
    """Transforms `factor` times as strong, at most as strong as `STRONGEST` where they were not stronger already."""
    update = {}
    for field, off in AMOUNTS.items():
        now = getattr(how, field)
        update[field] = min(off + factor * (now - off), max(now, getattr(STRONGEST, field)))
    return how.model_copy(update=update)


def _epochs(count: int) -> str:
    return f"{count} epochs" if count > 1 else "1 epoch"
