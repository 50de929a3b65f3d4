"""The lesson's recipe in eight steps, and how far a run has come along it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.augment import NONE
from core.runs.state import Curve, RunState
from core.training.recipes import AUGMENTED_CYCLES, GROUP_RATIO, HEAD_EPOCHS, WHOLE_CYCLES
from core.training.stage import Stage

AUGMENTATION, FINDER, TRAINING = "pages/augmentation.py", "pages/lr_finder.py", "pages/training.py"


@dataclass(frozen=True)
class Step:
    """One step: what to do in a few words, why, and the page it is done on."""

    title: str
    why: str
    page: str


STEPS = (
    Step("Augment", "Changes that keep the label; activations computed once.", AUGMENTATION),
    Step("Find the rate", "Take the steepest stretch of the curve, not its minimum.", FINDER),
    Step("Train the head", f"{HEAD_EPOCHS} short epochs from the precomputed activations.", TRAINING),
    Step("Add augmentation", f"Precompute off: {AUGMENTED_CYCLES} epochs, a restart after each.", TRAINING),
    Step("Unfreeze", "Let the backbone learn too, not only the head.", TRAINING),
    Step("Rates per group", f"Earlier layers know edges already: {GROUP_RATIO:g} times lower each.", TRAINING),
    Step("Find it again", "An unfrozen network wants a lower one.", FINDER),
    Step("Longer cycles", f"Train it all: {WHOLE_CYCLES} cycles, each twice as long as the last.", TRAINING),
)
"""The lesson, with the numbers of the plan that the Training page offers for it."""


def reached(state: RunState, curves: Sequence[Curve]) -> list[bool]:
    """Which of the eight steps a run has taken, from its finished stages and its range tests."""
    done = [begun.stage for begun in state.stages if begun.epochs > 0 and isinstance(begun.stage, Stage)]
    found = [curve.stage for curve in curves if curve.complete and isinstance(curve.stage, Stage)]
    return [
        _any([*done, *found], lambda stage: stage.precompute or _augments(stage)),
        bool(found),
        _any(done, lambda stage: stage.precompute),
        _any(done, lambda stage: _head_only(stage) and not stage.precompute and _augments(stage)),
        _any(done, lambda stage: not _head_only(stage)),
        _any(done, lambda stage: not _head_only(stage) and _graded(stage)),
        _any(found, lambda stage: not _head_only(stage)),
        _any(done, lambda stage: not _head_only(stage) and _lengthens(stage)),
    ]


def _any(stages: Sequence[Stage], holds: Callable[[Stage], bool]) -> bool:
    return any(holds(stage) for stage in stages)


def _head_only(stage: Stage) -> bool:
    return stage.freeze_to == -1


def _augments(stage: Stage) -> bool:
    return stage.augmentation != NONE


def _graded(stage: Stage) -> bool:
    rates = stage.lr or ()
    return len(set(rates)) > 1 or (len(rates) <= 1 and stage.group_ratio > 1)


def _lengthens(stage: Stage) -> bool:
    return stage.cycles > 1 and stage.cycle_mult > 1
