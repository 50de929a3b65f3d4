"""A plan as it goes: each step with what it does and why, and, once it is done, the figures that it produced."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from core.augment import NONE
from core.model.catalogue import GROUPS
from core.numbers import rate_in_words
from core.runs.data_changes import both_figures, data_change
from core.runs.state import RunState, StageState
from core.training.recipe_steps import WHY, PlanStep, steps_of
from core.training.refreezing import frozen_in_words
from core.training.stage import Plan, Stage

Status = Literal["done", "now", "coming"]


@dataclass(frozen=True)
class Told:
    """A step of the plan, how far it is, and a sentence: why it is taken, or what came of it."""

    step: PlanStep
    status: Status
    sentence: str


def story(state: RunState, groups: Sequence[str] = GROUPS, *, finding: bool = False) -> list[Told]:
    """The steps of the plan under way or trained last; `finding` tells that a range test for its next stage runs.

    `groups` are the layer groups' names, stem to head. Nothing where a stage of the plan cannot be read.
    """
    stages = [stage for stage in state.plan if isinstance(stage, Stage)]
    if not stages or len(stages) < len(state.plan):
        return []
    plan = Plan(stages=tuple(stages))
    begun = state.stages[state.plan_start :]
    last = state.stages[state.plan_start - 1].stage if state.plan_start else None
    before = last if isinstance(last, Stage) else None
    told = []
    for step in steps_of(plan, len(groups), before):
        own = begun[step.stage] if step.stage < len(begun) else None
        status = _status(step, own, at_work=finding and step.stage == len(begun))
        told.append(Told(step, status, _sentence(step, status, plan, state, own, groups, before)))
    return told


def _status(step: PlanStep, own: StageState | None, *, at_work: bool) -> Status:
    """How far a step is: those before a stage's first batch are done when the stage has begun."""
    if own is None:
        return "now" if at_work and step.kind in ("find", "again") else "coming"
    if not step.trains or own.status != "running":
        return "done"
    return "now"


def _sentence(
    step: PlanStep,
    status: Status,
    plan: Plan,
    state: RunState,
    own: StageState | None,
    groups: Sequence[str],
    before: Stage | None,
) -> str:
    stage = plan.stages[step.stage]
    previous = plan.stages[step.stage - 1] if step.stage else before
    why = WHY[step.kind]
    if step.kind == "augmentation":
        used = next(one.augmentation for one in plan.stages if one.augmentation != NONE)
        return f"{used.name.replace('-', ' ').capitalize()}. {why}"
    if step.kind == "data" and previous is not None:
        earlier = state.stages[own.index - 1] if own is not None and own.index else None
        return " ".join(
            filter(None, [f"{data_change(previous, stage)}. {why}", both_figures(own, earlier) if own else ""])
        )
    if own is None or status == "coming":
        return f"{_plans(step, stage)} {why}".strip()
    if step.kind in ("find", "again"):
        return f"{_rates(own, groups)}. {own.rate_reason}".strip() if own.rate_reason else f"{_rates(own, groups)}."
    if step.kind == "rates":
        return f"{_rates(own, groups)}. {why}"
    if step.trains:
        return f"{_figures(own)} {why}" if status == "now" else _figures(own)
    return why


def _plans(step: PlanStep, stage: Stage) -> str:
    """What a step that trains will do."""
    if not step.trains:
        return ""
    lengths = " + ".join(str(length) for length in stage.cycle_lengths)
    cycles = f" in cycles of {lengths}" if stage.cycles > 1 else ""
    frozen = f", {again}" if (again := frozen_in_words(stage)) else ""
    return f"{stage.epochs} epoch{'s' if stage.epochs > 1 else ''}{cycles}{frozen}."


def _rates(own: StageState, groups: Sequence[str]) -> str:
    """The rate of each trained group, as the stage really had it."""
    rates = own.settings.group_rates(len(groups))
    trained = [(name, rate) for name, rate in zip(groups, rates, strict=True) if rate > 0]
    if len({rate for _, rate in trained}) == 1:
        return f"Rate {rate_in_words(trained[0][1])}"
    return "Rates " + ", ".join(f"{rate_in_words(rate)} for the {name}" for name, rate in trained)


def _figures(own: StageState) -> str:
    """What the stage has reached so far, beside what it began with."""
    planned = own.settings.epochs
    of_all = f"{own.epochs} of {planned}" if own.epochs < planned else f"{planned}"
    said = [f"{of_all} epoch{'s' if planned > 1 else ''}"]
    start = own.accuracy_before if own.same_weights is None else own.same_weights.accuracy
    if own.accuracy is not None:
        change = "" if start is None else f" (from {start:.1%}, {100 * (own.accuracy - start):+.1f} points)"
        said.append(f"accuracy {own.accuracy:.1%}{change}")
    if own.valid_loss is not None and own.train_loss is not None:
        said.append(f"training loss {own.train_loss:.3f} and validation loss {own.valid_loss:.3f}")
    return ", ".join(said) + "."
