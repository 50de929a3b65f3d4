"""Comparisons of predictions on the same images: scipy's binomial test is the oracle for McNemar's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.metrics import confusion_matrix as sklearns

from core.errors import RunError
from core.results.compare import compare, matrix_difference
from core.results.predictions import Origin, Predictions, cross_entropy
from core.training.proportions import LEVEL

CLASSES = ("a", "b", "c")


def predictions(labels, predicted, names=None):
    labels, predicted = np.array(labels), np.array(predicted)
    probabilities = np.full((len(labels), 3), 0.1, np.float32)
    probabilities[np.arange(len(labels)), predicted] = 0.8
    names = tuple(names or (f"{number}.png" for number in range(len(labels))))
    losses = cross_entropy(probabilities, labels)
    return Predictions(CLASSES, np.arange(len(labels)), names, labels, probabilities, losses, "f", Origin())


answers = st.lists(st.tuples(*[st.integers(0, 2)] * 3), min_size=1, max_size=120)


@given(answers)
def test_fixed_and_broken_explain_the_difference_and_p_is_the_exact_test(drawn):
    labels, one, other = (list(column) for column in zip(*drawn, strict=True))
    found = compare(predictions(labels, one), predictions(labels, other))
    fixed, broken = len(found.fixed), len(found.broken)
    assert found.points == pytest.approx(100 * (fixed - broken) / len(labels), abs=1e-4)
    assert found.p == pytest.approx(binomtest(fixed, fixed + broken).pvalue if fixed + broken else 1.0)
    assert found.real == (found.p < LEVEL)


@given(answers)
def test_the_difference_of_the_matrices_is_scikit_learns(drawn):
    labels, one, other = (list(column) for column in zip(*drawn, strict=True))
    expected = sklearns(labels, other, labels=[0, 1, 2]) - sklearns(labels, one, labels=[0, 1, 2])
    found = matrix_difference(predictions(labels, one), predictions(labels, other))
    assert (found == expected).all()
    assert found.sum() == 0


@pytest.mark.parametrize(
    ("fixed", "broken", "said"),
    [
        (12, 5, "12 fixed, 5 broken: could be chance, p = 0.14"),
        (30, 2, "30 fixed, 2 broken: more than chance, p < 0.001"),
        (14, 3, "14 fixed, 3 broken: more than chance, p = 0.01"),
        (0, 0, "No image changed between right and wrong, of 60"),
    ],
)
def test_the_sentence(fixed, broken, said):
    labels = [0] * 60
    one = [1] * fixed + [0] * (60 - fixed)
    other = [0] * (60 - broken) + [1] * broken
    found = compare(predictions(labels, one), predictions(labels, other))
    assert found.sentence() == said


def test_other_images_are_not_compared():
    first = predictions([0, 1], [0, 1])
    for other in (predictions([0, 1], [0, 1], names=("x.png", "y.png")), predictions([0, 0], [0, 1])):
        with pytest.raises(RunError, match="predictions are of different images"):
            compare(first, other)
