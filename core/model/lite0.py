"""EfficientNet-Lite0, the network whose pretrained weights are installed with Anneal.

The layers have the names and shapes of timm's `tf_efficientnet_lite0`, so that the weights fit both. It is defined
here to make the first training start sooner: importing timm, with torchvision and torch's compiler, takes as long as
importing torch.

Source: https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite
"""

from collections import OrderedDict

import torch
from torch import Tensor, nn

from core.model.fused import FusedConv2d
from core.model.gradients import WIDEST, LeanDepthwiseConv2d, LeanReLU6

STEM, FEATURES = 32, 1280

STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
"""(blocks, side of the depthwise kernel, stride of the first block, expansion, channels) of each stage."""

EARLY_STAGES = 3
"""Stages in the first layer group, after the stem: half of the network's stem and stages."""

MEAN = STD = (0.5, 0.5, 0.5)

_EPS = 1e-3
"""Added to the variance by TensorFlow's batch norm, with which the weights were trained."""


class Lite0(nn.Module):
    """EfficientNet-Lite0 without its last layer: images (B, 3, H, W) in -1..1 of any size to features (B, 1280).

    An EfficientNet-B0 with ReLU6, without squeeze-and-excitation, and with TensorFlow's padding. The input is turned
    by 180 degrees (see `_Turned`), which does not change the mean over all positions at the end.
    """

    foldable: tuple[tuple[str, str], ...]
    """The name of each convolution with that of the batch norm after it (see `core.model.fold`)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv_stem = _convolution(3, STEM, 3, stride=2)
        self.bn1 = _NormAct(STEM)
        self.blocks = nn.Sequential()
        channels = STEM
        for blocks, side, stride, expansion, wider in STAGES:
            stage = nn.Sequential()
            for number in range(blocks):
                stage.append(_block(channels, wider, side, 1 if number else stride, expansion))
                channels = wider
            self.blocks.append(stage)
        self.conv_head = _convolution(channels, FEATURES, 1)
        self.bn2 = _NormAct(FEATURES, last=True)
        names = [name for name, layer in self.named_modules() if isinstance(layer, nn.Conv2d | nn.BatchNorm2d)]
        self.foldable = tuple(zip(names[::2], names[1::2], strict=True))

    def forward(self, images: Tensor) -> Tensor:
        """Features (B, 1280) of normalised images (B, 3, H, W)."""
        return self._turned_map(images).mean((2, 3))

    def feature_map(self, images: Tensor) -> Tensor:
        """The map (B, 1280, h, w) before the pooling, upright; its mean over all positions is the features."""
        return self._turned_map(images).flip(2, 3)

    def _turned_map(self, images: Tensor) -> Tensor:
        turned = images.flip(2, 3).contiguous(memory_format=torch.channels_last)
        maps: Tensor = self.bn2(self.conv_head(self.blocks(self.bn1(self.conv_stem(turned)))))
        return maps


def early_names(network: Lite0) -> frozenset[str]:
    """Names of the parameters in the first layer group."""
    early = ("conv_stem.", "bn1.", *(f"blocks.{stage}." for stage in range(EARLY_STAGES)))
    return frozenset(name for name, _ in network.named_parameters() if name.startswith(early))


class _NormAct(nn.BatchNorm2d):
    """Batch norm followed by ReLU6; `last` says that no convolution follows."""

    def __init__(self, channels: int, *, last: bool = False) -> None:
        super().__init__(channels, eps=_EPS)
        self.act = LeanReLU6(inplace=True)
        self.act.feeds_convolution = not last

    def forward(self, input: Tensor) -> Tensor:
        activated: Tensor = self.act(super().forward(input))
        return activated


class _Residual(nn.Sequential):
    """Layers whose input is added to their output."""

    def forward(self, input: Tensor) -> Tensor:
        output: Tensor = super().forward(input)  # type: ignore[no-untyped-call]
        return output.add_(input)


class _Turned(FusedConv2d):
    """A convolution of an image that was turned by 180 degrees; its kernel is turned too.

    TensorFlow adds the odd pixel of padding on the right and below, which torch's convolution cannot. In the turned
    image that is on the left and above, where torch pads first; the padding that torch adds on the other sides is
    never read. So the image need not be copied to be padded, which would take a tenth of a forward pass.
    """

    def forward(self, input: Tensor) -> Tensor:
        output: Tensor = self._conv_forward(input, self.weight.flip(2, 3), self.bias)
        return output


class _TurnedDepthwise(_Turned, LeanDepthwiseConv2d):
    """A turned depthwise convolution with the faster gradient of its weights."""


def _block(channels: int, wider: int, side: int, stride: int, expansion: int) -> nn.Sequential:
    """A pointwise convolution to more channels (where `expansion` > 1), a depthwise one, and a pointwise one."""
    middle = channels * expansion
    expand = [_convolution(channels, middle, 1), _NormAct(middle)] if expansion > 1 else []
    filters = [_convolution(middle, middle, side, stride, groups=middle), _NormAct(middle)]
    project = [_convolution(middle, wider, 1), nn.BatchNorm2d(wider, eps=_EPS)]
    convolutions = ("conv_pw", "conv_dw", "conv_pwl") if expand else ("conv_dw", "conv_pw")
    names = [name for number, own in enumerate(convolutions, start=1) for name in (own, f"bn{number}")]
    layers = OrderedDict(zip(names, [*expand, *filters, *project], strict=True))
    return (_Residual if stride == 1 and channels == wider else nn.Sequential)(layers)


def _convolution(channels: int, wider: int, side: int, stride: int = 1, groups: int = 1) -> nn.Conv2d:
    """A convolution without bias; its output has ceil(n / `stride`) rows or columns for n of the input."""
    kind = FusedConv2d if side == 1 else _TurnedDepthwise if side > WIDEST and stride == 1 else _Turned
    layer = kind(channels, wider, side, stride, padding=side // 2, groups=groups, bias=False)
    nn.init.normal_(layer.weight, std=(2 * groups / (side * side * wider)) ** 0.5)
    return layer
