import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.numbers import nats
from core.training.curves import smoothed
from core.training.readings import readings
from core.training.sweeps import HEAD

SEEDS = st.integers(0, 2**32 - 1)
GUESSING = math.log(10)
PLACES = {"flat", "fall", "low", "rise", "beyond", "unsure"}


def clean(lrs, *, fall, at, rise):
    """A loss that falls by the share `fall` about the rate `at` and rises from the rate `rise`, without noise."""
    x = np.log10(lrs)
    falls = GUESSING * (1 - fall / (1 + np.exp(-8 * (x - np.log10(at)))))
    return falls + (GUESSING * 4 * np.clip(x - np.log10(rise), 0, None) if rise else 0)


def made(seed, *, fall=0.7, at=1e-3, rise=3e-2, noise=0.04, steps=100):
    """A sweep with such losses, each off by a random factor."""
    lrs = HEAD.lowest * (HEAD.highest / HEAD.lowest) ** (np.arange(steps) / steps)
    return lrs, clean(lrs, fall=fall, at=at, rise=rise) * np.exp(noise * np.random.default_rng(seed).normal(size=steps))


def places(curve, **rates):
    return {name: placed.place for name, placed in readings(*curve, rates).items()}


@settings(max_examples=80, deadline=None)
@given(seed=SEEDS, at=st.floats(-3.8, -3), apart=st.floats(1.6, 2.2), fall=st.floats(0.4, 0.9))
def test_rates_lie_where_the_truth_has_them(seed, at, apart, fall):
    rise = 10 ** (at + apart)
    curve = made(seed, fall=fall, at=10**at, rise=rise)
    found = places(
        curve, flat=10 ** (at - 1.1), fall=10**at, low=10 ** (at + apart - 0.6), rise=rise * 1.7, beyond=rise * 6
    )
    assert found.pop("rise") in {"rise", "beyond"}  # a small fall is soon lost again
    assert found == {name: name for name in found}


@settings(max_examples=50, deadline=None)
@given(seed=SEEDS, at=st.floats(-4, -2.5), off=st.floats(-0.1, 0.1))
def test_the_share_of_the_fall_is_the_truths(seed, at, off):
    lr = 10 ** (at + off)
    placed = readings(*made(seed, at=10**at, rise=None), {"here": lr})["here"]
    assert placed.place == "fall"
    (said,) = re.findall(r"(\d+)% of the way down", placed.sentence)
    assert int(said) / 100 == pytest.approx(1 / (1 + np.exp(-8 * off)), abs=0.15)


def walk(seed, steps, scale):
    """Losses without any plan: a walk with jumps, sometimes ending in what is not a number."""
    rng = np.random.default_rng(seed)
    losses = np.abs(1 + np.cumsum(rng.standard_t(3, size=steps) * scale))
    if rng.random() < 0.2:
        losses[-int(rng.integers(1, 4)) :] = np.inf
    return np.geomspace(1e-5, rng.choice([1e-1, 1.0]), steps), losses


@settings(max_examples=150, deadline=None)
@given(
    seed=SEEDS,
    steps=st.integers(10, 110),
    scale=st.sampled_from([0.005, 0.03, 0.2]),
    powers=st.lists(st.floats(-7, 1), min_size=1, max_size=8),
)
def test_no_place_contradicts_the_curve_whatever_it_is(seed, steps, scale, powers):
    lrs, losses = walk(seed, steps, scale)
    rates = {str(number): 10**power for number, power in enumerate(powers)}
    found = readings(lrs, losses, rates)
    assert found.keys() == rates.keys()
    curve = smoothed(lrs, losses)
    for name, placed in found.items():
        assert placed.place in PLACES
        assert placed.sentence.endswith(".")
        if len(curve.lrs) < 10:
            assert "too few" in placed.sentence
            continue
        _agrees(curve, rates[name], placed)


def _agrees(curve, lr, placed):
    bottom = int(curve.losses.argmin())
    start, lowest = curve.losses[: bottom + 1].max(), curve.losses[bottom]
    inside = curve.lrs[0] <= lr <= curve.lrs[-1]
    here = np.interp(np.log(lr), np.log(curve.lrs), curve.losses)
    after = curve.losses[np.searchsorted(curve.lrs, min(lr, curve.lrs[-1])) :]
    if placed.place == "beyond":
        assert (after > start).all()
        assert lr > curve.lrs[bottom]
    elif placed.place == "rise":
        assert here > lowest
        assert lr > curve.lrs[bottom]
    elif placed.place == "low":
        assert start - here >= 0.6 * (start - lowest) - 1e-9
    elif placed.place == "fall":
        assert lr <= curve.lrs[bottom]
        assert start - here < 0.9 * (start - lowest)
    elif placed.place == "flat" and "before the fall" in placed.sentence:
        assert lr <= curve.lrs[bottom]
        assert start - here < 0.4 * (start - lowest)
    if inside and (said := re.search(r"loss is(?: still)? ([\d.e-]+) here", placed.sentence)):
        assert float(said[1]) == pytest.approx(here, abs=0.006)
    if said := re.search(r"the lowest is ([\d.e-]+) at", placed.sentence):
        assert float(said[1]) == pytest.approx(lowest, abs=0.006)
    if said := re.search(r"above the ([\d.e-]+) that it had", placed.sentence):
        assert float(said[1]) == pytest.approx(start, abs=0.006)
    assert inside or re.match(r"(Lower|Higher) than this curve goes|This curve does not show it", placed.sentence)


@pytest.mark.parametrize("noise", [0.03, 0.3])
def test_noise_alone_shows_nothing(noise):
    found = [readings(*made(seed, fall=0, rise=None, noise=noise), {"valley": 1e-3})["valley"] for seed in range(100)]
    assert sum(placed.place != "unsure" for placed in found) <= 4
    unsure = next(placed for placed in found if placed.place == "unsure")
    assert re.match(r"This curve does not show it: about 2\.\d\d, the loss neither falls nor rises", unsure.sentence)


def test_the_noise_in_the_sentence_is_that_of_two_deviations():
    curve = made(0, fall=0, rise=None, noise=0.1)
    (said,) = re.findall(r"±([\d.]+) per batch", readings(*curve, {"valley": 1e-3})["valley"].sentence)
    assert float(said) == pytest.approx(2 * 0.1 * GUESSING, rel=0.3)


def test_a_rise_without_a_fall_leaves_the_flat_part():
    found = readings(*made(0, fall=0, rise=1e-2, noise=0.02), {"valley": 1e-4, "steep": 5e-2})
    assert found["valley"].place == "flat"
    assert found["valley"].sentence.startswith("On the flat part: the loss is ")
    assert found["valley"].sentence.endswith("and the difference is no more than noise.")
    assert found["steep"].place in {"rise", "beyond"}


def test_a_rate_outside_of_the_curve_is_said_to_be_outside():
    rates = {"below": 1e-7, "above": 10.0}
    collapsed = readings(*made(0), rates)
    assert collapsed["below"].sentence == "Lower than this curve goes: it begins at 1e-5."
    assert collapsed["above"].place == "beyond"
    assert collapsed["above"].sentence.startswith("Higher than this curve goes: it ends at 0.89, beyond the collapse")
    assert readings(*made(0, rise=None), rates)["above"].sentence.endswith("before any rise.")
    part = slice(0, 75)  # the loss has begun to rise there, and is below where it began
    risen = readings(*(numbers[part] for numbers in made(0, noise=0.01, fall=0.9)), rates)["above"]
    assert risen.place == "rise"
    assert risen.sentence.endswith("and rises.")


def test_before_a_hump_the_curve_shows_nothing():
    lrs = np.geomspace(1e-5, 1e-1, 80)
    losses = np.where(lrs < 1e-4, 1.0, np.where(lrs < 1e-3, 2.0, 0.3))
    placed = readings(lrs, losses, {"slide": 2e-5})["slide"]
    assert placed.place == "unsure"
    assert re.match(
        r"This curve does not show it: the loss is 1\.0\d here, and higher, [12]\.\d\d, before", placed.sentence
    )


@pytest.mark.parametrize(("points", "said"), [(0, "0 points"), (1, "1 point,"), (9, "9 points")])
def test_too_few_points_show_nothing(points, said):
    placed = readings([1e-5 * 2**i for i in range(points)], [2.3] * points, {"valley": 1e-4})["valley"]
    assert placed.place == "unsure"
    assert said in placed.sentence


def test_a_rule_without_a_rate_is_left_out():
    assert places(made(0), valley=1e-5, slide=None) == {"valley": "flat"}


def test_rates_that_do_not_ascend_are_refused():
    with pytest.raises(ValueError, match="ascend"):
        readings([1e-3, 1e-4], [1.0, 2.0], {"valley": 1e-3})


@pytest.mark.parametrize(("loss", "text"), [(2.304, "2.30"), (0.0949, "0.095"), (0.1, "0.10"), (3e-4, "0.0003")])
def test_small_losses_keep_two_figures(loss, text):
    assert nats(loss) == text
