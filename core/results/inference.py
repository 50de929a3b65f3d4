"""Probabilities of a batch of images."""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from core.model.classifier import Classifier


def probabilities_of(model: Classifier, images: Tensor) -> npt.NDArray[np.float32]:
    """Softmax probabilities (B, C) float32 of `images` (B, 3, H, W), uint8 or float in 0..1.

    Call it within `core.model.classifier.evaluating`.
    """
    where = next(model.parameters()).device
    images = images.to(where)
    if images.dtype == torch.uint8:
        images = images.float() / 255
    logits = model(images.contiguous(memory_format=torch.channels_last))
    found: npt.NDArray[np.float32] = logits.float().softmax(dim=1).cpu().numpy()
    return found
