import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.training.smoothing import Smoothed
from core.training.suggestions import lightning, minimum, preferred, slide, steep, suggestions, valley

fastai = pytest.importorskip("fastai.callback.schedule")


def curve(seed, points=100, kind="walk"):
    """Rates as a range test has them, and a loss curve that is plausible, noisy, or neither."""
    rng = np.random.default_rng(seed)
    lrs = 1e-7 * 1e8 ** (np.arange(points) / points)
    if kind == "noise":
        return lrs, rng.random(points) * 10
    if kind == "walk":
        return lrs, 3 + np.cumsum(rng.normal(scale=0.05, size=points))
    x = np.linspace(0, 1, points)
    falls = 2.5 - 1.5 / (1 + np.exp(-20 * (x - 0.5))) + np.exp(np.minimum(25 * (x - 0.85), 5))
    return lrs, falls + rng.normal(scale=rng.choice([0, 0.01, 0.1]), size=points)


def theirs(rule, lrs, losses):
    # fastai's functions take tensors, in single precision.
    found, _ = getattr(fastai, rule)(torch.tensor(lrs).float(), torch.tensor(losses).float(), len(lrs))
    return found


@pytest.mark.parametrize("rule", [valley, slide, steep, minimum])
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), points=st.integers(16, 90), kind=st.sampled_from(["walk", "noise", "falls"]))
def test_fastai_suggests_the_same(rule, seed, points, kind):
    lrs, losses = curve(seed, points, kind)
    assert rule(lrs, losses) == theirs(rule.__name__, lrs, losses)


@pytest.mark.parametrize("losses", [range(30, 0, -1), range(30), [1.0] * 30], ids=["falls", "rises", "flat"])
@pytest.mark.parametrize("rule", [valley, slide, steep, minimum])
def test_fastai_suggests_the_same_on_lines(rule, losses):
    lrs, _ = curve(0, 30)
    values = [float(loss) for loss in losses]
    assert rule(lrs, values) == theirs(rule.__name__, lrs, values)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), steps=st.integers(40, 300), done=st.floats(0.5, 1))
def test_all_of_them_look_where_their_originals_look(seed, steps, done):
    points = int(steps * done)
    lrs, losses = curve(seed, points, "falls")
    found = suggestions(lrs, losses, steps)
    kept = slice(steps // 10, -5)
    if points - steps // 10 - 5 >= 16:
        assert {r: found[r] for r in ("valley", "slide", "steep", "minimum")} == {
            r: theirs(r, lrs[kept], losses[kept]) for r in ("valley", "slide", "steep", "minimum")
        }
    assert found["lightning"] == lightning_oracle(list(lrs), list(losses))


def lightning_oracle(lrs, losses, skip_begin=10, skip_end=1):
    # lightning.pytorch.tuner.lr_finder._LRFinder.suggestion, in its numpy form.
    kept = np.array(losses[skip_begin:-skip_end])
    kept = kept[np.isfinite(kept)]
    if len(kept) < 2:
        return None
    return lrs[np.gradient(kept).argmin() + skip_begin]


def test_a_curve_that_ends_in_nan_is_read_up_to_there():
    lrs, losses = curve(1, 100, "falls")
    losses[80:] = math.nan
    found = suggestions(lrs, losses, 100)
    assert found["steep"] == theirs("steep", lrs[10:80], losses[10:80])
    assert all(rate is not None and math.isfinite(rate) for rate in found.values())


@pytest.mark.parametrize("points", range(25))
def test_short_curves_never_fail(points):
    lrs, losses = curve(2, points)
    found = suggestions(lrs, losses)
    assert set(found) == {"valley", "slide", "steep", "minimum", "lightning"}
    if points < 6:
        assert set(found.values()) == {None}
        assert preferred(found) is None


def test_a_curve_of_nan_suggests_nothing():
    assert set(suggestions([1e-3] * 50, [math.nan] * 50).values()) == {None}


def test_the_minimum_is_not_the_rate_to_take():
    lrs, losses = curve(3, 100, "falls")
    found = suggestions(lrs, losses)
    lowest = lrs[int(np.argmin(losses))]
    assert found["minimum"] == pytest.approx(lowest / 10)
    assert found["valley"] < lowest
    assert found["steep"] < lowest


def test_the_preferred_one_is_fastais_default_where_there_is_one():
    assert preferred({"valley": 0.1, "slide": 0.2}) == ("valley", 0.1)
    assert preferred({"valley": None, "slide": None, "steep": 0.3}) == ("steep", 0.3)


def test_lightning_skips_what_is_not_finite():
    lrs = [float(i) for i in range(1, 31)]
    losses = [1.0] * 20 + [math.nan, 1.0, 0.5, 0.0] + [0.0] * 6
    assert lightning(lrs, losses) == 23.0


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0, 100), min_size=1, max_size=60))
def test_smoothing_is_fastais(losses):
    learner = pytest.importorskip("fastai.learner")
    theirs_, ours = learner.AvgSmoothLoss(beta=0.98), Smoothed()
    for loss in losses:
        theirs_.accumulate(type("Learn", (), {"loss": torch.tensor(loss)}))
        assert ours.add(loss) == pytest.approx(float(theirs_.value), rel=1e-4, abs=1e-5)
