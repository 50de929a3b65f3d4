"""A stage made ready to run: its batches, its loss, one step of training, and validation."""

from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.data.batches import epoch_order, split_batches
from core.data.index import DataSet
from core.data.pixels import load_pixels
from core.errors import TrainingError
from core.model.activations import load_activations
from core.model.classifier import Classifier, freeze_to, set_mode
from core.training.balance import balanced_weights
from core.training.feeds import ActivationFeed, Feed, FrozenFeed, Images, Indices, PixelFeed
from core.training.optimisers import build_optimiser, set_rates
from core.training.randomness import generator, isolated, seed_of
from core.training.stage import Stage
from core.workspace import Progress, Workspace, no_progress


class Task:
    """What a stage does to `model`, one batch at a time, with an optimiser of its own.

    Creating one freezes the layer groups that the stage leaves alone, and reads (or makes) the pixels or
    activations that it needs. All that is drawn depends on `seed` and the numbers of epochs and steps alone.
    """

    def __init__(
        self,
        model: Classifier,
        data: DataSet,
        workspace: Workspace,
        stage: Stage,
        *,
        seed: int,
        device: torch.device,
        progress: Progress = no_progress,
    ) -> None:
        self._model = model
        self._seed = seed
        self._device = device
        self._batch_size = stage.batch_size
        self._size = stage.size
        self._freeze_norm = stage.freeze_norm
        self._train, self._valid = data.train_indices(stage.share), data.indices("valid")
        if not len(self._train) or not len(self._valid):
            missing = "training" if not len(self._train) else "validation"
            raise TrainingError(f"The data set has no {missing} images. Choose another split.")
        freeze_to(model, stage.first_trained(len(model.groups)))
        self._labels = torch.from_numpy(data.labels).to(device)
        weights = torch.from_numpy(balanced_weights(data.labels[self._train], len(data.classes))).to(device)
        self.objective = partial(
            F.cross_entropy, weight=weights if stage.class_weights else None, label_smoothing=stage.label_smoothing
        )
        self._feed = _feed(model, data, workspace, stage, device, progress)
        self.optimiser = build_optimiser(model, stage)
        self._order: tuple[int, list[Indices]] | None = None

    @property
    def steps_per_epoch(self) -> int:
        """Batches that go over all training images of the stage once."""
        return -(-len(self._train) // self._batch_size)

    def batches(self, epoch: int) -> list[Indices]:
        """The image indices of every batch of `epoch`, shuffled anew for each."""
        if self._order is None or self._order[0] != epoch:
            order = epoch_order(self._train, self._seed, epoch)
            self._order = epoch, split_batches(order, self._batch_size)
        return self._order[1]

    def set_training(self) -> None:
        """Put the model in training mode: what is frozen, and batch norm where the stage says so, stays as it is."""
        set_mode(self._model, True)
        if self._freeze_norm:
            for module in self._model.modules():
                if isinstance(module, nn.modules.batchnorm._BatchNorm):
                    module.eval()

    def train(self, indices: Indices, step: int, rates: tuple[float, ...], momentum: float) -> float:
        """One step of training on the images `indices`; `rates` are those of every layer group. Gives the loss."""
        set_rates(self.optimiser, rates, momentum)
        batch = self._feed.batch(indices, generator(self._seed, "augmentation", step))
        self.optimiser.zero_grad(set_to_none=True)
        with isolated(self._device, seed_of(self._seed, "layers", step)):
            self._model.generator.manual_seed(seed_of(self._seed, "dropout", step))
            loss = self._loss(batch, indices)
            loss.backward()  # type: ignore[no-untyped-call]
        self.optimiser.step()
        return loss.item()

    def _loss(self, batch: Tensor, indices: Indices) -> Tensor:
        try:
            return self.objective(self._feed.logits(batch), self._labels_of(indices))
        except torch.OutOfMemoryError as error:
            raise TrainingError(
                f"The GPU has too little memory for {len(indices)} images of {self._size} px at once. "
                "Lower the batch size or the image size."
            ) from error
        except ValueError as error:
            if len(indices) > 1:
                raise
            raise TrainingError(
                "One image alone cannot train this network: its batch norm needs two. Raise the batch size."
            ) from error

    def validate(self) -> tuple[float, float]:
        """Mean loss and accuracy (0..1) over the validation images as they are; changes nothing."""
        set_mode(self._model, False)
        try:
            with torch.inference_mode():
                logits, labels = self._feed.plain_logits(self._valid).float(), self._labels_of(self._valid)
                right = (logits.argmax(dim=1) == labels).sum()
                return self.objective(logits, labels).item(), right.item() / len(labels)
        finally:
            self.set_training()

    def _labels_of(self, indices: Indices) -> Tensor:
        return self._labels[torch.from_numpy(np.ascontiguousarray(indices)).to(self._device)]


def _feed(
    model: Classifier, data: DataSet, workspace: Workspace, stage: Stage, device: torch.device, progress: Progress
) -> Feed:
    if stage.precompute:
        return ActivationFeed(model, load_activations(model, data, stage.size, workspace, progress=progress), device)
    images = Images(load_pixels(data, stage.size, workspace, progress), device)
    only_the_head = stage.first_trained(len(model.groups)) == len(model.groups) - 1
    return (FrozenFeed if only_the_head else PixelFeed)(model, images, stage.augmentation)
