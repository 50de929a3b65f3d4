"""The weights that training goes back to when it diverges."""

import torch
from torch import Tensor

from core.model.classifier import Classifier
from core.training.stage import Stage


class GoodWeights:
    """A copy of all weights and buffers that a stage may change, taken where the loss was good.

    They are first those that the stage begins with, and then those of each epoch whose validation loss is worth
    keeping. `step` is the batch of the stage (0 at its start) after which they were taken.
    """

    def __init__(self, model: Classifier, stage: Stage) -> None:
        groups = len(model.groups)
        prefix = "head." if stage.first_trained(groups) == groups - 1 else ""
        self._current: dict[str, Tensor] = {
            name: value for name, value in model.state_dict().items() if name.startswith(prefix)
        }
        self.take(0)

    def take(self, step: int) -> None:
        """Copy the model's present weights."""
        self._good = {name: value.detach().clone() for name, value in self._current.items()}
        self.step = step

    def put_back(self) -> None:
        """Give the model the good weights again."""
        with torch.no_grad():
            for name, value in self._current.items():
                value.copy_(self._good[name])

    def to_keep(self, step: int) -> dict[str, Tensor]:
        """What a checkpoint after batch `step` must hold: nothing where the good weights are the model's own."""
        return {} if step == self.step else self._good

    def restore(self, kept: dict[str, Tensor], step: int) -> None:
        """Take over what `to_keep(step)` gave; a checkpoint without such weights has them in the model."""
        self.take(step)
        if kept:
            for name, value in self._good.items():
                value.copy_(kept[name])
            self.step = NOT_IN_MODEL


NOT_IN_MODEL = -1
"""The step of good weights that came from a checkpoint: never that of the model's present weights."""
