import math

import numpy as np
import pytest
from scipy import stats

from core.training.trial_statistics import (
    combined,
    p_of,
    paired_accuracy,
    paired_losses,
    standard_errors,
)


def test_paired_differences_are_scipys_for_many_images():
    draws = np.random.default_rng(0)
    first, second = draws.exponential(1.0, (1, 4000)), draws.exponential(1.03, (1, 4000))
    mean, error, p = paired_losses(first, second)
    theirs = stats.ttest_rel(first[0], second[0])
    assert mean == pytest.approx(float((first - second).mean()))
    assert error == pytest.approx(mean / theirs.statistic)
    assert p == pytest.approx(theirs.pvalue, abs=1e-3)


def test_equal_losses_cannot_be_told_apart_and_a_constant_difference_can():
    same = np.full((1, 20), 0.5)
    assert paired_losses(same, same) == (0.0, 0.0, 1.0)
    assert paired_losses(same, same + 1)[2] == 0.0
    assert p_of(-1.959963984540054, 1.0) == pytest.approx(0.05)


def test_repeats_add_their_own_error():
    values = np.array([[1.0, 2.0, 3.0, 4.0], [2.0, 3.0, 4.0, 5.0]])
    over_images, over_repeats = standard_errors(values)
    assert over_images == pytest.approx(stats.sem(values.mean(axis=0)))
    assert over_repeats == pytest.approx(stats.sem(values.mean(axis=1)))
    assert combined(over_images, over_repeats) == pytest.approx(math.sqrt(over_images**2 + over_repeats**2))
    assert standard_errors(values[:1])[1] is None


def test_accuracies_are_compared_by_mcnemar_or_over_repeats():
    first = np.array([[True] * 9 + [False] * 11])
    second = np.array([[False] * 8 + [True] + [True] + [False] * 10])
    assert paired_accuracy(first, second) == pytest.approx(stats.binomtest(8, 9).pvalue)
    twice = paired_accuracy(np.repeat(first, 2, axis=0), np.repeat(second, 2, axis=0))
    assert 0 < twice < 0.05


def test_chance_is_told_apart_as_often_as_it_should_be():
    draws = np.random.default_rng(1)
    found = [paired_losses(*draws.exponential(1.0, (2, 1, 60)))[2] < 0.05 for _ in range(2000)]
    assert 0.03 < np.mean(found) < 0.08
