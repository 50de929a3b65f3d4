import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.charts import playground as charts
from core.playground.descent import FAR, descend
from core.playground.surfaces import EXTENT, SURFACES
from core.playground.verdicts import judge

places = st.floats(-2.5, 2.5)
quadratic = [surface for surface in SURFACES.values() if surface.quadratic]


@pytest.mark.parametrize("surface", SURFACES.values(), ids=list(SURFACES))
@settings(max_examples=25, deadline=None)
@given(x=places, y=places)
def test_gradient_is_the_slope_of_the_value(surface, x, y):
    h = 1e-5
    across = (surface.value(x + h, y) - surface.value(x - h, y)) / (2 * h)
    along = (surface.value(x, y + h) - surface.value(x, y - h)) / (2 * h)
    assert surface.gradient(x, y) == pytest.approx((across, along), abs=1e-6)


@pytest.mark.parametrize("surface", SURFACES.values(), ids=list(SURFACES))
def test_minima_are_flat_lowest_first_and_nothing_in_the_picture_is_lower(surface):
    heights = [surface.value(*np.array(place)) for place in surface.minima]
    assert heights[0] == pytest.approx(min(heights), abs=1e-9)
    for place in surface.minima:
        assert np.abs(surface.gradient(*np.array(place))).max() < 1e-3
    x, y = np.meshgrid(np.linspace(-EXTENT[0], EXTENT[0], 200), np.linspace(-EXTENT[1], EXTENT[1], 200))
    assert surface.value(x, y).min() >= heights[0] - 1e-9


@pytest.mark.parametrize("surface", SURFACES.values(), ids=list(SURFACES))
@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
def test_steps_are_those_of_torch(surface, momentum):
    weights = torch.tensor(surface.start, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.SGD([weights], lr=0.05, momentum=momentum)
    expected = [weights.detach().numpy().copy()]
    for _ in range(20):
        gradient = surface.gradient(*weights.detach().numpy())
        weights.grad = torch.tensor(np.array(gradient))
        optimiser.step()
        expected.append(weights.detach().numpy().copy())
    assert descend(surface, surface.start, 0.05, momentum, 20).points == pytest.approx(np.array(expected))


@pytest.mark.parametrize("surface", quadratic, ids=lambda s: s.title)
@settings(max_examples=25, deadline=None)
@given(share=st.floats(0.01, 1.5), momentum=st.sampled_from([0.0, 0.5, 0.9]))
def test_a_quadratic_diverges_above_two_over_the_curvature_and_not_below(surface, share, momentum):
    rate = share * surface.limit(momentum)
    path = descend(surface, (1.0, 1.0), rate, momentum, 1000)
    if share > 1.05:
        assert path.diverged
        assert judge(path).kind == "diverges"
    elif share < 0.98:
        assert not path.diverged
        assert path.values[-1] < path.values[0]


@pytest.mark.parametrize("surface", quadratic, ids=lambda s: s.title)
def test_verdicts_follow_the_curvature(surface):
    steepest = max(surface.curvatures)
    kinds = {
        share: judge(descend(surface, surface.start, share / steepest)).kind for share in (0.02, 0.9, 1.5, 2.0, 2.1)
    }
    assert kinds == {0.02: "crawls", 0.9: "good", 1.5: "zigzags", 2.0: "zigzags", 2.1: "diverges"}


def test_a_rate_of_one_over_the_curvature_reaches_the_middle_of_a_bowl_in_one_step():
    path = descend(SURFACES["bowl"], (-2.0, 1.0), 0.5)
    assert path.arrives == 1
    assert judge(path).sentence == "Just right: it goes down and arrives after 1 step."


def test_divergence_is_explained_with_the_numbers():
    said = judge(descend(SURFACES["valley"], (-2.0, 1.0), 0.6)).sentence
    assert "2 / 4 = 0.5" in said
    assert "(1 + momentum)" in judge(descend(SURFACES["valley"], (-2.0, 1.0), 1.2, 0.5)).sentence


@pytest.mark.parametrize(
    ("surface", "start", "rate", "momentum", "kind"),
    [
        ("saddle", (-2.0, 0.0), 0.1, 0.0, "stuck"),
        ("saddle", (-2.0, 0.1), 0.2, 0.0, "good"),
        ("saddle", (0.0, 0.0), 0.1, 0.0, "stuck"),
        ("bumpy", (-2.6, 1.5), 0.1, 0.0, "stuck"),
        ("bumpy", (0.4, 0.4), 0.2, 0.0, "good"),
        ("bowl", (-2.0, 1.0), 0.1, 0.0, "slow"),
        ("bumpy", (-2.6, 1.5), 1.0, 0.0, "zigzags"),
        ("bowl", (-2.0, 1.0), 0.1, 0.95, "swings"),
        ("bowl", (0.0, 0.0), 0.1, 0.0, "still"),
        ("bowl", (-2.0, 1.0), 0.0, 0.0, "still"),
        ("bowl", (-2.0, 1.0), -1.0, 0.0, "uphill"),
        ("bowl", (-2.0, 1.0), 0.1, 1.0, "still"),
        ("bowl", (-2.0, 1.0), 1e9, 0.0, "diverges"),
    ],
)
def test_each_kind_of_path(surface, start, rate, momentum, kind):
    assert judge(descend(SURFACES[surface], start, rate, momentum)).kind == kind


def said_at(rate, *, surface="valley"):
    return judge(descend(SURFACES[surface], SURFACES[surface].start, rate)).sentence


def test_a_zigzag_is_weighed_against_the_highest_rate_without_one():
    """In the valley (curvatures 0.4 and 4) a rate of 0.25 leaves 0.9 of the way along at each step, and none across."""
    fast = descend(SURFACES["valley"], SURFACES["valley"].start, 0.46).arrives
    calm = math.ceil(math.log(0.05 / 2.6) / math.log(0.9))
    assert fast < calm == 38
    sooner = said_at(0.46)
    assert sooner.startswith(
        f"Faster, at a risk: it zigzags and arrives after {fast} steps, while a rate of 0.25 needs 38"
    )
    assert "it is at 92% of 0.5, above which it diverges" in sooner
    assert said_at(0.485).startswith("Too high: it zigzags and arrives after 52 steps, while a rate of 0.25 needs 38.")
    assert said_at(0.49).startswith(
        "Too high: it zigzags, and after 60 steps it has not arrived, while a rate of 0.25 needs 38."
    )


def test_a_rate_that_arrives_late_is_not_called_right():
    assert said_at(0.1, surface="bowl").startswith("Low: it arrives, but only after 18 steps; a rate of 0.5 needs 1.")


def test_a_poor_minimum_is_named_with_its_loss():
    path = descend(SURFACES["bumpy"], SURFACES["bumpy"].start, 0.2)
    poor = f"poor minimum: its loss is {path.values[-1]:.2f}, and that of the lowest 0.00"
    assert path.values[-1] > 1
    assert judge(path).sentence.startswith(f"It arrives after 3 steps, but in a {poor}")
    assert f"It ends in a {poor}" in said_at(0.41, surface="bumpy")


@pytest.mark.parametrize("surface", SURFACES.values(), ids=list(SURFACES))
@settings(max_examples=25, deadline=None)
@given(
    x=st.floats(-3, 3), y=st.floats(-3, 3), rate=st.floats(-1e12, 1e12), momentum=st.floats(0, 0.99),
    steps=st.integers(1, 80),
)  # fmt: skip
def test_any_rate_gets_a_sentence_and_finite_numbers(surface, x, y, rate, momentum, steps):
    path = descend(surface, (x, y), rate, momentum, steps)
    assert np.isfinite(path.points).all()
    assert np.isfinite(path.values).all()
    assert np.abs(path.points).max() <= FAR * (1 + 1e-9)
    assert len(path.points) <= steps + 1
    assert judge(path).sentence.endswith(".")
    frame = charts.path_frame(path)
    assert frame[["across", "up"]].abs().max().max() <= 40 + 1e-9


@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_no_number_is_refused(number):
    with pytest.raises(ValueError, match="finite"):
        descend(SURFACES["bowl"], (0.0, 1.0), number)


def test_the_same_start_and_rate_give_the_same_path():
    paths = [descend(SURFACES["bumpy"], (1.0, 2.0), 0.3, 0.5) for _ in range(2)]
    assert np.array_equal(paths[0].points, paths[1].points)


@pytest.mark.parametrize("surface", SURFACES.values(), ids=list(SURFACES))
def test_charts_are_built_and_share_a_step(surface):
    frame = charts.path_frame(descend(surface, surface.start, 0.1, steps=30))
    for chart in (charts.descent(frame, surface, 30), charts.loss_curve(frame, 30)):
        spec = chart.to_dict()
        assert [p["name"] for p in spec["params"]] == ["step"]
        assert spec["params"][0]["bind"]["max"] == 30
        assert "background" not in spec
        assert spec["title"]
