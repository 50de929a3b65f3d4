"""What a command uses where its options leave the choice open."""

from dataclasses import dataclass

from core.augment import NAMED, NONE, SIDE_ON, Augmentation
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
    """Whether a data set is one of ours that are drawn or written, for which the small network suffices."""
    return spec == "digits" or spec.partition(":")[0] == "shapes"


def network_of(options: Options, recipe: str | None = None) -> Network:
    """The network that the options ask for, or that suits the data."""
    spec = str(options.data)
    small = recipe == "quick" or (is_drawn(spec) and recipe not in ("lesson2", "start-small"))
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


def augmentation_of(options: Options, *, spec: str, recipe: str) -> Augmentation:
    """The augmentation asked for; else side-on for a recipe (`recipe` is its name, "" for a stage of one's own).

    The quick recipe leaves digits and shapes as they are. What of it keeps the labels is known with the names of the
    classes only, see `core.training.recipes.keeping`.
    """
    if options.augment:
        return NAMED[options.augment]
    return NONE if not recipe or (recipe == "quick" and is_drawn(spec)) else SIDE_ON
