"""The images of a stage: those to train on, those to validate on, and their labels."""

import torch
from torch import Tensor

from core.data.batches import epoch_order, split_batches
from core.data.index import DataSet
from core.data.items import Indices
from core.errors import TrainingError
from core.model.machine import sent
from core.training.balance import balanced_weights
from core.training.stage import Stage


class Samples:
    """Indices into `data.items`: `train` is the stage's share of the training images, `valid` all validation images.

    Labels are kept on `device`. Raises `TrainingError` when there are no images of either kind.
    """

    def __init__(self, data: DataSet, stage: Stage, device: torch.device) -> None:
        self.train: Indices = data.train_indices(stage.share)
        self.valid: Indices = data.indices("valid")
        if not len(self.train) or not len(self.valid):
            missing = "training" if not len(self.train) else "validation"
            raise TrainingError(f"The data set has no {missing} images. Choose another split.")
        self._batch_size = stage.batch_size
        self._class_weights = balanced_weights(data.labels[self.train], len(data.classes))
        self._labels = torch.tensor(data.labels).to(device)

    def batches(self, seed: int, epoch: int) -> list[Indices]:
        """The image indices of every batch of `epoch`, in the random order that `seed` gives that epoch."""
        return split_batches(epoch_order(self.train, seed, epoch), self._batch_size)

    def labels(self, indices: Indices) -> Tensor:
        """Class numbers (B,) int64 of the images `indices`."""
        return self._labels[sent(torch.from_numpy(indices), self._labels.device)]

    def class_weights(self) -> Tensor:
        """Weight of each class (C,) in the loss; see `core.training.balance`."""
        return torch.from_numpy(self._class_weights).to(self._labels.device)
