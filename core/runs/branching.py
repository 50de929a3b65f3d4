"""What a branch is: the one thing in which it differs, and the plan that is left for it. Imports no torch."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from core.augment import Augmentation
from core.errors import PlanError, RunError
from core.numbers import rate_in_words
from core.runs.checkpoint import CheckpointMeta
from core.runs.state import RunState, StageState
from core.training.refreezing import as_it_ended
from core.training.stage import Rate, Stage, scope_in_words, stage_of

NOTHING_LEFT = (
    "Nothing of the plan was left after {name}, so there is nothing to branch. Choose an earlier snapshot, or go on "
    "with this run."
)

Shape = Literal["cosine", "constant", "one-cycle"]


class Change(BaseModel):
    """The one thing in which a branch differs from its run; with all of them None nothing does.

    `lr` are the highest rates of what is left of the stage (or of the next one, at a stage's end), `augmentation`,
    `freeze_to` and `schedule` likewise; a schedule covers what is left in one go. `seed` decides the order of the
    images, their augmentation and dropout.
    """

    model_config = ConfigDict(frozen=True)

    lr: tuple[Rate, ...] | None = None
    augmentation: Augmentation | None = None
    freeze_to: int | None = None
    schedule: Shape | None = None
    seed: int | None = Field(default=None, ge=0, le=2**31 - 1)

    @model_validator(mode="after")
    def _one_thing(self) -> "Change":
        if len(self.given) > 1:
            raise ValueError(f"a branch changes one thing, and {' and '.join(self.given)} were given. Choose one")
        return self

    @property
    def given(self) -> list[str]:
        """The names of what is changed: none or one."""
        return [name for name in type(self).model_fields if getattr(self, name) is not None]

    @property
    def keeps_optimiser(self) -> bool:
        """Whether the optimiser goes on with what it remembers: other groups or another schedule begin afresh."""
        return self.freeze_to is None and self.schedule is None

    def words(self) -> str:
        """The change in a few words, such as "rate 0.003"."""
        if self.lr is not None:
            return f"rate {', '.join(rate_in_words(rate) for rate in self.lr)}"
        if self.augmentation is not None:
            return f"augmentation {self.augmentation.name}"
        if self.freeze_to is not None:
            return f"training {scope_in_words(self.freeze_to)}"
        if self.schedule is not None:
            return f"{self.schedule} schedule"
        return "nothing changed" if self.seed is None else f"seed {self.seed}"

    def within(self, stage: Stage, **others: Any) -> Stage:
        """`stage` with the change (and `others`); raises `PlanError` where it would contradict the stage."""
        own = {name: getattr(self, name) for name in self.given if name not in ("seed", "schedule")}
        return stage_of(stage.model_dump() | {"augmentation": stage.augmentation} | own | others)


class Left(BaseModel):
    """How a branch begins: the stages behind it, the plan from the stage under way on, and where in it.

    `under_way` is the stage that goes on with its optimiser, None where the next stage begins afresh.
    """

    model_config = ConfigDict(frozen=True)

    stages: list[StageState]
    plan: list[Stage]
    plan_start: int
    under_way: Stage | None


def left_after(point: CheckpointMeta, now: RunState, change: Change, name: str) -> Left:
    """What a branch at the snapshot `name`, taken at `point`, has to do, in a run whose present state is `now`.

    Stages that the run has trained since are planned again with the rates that they had. Within a cycle, other layer
    groups begin that cycle again; another schedule covers the epochs that are left. Raises `RunError` when
    nothing is left, `PlanError` where the change contradicts the stage that it is to change.
    """
    behind = [stage.model_copy(deep=True) for stage in point.stages]
    if not behind:
        raise RunError("This snapshot does not say in which stage it was taken, so a branch cannot begin from it.")
    last, later = behind[-1], _later(now, len(behind))
    at = point.learner.position
    ended, left_over = _cycles_ended(last)
    if at.due == "nothing" or (at.due == "cycle" and ended == last.settings.cycles and change.given):
        last.status = "done"
        if not later:
            raise RunError(NOTHING_LEFT.format(name=name))
        first = _reshaped(change, later[0], later[0].cycle_lengths)
        return Left(stages=behind, plan=[last.settings, first, *later[1:]], plan_start=len(behind) - 1, under_way=None)
    stage = last.settings
    if at.due == "cycle" and ended == stage.cycles and not later:
        raise RunError(NOTHING_LEFT.format(name=name))
    if change.keeps_optimiser:
        changed = change.within(stage)
        last.stage, last.status = changed, "stopped"
        if change.lr is not None and stage.lr is not None:
            was = rate_in_words(stage.lr[-1])
            last.curve, last.rate_reason = None, f"Until epoch {point.epoch} it was {was}; the branch changed it there."
        return Left(stages=behind, plan=[changed, *later], plan_start=len(behind) - 1, under_way=changed)
    last.status = "done"
    rest = _reshaped(change, stage, stage.cycle_lengths[ended:], gone=left_over)
    return Left(stages=behind, plan=[stage, rest, *later], plan_start=len(behind) - 1, under_way=None)


def _reshaped(change: Change, stage: Stage, lengths: tuple[int, ...], gone: int = 0) -> Stage:
    """The cycles of `lengths` epochs that are left of `stage`, with the change; a new schedule covers them in one.

    Of the first of them `gone` epochs are done already. Layers that the stage has frozen again by then stay frozen,
    unless what is trained is the change; those that it freezes later are trained on where one schedule covers all.
    """
    frozen = _frozen_early(change, stage, ended=stage.cycles - len(lengths))
    if change.schedule is None:
        return change.within(stage, cycles=len(lengths), cycle_len=lengths[0], **frozen)
    shape = {"schedule": change.schedule, "cycles": 1, "cycle_mult": 1, "cycle_len": sum(lengths) - gone}
    return change.within(stage, **shape, **frozen)


def _frozen_early(change: Change, stage: Stage, *, ended: int) -> dict[str, int | None]:
    """What becomes of `freeze_early_after` in what is left of a stage of which some cycles have `ended`."""
    if stage.freeze_early_after is None:
        return {}
    if change.freeze_to is None and stage.freeze_early_after <= ended:
        return {"freeze_early_after": None, "freeze_to": as_it_ended(stage).freeze_to}
    if change.freeze_to is not None or change.schedule is not None:
        return {"freeze_early_after": None}
    return {"freeze_early_after": stage.freeze_early_after - ended}


def _cycles_ended(stage: StageState) -> tuple[int, int]:
    """How many cycles of a stage its finished epochs make up, and how many epochs of the next one are done."""
    done, count = stage.epochs, 0
    for length in stage.settings.cycle_lengths:
        if done < length:
            break
        done, count = done - length, count + 1
    return count, done


def _later(now: RunState, count: int) -> list[Stage]:
    """The stages after the first `count`: those begun since, with their rates, and what is left of the plan."""
    begun = [stage.settings for stage in now.stages[count:]]
    planned = now.planned().stages if now.plan else ()
    return [*begun, *planned[max(0, len(now.stages) - now.plan_start, count - now.plan_start) :]]


def refused(error: ValueError) -> PlanError:
    """The sentence of a change that is not one."""
    said = str(error.args[0]) if error.args else str(error)
    return PlanError(f"{said[:1].upper()}{said[1:]}.")
