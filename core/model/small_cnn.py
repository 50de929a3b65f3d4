"""A small convolutional network that learns digits and shapes from scratch in seconds on a CPU."""

import torch
from torch import Tensor, nn

CHANNELS = (16, 32, 64, 128, 192)

FEATURES = 2 * CHANNELS[-1]

MEAN = STD = (0.5, 0.5, 0.5)

SMALLEST = 8
"""Side in pixels of the smallest image: three poolings halve it to one."""


class SmallCnn(nn.Module):
    """Five convolutions with batch norm and three poolings, then the mean and the maximum of every channel.

    The input is (B, 3, H, W) of any size from 8 px up, the output (B, 384). The first convolution works at full
    resolution, and the maximum keeps a feature that occurs in one place only: shapes of random colours need both.
    """

    def __init__(self) -> None:
        super().__init__()
        first, second, third, fourth, last = CHANNELS
        self.early = nn.Sequential(_layer(3, first, kernel=5), nn.MaxPool2d(2), _layer(first, second), nn.MaxPool2d(2))
        self.later = nn.Sequential(_layer(second, third), nn.MaxPool2d(2), _layer(third, fourth), _layer(fourth, last))

    def forward(self, images: Tensor) -> Tensor:
        """Features (B, 384) of normalised images (B, 3, H, W)."""
        maps: Tensor = self.later(self.early(images))
        return torch.cat([maps.mean(dim=(2, 3)), maps.amax(dim=(2, 3))], dim=1)

    def feature_map(self, images: Tensor) -> Tensor:
        """A map (B, 384, h, w) whose mean over all positions is the features.

        For the means it is the map before the pooling; for the maxima, each lies where it was found and all else is 0.
        """
        maps: Tensor = self.later(self.early(images))
        highest = maps == maps.amax(dim=(2, 3), keepdim=True)
        share = highest / highest.sum(dim=(2, 3), keepdim=True)
        return torch.cat([maps, maps * share * (maps.shape[2] * maps.shape[3])], dim=1)


def early_names(network: SmallCnn) -> frozenset[str]:
    """Names of the parameters in the first layer group."""
    return frozenset(f"early.{name}" for name, _ in network.early.named_parameters())


def _layer(channels: int, wider: int, kernel: int = 3) -> nn.Sequential:
    convolution = nn.Conv2d(channels, wider, kernel, padding=kernel // 2, bias=False)
    nn.init.kaiming_normal_(convolution.weight, mode="fan_out", nonlinearity="relu")
    return nn.Sequential(convolution, nn.BatchNorm2d(wider), nn.ReLU(inplace=True))
