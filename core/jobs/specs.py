"""What a job is asked to do, as validated values: one model for each kind of job."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from core.export.formats import FormatName
from core.results.studies import AnyQuestion
from core.runs.names import LATEST
from core.training.spread import MOST_SEEDS
from core.training.stage import Plan, Stage
from core.training.trial_settings import Length

Kind = Literal["train", "lr_finder", "trials", "evaluate", "study", "export"]


class TrainSpec(BaseModel):
    """Train the stages of `plan`, or, without one, what is left of the plan under way.

    `start` names the snapshot whose weights a new plan begins from. `processes` of this machine share each batch, one
    for each GPU; the updates are those of one process.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    kind: Literal["train"] = "train"
    plan: Plan | None = None
    start: str = Field(default=LATEST, alias="from")
    processes: int = Field(default=1, ge=1, le=64)

    @model_validator(mode="after")
    def _start_needs_a_plan(self) -> "TrainSpec":
        if self.plan is None and self.start != LATEST:
            raise ValueError("Going on with a plan and beginning from a snapshot exclude each other. Give one of them.")
        return self


class FindSpec(BaseModel):
    """Run range tests for `stage`: `steps` batches at rates that grow from `lowest` to `highest`.

    There are `seeds` of them, each with its own order of the images, from the run's present state. With `vsgd`, that
    method's estimate at the same state is kept beside them; it costs 32 gradients (`core.training.vsgd`).
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    kind: Literal["lr_finder"] = "lr_finder"
    stage: Stage
    lowest: float
    highest: float
    steps: int
    seeds: int = Field(default=1, ge=1, le=MOST_SEEDS)
    vsgd: bool = False


class TrialSpec(BaseModel):
    """Try `rates` for `stage`, `repeats` times each, in trials of `length`.

    `curve_lowest` is the rate of the lowest point of the range test that they follow.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    kind: Literal["trials"] = "trials"
    stage: Stage
    rates: tuple[float, ...]
    length: Length = "epoch"
    repeats: int = 1
    curve_lowest: float | None = None


class EvaluateSpec(BaseModel):
    """Predict the images of `split` with the weights of `snapshot`; `tta` averages over augmented views."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    kind: Literal["evaluate"] = "evaluate"
    snapshot: str = LATEST
    split: str = "valid"
    tta: bool = False


class StudySpec(BaseModel):
    """Answer a question about the run, which is left as it was; the answer is kept with it (`core.runs.studies`)."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    kind: Literal["study"] = "study"
    question: AnyQuestion


class ExportSpec(BaseModel):
    """Write the network with the weights of `snapshot` as a file to take away (`core.export`)."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    kind: Literal["export"] = "export"
    to: FormatName
    snapshot: str = LATEST


Spec = Annotated[TrainSpec | FindSpec | TrialSpec | EvaluateSpec | StudySpec | ExportSpec, Field(discriminator="kind")]
