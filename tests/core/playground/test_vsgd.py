import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.charts import playground as charts
from core.playground.descent import FAR, descend
from core.playground.surfaces import SURFACES
from core.playground.vsgd import FLATTEST, Averages, curvatures_at, descend_noisy, descend_vsgd

SURFACE_IDS = list(SURFACES)


@pytest.mark.parametrize("name", ["bowl", "valley"])
def test_without_noise_a_quadratic_is_solved_in_one_step_at_one_over_each_curvature(name):
    surface = SURFACES[name]
    path = descend_vsgd(surface, surface.start, steps=5)
    assert path.rates[0] == pytest.approx(1 / np.array(surface.curvatures))
    assert path.points[1] == pytest.approx(np.zeros(2), abs=1e-12)
    assert path.arrives == 1
    assert not path.diverged


@settings(max_examples=30, deadline=None)
@given(gap=st.floats(0.05, 5), noise=st.floats(0.05, 5), h=st.floats(0.2, 5))
def test_the_rate_is_the_one_after_which_the_expected_loss_is_lowest(gap, noise, h):
    """The oracle is the loss of the step itself, tried at a fine grid of rates over drawn noise."""
    draws = np.random.default_rng(0).normal(size=2000)
    extra = noise * (draws - draws.mean()) / draws.std()
    gradients = h * gap + extra
    found = Averages.start(gradients[:, None], np.full((2000, 1), h)).rates[0]
    grid = np.linspace(0, 1 / h, 401)
    losses = h / 2 * ((gap - grid[:, None] * gradients) ** 2).mean(axis=1)
    assert found == pytest.approx(grid[losses.argmin()], abs=1.5 * grid[1])
    assert found == pytest.approx((h * gap) ** 2 / ((h * gap) ** 2 + noise**2) / h)


def test_memory_is_forgotten_after_a_whole_step_and_grows_by_one_a_sample_when_all_is_noise():
    start = Averages(np.array([1.0, 0.0]), np.array([1.0, 1.0]), np.ones(2), np.array([10.0, 10.0]))
    after = start.updated(np.array([1.0, 0.0]), np.ones(2))
    assert after.memory == pytest.approx([1, 11])


def test_an_average_moves_by_a_share_of_one_over_the_memory():
    start = Averages(np.zeros(1), np.full(1, 4.0), np.full(1, 2.0), np.full(1, 4.0))
    after = start.updated(np.array([2.0]), np.array([-6.0]))
    assert (after.gradient[0], after.square[0], after.curvature[0]) == (0.5, 4.0, 3.0)
    assert after.memory[0] == pytest.approx((1 - 0.25 / 4) * 4 + 1)
    assert after.rates[0] == pytest.approx(0.25 / (3 * 4))


def test_with_noise_rates_fall_and_memory_grows_as_the_minimum_comes_near():
    valley = SURFACES["valley"]
    paths = [descend_vsgd(valley, valley.start, noise=1.0, seed=seed, steps=200) for seed in range(20)]
    rates = np.mean([path.rates.mean(axis=1) for path in paths], axis=0)
    assert rates[-50:].mean() < rates[:3].mean() / 10
    assert np.mean([path.memories[-1] for path in paths]) > 3 * np.mean([path.memories[0] for path in paths])


@pytest.mark.parametrize("name", ["bowl", "valley"])
def test_its_mean_loss_on_a_noisy_quadratic_is_lower_than_at_every_fixed_rate(name):
    """A low rate may end as low, but comes late; a high one comes early, and does not rest."""
    surface, seeds = SURFACES[name], range(30)
    own = np.mean([descend_vsgd(surface, surface.start, noise=1.0, seed=s).values.mean() for s in seeds])
    for rate in (0.03, 0.1, 0.2, 0.4):
        fixed = [descend_noisy(surface, surface.start, [rate] * 60, noise=1.0, seed=s).values.mean() for s in seeds]
        assert own < np.mean(fixed)


def test_a_slow_start_takes_shorter_first_steps_and_arrives_all_the_same():
    bowl = SURFACES["bowl"]
    quick, slow = (descend_vsgd(bowl, bowl.start, slow=times) for times in (1.0, 5.0))
    assert (slow.rates[0] < quick.rates[0] / 5).all()
    assert slow.arrives is not None
    averages = Averages.start(np.ones((3, 2)), np.full((3, 2), -2.0), slow=4)
    assert (averages.square == 4).all()
    assert (averages.curvature == 8).all()


@pytest.mark.parametrize("surface", SURFACES.values(), ids=SURFACE_IDS)
@settings(max_examples=20, deadline=None)
@given(x=st.floats(-2.5, 2.5), y=st.floats(-2.5, 2.5))
def test_curvatures_are_the_second_derivatives_of_the_value(surface, x, y):
    h = 1e-3
    across = (surface.value(x + h, y) - 2 * surface.value(x, y) + surface.value(x - h, y)) / h**2
    along = (surface.value(x, y + h) - 2 * surface.value(x, y) + surface.value(x, y - h)) / h**2
    assert curvatures_at(surface, np.array([x, y])) == pytest.approx([across, along], abs=1e-4)


@pytest.mark.parametrize("surface", SURFACES.values(), ids=SURFACE_IDS)
def test_paths_are_finite_the_same_for_a_seed_and_can_be_drawn(surface):
    for noise in (0.0, 0.5, 3.0):
        first, again, other = (descend_vsgd(surface, surface.start, noise=noise, seed=s) for s in (1, 1, 2))
        assert (first.points == again.points).all()
        assert not noise or (first.points != other.points).any()
        assert np.isfinite(first.points).all()
        assert ((first.rates >= 0) & (first.rates <= 1 / FLATTEST)).all()
        assert (first.memories >= 1).all()
        assert len(charts.path_frame(first)) == len(first.points) == len(first.rates) + 1
    still = descend_vsgd(surface, surface.start, noise=0.5)
    assert still.momentum == 0
    assert still.rate == still.rates.max()


def test_where_the_ground_is_level_it_stays():
    path = descend_vsgd(SURFACES["bowl"], (0.0, 0.0), steps=3)
    assert (path.points == 0).all()
    assert (path.rates == 0).all()


def test_given_rates_without_noise_are_plain_descent():
    valley = SURFACES["valley"]
    path = descend_noisy(valley, valley.start, [0.1] * 30)
    assert path.points == pytest.approx(descend(valley, valley.start, 0.1, steps=30).points)
    assert path.memories is None
    annealed = descend_noisy(valley, valley.start, [0.4, 0.2, 0.0])
    assert annealed.rates[:, 0] == pytest.approx([0.4, 0.2, 0.0])
    assert (annealed.points[-1] == annealed.points[-2]).all()


def test_both_kinds_of_descent_meet_the_same_noise():
    """The first steps' gradients differ from the surface's by the same draws."""
    bowl = SURFACES["bowl"]
    own, given_rates = (
        descend_vsgd(bowl, bowl.start, noise=1.0, seed=7),
        descend_noisy(bowl, bowl.start, [0.1] * 60, noise=1.0, seed=7),
    )
    seen = [(path.points[0] - path.points[1]) / path.rates[0] for path in (own, given_rates)]
    assert seen[0] == pytest.approx(seen[1])


def test_a_rate_that_is_too_high_diverges_and_ends_at_the_edge():
    path = descend_noisy(SURFACES["valley"], (-2.0, 1.0), [2.0] * 60, noise=0.1)
    assert path.diverged
    assert np.abs(path.points).max() == pytest.approx(FAR)
    assert len(path.points) == len(path.rates) + 1 < 61


@pytest.mark.parametrize("wrong", [{"noise": -1.0}, {"noise": float("nan")}, {"samples": 0}, {"slow": 0.5}])
def test_numbers_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ValueError, match=r"must be finite|at least one sample"):
        descend_vsgd(SURFACES["bowl"], (1.0, 1.0), **wrong)


def test_so_are_rates_that_are_no_numbers():
    with pytest.raises(ValueError, match="rates must be finite"):
        descend_noisy(SURFACES["bowl"], (1.0, 1.0), [0.1, float("inf")])
