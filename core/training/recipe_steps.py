"""The steps of a recipe by their names, which Home's cards, the plan's timeline and the command line share."""

from dataclasses import dataclass
from typing import Literal

from core.augment import NONE
from core.errors import PlanError
from core.training.stage import Plan, Stage

Kind = Literal["augmentation", "find", "head", "augment", "unfreeze", "rates", "again", "data", "cycles", "everything"]

TITLES: dict[Kind, str] = {
    "augmentation": "Pick augmentation",
    "find": "Find the rate",
    "head": "Train the head",
    "augment": "Add augmentation",
    "unfreeze": "Unfreeze",
    "rates": "Rates per group",
    "again": "Find it again",
    "data": "Change the data",
    "cycles": "Longer cycles",
    "everything": "Train everything",
}
"""What each step is called, everywhere."""

WHY: dict[Kind, str] = {
    "augmentation": "Random changes that keep the label, for the stages that train on changed images.",
    "find": "A range test raises the rate batch by batch and shows which rates are too high for this network.",
    "head": "The backbone is frozen and gives fixed features; only the new head learns, which is quick and safe.",
    "augment": "With changed images features change too, so activations cannot be kept: the backbone runs each time.",
    "unfreeze": "Now the backbone may fit these images too, not only the head.",
    "rates": "Early layers see edges, which need little change; a high rate would undo what they know.",
    "again": "The network that trains is another one now, and may need another rate.",
    "data": "What was learned on small or few images is kept; pixels and activations are made again where needed.",
    "cycles": "Each cycle anneals the rate and restarts it; longer ones settle more.",
    "everything": "All groups that are not frozen learn together, annealed towards a rate of 0.",
}
"""Why, in a sentence."""


@dataclass(frozen=True)
class PlanStep:
    """One step of a plan: what kind, and the place (from 0) of the stage that it belongs to."""

    kind: Kind
    stage: int

    @property
    def title(self) -> str:
        """Its name."""
        return TITLES[self.kind]

    @property
    def trains(self) -> bool:
        """Whether epochs are trained in it; the others come before a stage's first batch."""
        return self.kind in ("head", "augment", "cycles", "everything")


def steps_of(plan: Plan, groups: int = 3, before: Stage | None = None) -> list[PlanStep]:
    """The steps that a plan takes, in order; `before` is the stage that was trained before it, if one was.

    >>> from core.training.recipes import lesson2
    >>> [step.title for step in steps_of(lesson2())]  # doctest: +NORMALIZE_WHITESPACE
    ['Pick augmentation', 'Find the rate', 'Train the head', 'Add augmentation', 'Unfreeze', 'Rates per group',
     'Find it again', 'Longer cycles']
    """
    steps: list[PlanStep] = []
    if any(stage.augmentation != NONE for stage in plan.stages):
        steps.append(PlanStep("augmentation", 0))
    found = before is not None
    for place, stage in enumerate(plan.stages):
        last = plan.stages[place - 1] if place else before
        finds = stage.lr is None and not plan.goes_on(place)
        kinds = _before_training(stage, last, groups)
        if finds:
            kinds.append("again" if found else "find")
        found = found or finds or stage.lr is not None
        kinds.append(_training(stage, last, groups))
        steps += [PlanStep(kind, place) for kind in kinds]
    return steps


def _before_training(stage: Stage, last: Stage | None, groups: int) -> list[Kind]:
    """What is changed before the stage's first batch."""
    kinds: list[Kind] = []
    if last is None:
        return kinds
    if (last.size, last.share) != (stage.size, stage.share):
        kinds.append("data")
    deeper = _first(stage, groups) < _first(last, groups)
    if deeper:
        kinds.append("unfreeze")
        if _graded(stage, groups):
            kinds.append("rates")
    return kinds


def _training(stage: Stage, last: Stage | None, groups: int) -> Kind:
    if _first(stage, groups) == groups - 1:
        adds = stage.augmentation != NONE and last is not None and last.augmentation == NONE
        return "augment" if adds else "head"
    return "cycles" if stage.cycles > 1 and stage.cycle_mult > 1 else "everything"


def _first(stage: Stage, groups: int) -> int:
    try:
        return stage.first_trained(groups)
    except PlanError:
        return groups - 1


def _graded(stage: Stage, groups: int) -> bool:
    """Whether earlier groups have lower rates."""
    if stage.lr is None or len(stage.lr) == 1:
        return stage.group_ratio > 1
    trained = stage.lr[_first(stage, groups) :]
    return list(trained) == sorted(trained) and trained[0] < trained[-1]
