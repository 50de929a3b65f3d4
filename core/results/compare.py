"""Predictions of the same images compared: what the second network mended and broke, and whether chance explains it.

Importing this module imports no torch.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.errors import RunError
from core.results.confusion import confusion_matrix
from core.results.predictions import Predictions
from core.training.proportions import LEVEL, mcnemar, verdict

OTHER_IMAGES = (
    "These predictions are of different images, so they cannot be compared one by one. Choose two of the same data set "
    "and split."
)


@dataclass(frozen=True)
class Comparison:
    """`first` and `second` on the same N images.

    `fixed` (positions, int64) are the images that only the second has right, `broken` those that only the first has.
    """

    images: int
    first_accuracy: float
    second_accuracy: float
    fixed: npt.NDArray[np.int64]
    broken: npt.NDArray[np.int64]

    @property
    def p(self) -> float:
        """P-value of McNemar's exact test (Q. McNemar, 1947): how often chance alone gives such a difference."""
        return mcnemar(len(self.fixed), len(self.broken))

    @property
    def points(self) -> float:
        """Accuracy of the second above the first, in points of percent."""
        return 100 * (self.second_accuracy - self.first_accuracy)

    @property
    def real(self) -> bool:
        """Whether the difference is more than chance explains, at the level of 5 %."""
        return self.p < LEVEL

    def sentence(self) -> str:
        """The difference and how sure it is, such as "12 fixed, 5 broken: could be chance, p = 0.14"."""
        fixed, broken = len(self.fixed), len(self.broken)
        if not (fixed or broken):
            return f"No image changed between right and wrong, of {self.images:,}"
        return f"{fixed:,} fixed, {broken:,} broken: {verdict(self.p)}"


def compare(first: Predictions, second: Predictions) -> Comparison:
    """Compare predictions of the same images with the same labels; raises `RunError` for others."""
    if first.classes != second.classes or first.names != second.names or not (first.labels == second.labels).all():
        raise RunError(OTHER_IMAGES)
    contents = {first.about.content, second.about.content} - {""}  # not known in predictions of earlier versions
    if len(contents) > 1:
        raise RunError(OTHER_IMAGES)
    one, other = first.predicted == first.labels, second.predicted == second.labels
    return Comparison(
        images=len(first),
        first_accuracy=first.accuracy,
        second_accuracy=second.accuracy,
        fixed=np.flatnonzero(other & ~one).astype(np.int64),
        broken=np.flatnonzero(one & ~other).astype(np.int64),
    )


def matrix_difference(first: Predictions, second: Predictions) -> npt.NDArray[np.int64]:
    """Confusion matrix of `second` minus that of `first`, (C, C): rows are true classes, columns predicted ones."""
    count = len(first.classes)
    after = confusion_matrix(second.labels, second.predicted, count)
    difference: npt.NDArray[np.int64] = after - confusion_matrix(first.labels, first.predicted, count)
    return difference
