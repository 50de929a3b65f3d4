import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.training.curves import smoothed
from core.training.smoothing import Smoothed


def rates(points=60, low=-5.0, high=-1.0):
    return 10 ** np.linspace(low, high, points)


@settings(max_examples=60, deadline=None)
@given(root=st.floats(0.2, 3), slope=st.floats(-0.04, 0.04), points=st.integers(3, 120))
def test_a_line_is_its_own_curve(root, slope, points):
    lrs = rates(points)
    losses = (root + slope * np.log10(lrs)) ** 2  # a line in the square root of the loss
    curve = smoothed(lrs, losses)
    assert curve.losses == pytest.approx(losses, rel=1e-6)


@settings(max_examples=60, deadline=None)
@given(place=st.floats(-4, -2), seed=st.integers(0, 2**32 - 1))
def test_a_fall_is_shown_where_it_is_and_fastais_mean_shows_it_later(place, seed):
    lrs = rates(100)
    losses = np.where(np.log10(lrs) < place, 2.0, 0.5) + np.random.default_rng(seed).normal(scale=0.05, size=100)
    mean = Smoothed()
    fastai = np.array([mean.add(loss) for loss in losses])
    middle = np.log10(lrs[np.flatnonzero(smoothed(lrs, losses).losses < 1.25)[0]])
    assert abs(middle - place) < 0.25
    late = np.flatnonzero(fastai < 1.25)
    assert not len(late) or np.log10(lrs[late[0]]) > place + 0.4


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), at=st.integers(5, 54))
def test_one_wild_batch_does_not_move_the_curve(seed, at):
    lrs = rates()
    losses = 2 + np.random.default_rng(seed).normal(scale=0.05, size=60)
    wild = losses.copy()
    wild[at] = 40.0
    assert np.abs(smoothed(lrs, wild).losses - smoothed(lrs, losses).losses).max() < 0.15


def test_the_band_holds_about_95_percent_of_the_batches():
    shares = []
    for seed in range(40):
        losses = 2 + np.random.default_rng(seed).normal(scale=0.2, size=100)
        curve = smoothed(rates(100), losses)
        shares.append(np.mean((losses >= curve.low) & (losses <= curve.high)))
    assert 0.88 < np.mean(shares) < 0.99


def test_the_noise_is_that_of_a_batch_and_not_of_the_curve():
    found = []
    for seed in range(40):
        losses = (1.5 + np.random.default_rng(seed).normal(scale=0.1, size=100)) ** 2
        found.append(np.median(smoothed(rates(100), losses).noise))
    assert np.mean(found) == pytest.approx(0.1, rel=0.2)


def test_the_curve_ends_before_a_loss_that_is_not_a_number():
    curve = smoothed(rates(5), [1.0, 1.0, 1.0, float("nan"), 1.0])
    assert len(curve.losses) == 3


@pytest.mark.parametrize(("lrs", "losses"), [([], []), ([1e-3], [2.0]), ([1e-3, 2e-3], [2.0, 2.0])])
def test_few_batches_are_their_own_curve(lrs, losses):
    assert smoothed(lrs, losses).losses == pytest.approx(losses)


@pytest.mark.parametrize(("lrs", "said"), [([1e-3, 1e-3], "ascend"), ([0.0, 1e-3], "above 0"), ([1e-3], "one loss")])
def test_refuses_what_is_no_curve(lrs, said):
    with pytest.raises(ValueError, match=said):
        smoothed(lrs, [1.0, 1.0])
