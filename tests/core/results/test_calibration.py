"""Calibration: scikit-learn's curve and log loss are the oracles; made probabilities have a known temperature."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve
from sklearn.metrics import log_loss

from core.results import calibration
from core.results.calibration import BINS, answered, best_temperature, calibration_error, reliability, scaled, tempered
from core.results.predictions import Origin, Predictions, cross_entropy

CLASSES = ("a", "b", "c")


def made(images=4000, sharpness=1.0, seed=0):
    """Predictions whose labels are drawn from their probabilities, sharpened by that factor afterwards."""
    draws = np.random.default_rng(seed)
    logits = draws.normal(0, 2, (images, 3))
    true = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    labels = np.array([draws.choice(3, p=row) for row in true])
    said = np.exp(sharpness * logits)
    said = (said / said.sum(1, keepdims=True)).astype(np.float32)
    names = tuple(f"{number}.png" for number in range(images))
    return Predictions(CLASSES, np.arange(images), names, labels, said, cross_entropy(said, labels), "f", Origin())


def test_the_bins_are_scikit_learns_curve():
    found = made()
    right = found.predicted == found.labels
    shares, confidences = calibration_curve(right, found.confidence, n_bins=BINS)
    table = reliability(found.confidence, right)
    assert table["accuracy"].to_numpy() == pytest.approx(shares)
    assert table["confidence"].to_numpy() == pytest.approx(confidences)
    assert table["images"].sum() == len(found)


def test_probabilities_that_mean_what_they_say_have_a_small_error_and_sharpened_ones_a_large_one():
    plain, sharp = made(), made(sharpness=3.0)
    errors = [calibration_error(one.confidence, one.predicted == one.labels) for one in (plain, sharp)]
    assert errors[0] < 0.03
    assert errors[1] > 0.1


@pytest.mark.parametrize("sharpness", [0.5, 1.0, 3.0])
def test_the_temperature_undoes_the_sharpness(sharpness):
    found = made(sharpness=sharpness)
    assert best_temperature(found.probabilities, found.labels) == pytest.approx(sharpness, rel=0.15)


def test_scaling_is_judged_on_the_images_that_it_was_not_fitted_on():
    found = made(sharpness=3.0)
    result = scaled(found)
    assert result.fitted == result.judged == len(found) // 2
    assert result.after < result.before / 2
    assert result.loss_after < result.loss_before
    assert scaled(found) == result, "the same half each time"
    assert scaled(made(images=12)) is None


def test_of_many_probabilities_a_part_is_enough(monkeypatch):
    found = made(sharpness=3.0)
    whole = scaled(found)
    monkeypatch.setattr(calibration, "MOST_PROBABILITIES", len(found.classes) * len(found) // 2)
    part = scaled(found)
    assert part.fitted == part.judged == len(found) // 4
    assert part.temperature == pytest.approx(whole.temperature, rel=0.1)


def test_the_tempered_loss_is_scikit_learns():
    found = made(300)
    two = tempered(found.probabilities, 2.0)
    assert two.sum(1) == pytest.approx(1.0)
    assert log_loss(found.labels, two, labels=[0, 1, 2]) == pytest.approx(
        float(cross_entropy(two, found.labels).mean()), rel=1e-5
    )
    assert tempered(found.probabilities, 1.0) == pytest.approx(found.probabilities, abs=1e-6)


@given(st.integers(0, 1000), st.integers(1, 200))
def test_a_higher_threshold_answers_fewer_and_counts_are_right(seed, images):
    found = made(images, seed=seed)
    table = answered(found)
    assert table["share"].iloc[0] == 1.0
    assert table["accuracy"].iloc[0] == pytest.approx(found.accuracy)
    assert (np.diff(table["share"]) <= 0).all()
    for row in table.iloc[::17].itertuples():
        inside = found.confidence >= row.threshold
        assert row.images == inside.sum()
        assert row.accuracy == pytest.approx((found.predicted == found.labels)[inside].mean())
        assert row.accuracy_low <= row.accuracy <= row.accuracy_high + 1e-9


def test_without_errors_a_temperature_is_still_a_number():
    labels = np.array([0, 1, 2] * 20)
    sure = np.full((60, 3), 0.0, np.float32)
    sure[np.arange(60), labels] = 1.0
    found = best_temperature(sure, labels)
    assert np.isfinite(found)
