"""Class-activation maps: how much each place of an image speaks for a class.

Source: B. Zhou, A. Khosla, A. Lapedriza, A. Oliva and A. Torralba, "Learning deep features for discriminative
localization", https://arxiv.org/abs/1512.04150.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from core.model.classifier import Classifier
from core.model.maps import feature_map

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Looked:
    """What a network makes of B images: `features` (B, F), `logits` (B, C), and its `maps` (B, C, h, w).

    Place by place a map says how much speaks for (above 0) or against a class, in logits: its mean over all places
    and the class's `bias` (C,) together are the class's logit.
    """

    features: Floats
    logits: Floats
    maps: Floats
    bias: Floats

    @property
    def probabilities(self) -> Floats:
        """Softmax of the logits, (B, C)."""
        found: Floats = torch.from_numpy(self.logits).softmax(dim=1).numpy()
        return found


def look(model: Classifier, images: Tensor) -> Looked:
    """Features, logits and class-activation maps of images (B, 3, H, W), uint8 or float in 0..1, in one forward pass.

    Call it within `core.model.classifier.evaluating`. Raises `ModelError` where the backbone has no map
    (`core.model.maps.feature_map`), with the reason.
    """
    where = next(model.parameters()).device
    images = images.to(where)
    if images.dtype == torch.uint8:
        images = images.float() / 255
    before_pooling = feature_map(model, images.contiguous(memory_format=torch.channels_last))
    linear = model.head[-1]
    assert isinstance(linear, nn.Linear)
    features = before_pooling.mean((2, 3))
    maps = torch.einsum("bfhw,cf->bchw", before_pooling, linear.weight)
    return Looked(_numpy(features), _numpy(linear(features)), _numpy(maps), _numpy(linear.bias))


def _numpy(tensor: Tensor) -> Floats:
    found: Floats = tensor.detach().float().cpu().contiguous().numpy()
    return found
