"""The input of the trained part of a network, computed at the least cost.

Where more than the head is trained, the input is pixels. Where only the head is trained, it is features: read from
disk when they are precomputed, else computed by the frozen backbone without gradients and with folded batch norm.
"""

from collections.abc import Callable, Iterator
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.augment import NONE, Augmentation, augment
from core.data.batches import gather
from core.data.index import DataSet
from core.data.pixels import load_pixels
from core.model.activations import load_activations
from core.model.classifier import Classifier
from core.model.fold import folded
from core.model.machine import holds, precision
from core.training.stage import Stage
from core.workspace import Progress, Workspace, no_progress

VALIDATION_BATCH = 64
"""Images in a batch where no gradients are computed."""

Indices = NDArray[np.int64]


class Images:
    """Batches of decoded images on the training device; all images are kept there where a GPU has the memory."""

    def __init__(self, pixels: NDArray[np.uint8], device: torch.device) -> None:
        self._pixels = pixels
        self._device = device
        self._held = torch.from_numpy(np.array(pixels)).to(device) if holds(device, pixels.nbytes) else None

    def plain(self, indices: Indices) -> Tensor:
        """Images `indices` without augmentation, (B, 3, S, S) float32 in 0..1."""
        return self.augmented(indices, NONE, torch.Generator())

    def augmented(self, indices: Indices, how: Augmentation, draws: torch.Generator) -> Tensor:
        """Images `indices` transformed by `how`, (B, 3, S, S) float32 in 0..1."""
        return augment(self._rows(indices), how, generator=draws)

    def _rows(self, indices: Indices) -> Tensor:
        if self._held is None:
            return gather(self._pixels, indices).to(self._device)
        return self._held[torch.from_numpy(indices).to(self._device)].permute(0, 3, 1, 2)


class Feed(Protocol):
    """Makes batches, and computes logits (B, C) from them."""

    def batch(self, indices: Indices, draws: torch.Generator) -> Tensor:
        """The input of the trained part for the images `indices`, augmented with random numbers from `draws`."""

    def logits(self, batch: Tensor) -> Tensor:
        """The output of the trained part, with gradients."""

    def plain_logits(self, indices: Indices, progress: Progress = no_progress) -> Tensor:
        """The network's output for the images without augmentation; call it in evaluation mode, without gradients."""


class PixelFeed:
    """The whole network from pixels."""

    def __init__(self, model: Classifier, images: Images, how: Augmentation) -> None:
        self._model = model
        self._images = images
        self._how = how

    def batch(self, indices: Indices, draws: torch.Generator) -> Tensor:
        """Augmented images."""
        return self._images.augmented(indices, self._how, draws)

    def logits(self, batch: Tensor) -> Tensor:
        """All layer groups."""
        return _of(self._model, batch)

    def plain_logits(self, indices: Indices, progress: Progress = no_progress) -> Tensor:
        """All layer groups, in a folded copy of the network as it is now."""
        fast = folded(self._model)
        return torch.cat([_of(fast, self._images.plain(part)) for part in _reported(indices, progress)])


class FrozenFeed:
    """The head on a frozen backbone, with augmentation; features of the images without augmentation are kept."""

    def __init__(self, model: Classifier, images: Images, how: Augmentation) -> None:
        self._head = model.head
        self._backbone = folded(model)
        self._images = images
        self._how = how
        self._kept: dict[bytes, Tensor] = {}

    def batch(self, indices: Indices, draws: torch.Generator) -> Tensor:
        """Features of augmented images."""
        with torch.no_grad():
            return self._features(self._images.augmented(indices, self._how, draws))

    def logits(self, batch: Tensor) -> Tensor:
        """The head alone."""
        logits: Tensor = self._head(batch)
        return logits

    def plain_logits(self, indices: Indices, progress: Progress = no_progress) -> Tensor:
        """The head on features that do not change while the backbone is frozen."""
        key = indices.tobytes()
        if key not in self._kept:
            parts = [self._features(self._images.plain(part)) for part in _reported(indices, progress)]
            self._kept = {key: torch.cat(parts)}
        return self.logits(self._kept[key])

    def _features(self, images: Tensor) -> Tensor:
        return _of(self._backbone.features, images)


class ActivationFeed:
    """The head on precomputed activations."""

    def __init__(self, model: Classifier, activations: NDArray[np.float32], device: torch.device) -> None:
        self._head = model.head
        self._activations = activations
        self._device = device

    def batch(self, indices: Indices, draws: torch.Generator) -> Tensor:
        """Rows of the activations; they have no augmentation, so `draws` is not used."""
        return torch.from_numpy(self._activations[indices]).to(self._device)

    def logits(self, batch: Tensor) -> Tensor:
        """The head alone."""
        logits: Tensor = self._head(batch)
        return logits

    def plain_logits(self, indices: Indices, progress: Progress = no_progress) -> Tensor:
        """The head on the rows of all the images at once, which takes too little time to be reported."""
        return self.logits(self.batch(indices, torch.Generator()))


def feed_for(stage: Stage, model: Classifier, data: DataSet, workspace: Workspace, progress: Progress) -> Feed:
    """The cheapest feed that trains `model` as `stage` says; reads, or first makes, the pixels or activations."""
    device = model.mean.device
    if stage.precompute:
        return ActivationFeed(model, load_activations(model, data, stage.size, workspace, progress=progress), device)
    images = Images(load_pixels(data, stage.size, workspace, progress), device)
    head_only = stage.first_trained(len(model.groups)) == len(model.groups) - 1
    return (FrozenFeed if head_only else PixelFeed)(model, images, stage.augmentation)


def _of(network: Callable[[Tensor], Tensor], images: Tensor) -> Tensor:
    """The output of a network as float32, computed in the number format that suits the device."""
    with precision(images.device):
        return network(images).float()


def _reported(indices: Indices, progress: Progress) -> Iterator[Indices]:
    """`indices` in batches, each reported to `progress` once it has been computed."""
    for start in range(0, len(indices), VALIDATION_BATCH):
        yield indices[start : start + VALIDATION_BATCH]
        progress("Validating", min(start + VALIDATION_BATCH, len(indices)), len(indices))
