"""The records that training yields: one for each batch, each epoch and each cycle."""

from dataclasses import asdict, dataclass
from typing import Any, Literal


class _Row:
    def row(self) -> dict[str, Any]:
        """The record as JSON values, as they are written to a run's history."""
        return asdict(self)  # type: ignore[call-overload, no-any-return]


@dataclass(frozen=True)
class StepRecord(_Row):
    """One batch was trained.

    `epoch` and `step` are the numbers (from 1, over the run) of the batch's epoch and of the batch. `lrs` has the
    learning rate of each layer group, stem to head, 0 where frozen. `loss` is the plain cross-entropy (without label
    smoothing and class weights), the mean over the batch, and `smoothed` its exponentially weighted mean over the
    stage (`core.training.smoothing`, beta 0.9). `grads` and `moved` are those of `core.training.group_watch`, one for
    each layer group; empty for most batches.
    """

    stage: int
    epoch: int
    step: int
    lrs: tuple[float, ...]
    momentum: float
    loss: float
    smoothed: float
    images_per_s: float
    grads: tuple[float, ...] = ()
    moved: tuple[float, ...] = ()
    kind: Literal["step"] = "step"

    def row(self) -> dict[str, Any]:
        """The record as JSON values; without what was not measured."""
        return {name: value for name, value in super().row().items() if value != ()}


@dataclass(frozen=True)
class EpochRecord(_Row):
    """One epoch was finished: the mean training loss during it, and the validation after it.

    `epoch` and `step` count over the run. Both losses are plain cross-entropy in nats, whatever the stage minimises
    (label smoothing, class weights): they can be compared with each other, over stages and with an evaluation.
    `accuracy` is 0..1. `seconds` is the time of the batches and validation. `valid_error` is the standard error of
    `valid_loss` over the validation images: how far other images of the kind would have moved it.
    """

    stage: int
    epoch: int
    step: int
    train_loss: float
    valid_loss: float
    accuracy: float
    seconds: float
    valid_error: float
    kind: Literal["epoch"] = "epoch"


@dataclass(frozen=True)
class CycleRecord(_Row):
    """One cycle was finished, and a snapshot should be taken.

    `cycle` counts from 1 over the run; `valid_loss` and `accuracy` are those of its last epoch.
    """

    stage: int
    cycle: int
    epoch: int
    step: int
    valid_loss: float
    accuracy: float
    kind: Literal["cycle"] = "cycle"


Record = StepRecord | EpochRecord | CycleRecord
