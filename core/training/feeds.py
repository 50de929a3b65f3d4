"""The input of the trained part of a network, computed at the least cost.

Where more than the head is trained, the input is pixels. Where only the head is trained, it is features: read from
disk when they are precomputed, else computed by the frozen backbone without gradients and with folded batch norm.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.augment import NONE, Augmentation, Part, augment
from core.data.batches import gather
from core.data.index import DataSet, Indices
from core.data.mapped import Mapped
from core.data.pixels import load_pixels
from core.model.activations import load_activations
from core.model.classifier import Classifier
from core.model.fold import folded
from core.model.machine import device, holds, precision, sent
from core.model.parts import in_parts
from core.training.stage import Stage
from core.workspace import Progress, Workspace, no_progress

VALIDATION_BATCH = 64
"""Images in a batch where no gradients are computed."""

HEAD_ROWS = 4096
"""Images whose features the head takes at once where no gradients are computed."""


class Images:
    """Batches of decoded images on the training device; all images are kept there where a GPU has the memory."""

    def __init__(self, pixels: NDArray[np.uint8], device: torch.device) -> None:
        self._pixels = Mapped(pixels)
        self._device = device
        self._held = torch.from_numpy(np.array(pixels)).to(device) if holds(device, pixels.nbytes) else None

    @property
    def side(self) -> int:
        """Their side S in pixels."""
        return int(self._pixels.array.shape[1])

    def plain(self, indices: Indices) -> Tensor:
        """Images `indices` without augmentation, (B, 3, S, S) float32 in 0..1."""
        return self.augmented(indices, NONE, torch.Generator())

    def augmented(
        self,
        indices: Indices,
        how: Augmentation,
        draws: torch.Generator,
        part: Part | None = None,
        side: int | None = None,
    ) -> Tensor:
        """Images `indices`, perhaps a `part` of a batch, transformed by `how`, (B, 3, S, S) float32 in 0..1.

        With a `side` below S they are shrunk to it.
        """
        return augment(self._rows(indices), how, generator=draws, part=part, side=side)

    def _rows(self, indices: Indices) -> Tensor:
        if self._held is None:
            return sent(gather(self._pixels.array, indices), self._device)
        return self._held[sent(torch.from_numpy(indices), self._device)].permute(0, 3, 1, 2)

    def __getstate__(self) -> dict[str, Any]:
        return {"_pixels": self._pixels}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["_pixels"].array, device())  # type: ignore[misc]  # on the device of this process


@dataclass(frozen=True)
class Outputs:
    """What `network` makes of the images `indices` without augmentation, a batch for each part; see `in_parts`."""

    network: Callable[[Tensor], Tensor]
    images: Images
    indices: Indices

    def __call__(self, part: int) -> Tensor:
        """The rows (B, ...) of batch number `part`."""
        start = part * VALIDATION_BATCH
        return _of(self.network, self.images.plain(self.indices[start : start + VALIDATION_BATCH]))

    def parts(self) -> Iterator[Tensor]:
        """The rows of one batch after the other."""
        return in_parts(self, -(-len(self.indices) // VALIDATION_BATCH))

    def reported(self, progress: Progress) -> Iterator[Tensor]:
        """`parts`; each batch is reported to `progress` once it has been computed."""
        for part, rows in enumerate(self.parts(), start=1):
            yield rows
            progress("Validating", min(part * VALIDATION_BATCH, len(self.indices)), len(self.indices))


class Feed(Protocol):
    """Makes batches, and computes logits (B, C) from them."""

    def batch(
        self, indices: Indices, draws: torch.Generator, part: Part | None = None, side: int | None = None
    ) -> Tensor:
        """The input of the trained part for the images `indices`, augmented with random numbers from `draws`.

        Images that are only a `part` of a batch are augmented as they would be in the whole; those larger than `side`
        px are shrunk to it.
        """

    def logits(self, batch: Tensor) -> Tensor:
        """The output of the trained part, with gradients."""

    def plain_logits(self, indices: Indices, progress: Progress = no_progress) -> Iterator[Tensor]:
        """The network's output for the images without augmentation, in blocks of rows (n, C) in order.

        Call it in evaluation mode, without gradients. All rows at once would fill the memory: 40,000 images of 1,000
        classes are 160 MB, and what is computed from them is as large again.
        """

    def plain_features(self, indices: Indices, progress: Progress = no_progress) -> Tensor | None:
        """The features (N, F) of these images where the backbone is frozen, else None; called likewise."""


class PixelFeed:
    """The whole network from pixels."""

    def __init__(self, model: Classifier, images: Images, how: Augmentation) -> None:
        self._model = model
        self._images = images
        self._how = how

    def batch(
        self, indices: Indices, draws: torch.Generator, part: Part | None = None, side: int | None = None
    ) -> Tensor:
        """Augmented images."""
        return self._images.augmented(indices, self._how, draws, part, side)

    def logits(self, batch: Tensor) -> Tensor:
        """All layer groups."""
        return _of(self._model, batch)

    def plain_logits(self, indices: Indices, progress: Progress = no_progress) -> Iterator[Tensor]:
        """All layer groups, in a folded copy of the network as it is now."""
        return Outputs(folded(self._model), self._images, indices).reported(progress)

    def plain_features(self, indices: Indices, progress: Progress = no_progress) -> None:
        """None: the backbone is trained."""


class FrozenFeed:
    """The head on a frozen backbone, with augmentation; features of the images without augmentation are kept."""

    def __init__(self, model: Classifier, images: Images, how: Augmentation) -> None:
        self._head = model.head
        self._backbone = folded(model)
        self._images = images
        self._how = how
        self._kept: dict[bytes, Tensor] = {}

    def batch(
        self, indices: Indices, draws: torch.Generator, part: Part | None = None, side: int | None = None
    ) -> Tensor:
        """Features of augmented images."""
        with torch.no_grad():
            return self._features(self._images.augmented(indices, self._how, draws, part, side))

    def logits(self, batch: Tensor) -> Tensor:
        """The head alone."""
        logits: Tensor = self._head(batch)
        return logits

    def plain_logits(self, indices: Indices, progress: Progress = no_progress) -> Iterator[Tensor]:
        """The head on features that do not change while the backbone is frozen."""
        return map(self.logits, torch.split(self.plain_features(indices, progress), HEAD_ROWS))

    def plain_features(self, indices: Indices, progress: Progress = no_progress) -> Tensor:
        """Computed once for the same images."""
        key = indices.tobytes()
        if key not in self._kept:
            found = Outputs(self._backbone.features, self._images, indices).reported(progress)
            self._kept = {key: torch.cat(list(found))}
        return self._kept[key]

    def _features(self, images: Tensor) -> Tensor:
        return _of(self._backbone.features, images)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_kept": {}}


class ActivationFeed:
    """The head on precomputed activations."""

    def __init__(self, model: Classifier, activations: NDArray[np.float32], device: torch.device) -> None:
        self._head = model.head
        self._activations = Mapped(activations)
        self._device = device

    def batch(
        self, indices: Indices, draws: torch.Generator, part: Part | None = None, side: int | None = None
    ) -> Tensor:
        """Rows of the activations, which are of images of one size without augmentation: `draws` is not used."""
        return sent(torch.from_numpy(self._activations.array[indices]), self._device)

    def logits(self, batch: Tensor) -> Tensor:
        """The head alone."""
        logits: Tensor = self._head(batch)
        return logits

    def plain_logits(self, indices: Indices, progress: Progress = no_progress) -> Iterator[Tensor]:
        """The head on the rows of the images, which takes too little time to be reported."""
        for start in range(0, len(indices), HEAD_ROWS):
            yield self.logits(self.plain_features(indices[start : start + HEAD_ROWS]))

    def plain_features(self, indices: Indices, progress: Progress = no_progress) -> Tensor:
        """The rows of the images."""
        return self.batch(indices, torch.Generator())

    def __getstate__(self) -> dict[str, Any]:
        return {"_head": self._head, "_activations": self._activations}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__ = {**state, "_device": device()}


def feed_for(stage: Stage, model: Classifier, data: DataSet, workspace: Workspace, progress: Progress) -> Feed:
    """The cheapest feed that trains `model` as `stage` says; reads, or first makes, the pixels or activations."""
    where = model.mean.device
    if stage.precompute:
        return ActivationFeed(model, load_activations(model, data, stage.size, workspace, progress=progress), where)
    images = Images(load_pixels(data, stage.size, workspace, progress), where)
    head_only = stage.first_trained(len(model.groups)) == len(model.groups) - 1
    return (FrozenFeed if head_only else PixelFeed)(model, images, stage.augmentation)


def _of(network: Callable[[Tensor], Tensor], images: Tensor) -> Tensor:
    """The output of a network as float32, computed in the number format that suits the device."""
    with precision(images.device):
        return network(images).float()
