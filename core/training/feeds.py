"""What the trained part of a network takes in, and how it gets there at the least cost.

The whole network takes pixels. A head alone takes features: from disk when they are precomputed, else from the
frozen backbone, which is then run without gradients and with its batch norm folded into the convolutions.
"""

from collections.abc import Callable
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.augment import NONE, Augmentation, augment
from core.data.batches import gather
from core.model.classifier import Classifier
from core.model.fold import folded
from core.model.machine import holds, precision
from core.workspace import Progress, no_progress

VALIDATION_BATCH = 64
"""Images at once where no gradient is kept."""

Indices = NDArray[np.int64]


class Images:
    """Batches of decoded images on the device that trains; all of them are kept there where a GPU has the room."""

    def __init__(self, pixels: NDArray[np.uint8], device: torch.device) -> None:
        self._pixels = pixels
        self._device = device
        self._held = torch.from_numpy(np.array(pixels)).to(device) if holds(device, pixels.nbytes) else None

    def plain(self, indices: Indices) -> Tensor:
        """Images `indices` as they are, (B, 3, S, S) float32 in 0..1."""
        return self.augmented(indices, NONE, torch.Generator())

    def augmented(self, indices: Indices, how: Augmentation, draws: torch.Generator) -> Tensor:
        """Images `indices` transformed by `how`, (B, 3, S, S) float32 in 0..1."""
        return augment(self._rows(indices), how, generator=draws)

    def _rows(self, indices: Indices) -> Tensor:
        if self._held is None:
            return gather(self._pixels, indices).to(self._device)
        return self._held[torch.from_numpy(indices).to(self._device)].permute(0, 3, 1, 2)


class Feed(Protocol):
    """Gives batches and turns them into logits (B, C)."""

    def batch(self, indices: Indices, draws: torch.Generator) -> Tensor:
        """What the trained part takes in for the images `indices`, augmented by what `draws` gives."""

    def logits(self, batch: Tensor) -> Tensor:
        """The trained part's output, with gradients."""

    def plain_logits(self, indices: Indices) -> Tensor:
        """The network's output for the images as they are; call it in evaluation mode, without gradients."""


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
        """Through a folded copy of the network as it is now; each batch is reported before it is computed."""
        fast, found = folded(self._model), []
        for number, part in enumerate(_parts(indices)):
            progress("Evaluating the images", number * VALIDATION_BATCH, len(indices))
            found.append(_of(fast, self._images.plain(part)))
        progress("Evaluating the images", len(indices), len(indices))
        return torch.cat(found)


class FrozenFeed:
    """The head on a frozen backbone, with augmentation; the features of plain images are kept once computed."""

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

    def plain_logits(self, indices: Indices) -> Tensor:
        """The head on features that do not change while the backbone is frozen."""
        key = indices.tobytes()
        if key not in self._kept:
            parts = [self._features(self._images.plain(part)) for part in _parts(indices)]
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
        """Rows of the activations."""
        del draws
        return torch.from_numpy(self._activations[indices]).to(self._device)

    def logits(self, batch: Tensor) -> Tensor:
        """The head alone."""
        logits: Tensor = self._head(batch)
        return logits

    def plain_logits(self, indices: Indices) -> Tensor:
        """The head on the rows of all the images at once."""
        return self.logits(self.batch(indices, torch.Generator()))


def _of(network: Callable[[Tensor], Tensor], images: Tensor) -> Tensor:
    """What a network gives, float32, computed as suits the device."""
    with precision(images.device):
        return network(images).float()


def _parts(indices: Indices) -> list[Indices]:
    return [indices[start : start + VALIDATION_BATCH] for start in range(0, len(indices), VALIDATION_BATCH)]
