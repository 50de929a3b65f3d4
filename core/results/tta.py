"""Test-time augmentation: the mean of the predictions for an image and several augmented versions of it.

As in fastai 0.7, which averages the image without augmentation with 4 augmented versions.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from core.augment import NONE, Augmentation, augment
from core.data.batches import gather
from core.data.mapped import Mapped
from core.errors import PlanError
from core.model.classifier import Classifier, evaluating
from core.model.machine import explained_memory_errors
from core.model.parts import in_parts
from core.results.inference import probabilities_of
from core.workspace import Progress, no_progress

Floats = npt.NDArray[np.float32]


def averaged(plain: Floats, augmented: Floats) -> Floats:
    """The mean of `plain` (N, C), counted once for every 4 draws, and `augmented` (D, N, C).

    >>> averaged(np.ones((1, 1), np.float32), np.zeros((4, 1, 1), np.float32)).tolist() == [[np.float32(0.2)]]
    True
    """
    weight = math.ceil(len(augmented) / 4)
    mean: Floats = (plain * np.float32(weight) + augmented.sum(axis=0)) / np.float32(weight + len(augmented))
    return mean


def tta(
    model: Classifier,
    pixels: npt.NDArray[np.uint8],
    indices: npt.NDArray[np.integer[Any]],
    how: Augmentation,
    *,
    draws: int = 4,
    seed: int = 0,
    batch_size: int = 64,
    progress: Progress = no_progress,
    stopped: Callable[[], bool] = lambda: False,
) -> Floats:
    """Probabilities (N, C) float32 of `pixels[indices]`, averaged over the image and `draws` augmented versions.

    `pixels` is (M, S, S, 3) uint8. The same seed gives the same versions. Each batch is reported to `progress`.
    `stopped` is asked before each batch: when it returns True, the rows of the batches so far are returned. Raises
    `PlanError` when `how` changes nothing, and `TrainingError` when the GPU's memory does not suffice.
    """
    if how == NONE or draws < 1:
        raise PlanError(
            "Test-time augmentation averages augmented images, and no augmentation was chosen. "
            "Choose side-on or top-down, or evaluate without it."
        )
    found: list[Floats] = []
    with evaluating(model), explained_memory_errors(batch_size, pixels.shape[1]):
        work = _Averaged(model, Mapped(pixels), np.asarray(indices), how, draws, seed, batch_size)
        parts = in_parts(work, -(-len(indices) // batch_size))
        for start in range(0, len(indices), batch_size):
            if stopped():
                break
            progress("Evaluating augmented images", start, len(indices))
            found.append(next(parts).numpy())
    progress("Evaluating augmented images", sum(map(len, found)), len(indices))
    return np.concatenate(found) if found else np.zeros((0, len(model.classes)), dtype=np.float32)


@dataclass(frozen=True)
class _Averaged:
    """The averaged predictions of a batch for each part; see `in_parts`."""

    model: Classifier
    pixels: Mapped[np.uint8]
    indices: npt.NDArray[np.integer[Any]]
    how: Augmentation
    draws: int
    seed: int
    batch_size: int

    def __call__(self, part: int) -> torch.Tensor:
        start = part * self.batch_size
        images = gather(self.pixels.array, self.indices[start : start + self.batch_size].astype(np.int64))
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + start)
        views = [
            probabilities_of(self.model, augment(images, self.how, generator=generator)) for _ in range(self.draws)
        ]
        return torch.from_numpy(averaged(probabilities_of(self.model, images), np.stack(views)))
