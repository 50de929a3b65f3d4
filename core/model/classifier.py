"""The network that is trained: a backbone that computes features of images, and a head that classifies them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.augment import Part
from core.errors import ModelError
from core.model.groups import LayerGroup, layer_groups
from core.model.machine import sent

Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Backbone:
    """A network (B, 3, H, W) -> (B, `feature_size`) and what a classifier must know of it.

    `early` has the names of the parameters in its first layer group, `mean` and `std` normalise its input,
    `input_size` is the only image size in pixels that it takes (None: any from `smallest` up), `dropout` (0..1) is
    for its head, and `weights_id` says where the weights come from.
    """

    name: str
    network: nn.Module
    feature_size: int
    early: frozenset[str]
    mean: Colour
    std: Colour
    pretrained: bool
    weights_id: str
    dropout: float = 0.0
    input_size: int | None = None
    smallest: int = 1


class SeededDropout(nn.Module):
    """Dropout with its own random generator, so that a resumed training draws the same numbers.

    Where the features are those of a `part` of a batch, they get the numbers that they would get in the whole.
    """

    def __init__(self, share: float, generator: torch.Generator) -> None:
        super().__init__()
        self.share = share
        self.generator = generator
        self.part: Part | None = None

    def forward(self, features: Tensor) -> Tensor:
        """In training, set a `share` of the features (B, F) to 0 and scale up the others; else change nothing."""
        if not self.training or not self.share:
            return features
        first, whole = self.part or Part(0, len(features))
        drawn = torch.rand((whole, *features.shape[1:]), generator=self.generator)
        kept = drawn[first : first + len(features)] >= self.share
        return features * sent(kept, features.device).to(features.dtype).div_(1 - self.share)

    def extra_repr(self) -> str:
        """The share, as in the text form of torch's dropout."""
        return f"share={self.share}"


class Classifier(nn.Module):
    """`head(features(images))`, for images of `classes`.

    `generator` gives the random numbers of the head's dropout; the training step seeds it. `folded` says whether
    batch norm was folded into the convolutions. The weights of a new head are zero: every class is equally likely,
    and the first loss is ln(number of classes).
    """

    mean: Tensor
    std: Tensor

    def __init__(self, backbone: Backbone, classes: Sequence[str], *, seed: int = 0) -> None:
        super().__init__()
        self.backbone_name = backbone.name
        self.classes = tuple(classes)
        self.feature_size = backbone.feature_size
        self.pretrained = backbone.pretrained
        self.weights_id = backbone.weights_id
        self.input_size = backbone.input_size
        self.smallest = backbone.smallest
        self.folded = False
        self.first_trained = 0
        self.generator = torch.Generator().manual_seed(seed)
        self.backbone = backbone.network
        self.head = _head(backbone, len(self.classes), self.generator)
        self._early = backbone.early
        self.register_buffer("mean", torch.tensor(backbone.mean).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(backbone.std).view(1, 3, 1, 1))

    @property
    def groups(self) -> list[LayerGroup]:
        """The layer groups, stem to head; the last one is the head."""
        return layer_groups(self.backbone, self.head, self._early)

    def features(self, images: Tensor) -> Tensor:
        """Penultimate features (B, F) of images (B, 3, H, W) in 0..1; raises what `prepared` raises."""
        features: Tensor = self.backbone(self.prepared(images))
        return features

    def prepared(self, images: Tensor) -> Tensor:
        """What the backbone takes of images (B, 3, H, W) in 0..1: normalised, and resized if `input_size` is fixed.

        Raises `ModelError` for images that are too small for the backbone.
        """
        if min(images.shape[-2:]) < self.smallest:
            raise ModelError(f"{self.backbone_name} needs images of at least {self.smallest} px. Choose a larger size.")
        if self.input_size is not None and images.shape[-2:] != (self.input_size, self.input_size):
            size = (self.input_size, self.input_size)
            images = F.interpolate(images, size, mode="bilinear", align_corners=False, antialias=True)
        return images.sub(self.mean).div_(self.std)

    def forward(self, images: Tensor) -> Tensor:
        """Logits (B, C) of images (B, 3, H, W) in 0..1."""
        logits: Tensor = self.head(self.features(images))
        return logits


def freeze_to(model: Classifier, first: int) -> None:
    """Freeze the layer groups before index `first` (0: none; number of groups - 1: all but the head)."""
    groups = model.groups
    if not 0 <= first < len(groups):
        raise ModelError(f"The network has {len(groups)} layer groups, so it cannot be frozen up to number {first}.")
    for index, group in enumerate(groups):
        for parameter in group.parameters():
            parameter.requires_grad_(index >= first)
    model.first_trained = first


def set_mode(model: Classifier, training: bool) -> None:
    """Set training or evaluation mode; frozen layers stay in evaluation, so that batch norm keeps its statistics."""
    model.train(training)
    if not training:
        return
    frozen = model.groups[: model.first_trained]
    for group in frozen:
        for module in group.modules:
            module.eval()
    if model.first_trained == len(model.groups) - 1:
        model.backbone.eval()


@contextmanager
def kept_modes(model: nn.Module) -> Iterator[None]:
    """Put the training or evaluation mode of every module back after the block."""
    modes = [(module, module.training) for module in model.modules()]
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Evaluation mode and no gradients in the block; every module's mode is put back after it."""
    with kept_modes(model), torch.inference_mode():
        model.eval()
        yield


def _head(backbone: Backbone, classes: int, generator: torch.Generator) -> nn.Sequential:
    with torch.random.fork_rng(devices=[]):  # torch initialises the weights, which are then set to zero
        linear = nn.Linear(backbone.feature_size, classes)
    nn.init.zeros_(linear.weight)
    nn.init.zeros_(linear.bias)
    return nn.Sequential(SeededDropout(backbone.dropout, generator), linear)
