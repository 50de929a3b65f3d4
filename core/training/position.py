"""Where a learner stands, and the checkpoint that brings another one to the same place."""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Self

from torch import Tensor

from core.training.smoothing import TRAINING_BETA, Smoothed, Watch

VERSION = 1


@dataclass
class Position:
    """Counts over the run (`epoch`, `cycle` and `step` finished) and within the stage under way.

    `due` is what comes next: a batch, an epoch's validation, the end of a cycle, or nothing when the stage is done.
    """

    stage: int = 0
    epoch: int = 0
    cycle: int = 0
    step: int = 0
    stage_step: int = 0
    due: Literal["step", "epoch", "cycle", "nothing"] = "nothing"
    loss_sum: float = 0.0
    images: int = 0
    seconds: float = 0.0
    valid_loss: float = 0.0
    accuracy: float = 0.0
    smoothed: Smoothed = field(default_factory=lambda: Smoothed(beta=TRAINING_BETA))
    watch: Watch = field(default_factory=Watch)

    def begin(self, stage: int) -> None:
        """Stand before the first batch of a stage; what is counted over the run goes on."""
        self.end()
        self.stage, self.stage_step, self.due = stage, 0, "step"

    def end(self) -> None:
        """Stand where nothing is due; an epoch under way is given up."""
        self.due = "nothing"
        self.loss_sum, self.images, self.seconds = 0.0, 0, 0.0
        self.smoothed, self.watch = Smoothed(beta=TRAINING_BETA), Watch()

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """What `to_json` gave."""
        nested = {"smoothed": Smoothed(**values["smoothed"]), "watch": Watch(**values["watch"])}
        return cls(**{**values, **nested})


@dataclass(frozen=True)
class LearnerState:
    """All that a new learner needs to go on to the same numbers.

    `tensors`: `model/NAME` weights and buffers and `optimiser/NAME/KEY`, on the CPU, contiguous, copies.
    `meta`: JSON values: version, seed, position, and the stage under way or None.
    """

    tensors: dict[str, Tensor]
    meta: dict[str, Any]

    def part(self, name: str) -> dict[str, Tensor]:
        """The tensors under `name/`, without it."""
        return {
            key.removeprefix(f"{name}/"): value for key, value in self.tensors.items() if key.startswith(f"{name}/")
        }
