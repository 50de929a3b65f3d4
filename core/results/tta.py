"""Test-time augmentation: the mean of the predictions for several augmented versions of an image.

There are two forms. fastai 0.7 averages the image without augmentation with 4 augmented versions (once for every 4).
fastai 2 moves the mean of the augmented versions a quarter of the way to the image, `lerp(augmented, plain, 0.25)`.
"""

import math
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch

from core.augment import NONE, Augmentation, augment
from core.data.batches import gather
from core.errors import PlanError
from core.model.classifier import Classifier, evaluating
from core.model.machine import explained_memory_errors
from core.results.inference import probabilities_of
from core.workspace import Progress, no_progress

Floats = npt.NDArray[np.float32]
Form = Literal["mean", "lerp"]


def combine_mean(plain: Floats, augmented: Floats) -> Floats:
    """The form of fastai 0.7: `plain` (N, C), repeated once for every 4 draws, averaged with `augmented` (D, N, C)."""
    weight = math.ceil(len(augmented) / 4)
    mean: Floats = (plain * np.float32(weight) + augmented.sum(axis=0)) / np.float32(weight + len(augmented))
    return mean


def combine_lerp(plain: Floats, augmented: Floats, beta: float = 0.25) -> Floats:
    """The form of fastai 2: the mean of `augmented` (D, N, C), moved a share `beta` of the way to `plain` (N, C)."""
    mean: Floats = augmented.mean(axis=0)
    return mean + np.float32(beta) * (plain - mean)


def tta(
    model: Classifier,
    pixels: npt.NDArray[np.uint8],
    indices: npt.NDArray[np.integer[Any]],
    how: Augmentation,
    *,
    draws: int = 4,
    form: Form = "mean",
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
    combine = combine_mean if form == "mean" else combine_lerp
    found: list[Floats] = []
    with evaluating(model), explained_memory_errors(batch_size, pixels.shape[1]):
        for start in range(0, len(indices), batch_size):
            if stopped():
                break
            progress("Evaluating augmented images", start, len(indices))
            images = gather(pixels, np.asarray(indices[start : start + batch_size]))
            generator = torch.Generator().manual_seed(seed * 1_000_003 + start)
            views = [probabilities_of(model, augment(images, how, generator=generator)) for _ in range(draws)]
            found.append(combine(probabilities_of(model, images), np.stack(views)))
    progress("Evaluating augmented images", sum(map(len, found)), len(indices))
    return np.concatenate(found) if found else np.zeros((0, len(model.classes)), dtype=np.float32)
