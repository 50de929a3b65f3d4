"""Several trained networks that answer together: the mean of their probabilities, as one classifier.

Snapshots of one training, taken at the ends of its cycles, are such members (G. Huang et al., "Snapshot Ensembles",
arXiv:1704.00109).
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from core.model.classifier import Backbone, Classifier


class Beside(nn.Module):
    """Networks (B, 3, H, W) -> (B, F) side by side: their features in one row, (B, M * F)."""

    def __init__(self, networks: Sequence[nn.Module]) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks)

    def forward(self, images: Tensor) -> Tensor:
        """As the class says."""
        return torch.cat([network(images) for network in self.networks], dim=1)


class MeanHead(nn.Module):
    """The logarithm (B, C) of the mean of the probabilities that M heads give, each of its own part of the features.

    Where the members share a backbone, each head gets all of the features. The softmax of the result is that mean.
    """

    def __init__(self, heads: Sequence[nn.Module], *, shared: bool) -> None:
        super().__init__()
        self.heads = nn.ModuleList(heads)
        self.shared = shared

    def forward(self, features: Tensor) -> Tensor:
        """As the class says, of features (B, F) or (B, M * F)."""
        count = len(self.heads)
        parts = [features] * count if self.shared else features.chunk(count, dim=1)
        each = [head(part).log_softmax(dim=1) for head, part in zip(self.heads, parts, strict=True)]
        return torch.stack(each).logsumexp(dim=0) - math.log(count)


def ensemble(members: Sequence[Classifier], *, shared: bool) -> Classifier:
    """One classifier, in evaluation mode, that gives the mean of the probabilities of `members`, which it is made of.

    `shared` says that their backbones are equal, so that one of them suffices. It is no network to be trained.
    """
    first = members[0]
    backbones = [member.backbone for member in (members[:1] if shared else members)]
    colours = [tuple(colour.flatten().tolist()) for colour in (first.mean, first.std)]
    together = Backbone(
        name=first.backbone_name,
        network=Beside(backbones),
        feature_size=first.feature_size * len(backbones),
        early=frozenset(),
        mean=colours[0],
        std=colours[1],
        pretrained=first.pretrained,
        weights_id=first.weights_id,
        input_size=first.input_size,
        smallest=first.smallest,
    )
    found = Classifier(together, first.classes)
    found.head = MeanHead([member.head for member in members], shared=shared)  # type: ignore[assignment]
    found.folded = first.folded
    return found.eval()
