"""What a run's JSON files hold, as validated values."""

from datetime import datetime
from itertools import takewhile
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, RootModel

from core.data.versions.edits import Edit
from core.errors import PlanError, RunError
from core.kept import Count, Positive, Seconds, Seed, Share
from core.training.stage import Plan, Rate, Stage, stage_of
from core.training.suggest import Suggestion
from core.training.vsgd_record import VsgdEstimate

StageStatus = Literal["running", "done", "stopped", "failed", "diverged"]


def _checked_moment(text: str) -> str:
    if not 1971 <= datetime.fromisoformat(text).year <= 9998:  # else time zones lead out of what a clock can show
        raise ValueError("no time of these centuries")
    return text


Moment = Annotated[str, AfterValidator(_checked_moment)]
"""A date and time as `core.workspace.timestamp` writes it (ISO 8601)."""


class BranchOrigin(BaseModel):
    """Where a branch began: at `snapshot` of the run `run`, after `step` batches and `epoch` epochs, with `change`.

    `first_seed` is the seed of the weights that the first of these runs began with; None in branches that do not say.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    run: str
    snapshot: str
    step: Count
    epoch: Count
    change: str
    first_seed: int | None = None


class RunInfo(BaseModel):
    """`run.json`: what a run is. Only `name` changes afterwards.

    It does not say which run it is: that is the folder's place (`RunFolder.id`). `folded` says that its batch norm
    is folded into the convolutions, see `core.model.fold`. `origin` says where a branch began, None for other runs.
    `given` is the data set's fingerprint without its edits, "" where it has none.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_inf_nan="constants")

    name: str
    created: Moment
    data_spec: str
    data_title: str
    fingerprint: str
    given: str = ""
    classes: tuple[str, ...]
    images: Count
    backbone: str
    pretrained: bool = True
    folded: bool = False
    seed: Seed = 0
    valid_share: Share = 0.2
    size: int = Field(default=128, ge=1, le=10_000)
    origin: BranchOrigin | None = None

    @property
    def first_seed(self) -> int | None:
        """The seed of the weights that the run began with: a branch's are its original's. None where not known."""
        return self.seed if self.origin is None else self.origin.first_seed


class UnreadableStage(RootModel[dict[str, JsonValue]]):
    """Settings of a stage that this version of Anneal cannot read; they are kept as they are."""

    model_config = ConfigDict(frozen=True)

    @property
    def reason(self) -> str:
        """What is wrong with them, in a sentence."""
        try:
            stage_of(dict(self.root))
        except PlanError as error:
            return str(error)
        return "This stage was written by another version of Anneal."


SavedStage = Annotated[Stage | UnreadableStage, Field(union_mode="left_to_right")]
"""A stage in a file: validated here once; what cannot be read stays an `UnreadableStage`."""


class SameWeights(BaseModel):
    """What a stage's first weights reached, before it trained, on the validation images as the stage sees them.

    Measured where these are not as before: of another size, more of them, or mended. `accuracy` is 0..1, `valid_loss`
    in nats.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_inf_nan="constants")

    accuracy: Share
    valid_loss: float


class StageState(BaseModel):
    """One stage that was begun: its settings with the rates it really had, and how far it came.

    `stage` are the settings, `index` the stage's place in the run (0-based, as in the history), `epochs` what
    was finished of it, `curve` the name of the range test that chose its rate, if one did, and `rate_reason` why
    that rate ("" where a person gave it). `accuracy_before` is the accuracy that the stage began with, None where it
    was not measured; `collapsed_from` the one that it fell from, if it collapsed (`core.runs.setbacks`). `train_images`
    and `valid_images` are how many the data set had, 0 where an earlier version did not write them down. `mended`
    counts the edits of the data in words, `valid_mended` those of validation images. Where the validation images had
    other edits before the stage, these are `valid_before`, and `as_before` is what the stage's last weights reach on
    the images as they were then. `loaded` is the snapshot that had been loaded for it, None where it went on.
    """

    model_config = ConfigDict(extra="ignore", ser_json_inf_nan="constants")

    index: Count
    stage: SavedStage
    status: StageStatus = "running"
    curve: str | None = None
    rate_reason: str = ""
    epochs: Count = 0
    accuracy_before: Share | None = None
    same_weights: SameWeights | None = None
    train_images: Count = 0
    valid_images: Count = 0
    mended: str = ""
    valid_mended: str = ""
    valid_before: list[Edit] | None = None
    as_before: SameWeights | None = None
    loaded: str | None = None
    collapsed_from: Share | None = None
    accuracy: Share | None = None
    train_loss: float | None = None
    valid_loss: float | None = None
    seconds: Seconds = 0.0
    message: str = ""

    @property
    def settings(self) -> Stage:
        """The stage's settings; raises `RunError` when this version cannot read them."""
        if isinstance(self.stage, UnreadableStage):
            raise RunError(f"Stage {self.index + 1} of this run cannot be read: {self.stage.reason}")
        return self.stage

    @property
    def ends_with(self) -> float | None:
        """The accuracy after its last epoch; that of before the stage where no epoch of it was finished."""
        return self.accuracy_before if self.accuracy is None else self.accuracy

    def ended(self, status: StageStatus = "stopped", message: str = "") -> "StageState":
        """The stage as one that is not trained any more; unchanged unless it is called running."""
        return self.model_copy(update={"status": status, "message": message}) if self.status == "running" else self


class Best(BaseModel):
    """The epoch with the highest validation accuracy (the lower validation loss on ties), and its snapshot."""

    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_inf_nan="constants")

    accuracy: Share
    valid_loss: float
    epoch: Count
    snapshot: str = "best"

    def beaten_by(self, accuracy: float, valid_loss: float) -> bool:
        """Whether these figures are better."""
        return (accuracy, -valid_loss) > (self.accuracy, -self.valid_loss)


class RunState(BaseModel):
    """`state.json`: how far a run has come.

    `stages` are those begun, `plan` the stages of the plan under way or last finished, `plan_start` the place
    of its first stage in the run, `next_stage` the place in `plan` of the stage to begin or go on with
    (`len(plan)` when all is done). `figures` are those of the last epoch; `loaded` the snapshot that the
    weights were last taken from, if training has not gone on since. `valid_edits` are the edits of the validation
    images on which `figures` were measured.
    """

    model_config = ConfigDict(extra="ignore", ser_json_inf_nan="constants")

    stages: list[StageState] = Field(default_factory=list)
    plan: list[SavedStage] = Field(default_factory=list)
    plan_name: str = ""
    plan_start: Count = 0
    next_stage: Count = 0
    best: Best | None = None
    seconds: Seconds = 0.0
    figures: dict[str, float] = Field(default_factory=dict)
    loaded: str | None = None
    valid_edits: list[Edit] = Field(default_factory=list)

    @property
    def in_order(self) -> bool:
        """Whether the stages are numbered by their places and the plan lies within: pages and jobs find both so."""
        numbered = [stage.index for stage in self.stages] == list(range(len(self.stages)))
        return numbered and self.plan_start <= len(self.stages) and self.next_stage <= len(self.plan)

    @property
    def readable_stages(self) -> list[Stage]:
        """The stages begun so far, by their place in the run, up to the first that cannot be read."""
        begun = [stage.stage for stage in self.stages]
        return list(takewhile(lambda stage: isinstance(stage, Stage), begun))  # type: ignore[arg-type]

    def planned(self) -> Plan:
        """The plan under way; raises `RunError` when there is none or a stage of it cannot be read."""
        if not self.plan:
            raise RunError("This run has no plan yet. Plan a stage and start it.")
        for number, stage in enumerate(self.plan, start=1):
            if isinstance(stage, UnreadableStage):
                raise RunError(f"Stage {number} of the plan under way cannot be read: {stage.reason}")
        return Plan(stages=tuple(stage for stage in self.plan if isinstance(stage, Stage)))

    @property
    def running(self) -> bool:
        """Whether a stage is called running."""
        return any(stage.status == "running" for stage in self.stages)

    def ended(self, status: StageStatus, message: str) -> "RunState":
        """The same with this status and message for stages that are called running."""
        return self.model_copy(update={"stages": [stage.ended(status, message) for stage in self.stages]})

    @property
    def unfinished(self) -> bool:
        """Whether a plan is under way and something of it is left."""
        return self.next_stage < len(self.plan)


class Curve(BaseModel):
    """`finder/<name>.json`: a range test, whole (`complete`) or under way.

    `stage` is the stage it was made for; `for_stage` that stage's place in the run when a plan
    asked for the test; `epoch` and `step` say where in the run it was made, and `loaded` which snapshot had been
    loaded there since the last batch, if one had. `chosen` is the rate a plan took.
    `suggestion` is Anneal's; where an earlier version wrote none, `RunFolder.curves` reads it off the losses.
    `suggestions` are the other rules'. `batches` is the length of the stage and `classes` the number of classes, as far
    as they were written down. Tests that were asked for together, from one state with different orders of the images,
    have one `set`, the name of the first of them, and `repeat` from 0. `vsgd` is that method's estimate at this state.
    """

    model_config = ConfigDict(extra="ignore", ser_json_inf_nan="constants")

    name: str
    created: str
    stage: SavedStage
    lrs: list[Positive] = Field(default_factory=list)
    losses: list[float] = Field(default_factory=list)
    smoothed: list[float] = Field(default_factory=list)
    suggestion: Suggestion | None = None
    suggestions: dict[str, Positive | None] = Field(default_factory=dict)
    stopped: str = ""
    complete: bool = False
    for_stage: Count | None = None
    chosen: Rate | None = None
    chosen_by: str | None = None
    epoch: Count = 0
    step: Count = 0
    loaded: str | None = None
    seconds: Seconds = 0.0
    batches: Count | None = None
    classes: Count | None = None
    set: str | None = None
    repeat: Count = 0
    vsgd: VsgdEstimate | None = None

    @property
    def even(self) -> bool:
        """Whether there is a loss, raw and smoothed, for each rate."""
        return len(self.lrs) == len(self.losses) == len(self.smoothed)
