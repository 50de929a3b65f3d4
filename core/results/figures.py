"""Figures of predictions with how sure they are. Importing this module imports no torch."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.results.confusion import confusion_matrix, per_class
from core.results.predictions import Predictions
from core.training.proportions import interval

RATIOS = ("precision", "recall", "f1")


@dataclass(frozen=True)
class Figures:
    """Of N images: the accuracy with the ends of its 95 % interval (Wilson), and two means over the classes.

    `balanced` is the mean recall, `macro_f1` the mean F1, of the classes that have images (0..1): each class counts as
    much as any other, however many images it has.
    """

    images: int
    accuracy: float
    low: float
    high: float
    balanced: float
    macro_f1: float


def figures(predictions: Predictions) -> Figures:
    """The figures of these predictions; not numbers where there are no images."""
    table = class_table(predictions)
    present = table[table["images"] > 0]
    low, high = interval(predictions.accuracy, len(predictions)) if len(predictions) else (float("nan"), float("nan"))
    f1 = table["f1"][(table["images"] > 0) | table["precision"].notna()].fillna(0.0)
    return Figures(
        images=len(predictions),
        accuracy=predictions.accuracy,
        low=low,
        high=high,
        balanced=float(present["recall"].mean()) if len(present) else float("nan"),
        macro_f1=float(f1.mean()) if len(f1) else float("nan"),
    )


def class_table(predictions: Predictions) -> pd.DataFrame:
    """`per_class` with the ends of the 95 % interval of each ratio: columns precision_low, precision_high, and so on.

    Recall and precision are shares of counted images: Wilson's interval. F1 is 2 J / (1 + J) of J, the share of images
    right among those that are of the class or were taken for it: Wilson's interval of J, transformed.
    """
    classes = predictions.classes
    matrix = confusion_matrix(predictions.labels, predictions.predicted, len(classes))
    table = per_class(matrix, classes)
    right, true, called = np.diag(matrix), matrix.sum(axis=1), matrix.sum(axis=0)
    counted = {"precision": called, "recall": true, "f1": true + called - right}
    for name, of in counted.items():
        ends = [_interval(int(part), int(whole)) for part, whole in zip(right, of, strict=True)]
        for place, end in enumerate(("low", "high")):
            values = np.array([pair[place] for pair in ends])
            table[f"{name}_{end}"] = 2 * values / (1 + values) if name == "f1" else values
    return table


def _interval(right: int, count: int) -> tuple[float, float]:
    """Wilson's interval of `right` of `count` images; not numbers where there are none."""
    return interval(right / count, count) if count else (float("nan"), float("nan"))
