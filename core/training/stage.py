"""A stage is one fit, a plan is an ordered list of stages; both are immutable, validated values."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from core.augment import NONE, Augmentation
from core.errors import PlanError
from core.kept import parse_json
from core.model.catalogue import GROUPS

HIGHEST_RATE = 100.0
"""Higher rates are refused: no network here trains at them, so they are typing mistakes."""

_ONLY_THE_HEAD = (
    "only the head is trained, so no early layers can be frozen later. Unfreeze more, or leave out freeze_early_after"
)

Rate = Annotated[float, Field(gt=0, le=HIGHEST_RATE, allow_inf_nan=False)]


class StageSettings(BaseModel):
    """The settings of a stage, each within its range; together they may still contradict each other (see `Stage`).

    `freeze_to` is the index of the first trained layer group, as in Python: 0 trains everything, -1 the head only.
    `lr` is the highest learning rate: one number for the last group, or one for each group, stem to head; with None
    a range test finds it (see `Plan`). With one number, each group's rate is that of the next group divided by
    `group_ratio`. An epoch goes over `share` (0..1] of the training images, of `size` px, in batches of `batch_size`.
    With `freeze_early_after` the first trained layer group is frozen again once so many cycles are done
    (`core.training.refreezing`). With `grow_from` the training images are of so many px at first and grow to `size`
    (`core.training.growing`). With `freeze_norm` batch norm keeps its statistics in layers that are trained (fastai
    0.7's `bn_freeze`): those of
    a pretrained network are better than those of a few small batches. With `stop_overfitting` the stage ends once its
    overfitting costs (`core.training.overfit_watch`). With `measure_after_cycle` a training job measures what each
    restart did (`core.jobs.after_cycle`), which changes nothing of the training.

    >>> stage = Stage(freeze_to=0, lr=0.01, group_ratio=10, cycles=3, cycle_mult=2)
    >>> stage.cycle_lengths, stage.epochs
    ((1, 2, 4), 7)
    >>> stage.group_rates(3)
    (0.0001, 0.001, 0.01)
    >>> stage.scope()
    'everything'
    """

    model_config = ConfigDict(extra="forbid")

    name: str = Field(default="", max_length=80)
    freeze_to: int = Field(default=-1, ge=-20, le=20)
    freeze_norm: bool = False
    freeze_early_after: int | None = Field(default=None, ge=1, le=49)
    precompute: bool = False
    lr: tuple[Rate, ...] | None = None
    group_ratio: float = Field(default=3.0, ge=1, le=1000)
    schedule: Literal["cosine", "one-cycle", "constant"] = "cosine"
    cycles: int = Field(default=1, ge=1, le=50)
    cycle_len: int = Field(default=1, ge=1, le=1000)
    cycle_mult: int = Field(default=1, ge=1, le=10)
    gentle_start: bool = False
    optimiser: Literal["sgd", "adamw"] = "adamw"
    momentum: float = Field(default=0.9, ge=0, lt=1)
    weight_decay: float = Field(default=0.01, ge=0, le=10)
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    class_weights: bool = False
    stop_overfitting: bool = False
    measure_after_cycle: bool = True
    size: int = Field(default=128, ge=8, le=1024)
    grow_from: int | None = Field(default=None, ge=8, le=1024)
    batch_size: int = Field(default=32, ge=1, le=4096)
    augmentation: Augmentation = NONE
    share: float = Field(default=1.0, gt=0, le=1)

    @field_validator("lr", mode="before")
    @classmethod
    def _one_rate_is_a_tuple(cls, value: Any) -> Any:
        return (value,) if isinstance(value, int | float) else value


class Stage(StageSettings):
    """One fit: what is trained, on what, at which rate, along which schedule; settings that agree with each other."""

    model_config = ConfigDict(frozen=True)

    @model_validator(mode="after")
    def _refuse_what_would_do_nothing(self) -> "Stage":
        if self.lr is not None and not self.lr:
            raise ValueError("a stage needs at least one learning rate, or none at all to have it found")
        if self.precompute and self.freeze_to != -1:
            raise ValueError(
                "precomputed activations come from a frozen backbone, so unfreezing more than the head "
                "would do nothing. Turn precompute off, or freeze to the head"
            )
        if self.precompute and self.augmentation != NONE:
            raise ValueError(
                "precomputed activations are of the images as they are, so augmentation would do nothing. "
                "Turn precompute off, or choose no augmentation"
            )
        if self.precompute and self.grow_from is not None:
            raise ValueError(
                "precomputed activations are of images of one size, so images cannot grow. "
                "Turn precompute off, or leave out grow_from"
            )
        if self.freeze_early_after is not None and self.freeze_to == -1:
            raise ValueError(_ONLY_THE_HEAD)
        if self.freeze_early_after is not None and self.freeze_early_after >= self.cycles:
            raise ValueError(
                f"the stage ends with its cycle {self.cycles}, so freezing early layers after cycle "
                f"{self.freeze_early_after} would do nothing. Choose an earlier cycle, or leave out freeze_early_after"
            )
        if self.grow_from is not None and self.grow_from >= self.size:
            raise ValueError(
                f"images of {self.grow_from} px cannot grow to {self.size} px. "
                "Choose a grow_from below the stage's size, or none"
            )
        if self.schedule != "cosine" and (self.cycles, self.cycle_mult) != (1, 1):
            raise ValueError(
                f"the {self.schedule} schedule has one cycle; set its length with cycle_len, "
                "and leave cycles and cycle_mult at 1"
            )
        if self.epochs > 10_000:
            raise ValueError(f"that is {self.epochs:,} epochs; a stage may have up to 10,000")
        return self

    @property
    def epochs(self) -> int:
        """Sum of `cycle_len * cycle_mult**k` over the cycles."""
        return sum(self.cycle_lengths)

    @property
    def cycle_lengths(self) -> tuple[int, ...]:
        """Epochs of each cycle."""
        return tuple(self.cycle_len * self.cycle_mult**k for k in range(self.cycles))

    @property
    def first_size(self) -> int:
        """Side in px of the first training images."""
        return self.size if self.grow_from is None else self.grow_from

    @property
    def sizes_in_words(self) -> str:
        """Side of the training images, "128 px", or "64 to 128 px" where they grow."""
        return f"{self.size} px" if self.grow_from is None else f"{self.grow_from} to {self.size} px"

    def group_rates(self, groups: int) -> tuple[float, ...]:
        """The highest learning rate of each of `groups` layer groups, stem to head; 0.0 for a frozen group.

        Raises `PlanError` when there are neither one rate nor one for each group, or when the rate is not yet known.
        """
        if self.lr is None:
            raise PlanError("This stage's learning rate is still to be found by a range test.")
        if len(self.lr) == 1:
            rates = tuple(self.lr[0] / self.group_ratio ** (groups - 1 - g) for g in range(groups))
        elif len(self.lr) == groups:
            rates = self.lr
        else:
            raise PlanError(
                f"{len(self.lr)} learning rates were given, and the network has {groups} layer groups. "
                f"Give one rate, or {groups}."
            )
        first = self.first_trained(groups)
        return tuple(rate if g >= first else 0.0 for g, rate in enumerate(rates))

    def first_trained(self, groups: int) -> int:
        """Index (0..groups-1) of the first trained layer group; raises `PlanError` when `freeze_to` is out of range."""
        first = self.freeze_to + groups if self.freeze_to < 0 else self.freeze_to
        if not 0 <= first < groups:
            raise PlanError(
                f"freeze_to={self.freeze_to} names no layer group: the network has {groups}, "
                f"so choose from {-groups} to {groups - 1}."
            )
        if first == groups - 1 and self.freeze_early_after is not None:
            raise PlanError(f"{_ONLY_THE_HEAD[0].upper()}{_ONLY_THE_HEAD[1:]}.")
        return first

    def scope(self, groups: Sequence[str] = GROUPS) -> str:
        """What is trained, in words; `groups` are the names of the layer groups, stem to head."""
        return scope_in_words(self.freeze_to, groups)


def scope_in_words(freeze_to: int, groups: Sequence[str] = GROUPS) -> str:
    """What a stage with this `freeze_to` trains: "head", "everything", or "from GROUP on".

    >>> [scope_in_words(freeze_to) for freeze_to in (-1, 0, 1, 7)]
    ['head', 'everything', 'from later layers on', 'unknown layer group']
    """
    first = freeze_to + len(groups) if freeze_to < 0 else freeze_to
    if not 0 <= first < len(groups):
        return "unknown layer group"
    if first == len(groups) - 1:
        return "head"
    return "everything" if first == 0 else f"from {groups[first]} on"


class Plan(BaseModel):
    """An ordered list of stages.

    A range test finds the rate of a stage without one. When the stage before it had none either and trains the same
    layer groups at the same size, the stage goes on at the customary rate of what has been trained, at most the one
    found before (`core.training.suggest.going_on`): a new range test is only needed when one of the two changes.

    >>> plan = Plan(stages=(Stage(), Stage(cycles=3), Stage(freeze_to=0)))
    >>> [plan.goes_on(place) for place in range(3)]
    [False, True, False]
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(default="", max_length=80)
    stages: tuple[Stage, ...] = Field(min_length=1, max_length=100)

    @property
    def epochs(self) -> int:
        """Epochs of all stages together."""
        return sum(stage.epochs for stage in self.stages)

    def goes_on(self, place: int) -> bool:
        """Whether the stage at `place` (from 0) goes on with what the one before it trained at a found rate."""
        if place == 0:
            return False
        before, stage = self.stages[place - 1], self.stages[place]
        same = (before.freeze_to, before.size) == (stage.freeze_to, stage.size)
        return same and before.lr is None and stage.lr is None


def stage_of(values: dict[str, Any]) -> Stage:
    """A validated stage; raises `PlanError` with one sentence that names the setting and its range."""
    try:
        return Stage.model_validate(values)
    except ValidationError as error:
        raise PlanError(_sentence(error)) from error


def plan_of(values: dict[str, Any] | Sequence[dict[str, Any]]) -> Plan:
    """A validated plan from `{"stages": [...]}` or a bare list of stages; raises `PlanError`."""
    try:
        return Plan.model_validate(values if isinstance(values, dict) else {"stages": values})
    except ValidationError as error:
        raise PlanError(_sentence(error)) from error


def plan_from_json(text: str | bytes) -> Plan:
    """A validated plan from JSON text; raises `PlanError` when it is not JSON or not a plan."""
    try:
        values = parse_json(text)
    except ValueError as error:
        raise PlanError(f"That is not a plan: it is not valid JSON ({error}).") from error
    if not isinstance(values, dict | list):
        raise PlanError('That is not a plan: expected {"stages": [...]} or a list of stages.')
    return plan_of(values)


def _sentence(error: ValidationError) -> str:
    first = error.errors()[0]
    where = [str(part) for part in first["loc"]]
    number = next((f"Stage {int(part) + 1}: " for part in where if part.isdigit() and "stages" in where), "")
    setting = next((part for part in reversed(where) if not part.isdigit() and part != "stages"), "")
    said = first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        said = "is not a setting of a stage"
    elif setting and first["type"] != "value_error":
        said = f"{said[0].lower()}{said[1:]}"
        given = first.get("input")
        said = f"{said}, and {given!r} was given" if isinstance(given, int | float | str) else said
    text = f"{number}{setting + ': ' if setting else ''}{said}".rstrip(".")
    return f"{text[0].upper()}{text[1:]}."
