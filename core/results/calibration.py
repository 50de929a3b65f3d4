"""Whether probabilities mean what they say, and a threshold below which the model says "not sure".

After C. Guo et al., "On Calibration of Modern Neural Networks" (arXiv:1706.04599). Imports no torch.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.data.split import rank
from core.results.predictions import Floats, Integers, Predictions, cross_entropy
from core.training.proportions import interval

BINS = 10
"""Of equal width over the confidence, 0 to 1."""

MOST_PROBABILITIES = 5_000_000
"""Probabilities that temperature scaling looks at: 5,000 images of 1,000 classes, 40 MB."""

COOLEST, HOTTEST = 0.05, 20.0
"""Range of temperatures that are tried."""

Probabilities = npt.NDArray[np.floating]


@dataclass(frozen=True)
class Scaled:
    """Temperature scaling: fitted on `fitted` of the images, judged on `judged` others.

    `before` and `after` are expected calibration errors (0..1), `loss_before` and `loss_after` cross-entropies in nats.
    """

    temperature: float
    fitted: int
    judged: int
    before: float
    after: float
    loss_before: float
    loss_after: float


def reliability(confidence: Probabilities, right: npt.NDArray[np.bool_], bins: int = BINS) -> pd.DataFrame:
    """Images by their confidence: `low` and `high` edges, `images`, mean `confidence`, `accuracy`, its 95 % interval.

    Bins without images are left out. `confidence` is that of the predicted class, `right` whether it is the true one.
    """
    place = np.minimum((np.asarray(confidence, np.float64) * bins).astype(np.int64), bins - 1)
    rows = []
    for number in np.unique(place):
        inside = place == number
        count, accuracy = int(inside.sum()), float(right[inside].mean())
        ends = interval(accuracy, count)
        rows.append((number / bins, (number + 1) / bins, count, float(confidence[inside].mean()), accuracy, *ends))
    columns = ["low", "high", "images", "confidence", "accuracy", "accuracy_low", "accuracy_high"]
    return pd.DataFrame(rows, columns=columns)


def calibration_error(confidence: Probabilities, right: npt.NDArray[np.bool_], bins: int = BINS) -> float:
    """Expected calibration error: the mean difference of confidence and accuracy over the bins, weighted by images."""
    table = reliability(confidence, right, bins)
    weights = table["images"] / max(1, len(right))
    return float((weights * (table["confidence"] - table["accuracy"]).abs()).sum())


def tempered(probabilities: Floats, temperature: float) -> npt.NDArray[np.float64]:
    """Probabilities (N, C) of the same logits divided by `temperature`: above 1 less sure, below 1 more."""
    logits = np.log(np.clip(probabilities.astype(np.float64), np.finfo(np.float32).tiny, 1.0)) / temperature
    logits -= logits.max(axis=1, keepdims=True)
    found = np.exp(logits)
    scaled: npt.NDArray[np.float64] = found / found.sum(axis=1, keepdims=True)
    return scaled


def best_temperature(probabilities: Floats, labels: Integers) -> float:
    """The temperature with the lowest cross-entropy on these images; the loss has one minimum along it."""
    from scipy.optimize import minimize_scalar

    def loss(log_temperature: float) -> float:
        return float(cross_entropy(tempered(probabilities, float(np.exp(log_temperature))), labels).mean())

    found = minimize_scalar(loss, bounds=(np.log(COOLEST), np.log(HOTTEST)), method="bounded")
    return float(np.exp(found.x))


def scaled(predictions: Predictions, *, seed: int = 0) -> Scaled | None:
    """Temperature scaling fitted on a random half of the images and judged on the others; None for few images.

    Of many images of many classes a part is taken for either, of `MOST_PROBABILITIES` together: one number is fitted.
    """
    order = np.argsort([rank(seed, "temperature", name).hex() for name in predictions.names], kind="stable")
    most = max(2 * BINS, MOST_PROBABILITIES // max(1, len(predictions.classes)))
    order = order[:most]
    fitted, judged = order[: len(order) // 2], order[len(order) // 2 :]
    if len(fitted) < BINS:
        return None
    temperature = best_temperature(predictions.probabilities[fitted], predictions.labels[fitted])
    before = predictions.probabilities[judged].astype(np.float64)
    after, labels = tempered(predictions.probabilities[judged], temperature), predictions.labels[judged]
    return Scaled(
        temperature=temperature,
        fitted=len(fitted),
        judged=len(judged),
        before=calibration_error(before.max(axis=1), before.argmax(axis=1) == labels),
        after=calibration_error(after.max(axis=1), after.argmax(axis=1) == labels),
        loss_before=float(cross_entropy(before, labels).mean()),
        loss_after=float(cross_entropy(after, labels).mean()),
    )


def answered(predictions: Predictions) -> pd.DataFrame:
    """For each threshold 0, 0.01, ... 0.99: the `share` answered (0..1) and the `accuracy` on those, with its interval.

    An image is answered when its highest probability is at least the threshold. Columns threshold, share, images,
    accuracy, accuracy_low, accuracy_high; thresholds that answer no image are left out.
    """
    confidence, right = predictions.confidence, predictions.predicted == predictions.labels
    rows = []
    for threshold in np.arange(100) / 100:
        inside = confidence >= threshold
        count = int(inside.sum())
        if not count:
            break
        accuracy = float(right[inside].mean())
        rows.append((float(threshold), count / len(predictions), count, accuracy, *interval(accuracy, count)))
    return pd.DataFrame(rows, columns=["threshold", "share", "images", "accuracy", "accuracy_low", "accuracy_high"])
