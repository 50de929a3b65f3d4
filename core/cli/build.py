"""Networks for the commands, with a hint at --scratch when pretrained weights are not available."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from core.cli.network import Network
from core.errors import WeightsUnavailableError
from core.model.backbones import build
from core.model.catalogue import BACKBONES, EFFICIENTNET_LITE0
from core.model.classifier import Classifier
from core.model.fetch import is_at_hand
from core.model.pretrained import bundled


def built(network: Network, classes: Sequence[str], seed: int) -> Classifier:
    """The network with its first weights; raises `ModelError`, and says how to go on without pretrained ones."""
    with _advice():
        return build(network.backbone, classes, seed=seed, pretrained=network.pretrained, folded=network.folded)


def layer_groups_of(network: Network, classes: Sequence[str], seed: int) -> int:
    """How many layer groups the network has; raises as `built` does, which is called only where that takes a look."""
    if not is_at_hand(network.backbone, pretrained=network.pretrained):
        return len(built(network, classes, seed).groups)
    with _advice():
        if network.backbone == EFFICIENTNET_LITE0 and network.pretrained:
            bundled()
    return len(BACKBONES[network.backbone].groups)


@contextmanager
def _advice() -> Iterator[None]:
    try:
        yield
    except WeightsUnavailableError as error:
        raise WeightsUnavailableError(f"{error} On the command line that is --scratch.") from error
