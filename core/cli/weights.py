"""Networks for the commands, with the word that helps when weights cannot be had."""

from collections.abc import Sequence

from core.cli.choosing import Network
from core.errors import WeightsUnavailableError
from core.model.backbones import build
from core.model.classifier import Classifier


def built(network: Network, classes: Sequence[str], seed: int) -> Classifier:
    """The network with its first weights; raises `ModelError`, and says how to go on without pretrained ones."""
    try:
        return build(network.backbone, classes, seed=seed, pretrained=network.pretrained, folded=network.folded)
    except WeightsUnavailableError as error:
        raise WeightsUnavailableError(f"{error} On the command line that is --scratch.") from error
