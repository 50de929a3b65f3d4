"""The map before a backbone's pooling: the same features, place by place."""

from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from core.errors import ModelError
from core.model.classifier import Classifier
from core.model.ensemble import Beside

TOLERANCE = 1e-3
"""Largest difference, relative to the largest feature, for which features count as the mean of a map."""


@runtime_checkable
class _Mapped(Protocol):
    """A backbone of our own that gives its map itself."""

    def feature_map(self, images: Tensor) -> Tensor:
        """The map (B, F, h, w) of normalised images."""


def feature_map(model: Classifier, images: Tensor) -> Tensor:
    """The map (B, F, h, w) of images (B, 3, H, W) in 0..1 whose mean over all positions is `model.features(images)`.

    (h, w) covers the whole image, a few positions a side. efficientnet_lite0 and small_cnn have one, and so have those
    networks of timm that take the mean of their last map and change nothing after it, such as the ResNets, DenseNets
    and Swins. Raises `ModelError` for the others: those that normalise or compute after the pooling, such as
    MobileNetV3 and ConvNeXt, and those without a map, such as ViT.
    """
    network: nn.Module = model.backbone
    if isinstance(network, Beside):
        raise ModelError(
            "An ensemble is several networks, so where it looks cannot be drawn. Choose one of its members to see that."
        )
    ready = model.prepared(images)
    if isinstance(network, _Mapped):
        return network.feature_map(ready)
    found = _of_timm(network, ready)
    if found is None:
        raise ModelError(
            f"{model.backbone_name} does not take the plain mean of its last map, so where it looks cannot be drawn."
        )
    return found


def _of_timm(network: nn.Module, ready: Tensor) -> Tensor | None:
    """The output of timm's `forward_features`, if its mean is what the network makes of it."""
    body, rest = getattr(network, "forward_features", None), getattr(network, "forward_head", None)
    if body is None or rest is None:
        return None
    last = body(ready)
    if not isinstance(last, Tensor) or last.ndim != 4:
        return None
    features: Tensor = rest(last)
    for maps in (last, last.permute(0, 3, 1, 2)):  # some networks have the channels last
        if maps.shape[1] == features.shape[1] and _same(maps.mean((2, 3)), features):
            return maps
    return None


def _same(mean: Tensor, features: Tensor) -> bool:
    return bool((mean - features).abs().max() <= TOLERANCE * features.abs().max().clamp_min(torch.finfo().tiny))
