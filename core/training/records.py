"""What training tells: one record a batch, one an epoch, one where a cycle ends."""

from dataclasses import asdict, dataclass
from typing import Any, Literal


class _Row:
    def row(self) -> dict[str, Any]:
        """The record as a plain dictionary of JSON values."""
        return asdict(self)  # type: ignore[call-overload, no-any-return]


@dataclass(frozen=True)
class StepRecord(_Row):
    """One batch trained.

    `epoch` is the number (from 1, over the run) of the epoch that the batch belongs to, `step` that of the batch.
    `lrs` has one rate a layer group, stem to head, 0 where frozen. `smoothed` is the debiased exponentially
    weighted mean of `loss` (beta 0.98) over the stage.
    """

    stage: int
    epoch: int
    step: int
    lrs: tuple[float, ...]
    momentum: float
    loss: float
    smoothed: float
    images_per_s: float
    kind: Literal["step"] = "step"


@dataclass(frozen=True)
class EpochRecord(_Row):
    """One epoch finished: mean training loss over it, validation after it.

    `epoch` and `step` count over the run. Both losses are the stage's own objective (with its label smoothing
    and class weights), so that they compare. `seconds` is the time of its batches and validation.
    """

    stage: int
    epoch: int
    step: int
    train_loss: float
    valid_loss: float
    accuracy: float
    seconds: float
    kind: Literal["epoch"] = "epoch"


@dataclass(frozen=True)
class CycleRecord(_Row):
    """One cycle finished: a snapshot is due. `cycle` counts from 1 over the run; the figures are its last epoch's."""

    stage: int
    cycle: int
    epoch: int
    step: int
    valid_loss: float
    accuracy: float
    kind: Literal["cycle"] = "cycle"


Record = StepRecord | EpochRecord | CycleRecord
