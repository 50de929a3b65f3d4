"""What an augmentation buys: trainings with and without it from the same start, judged on the same images.

Importing this module imports no torch.
"""

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from core.results.compare import LEVEL
from core.training.proportions import mcnemar
from core.training.trial_statistics import combined, p_of, paired_accuracy, standard_errors

Right = NDArray[np.bool_]


class ClassChange(BaseModel):
    """How many of a class's images were right without and with the augmentation, means over the repeats."""

    model_config = ConfigDict(frozen=True)

    name: str
    images: int
    without: float
    with_it: float
    p: float

    @property
    def falls(self) -> bool:
        """Whether the class is recognised less often with it, by more than chance."""
        return self.with_it < self.without and self.p < LEVEL


class AugmentationAnswer(BaseModel):
    """Accuracies (0..1) and losses (nats) of each repeat, without and with the augmentation called `name`.

    `low` and `high` are the ends of the 95 % interval of the difference of the accuracies, in points; `p` and `loss_p`
    are the p-values of the differences over the same `images` validation images.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    what: str
    epochs: int
    lr: float
    images: int
    without: tuple[float, ...]
    with_it: tuple[float, ...]
    loss_without: float
    loss_with: float
    low: float
    high: float
    p: float
    loss_p: float
    classes: tuple[ClassChange, ...]

    @property
    def points(self) -> float:
        """The difference of the mean accuracies, in points."""
        return 100 * float(np.mean(self.with_it) - np.mean(self.without))

    def sentence(self) -> str:
        """What it bought in this many epochs, and how sure that is."""
        sure = "more than chance" if self.p < LEVEL else "could be chance"
        p = "p < 0.001" if self.p < 0.001 else f"p = {self.p:.2g}"
        without, with_it = np.mean(self.without), np.mean(self.with_it)
        return (
            f"In {self.epochs} epochs of {self.what}: {without:.1%} without, {with_it:.1%} with {self.name} "
            f"({self.points:+.1f} points, 95% interval {self.low:+.1f} to {self.high:+.1f}; {sure}, {p})."
        )


def gain(
    right_without: Right,
    right_with: Right,
    losses_without: NDArray[np.float64],
    losses_with: NDArray[np.float64],
    labels: NDArray[np.int64],
    classes: tuple[str, ...],
    *,
    name: str,
    what: str,
    epochs: int,
    lr: float,
) -> AugmentationAnswer:
    """Compare both, each (repeats, images): whether an image was right, and its loss; repeat k of both had one seed."""
    differences = right_with.astype(np.float64) - right_without
    half = 1.959963984540054 * combined(*standard_errors(differences))
    middle = float(differences.mean())
    losses = losses_with - losses_without
    return AugmentationAnswer(
        name=name,
        what=what,
        epochs=epochs,
        lr=lr,
        images=len(labels),
        without=tuple(right_without.mean(axis=1).tolist()),
        with_it=tuple(right_with.mean(axis=1).tolist()),
        loss_without=float(losses_without.mean()),
        loss_with=float(losses_with.mean()),
        low=100 * (middle - half),
        high=100 * (middle + half),
        p=paired_accuracy(right_with, right_without),
        loss_p=p_of(float(losses.mean()), combined(*standard_errors(losses))),
        classes=tuple(_of_class(right_without, right_with, labels == k, called) for k, called in enumerate(classes)),
    )


def _of_class(without: Right, with_it: Right, of_it: Right, name: str) -> ClassChange:
    """A class's change; its p-value is McNemar's on what most of the repeats say of each image."""
    before, after = without[:, of_it].mean(axis=0) > 0.5, with_it[:, of_it].mean(axis=0) > 0.5
    return ClassChange(
        name=name,
        images=int(of_it.sum()),
        without=float(without[:, of_it].mean()) if of_it.any() else 0.0,
        with_it=float(with_it[:, of_it].mean()) if of_it.any() else 0.0,
        p=mcnemar(int((before & ~after).sum()), int((after & ~before).sum())),
    )
