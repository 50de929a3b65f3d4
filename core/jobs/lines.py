"""Weights measured on a few images: the losses on the straight line from one network's weights to another's."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from core.data.index import DataSet, Indices
from core.data.split import rank
from core.model.classifier import Classifier, evaluating
from core.model.fold import folded
from core.model.machine import explained_memory_errors, precision
from core.results.restarts import POINTS, Line
from core.results.weights import Weights, between, has_batch_norm, measure_statistics, same_backbone
from core.training.feeds import VALIDATION_BATCH, Images
from core.training.trial_statistics import paired_losses
from core.workspace import Progress

Losses = NDArray[np.float64]
Right = NDArray[np.bool_]

MOST_IMAGES = 256
"""Validation images that a point of a line is measured on."""

STATISTICS = 512
"""Training images that batch norm is given its statistics from, between two networks."""


@dataclass
class Bench:
    """A network whose weights are set and measured again and again, and the images that they are measured on.

    `few` and `train` are places in `images` and `labels`: validation images, and training images from which batch norm
    takes its statistics. `check` is called before each measurement; what it raises ends the work.
    """

    model: Classifier
    images: Images
    labels: Indices
    few: Indices
    train: Indices
    check: Callable[[], None]

    def line(
        self, first: str, second: str, start: Weights, end: Weights, progress: Progress, features: Tensor | None = None
    ) -> Line:
        """The losses on the way from the weights `start`, called `first`, to `end`, called `second`.

        Batch norm is measured again at every point, the two ends included, so that all of them are alike. Where only
        the heads differ, the backbone's `features` (N, F) of `few` are computed once, unless they are given.
        """
        losses, rights = [], []
        if features is None and same_backbone([start, end]):
            features = self.features(start, self.few)
        for point in range(POINTS):
            progress(f"Measuring from {first} to {second}", point, POINTS)
            loss, right = self.measured(between(start, end, point / (POINTS - 1)), self.few, features)
            losses.append(loss)
            rights.append(right)
        each = np.stack(losses)
        ridge, error, _ = paired_losses(*_highest(each))
        return Line(
            first=first,
            second=second,
            losses=tuple(each.mean(axis=1).tolist()),
            accuracies=tuple(np.stack(rights).mean(axis=1).tolist()),
            ridge=ridge,
            error=error,
        )

    def features(self, state: Weights, indices: Indices) -> Tensor:
        """The backbone's features (N, F) of images."""
        self.check()
        self.model.load_state_dict(dict(state))
        with evaluating(self.model), precision(self.model.mean.device):
            fast = folded(self.model)
            return torch.cat([fast.features(self.images.plain(part)).float() for part in parts_of(indices)])

    def measured(self, state: Weights, indices: Indices, features: Tensor | None) -> tuple[Losses, Right]:
        """Cross-entropy of each image, and whether it is right, with batch norm measured again."""
        logits = self.logits(state, indices, own_statistics=False, features=features)
        labels = torch.from_numpy(self.labels[indices]).to(logits.device)
        losses = F.cross_entropy(logits, labels, reduction="none").double().cpu().numpy()
        return losses, (logits.argmax(dim=1) == labels).cpu().numpy()

    def logits(self, state: Weights, indices: Indices, *, own_statistics: bool, features: Tensor | None) -> Tensor:
        """The logits (N, C) of images; from their `features` where these are known."""
        self.check()
        self.model.load_state_dict(dict(state))
        if features is not None:
            with evaluating(self.model):
                head: Tensor = self.model.head(features).float()
                return head
        if not own_statistics and has_batch_norm(self.model):
            measure_statistics(self.model, (self.images.plain(part) for part in parts_of(self.train)))
        with evaluating(self.model), explained_memory_errors(VALIDATION_BATCH, self.images.side):
            fast = folded(self.model)
            with precision(self.model.mean.device):
                return torch.cat([fast(self.images.plain(part)).float() for part in parts_of(indices)])


def some_of(data: DataSet, split: str, most: int) -> Indices:
    """At most so many images of a split in a random order, the same ones each time."""
    ranked = sorted(data.indices(split), key=lambda i: rank(data.seed, "restarts", data.items.digests[i]))
    return np.array(ranked[:most], dtype=np.int64)


def parts_of(indices: Indices) -> list[Indices]:
    """The same in batches."""
    return [indices[start : start + VALIDATION_BATCH] for start in range(0, len(indices), VALIDATION_BATCH)]


def _highest(losses: Losses) -> tuple[Losses, Losses]:
    """Of losses (points, images): those of the highest point between the ends, and of the higher end, a row each."""
    means = losses.mean(axis=1)
    highest = 1 + int(means[1:-1].argmax())
    end = 0 if means[0] > means[-1] else len(losses) - 1
    return losses[highest][None], losses[end][None]
