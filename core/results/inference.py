"""Asking a model without changing it."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from core.model.classifier import Classifier


@contextmanager
def inferring(model: nn.Module) -> Iterator[None]:
    """Evaluation mode without gradients; every module's mode is put back afterwards."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        with torch.inference_mode():
            yield
    finally:
        for module, training in modes:
            module.training = training


def probabilities_of(model: Classifier, images: Tensor) -> npt.NDArray[np.float32]:
    """Softmax probabilities (B, C) float32 of `images` (B, 3, H, W), uint8 or float in 0..1."""
    where = next(model.parameters()).device
    images = images.to(where)
    if images.dtype == torch.uint8:
        images = images.float() / 255
    logits = model(images.contiguous(memory_format=torch.channels_last))
    found: npt.NDArray[np.float32] = logits.float().softmax(dim=1).cpu().numpy()
    return found
