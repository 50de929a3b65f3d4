"""Split luck: how far an accuracy moves when the same images are split in another way."""

from collections.abc import Callable

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from core.kept import Count, Share
from core.results.heads import Features, Labels, head_probabilities


class SplitLuckAnswer(BaseModel):
    """Accuracies (0..1) of heads on `valid_images` held out at random, one for each split.

    The heads stand on the activations of the backbone that the run began with, at `size` pixels.
    """

    model_config = ConfigDict(frozen=True)

    accuracies: tuple[Share, ...] = Field(min_length=2)
    valid_images: Count
    size: Count

    @property
    def mean(self) -> float:
        """The mean of the accuracies."""
        return float(np.mean(self.accuracies))

    @property
    def deviation(self) -> float:
        """Their standard deviation (with n - 1)."""
        return float(np.std(self.accuracies, ddof=1))


def split_luck(
    features: Features,
    labels: Labels,
    *,
    held_out: int,
    splits: int,
    seed: int,
    size: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> SplitLuckAnswer:
    """Train a head on all rows but `held_out` random ones of every class in proportion, `splits` times.

    `features` (N, F) and `labels` (N,) are those of the training and the validation images. Images with the same bytes
    are to be given once. Raises `ValueError` from scikit-learn where a class has fewer than two rows.
    """
    from sklearn.model_selection import StratifiedShuffleSplit

    shuffle = StratifiedShuffleSplit(n_splits=splits, test_size=held_out, random_state=seed)
    classes, accuracies = int(labels.max()) + 1, []
    for train, judged in shuffle.split(features, labels):
        found = head_probabilities(features, labels, train, judged, classes)
        accuracies.append(float((found.argmax(1) == labels[judged]).mean()))
        progress(len(accuracies), splits)
    return SplitLuckAnswer(accuracies=tuple(accuracies), valid_images=held_out, size=size)
