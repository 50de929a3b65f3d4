import math
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.numbers import rate_in_words
from core.training.curves import smoothed
from core.training.suggest import HARD_RATE, HEAD_RATE, NEW_RATE, WHOLE_RATE, going_on, read, suggest
from core.training.sweeps import HEAD, WHOLE, sweep_for

CLASSES = 10
GUESSING = math.log(CLASSES)


def made(seed, *, start, fall, at, rise, sweep=HEAD, noise=0.05):
    """A sweep whose loss falls by the share `fall` of `start` about the rate `at` and rises from the rate `rise`."""
    lrs = sweep.lowest * (sweep.highest / sweep.lowest) ** (np.arange(sweep.steps) / sweep.steps)
    x = np.log10(lrs)
    clean = start * (1 - fall / (1 + np.exp(-6 * (x - np.log10(at)))))
    clean = clean + GUESSING * np.clip(x - np.log10(rise), 0, None) * 3 if rise else clean
    return lrs, clean * np.exp(noise * np.random.default_rng(seed).normal(size=len(lrs)))


def asked(curve, *, steps=300, only_the_head=True):
    return suggest(*curve, steps=steps, classes=CLASSES, only_the_head=only_the_head)


SEEDS = st.integers(0, 2**32 - 1)


@settings(max_examples=100, deadline=None)
@given(seed=SEEDS, at=st.floats(-4, -3), apart=st.floats(0.8, 1.5), fall=st.floats(0.5, 0.9))
def test_fall_and_rise_are_found_where_they_are(seed, at, apart, fall):
    curve = made(seed, start=GUESSING, fall=fall, at=10**at, rise=10 ** (at + apart))
    reading = read(smoothed(*curve))
    assert abs(math.log10(reading.half) - at) < 0.4
    # a window of half a decade to each side may see a rise a little before it comes
    assert -0.25 < math.log10(reading.rise) - (at + apart) < 0.5


@settings(max_examples=100, deadline=None)
@given(seed=SEEDS, at=st.floats(-4, -3), apart=st.floats(0.8, 1.5), steps=st.integers(1, 2000))
def test_a_new_network_is_never_sent_near_the_rise(seed, at, apart, steps):
    rise = 10 ** (at + apart)
    found = asked(made(seed, start=GUESSING, fall=0.7, at=10**at, rise=rise), steps=steps)
    assert found.certain
    assert found.lr <= min(NEW_RATE, rise)
    assert found.low < found.lr <= found.high < found.collapse


@settings(max_examples=60, deadline=None)
@given(seed=SEEDS, rise=st.floats(-3.5, -2.2), steps=st.integers(1, 2000))
def test_a_trained_network_starts_below_the_rise(seed, rise, steps):
    curve = made(seed, start=0.2, fall=0.2, at=1e-4, rise=10**rise, sweep=WHOLE, noise=0.2)
    found = asked(curve, steps=steps, only_the_head=False)
    assert found.certain
    assert 0 < found.lr <= min(WHOLE_RATE, 10**rise * 2)
    assert found.high <= max(found.lr, found.collapse)


@settings(max_examples=60, deadline=None)
@given(seed=SEEDS, steps=st.integers(1, 59))
def test_a_short_stage_of_a_trained_network_gets_its_part_of_the_rate_in_words(seed, steps):
    curve = made(seed, start=0.2, fall=0.2, at=1e-4, rise=3e-3, sweep=WHOLE, noise=0.2)
    long, short = (asked(curve, steps=n, only_the_head=False).lr for n in (60, steps))
    assert short == pytest.approx(long * steps / 60)


@settings(max_examples=60, deadline=None)
@given(seed=SEEDS, steps=st.integers(700, 5000))
def test_a_new_network_that_goes_twice_as_long_goes_as_far(seed, steps):
    curve = made(seed, start=GUESSING, fall=0.8, at=3e-4, rise=0.1)
    once, twice = (asked(curve, steps=n).lr for n in (steps, 2 * steps))
    assert once < NEW_RATE
    assert twice == pytest.approx(once / 2)


@pytest.mark.parametrize(("start", "noise"), [(GUESSING, 0.03), (0.05, 0.6), (1.0, 0.3)])
@pytest.mark.parametrize("sweep", [HEAD, WHOLE])
def test_pure_noise_says_nothing(start, noise, sweep):
    found = [
        asked(made(seed, start=start, fall=0, at=1e-3, rise=None, sweep=sweep, noise=noise)) for seed in range(100)
    ]
    assert sum(suggestion.certain for suggestion in found) <= 4
    unsure = next(suggestion for suggestion in found if not suggestion.certain)
    assert "inconclusive" in unsure.reason
    assert "try a few rates" in unsure.reason
    assert unsure.collapse is None
    assert unsure.lr in (HARD_RATE, HEAD_RATE)


def test_the_reason_has_the_curves_numbers():
    found = asked(made(0, start=GUESSING, fall=0.8, at=3e-4, rise=0.05), steps=4000)
    assert re.match(
        r"The loss falls from 2\.\d\d to 0\.\d\d, half of it by \d\.\de-4, and rises for good from", found.reason
    )
    assert "4,000 batches" in found.reason
    assert rate_in_words(found.lr) in found.reason


def test_without_a_fall_the_rise_alone_bounds_the_rate_in_words():
    found = asked(made(0, start=GUESSING, fall=0, at=1e-3, rise=2e-3, noise=0.02))
    assert found.certain
    assert found.lr < 1e-3
    assert found.reason.startswith("The loss does not fall by more than its noise")
    assert "safe distance" in found.reason


def test_a_rate_above_the_lowest_point_is_explained_for_a_trained_network_alone():
    said = "of a stage, whose rate is annealed, repair such a small rise."
    flat = asked(made(0, start=0.3, fall=-0.1, at=1e-4, rise=3e-3, sweep=WHOLE, noise=0.01), only_the_head=False)
    assert flat.lr == WHOLE_RATE
    assert flat.reason.endswith(said)
    assert "The curve is lowest at a lower rate, " in flat.reason
    lrs, losses = made(0, start=1.2, fall=0.8, at=3e-5, rise=3e-4, sweep=WHOLE, noise=0.01)
    falls = asked((lrs, np.minimum(losses, 0.5 + (lrs < 1e-4))), only_the_head=False)
    assert falls.lr == WHOLE_RATE
    assert falls.reason.endswith(said)
    assert said not in asked(made(0, start=GUESSING, fall=0.8, at=3e-4, rise=0.05), steps=4000).reason


def test_a_rise_that_is_not_reached_leaves_the_customary_rate_in_words():
    found = asked(made(0, start=GUESSING, fall=0.8, at=3e-3, rise=None), steps=100)
    assert found.lr == NEW_RATE
    assert "does not rise within this curve" in found.reason


def test_the_headline_says_which_rates_are_too_high():
    def headline(**more):
        return asked(made(0, start=GUESSING, at=3e-4, **{"fall": 0.8, "noise": 0.02, **more})).headline

    collapses = asked(made(0, start=GUESSING, fall=0.8, at=3e-4, rise=0.01, noise=0.02))
    assert collapses.headline == (f"Training collapses from {rate_in_words(collapses.collapse)}: take a lower rate")
    assert collapses.lr < collapses.collapse
    risen = replace(collapses, collapse=None)
    assert risen.headline == f"The loss rises for good from {rate_in_words(risen.rise)}: take a lower rate"
    assert headline(rise=None).startswith("The loss does not rise for good within these rates")
    assert headline(rise=None, fall=0) == "This curve does not say which rates are too high"


def test_the_customary_rate_is_said_to_be_of_what_is_trained():
    def reason(**more):
        return asked(made(0, start=0.2, fall=0.2, at=1e-4, rise=None, noise=0.02), steps=100, **more).reason

    assert f"{rate_in_words(HEAD_RATE)} is the customary rate of a head that was trained" in reason(only_the_head=True)
    assert f"{rate_in_words(WHOLE_RATE)} is the customary rate of a network that was trained" in reason(
        only_the_head=False
    )


@pytest.mark.parametrize("points", [0, 1, 9])
def test_too_few_points_say_nothing(points):
    lrs = [1e-5 * 2**i for i in range(points)]
    found = suggest(lrs, [2.3] * points, steps=100, classes=CLASSES, only_the_head=True)
    assert not found.certain
    assert f"This curve has {points} point" in found.reason


def test_a_stage_needs_a_batch():
    with pytest.raises(ValueError, match="at least one batch"):
        suggest([1e-3], [1.0], steps=0, classes=2, only_the_head=False)


def test_unfrozen_sweeps_are_short():
    assert sweep_for(only_the_head=False).steps <= 45


@given(before=st.floats(1e-6, 1.0), steps=st.integers(1, 5000), only_the_head=st.booleans())
def test_a_stage_that_goes_on_never_takes_more_than_the_one_before(before, steps, only_the_head):
    found = going_on(before, steps=steps, only_the_head=only_the_head)
    customary = HEAD_RATE if only_the_head else WHOLE_RATE
    assert found.lr == pytest.approx(min(before, customary * min(1.0, steps / 60)))
    assert not found.certain
    assert found.collapse is None
    assert rate_in_words(found.lr) in found.reason


@pytest.mark.parametrize(
    ("before", "steps", "said"),
    [
        (3e-3, 105, "A head that was trained goes on at the customary 1e-4, without a range test."),
        (3e-3, 30, "goes on at 5e-5, lower than the customary 1e-4 because 30 batches can repair little, without"),
        (2e-5, 105, "goes on at 2e-5, the rate of the stage before, without a range test."),
    ],
)
def test_why_a_head_that_goes_on_has_its_rate_in_words(before, steps, said):
    assert said in going_on(before, steps=steps, only_the_head=True).reason
