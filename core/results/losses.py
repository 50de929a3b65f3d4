"""The images with the highest losses, and those in one cell of the matrix. Importing it does not import torch."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.results.predictions import Predictions


def top_losses(predictions: Predictions, n: int = 12, *, wrong_only: bool = False) -> pd.DataFrame:
    """The `n` images of highest loss, worst first, as `image_rows` describes them."""
    order = np.argsort(-predictions.losses, kind="stable")
    if wrong_only:
        order = order[predictions.predicted[order] != predictions.labels[order]]
    return image_rows(predictions, order[:n])


def cell(predictions: Predictions, true: str, predicted: str) -> pd.DataFrame:
    """The images of class `true` that were predicted as `predicted`, highest loss first; empty for unknown classes."""
    if true not in predictions.classes or predicted not in predictions.classes:
        return image_rows(predictions, np.zeros(0, dtype=np.int64))
    is_true = predictions.labels == predictions.classes.index(true)
    is_called = predictions.predicted == predictions.classes.index(predicted)
    found = np.flatnonzero(is_true & is_called)
    return image_rows(predictions, found[np.argsort(-predictions.losses[found], kind="stable")])


def image_rows(predictions: Predictions, positions: npt.NDArray[np.integer[Any]]) -> pd.DataFrame:
    """One row for each position in the predictions.

    Columns: `item` (index into the data set's items), `name`, `true`, `predicted`, `confidence` (0..1, of the
    predicted class), `probability` (0..1, of the true class), `loss` (nats).
    """
    classes = np.array(predictions.classes, dtype=object)
    labels, called = predictions.labels[positions], predictions.predicted[positions]
    return pd.DataFrame(
        {
            "item": predictions.indices[positions],
            "name": [predictions.names[i] for i in positions],
            "true": classes[labels],
            "predicted": classes[called],
            "confidence": predictions.confidence[positions],
            "probability": predictions.probabilities[positions, labels],
            "loss": predictions.losses[positions],
        }
    )
