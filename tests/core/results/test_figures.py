"""Figures with their intervals: scikit-learn and scipy are the oracles."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.metrics import balanced_accuracy_score, f1_score

from core.results.figures import class_table, figures
from core.results.predictions import Origin, Predictions, cross_entropy

CLASSES = ("a", "b", "c")
ANSWERS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=150)


def predictions(pairs):
    labels, predicted = (np.array(column) for column in zip(*pairs, strict=True))
    probabilities = np.full((len(labels), 3), 0.1, np.float32)
    probabilities[np.arange(len(labels)), predicted] = 0.8
    names = tuple(f"{number}.png" for number in range(len(labels)))
    losses = cross_entropy(probabilities, labels)
    return Predictions(CLASSES, np.arange(len(labels)), names, labels, probabilities, losses, "f", Origin())


@given(ANSWERS)
@pytest.mark.filterwarnings("ignore:y_pred contains classes", "ignore:A single label was found")
def test_means_over_classes_are_scikit_learns(pairs):
    found = figures(predictions(pairs))
    labels, predicted = zip(*pairs, strict=True)
    assert found.balanced == pytest.approx(balanced_accuracy_score(labels, predicted))
    assert found.macro_f1 == pytest.approx(f1_score(labels, predicted, average="macro", zero_division=0))


@given(ANSWERS)
def test_the_interval_of_the_accuracy_is_wilsons(pairs):
    found = figures(predictions(pairs))
    right = sum(label == said for label, said in pairs)
    expected = binomtest(right, len(pairs)).proportion_ci(method="wilson")
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-6)


@given(ANSWERS)
def test_every_ratio_lies_in_its_interval(pairs):
    table = class_table(predictions(pairs))
    for name in ("precision", "recall", "f1"):
        for value, low, high in zip(table[name], table[f"{name}_low"], table[f"{name}_high"], strict=True):
            assert math.isnan(value) == math.isnan(low) == math.isnan(high)
            assert math.isnan(value) or 0 <= low <= value + 1e-9 <= high + 2e-9 <= 1 + 3e-9


def test_the_interval_of_f1_covers_it_about_as_often_as_it_says():
    draws = np.random.default_rng(0)
    covered, trials, rate = 0, 400, 0.8
    labels = np.array([0] * 60 + [1] * 60)
    truth = rate  # with errors alike both ways, F1 is the share that is right
    for _ in range(trials):
        wrong = draws.random(120) > rate
        found = class_table(predictions(list(zip(labels, np.where(wrong, 1 - labels, labels), strict=True)))).iloc[0]
        covered += found.f1_low <= truth <= found.f1_high
    assert 0.9 <= covered / trials <= 0.99


def test_a_class_without_images_has_no_interval():
    table = class_table(predictions([(0, 0), (1, 1)])).set_index("class")
    assert math.isnan(table.loc["c", "recall_low"])
    assert table.loc["a", "recall_high"] == 1.0
