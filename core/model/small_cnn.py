"""A small convolutional network that learns digits and shapes from scratch in seconds on a CPU."""

from torch import Tensor, nn

FEATURES = 192

MEAN = STD = (0.5, 0.5, 0.5)


class SmallCnn(nn.Module):
    """Six 3x3 convolutions with batch norm, each halving of the image doubling the channels, then a global mean.

    Takes (B, 3, H, W) of any size from 8 px up and gives (B, 192). About 320,000 weights.
    """

    def __init__(self) -> None:
        super().__init__()
        self.early = nn.Sequential(_layer(3, 24, stride=2), _layer(24, 48, stride=2), _layer(48, 48))
        self.later = nn.Sequential(_layer(48, 96, stride=2), _layer(96, 96), _layer(96, FEATURES))

    def forward(self, images: Tensor) -> Tensor:
        """Features (B, 192) of normalised images (B, 3, H, W)."""
        maps: Tensor = self.later(self.early(images))
        return maps.mean(dim=(2, 3))


def early_names(network: SmallCnn) -> frozenset[str]:
    """Names of the parameters that make the first layer group."""
    return frozenset(f"early.{name}" for name, _ in network.early.named_parameters())


def _layer(channels: int, wider: int, stride: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(channels, wider, 3, stride, padding=1, bias=False)
    nn.init.kaiming_normal_(convolution.weight, mode="fan_out", nonlinearity="relu")
    return nn.Sequential(convolution, nn.BatchNorm2d(wider), nn.ReLU(inplace=True))
