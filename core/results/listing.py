"""Lists of predicted images: which of them, and in which order. Importing this module does not import torch."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.results.predictions import Integers, Predictions

Order = Literal["worst", "confident", "unsure"]
"""The highest loss first, the highest probability of the predicted class first, or its lowest first."""


@dataclass(frozen=True)
class Wanted:
    """Which images are listed: of a class `true`, taken for `predicted`, right or wrong, None being all.

    `least` and `most` (0..1) bound the probability of the predicted class; both are included.
    """

    true: str | None = None
    predicted: str | None = None
    right: bool | None = None
    least: float = 0.0
    most: float = 1.0
    order: Order = "worst"


WRONG = Wanted(right=False)
"""All that is wrong, the highest loss first."""


def listed(predictions: Predictions, wanted: Wanted = WRONG) -> pd.DataFrame:
    """The images wanted (`positions_of`), as `image_rows` describes them."""
    return image_rows(predictions, positions_of(predictions, wanted))


def positions_of(predictions: Predictions, wanted: Wanted = WRONG) -> Integers:
    """Positions of the images wanted, in their order; of equal ones those that come first in the data set.

    Empty where a class is none of the predictions'.
    """
    kept = np.ones(len(predictions), dtype=bool)
    for name, of in ((wanted.true, predictions.labels), (wanted.predicted, predictions.predicted)):
        if name is not None:
            kept &= of == (predictions.classes.index(name) if name in predictions.classes else -1)
    if wanted.right is not None:
        kept &= (predictions.predicted == predictions.labels) == wanted.right
    confidence = predictions.confidence
    kept &= (confidence >= np.float32(wanted.least)) & (confidence <= np.float32(wanted.most))
    by = {"worst": -predictions.losses, "confident": -confidence, "unsure": confidence}[wanted.order]
    found = np.flatnonzero(kept).astype(np.int64)
    ordered: Integers = found[np.argsort(by[found], kind="stable")]
    return ordered


def image_rows(predictions: Predictions, positions: npt.NDArray[np.integer[Any]]) -> pd.DataFrame:
    """One row for each position in the predictions.

    Columns: `position`, `item` (index into the data set's items), `name`, `true`, `predicted`, `confidence` (0..1, of
    the predicted class), `probability` (0..1, of the true class), `loss` (nats).
    """
    classes = np.array(predictions.classes, dtype=object)
    labels, called = predictions.labels[positions], predictions.predicted[positions]
    return pd.DataFrame(
        {
            "position": np.asarray(positions, dtype=np.int64),
            "item": predictions.indices[positions],
            "name": [predictions.names[i] for i in positions],
            "true": classes[labels],
            "predicted": classes[called],
            "confidence": predictions.confidence[positions],
            "probability": predictions.probabilities[positions, labels],
            "loss": predictions.losses[positions],
        }
    )


def ranked(predictions: Predictions, position: int, most: int = 5) -> list[tuple[str, float]]:
    """The `most` most probable classes of one image with their probabilities (0..1), and its own class after them."""
    row = predictions.probabilities[position]
    order = [int(k) for k in np.argsort(-row, kind="stable")[:most]]
    true = int(predictions.labels[position])
    places = order if true in order else [*order, true]
    return [(predictions.classes[k], float(row[k])) for k in places]
