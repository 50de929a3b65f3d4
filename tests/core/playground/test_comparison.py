import pytest

from core.playground.comparison import ANNEALED, FIXED, VSGD, compare, describe
from core.playground.descent import descend
from core.playground.surfaces import SURFACES
from core.training.schedules import schedule_of
from core.training.stage import Stage


def run(name="valley", rate=0.3, noise=1.0, seed=0, steps=60):
    surface = SURFACES[name]
    return compare(
        surface,
        surface.start,
        rate,
        [schedule_of(Stage(cycle_len=1), steps).factor(k) for k in range(steps)],
        noise=noise,
        seed=seed,
    )


def test_without_noise_the_fixed_rate_is_plain_gradient_descent():
    surface = SURFACES["valley"]
    assert run(noise=0.0)[FIXED].points == pytest.approx(descend(surface, surface.start, 0.3, 0.0, 60).points)


def test_the_annealed_rate_falls_from_the_given_one_towards_0():
    rates = run()[ANNEALED].rates[:, 0]
    assert rates[0] == pytest.approx(0.3, rel=0.01)
    assert rates[-1] < 0.003
    assert (rates[1:] <= rates[:-1]).all()


@pytest.mark.parametrize("name", list(SURFACES))
@pytest.mark.parametrize("seed", range(5))
def test_the_sentence_names_the_path_that_ended_lowest(name, seed):
    paths = run(name, rate=0.1, seed=seed)
    sentence = describe(paths)
    best = min(paths, key=lambda method: paths[method].values[-1])
    assert best in sentence.split("Lowest in this run: **")[1].split("**")[0]
    for method, path in paths.items():
        assert f"{method}: ended at a loss of {path.values[-1]:.3g}" in sentence


def test_the_sentence_says_what_diverged_and_never_calls_it_lowest():
    sentence = describe(run(rate=5.0))
    assert f"{FIXED}: diverged at step" in sentence
    assert FIXED not in sentence.split("Lowest")[1]


def test_equal_ends_are_called_equal():
    assert "All three ended equally low." in describe(run("bowl", noise=0.0))


def test_the_sentence_says_vsgds_own_rates():
    paths = run()
    rates = paths[VSGD].rates.mean(axis=1)
    assert f"{rates[:6].mean():.2g} in the first tenth and {rates[-6:].mean():.2g}" in describe(paths)
