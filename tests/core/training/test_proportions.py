"""Shares of counted images: scipy's Wilson interval is the oracle."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, norm

from core.training.proportions import Z, holm, interval, is_below, mcnemar


def test_the_interval_is_of_95_percent():
    assert pytest.approx(norm.ppf(0.975), abs=1e-12) == Z


@given(st.integers(1, 5000).flatmap(lambda count: st.tuples(st.integers(0, count), st.just(count))))
def test_the_interval_is_wilsons(counted):
    right, count = counted
    expected = binomtest(right, count).proportion_ci(0.95, method="wilson")
    assert interval(right / count, count) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_nothing_counted_says_nothing():
    assert interval(0.7, 0) == (0.0, 1.0)
    assert not is_below(0.0, 1.0, 0)


@given(st.floats(0, 1), st.floats(0, 1), st.integers(0, 10_000))
def test_below_is_one_way_and_never_of_itself(share, other, count):
    assert not (is_below(share, other, count) and is_below(other, share, count))
    assert not is_below(share, share, count)


@pytest.mark.parametrize(
    ("share", "other", "count", "below"),
    [(0.30, 0.90, 20, True), (0.60, 0.90, 20, False), (0.80, 0.86, 341, False), (0.80, 0.86, 3410, True)],
)
def test_below_by_more_than_chance_depends_on_the_count(share, other, count, below):
    assert is_below(share, other, count) is below


@given(st.integers(0, 400), st.integers(0, 400))
def test_mcnemars_test_is_the_binomial_one(first, second):
    theirs = binomtest(first, first + second).pvalue if first + second else 1.0
    assert mcnemar(first, second) == pytest.approx(theirs, abs=1e-9)


def test_mcnemar_of_many_images_is_a_number():
    assert mcnemar(1000, 1000) == 1.0
    assert 0 <= mcnemar(0, 2000) < 1e-300


def test_several_tests_are_corrected_as_r_does():
    """R 4.3: p.adjust(c(0.04, 0.01, 0.05, 0.02, 0.03), "holm")."""
    assert holm([0.04, 0.01, 0.05, 0.02, 0.03]) == pytest.approx([0.09, 0.05, 0.09, 0.08, 0.09])
    assert holm([]) == ()


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_a_correction_keeps_the_order_and_lies_between_none_and_bonferronis(values):
    found = holm(values)
    for p, raised in zip(values, found, strict=True):
        assert p <= raised <= min(1.0, p * len(values))
    ordered = sorted(range(len(values)), key=lambda index: (values[index], found[index]))
    assert [found[index] for index in ordered] == sorted(found)
