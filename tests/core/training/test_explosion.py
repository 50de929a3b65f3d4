import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.training.curves import smoothed
from core.training.explosion import exploded, limit
from core.training.suggest import read
from core.training.sweeps import HEAD, WHOLE

SEEDS = st.integers(0, 2**32 - 1)


def end(losses, steps, classes=10):
    """Number of batches after which the sweep ends, None when it goes to its last rate."""
    return next((n for n in range(1, steps) if exploded(losses[:n], steps=steps, classes=classes)), None)


def scattered(seed, middle, noise, size):
    return middle * np.exp(noise * np.random.default_rng(seed).normal(size=size))


@settings(max_examples=80, deadline=None)
@given(
    seed=SEEDS,
    start_noise=st.sampled_from([(0.02, 1.0), (0.3, 0.6), (0.8, 0.4), (2.3, 0.15)]),
    steps=st.sampled_from([HEAD.steps, WHOLE.steps]),
)
def test_noise_does_not_end_a_sweep(seed, start_noise, steps):
    start, noise = start_noise
    assert end(scattered(seed, start, noise, steps).tolist(), steps) is None


@settings(max_examples=80, deadline=None)
@given(
    seed=SEEDS,
    start=st.sampled_from([0.02, 0.3, 2.3]),
    at=st.floats(0.3, 0.85),
    high=st.floats(8, 1e6),
    sweep=st.sampled_from([HEAD, WHOLE]),
)
def test_an_explosion_ends_it_about_four_batches_later_with_the_collapse_in_sight(seed, start, at, high, sweep):
    losses = scattered(seed, start, 0.15, sweep.steps)
    first = round(at * sweep.steps)
    losses[first:] = scattered(seed + 1, high, 0.15, sweep.steps - first)
    ended = end(losses.tolist(), sweep.steps)
    assert first + 3 <= ended <= first + 5  # a batch just before may be high by chance
    lrs = [sweep.rate(step) for step in range(ended)]
    reading = read(smoothed(lrs, losses[:ended]))
    assert reading.collapse is not None
    assert abs(math.log10(reading.collapse / sweep.rate(first))) < 0.5  # the curve sees half a decade ahead


@settings(max_examples=100, deadline=None)
@given(seed=SEEDS, at=st.integers(10, 95), high=st.floats(8, 1e9), more=st.integers(0, 2))
def test_up_to_three_odd_batches_do_not(seed, at, high, more):
    losses = scattered(seed, 2.3, 0.05, 100)
    losses[at : at + 1 + more] = high
    assert end(losses.tolist(), 100) is None


def test_one_calm_batch_among_them_does_not_hide_it():
    assert end([0.3] * 20 + [5.0, 6.0, 0.4, 5.0, 5.0] + [5.0] * 30, 100) == 25


def test_a_loss_that_is_not_a_number_is_enough():
    assert exploded([0.3, math.nan], steps=45, classes=2)
    assert exploded([math.inf], steps=45, classes=2)
    assert not exploded([], steps=45, classes=2)


@pytest.mark.parametrize(
    ("first", "classes", "expected"),
    [
        ([0.1] * 7, 10, math.log(10)),  # a trained network: worse than guessing
        ([2.3] * 7, 10, 3.45),  # a new one: well above where it began
        ([0.1] * 7, 1, math.log(2)),
        ([1.0, 4.0, 9.0, 16.0, 25.0], 2, (3 + 2 * 1.4826) ** 2),  # a deviation of 1 in the root is the scatter
    ],
)
def test_the_limit_is_the_highest_of_three(first, classes, expected):
    assert limit(first, classes) == pytest.approx(expected)
