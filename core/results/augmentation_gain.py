"""What an augmentation buys: trainings with and without it from the same start, judged on the same images.

Importing this module imports no torch.
"""

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from core.kept import Count, Finite, Positive, Share
from core.training.proportions import LEVEL, holm, mcnemar, verdict
from core.training.trial_statistics import combined, p_of, paired_accuracy, standard_errors

Right = NDArray[np.bool_]


class ClassChange(BaseModel):
    """The share (0..1) of a class's images that were right without and with the augmentation, means over the repeats.

    `p` is the p-value of the change, raised for the number of classes that are looked at (`holm`).
    """

    model_config = ConfigDict(frozen=True)

    name: str
    images: Count
    without: Finite
    with_it: Finite
    p: Finite

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
    epochs: Count
    lr: Positive
    images: Count
    without: tuple[Share, ...] = Field(min_length=1)
    with_it: tuple[Share, ...] = Field(min_length=1)
    loss_without: Finite
    loss_with: Finite
    low: Finite
    high: Finite
    p: Finite
    loss_p: Finite
    classes: tuple[ClassChange, ...]

    @property
    def points(self) -> float:
        """The difference of the mean accuracies, in points."""
        return 100 * float(np.mean(self.with_it) - np.mean(self.without))

    def sentence(self) -> str:
        """What it bought in this many epochs, and how sure that is."""
        without, with_it = np.mean(self.without), np.mean(self.with_it)
        return (
            f"In {self.epochs} epochs of {self.what}: {without:.1%} without, {with_it:.1%} with {self.name} "
            f"({self.points:+.1f} points, 95% interval {self.low:+.1f} to {self.high:+.1f}; {verdict(self.p)})."
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
        classes=_of_classes(right_without, right_with, labels, classes),
    )


def _of_classes(
    without: Right, with_it: Right, labels: NDArray[np.int64], classes: tuple[str, ...]
) -> tuple[ClassChange, ...]:
    each = [_of_class(without, with_it, labels == k, name) for k, name in enumerate(classes)]
    raised = holm([change.p for change in each])
    return tuple(change.model_copy(update={"p": p}) for change, p in zip(each, raised, strict=True))


def _of_class(without: Right, with_it: Right, of_it: Right, name: str) -> ClassChange:
    """A class's change; its p-value is McNemar's on the images that more than half of the repeats had right."""
    before, after = without[:, of_it].mean(axis=0) > 0.5, with_it[:, of_it].mean(axis=0) > 0.5
    return ClassChange(
        name=name,
        images=int(of_it.sum()),
        without=float(without[:, of_it].mean()) if of_it.any() else 0.0,
        with_it=float(with_it[:, of_it].mean()) if of_it.any() else 0.0,
        p=mcnemar(int((before & ~after).sum()), int((after & ~before).sum())),
    )
