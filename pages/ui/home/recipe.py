"""The path of a run in steps, and which of them it has taken: the lesson's eight, or four from random weights."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.augment import NONE
from core.errors import PlanError
from core.runs.rate_guard import groups_of
from core.runs.state import Curve, RunInfo, RunState, StageState
from core.training.recipe_steps import TITLES
from core.training.recipes import AUGMENTED_CYCLES, EARLY_CYCLES, GROUP_RATIO, HEAD_EPOCHS, WHOLE_CYCLES
from core.training.stage import Stage

AUGMENTATION, FINDER, TRAINING = "pages/augmentation.py", "pages/lr_finder.py", "pages/training.py"


@dataclass(frozen=True)
class Step:
    """One step: what to do in a few words, why, and the page it is done on.

    `then` is what to do as it stands after "Next: ".
    """

    title: str
    why: str
    page: str
    then: str


PRETRAINED = (
    Step(TITLES["augmentation"], "Changes that keep the label.", AUGMENTATION, "choose the augmentation"),
    Step(TITLES["find"], "A range test shows which rates are too high for this network.", FINDER, "find the rate"),
    Step(
        TITLES["head"],
        f"{HEAD_EPOCHS} or more epochs, from activations kept on disk.",
        TRAINING,
        "train the head",
    ),
    Step(
        TITLES["augment"],
        f"Precompute off: {AUGMENTED_CYCLES} cycles of one epoch.",
        TRAINING,
        "train with augmentation",
    ),
    Step(TITLES["unfreeze"], "Let the backbone learn too, not only the head.", TRAINING, "unfreeze the backbone"),
    Step(
        TITLES["rates"],
        f"Earlier layers know edges already: each group has 1/{GROUP_RATIO:g} of the rate of the next.",
        TRAINING,
        "lower the rates of earlier layers",
    ),
    Step(TITLES["again"], "Other layers learn now, so another rate may suit them.", FINDER, "find the rate again"),
    Step(
        TITLES["cycles"],
        f"Train everything: {WHOLE_CYCLES} cycles, each twice as long as the one before. After cycle {EARLY_CYCLES} "
        "the early layers are frozen again.",
        TRAINING,
        "train in longer cycles",
    ),
)
"""The lesson, for a pretrained network, with the numbers of the plan that the Training page offers for it."""

SCRATCH = (
    Step(TITLES["find"], "A range test shows which rates are too high for this network.", FINDER, "find the rate"),
    Step(TITLES["everything"], "All weights start at random, so all of them learn at once.", TRAINING, "train it"),
    Step(
        TITLES["augment"],
        "Changes that keep the label make more of the same images.",
        AUGMENTATION,
        "add augmentation",
    ),
    Step(TITLES["cycles"], "Anneal, restart, and anneal for longer.", TRAINING, "train in longer cycles"),
)
"""For a network with random first weights: there is no head to train first, and nothing to unfreeze."""


def steps_for(info: RunInfo | None) -> tuple[Step, ...]:
    """The path of a run; the lesson's where there is none."""
    return PRETRAINED if info is None or info.pretrained else SCRATCH


def taken(info: RunInfo, state: RunState, curves: Sequence[Curve]) -> list[bool]:
    """Which steps of its path a run has taken, from what its stages did and from its range tests, oldest first.

    What a stage is called does not matter. It counts from its first finished epoch; not when it diverged or collapsed,
    because its weights are put back then.
    """
    groups = groups_of(info)
    did = [begun for begun in state.stages if _counts(begun)]
    stages = [begun.settings for begun in did]
    tested = [curve for curve in curves if curve.complete and isinstance(curve.stage, Stage)]
    augmented = any(map(_augments, stages))
    if not info.pretrained:
        return [bool(tested), any(_whole(stage, groups) for stage in stages), augmented, any(map(_lengthened, did))]
    deep = [stage for stage in stages if not _head_only(stage, groups)]
    return [
        any(map(_augments, [*stages, *_readable(state), *_stages_of(tested)])),
        bool(tested),
        any(_head_only(stage, groups) for stage in stages),
        augmented,
        bool(deep),
        any(_graded(stage, groups) for stage in deep),
        _found_again(tested, groups),
        any(_lengthened(begun) and not _head_only(begun.settings, groups) for begun in did),
    ]


def coming(steps: Sequence[Step], done: Sequence[bool]) -> Step | None:
    """The step to take next: the first after the last one taken, so that what was left out is left out.

    None when the last step has been taken.
    """
    last = max((place for place, ticked in enumerate(done) if ticked), default=-1)
    return next(iter(steps[last + 1 :]), None)


def _counts(begun: StageState) -> bool:
    stands = begun.status != "diverged" and begun.collapsed_from is None
    return begun.epochs > 0 and stands and isinstance(begun.stage, Stage)


def _readable(state: RunState) -> list[Stage]:
    """The stages of the plan, also those still to come."""
    return [stage for stage in state.plan if isinstance(stage, Stage)]


def _stages_of(curves: Iterable[Curve]) -> list[Stage]:
    return [curve.stage for curve in curves if isinstance(curve.stage, Stage)]


def _first(stage: Stage, groups: int) -> int:
    """The first trained layer group; the head where the stage names a group that the network does not have."""
    try:
        return stage.first_trained(groups)
    except PlanError:
        return groups - 1


def _whole(stage: Stage, groups: int) -> bool:
    return _first(stage, groups) == 0


def _head_only(stage: Stage, groups: int) -> bool:
    return _first(stage, groups) == groups - 1


def _augments(stage: Stage) -> bool:
    return stage.augmentation != NONE


def _graded(stage: Stage, groups: int) -> bool:
    """Whether no trained group has a higher rate than the next one, and the first a lower one than the head."""
    if stage.lr is None:
        return stage.group_ratio > 1
    try:
        rates = stage.group_rates(groups)[_first(stage, groups) :]
    except PlanError:
        return False
    return list(rates) == sorted(rates) and rates[0] < rates[-1]


def _found_again(tested: Sequence[Curve], groups: int) -> bool:
    """Whether the unfrozen network was tested after training, or after a test of the head alone."""
    head_tested = False
    for curve, stage in zip(tested, _stages_of(tested), strict=True):
        if _head_only(stage, groups):
            head_tested = True
        elif head_tested or curve.epoch > 0:
            return True
    return False


def _lengthened(begun: StageState) -> bool:
    """Whether a second, longer cycle was finished."""
    stage = begun.settings
    return stage.cycles > 1 and stage.cycle_mult > 1 and begun.epochs >= sum(stage.cycle_lengths[:2])
