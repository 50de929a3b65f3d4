"""The lesson's recipe in eight steps, and how far a run has come along it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from core.augment import NONE, Augmentation
from core.runs.state import Curve, RunState

Settings = dict[str, Any]
"""A stage's settings, as a run keeps them."""

AUGMENTATION, FINDER, TRAINING = "pages/augmentation.py", "pages/lr_finder.py", "pages/training.py"


@dataclass(frozen=True)
class Step:
    """One step: what to do in a few words, why, and the page it is done on."""

    title: str
    why: str
    page: str


STEPS = (
    Step(
        "Augment",
        "Changes that keep the label; activations computed once.",
        AUGMENTATION,
    ),
    Step("Find the rate", "Take the steepest stretch of the curve, not its minimum.", FINDER),
    Step("Train the head", "An epoch or two from the precomputed activations: a blink.", TRAINING),
    Step("Add augmentation", "Precompute off: 2–3 epochs of the head, a restart after each.", TRAINING),
    Step("Unfreeze", "Let the backbone learn too, not only the head.", TRAINING),
    Step("Rates per group", "Earlier layers know edges already: 3 to 10 times lower each.", TRAINING),
    Step("Find it again", "An unfrozen network wants a lower one.", FINDER),
    Step("Longer cycles", "Train it all, each cycle twice as long, until it overfits.", TRAINING),
)


def reached(state: RunState, curves: Sequence[Curve]) -> list[bool]:
    """Which of the eight steps a run has taken, from its finished stages and its range tests."""
    done = [stage.stage for stage in state.stages if stage.epochs > 0]
    found = [curve.stage for curve in curves if curve.complete]
    return [
        _any([*done, *found], lambda stage: stage.get("precompute") or _augments(stage)),
        bool(found),
        _any(done, lambda stage: bool(stage.get("precompute"))),
        _any(done, lambda stage: _head_only(stage) and not stage.get("precompute") and _augments(stage)),
        _any(done, lambda stage: not _head_only(stage)),
        _any(done, lambda stage: not _head_only(stage) and _graded(stage)),
        _any(found, lambda stage: not _head_only(stage)),
        _any(done, lambda stage: not _head_only(stage) and _lengthens(stage)),
    ]


def _any(stages: Sequence[Settings], holds: Callable[[Settings], Any]) -> bool:
    return any(holds(stage) for stage in stages)


def _head_only(stage: Settings) -> bool:
    return bool(stage.get("freeze_to", -1) == -1)


def _augments(stage: Settings) -> bool:
    return Augmentation.model_validate(stage.get("augmentation") or {}) != NONE


def _graded(stage: Settings) -> bool:
    rates = stage.get("lr") or ()
    rates = rates if isinstance(rates, list | tuple) else (rates,)
    return len(set(rates)) > 1 or (len(rates) <= 1 and stage.get("group_ratio", 3.0) > 1)


def _lengthens(stage: Settings) -> bool:
    return bool(stage.get("cycles", 1) > 1 and stage.get("cycle_mult", 1) > 1)
