"""What a command uses where its options leave the choice open."""

from dataclasses import dataclass

from core.cli.options import Options
from core.model.catalogue import BACKBONES, EFFICIENTNET_LITE0, SMALL_CNN

SMALL_SIZE, DIGITS_SIZE, SIZE = 64, 32, 128


@dataclass(frozen=True)
class Network:
    """A backbone, whether its weights are pretrained, the side of its images in pixels, batch norm folded or not."""

    backbone: str
    pretrained: bool
    size: int
    folded: bool = False

    @property
    def has_weights(self) -> bool:
        """Whether there are pretrained weights to begin with."""
        offer = BACKBONES.get(self.backbone)
        return offer is None or offer.has_weights


def is_drawn(spec: str) -> bool:
    """Whether a data set is one of ours whose pictures change their meaning when they are flipped."""
    return spec == "digits" or spec.partition(":")[0] == "shapes"


def network_of(options: Options, recipe: str | None = None) -> Network:
    """The network that the options ask for, or that suits the data."""
    spec = str(options.data)
    small = recipe == "quick" or (is_drawn(spec) and recipe != "lesson2")
    backbone = options.backbone or (SMALL_CNN if small else EFFICIENTNET_LITE0)
    if backbone == SMALL_CNN:
        size = DIGITS_SIZE if spec == "digits" else SMALL_SIZE
        return Network(backbone, False, options.size or size)
    offer = BACKBONES.get(backbone)
    size = offer.default_size if offer is not None else SIZE
    pretrained = not options.scratch
    return Network(backbone, pretrained, options.size or size, pretrained and not options.unfolded)


def trained_whole(network: Network, options: Options) -> bool:
    """Whether all of the network is trained by default: random layers are no use frozen."""
    return not (network.pretrained or options.precompute)


def augmentation_of(options: Options, *, spec: str, recipe: bool) -> str:
    """The name of the augmentation asked for; recipes flip photos, and never digits and shapes."""
    return options.augment or ("side-on" if recipe and not is_drawn(spec) else "none")
