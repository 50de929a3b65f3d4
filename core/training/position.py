"""Where a learner stands in a run, and the checkpoint that brings another learner to the same place.

Importing this module does not import torch, so that pages and the files of a run can use its types.
"""

from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from core.errors import TrainingError
from core.kept import Count, Seconds, Seed, Share
from core.training.overfit_watch import OverfitWatch
from core.training.smoothing import TRAINING_BETA, DivergenceWatch, Smoothed
from core.training.stage import Stage

if TYPE_CHECKING:
    from torch import Tensor

VERSION = 1
"""Of the checkpoint's layout; a checkpoint of another version is refused."""

OTHER_VERSION = "The checkpoint was made by another version of Anneal and cannot be resumed."


@dataclass
class Position:
    """How far a learner has trained: over the run, and within the stage under way.

    `epoch`, `cycle` and `step` count what is finished over the run, `stage_step` the batches of this stage. `due` is
    what comes next: a batch, an epoch's validation, the end of a cycle, or nothing when the stage is done.
    `loss_sum` (nats times images), `images` and `seconds` are sums over the epoch under way. `valid_loss` and
    `accuracy` (0..1) are those of the last epoch. `ended_early` says that the stage ends, or has ended, because its
    overfitting costs.

    >>> position = Position()
    >>> position.begin(stage=0)
    >>> position.count_batch(loss=2.0, images=32, steps_per_epoch=2, seconds=0.1)
    >>> position.due
    'step'
    >>> position.count_batch(loss=1.0, images=32, steps_per_epoch=2, seconds=0.1)
    >>> position.due, position.train_loss
    ('epoch', 1.5)
    """

    stage: Count = 0
    epoch: Count = 0
    cycle: Count = 0
    step: Count = 0
    stage_step: Count = 0
    due: Literal["step", "epoch", "cycle", "nothing"] = "nothing"
    loss_sum: float = 0.0
    images: Count = 0
    seconds: Seconds = 0.0
    valid_loss: float = 0.0
    accuracy: Share = 0.0
    smoothed: Smoothed = field(default_factory=lambda: Smoothed(beta=TRAINING_BETA))
    watch: DivergenceWatch = field(default_factory=DivergenceWatch)
    overfit: OverfitWatch = field(default_factory=OverfitWatch)
    ended_early: bool = False

    @property
    def train_loss(self) -> float:
        """Mean training loss over the images of the epoch under way."""
        return self.loss_sum / self.images

    def begin(self, stage: int) -> None:
        """Stand before the first batch of stage number `stage`; the counts over the run go on."""
        self.end()
        self.stage, self.stage_step, self.due = stage, 0, "step"
        self.overfit, self.ended_early = OverfitWatch(), False

    def end(self) -> None:
        """Stand after a stage; the sums of an epoch under way are dropped."""
        self.due = "nothing"
        self._forget_epoch()
        self.smoothed, self.watch = Smoothed(beta=TRAINING_BETA), DivergenceWatch()

    def count_batch(self, *, loss: float, images: int, steps_per_epoch: int, seconds: float) -> None:
        """Count one batch of `images` images with mean loss `loss`; validation is due after the epoch's last one."""
        self.step += 1
        self.stage_step += 1
        self.loss_sum += loss * images
        self.images += images
        self.seconds += seconds
        self.due = "step" if self.stage_step % steps_per_epoch else "epoch"

    def count_epoch(self, *, ends_cycle: bool) -> None:
        """Count the epoch under way as finished."""
        self.epoch += 1
        self._forget_epoch()
        self.due = "cycle" if ends_cycle else "step"

    def count_cycle(self, *, ends_stage: bool) -> None:
        """Count the cycle under way as finished."""
        self.cycle += 1
        self.due = "nothing" if ends_stage else "step"

    def _forget_epoch(self) -> None:
        self.loss_sum, self.images, self.seconds = 0.0, 0, 0.0


class LearnerMeta(BaseModel):
    """The part of a checkpoint's header that the learner writes.

    `stage` is the stage under way: None between two stages, and where its settings can no longer be read (such a
    stage cannot be resumed; the weights can still be used).

    >>> meta = LearnerMeta.from_json({"version": 1, "seed": 0, "position": {"epoch": 2, "due": "step"}})
    >>> meta.position.epoch, meta.between_stages().position.due
    (2, 'nothing')
    """

    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_inf_nan="constants")

    version: int
    seed: Seed
    position: Position
    stage: Stage | None = None

    @field_validator("stage", mode="before")
    @classmethod
    def _unreadable_settings_are_none(cls, value: Any) -> Any:
        try:
            return Stage.model_validate(value)
        except ValidationError:
            return None

    def between_stages(self) -> Self:
        """The same place with no stage under way, as the header of a snapshot has it; the counts stay."""
        return self.model_copy(update={"position": replace(deepcopy(self.position), due="nothing"), "stage": None})

    def to_json(self) -> dict[str, Any]:
        """As JSON values, with the keys version, seed, position and stage."""
        return self.model_dump(mode="json")

    @classmethod
    def from_json(cls, values: Any) -> Self:
        """What `to_json` gave, now or in an earlier version; raises `TrainingError` for anything else."""
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise TrainingError(OTHER_VERSION) from error


@dataclass(frozen=True)
class LearnerState:
    """All that a new learner needs to train on to the same numbers.

    `tensors` are contiguous copies on the CPU: `model/NAME` (weights and buffers), `optimiser/NAME/KEY`, and
    `good/NAME` (the weights to go back to on divergence, where they are not those of the model).
    """

    tensors: "dict[str, Tensor]"
    meta: LearnerMeta

    def part(self, name: str) -> "dict[str, Tensor]":
        """The tensors under `name/`, without that prefix."""
        return {
            key.removeprefix(f"{name}/"): value for key, value in self.tensors.items() if key.startswith(f"{name}/")
        }
