"""The backbones on offer. Importing this module does not import torch."""

from dataclasses import dataclass

EFFICIENTNET_LITE0 = "efficientnet_lite0"
SMALL_CNN = "small_cnn"
"""The two networks that need no download: one with ImageNet weights, one for training from random weights."""

GROUPS = ("early layers", "later layers", "head")
"""Names of the layer groups, stem to head: the first half of the backbone, its second half, the classifier."""


@dataclass(frozen=True)
class BackboneOffer:
    """A network that can be chosen, by `name`; `groups` are its layer groups, stem to head.

    `has_weights` says that there are ImageNet weights for it, `pretrained_offline` that these are on this machine
    already; `default_size` is a suitable image size in pixels.
    """

    name: str
    title: str
    description: str
    groups: tuple[str, ...]
    has_weights: bool
    pretrained_offline: bool
    default_size: int


_OFFERS = (
    BackboneOffer(
        EFFICIENTNET_LITE0,
        "EfficientNet-Lite0",
        "Pretrained on 1.3 million photos of ImageNet. The best start for photos of your own, and fast without a GPU.",
        GROUPS,
        has_weights=True,
        pretrained_offline=True,
        default_size=128,
    ),
    BackboneOffer(
        SMALL_CNN,
        "Small CNN",
        "Begins with random weights, and learns digits or shapes in seconds. Good for seeing how training works.",
        GROUPS,
        has_weights=False,
        pretrained_offline=False,
        default_size=64,
    ),
    BackboneOffer(
        "resnet18",
        "ResNet-18",
        "The classic residual network. Its ImageNet weights are downloaded once (47 MB).",
        GROUPS,
        has_weights=True,
        pretrained_offline=False,
        default_size=128,
    ),
    BackboneOffer(
        "resnet34",
        "ResNet-34",
        "The network of the fast.ai lesson. Its ImageNet weights are downloaded once (87 MB).",
        GROUPS,
        has_weights=True,
        pretrained_offline=False,
        default_size=128,
    ),
    BackboneOffer(
        "resnet50",
        "ResNet-50",
        "Larger and slower; wants a GPU. Its ImageNet weights are downloaded once (102 MB).",
        GROUPS,
        has_weights=True,
        pretrained_offline=False,
        default_size=224,
    ),
)

BACKBONES: dict[str, BackboneOffer] = {offer.name: offer for offer in _OFFERS}
"""The offers by name, the best first; any other name that timm knows is accepted too."""
