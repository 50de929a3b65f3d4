import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.charts import playground as charts
from core.playground import landscape
from core.playground.landscape import EDGE, MINIMA, NARROW, WIDE
from core.training.schedules import schedule_of
from core.training.stage import Stage


def rates_of(stage, highest):
    schedule = schedule_of(stage, 20)
    return np.array([schedule.factor(step) for step in range(schedule.steps)]) * highest, schedule.cycle_ends


@settings(max_examples=40, deadline=None)
@given(weight=st.floats(-EDGE, EDGE))
def test_slope_is_that_of_the_loss(weight):
    h = 1e-6
    expected = (landscape.loss(np.array(weight + h)) - landscape.loss(np.array(weight - h))) / (2 * h)
    assert landscape.slope(np.array(weight)) == pytest.approx(float(expected), abs=1e-4)


def test_the_wide_minimum_is_the_lowest_and_holds_at_rates_that_no_narrow_one_does():
    line = np.linspace(-EDGE, EDGE, 2001)
    assert abs(line[landscape.loss(line).argmin()] - WIDE.place) < WIDE.width
    assert 2 / WIDE.curvature > 10 * max(2 / minimum.curvature for minimum in NARROW)


@pytest.mark.parametrize("minimum", MINIMA, ids=lambda w: str(w.place))
def test_a_minimum_holds_below_two_over_its_curvature_and_throws_out_above(minimum):
    line = np.linspace(minimum.place - minimum.width, minimum.place + minimum.width, 4001)
    bottom = line[landscape.loss(line).argmin()]
    start = np.array([bottom + 1e-3])
    low = landscape.descents(np.full(300, 1.0 / minimum.curvature), start)[-1, 0]
    assert low == pytest.approx(bottom, abs=2e-3)
    high = landscape.descents(np.full(300, 3.0 / minimum.curvature), start)[:, 0]
    assert np.abs(high - bottom).max() > minimum.width / 2


@settings(max_examples=40, deadline=None)
@given(
    rate=st.floats(-1e12, 1e12), start=st.floats(-EDGE, EDGE), noise=st.floats(0, 2), seed=st.integers(0, 99),
    cycles=st.integers(1, 4),
)  # fmt: skip
def test_any_descent_stays_on_the_ground(rate, start, noise, seed, cycles):
    rates, _ = rates_of(Stage(cycles=cycles), rate)
    places = landscape.descents(rates, np.array([start]), noise=noise, seed=seed)
    assert places.shape == (len(rates) + 1, 1)
    assert np.abs(places).max() <= EDGE
    assert np.array_equal(places, landscape.descents(rates, np.array([start]), noise=noise, seed=seed))


def test_the_frame_has_a_row_a_step_and_says_where_cycles_end():
    rates, ends = rates_of(Stage(cycles=2, cycle_mult=2), 0.1)
    weights = landscape.descents(rates, np.array([0.5]))[:, 0]
    frame = charts.annealing_frame(weights, rates, ends)
    assert list(frame["step"]) == list(range(len(rates) + 1))
    assert frame.loc[frame["cycle_end"], "step"].tolist() == list(ends) == [20, 60]
    assert frame.groupby("cycle")["step"].min().tolist() == [0, 20]
    assert frame["loss"].to_numpy() == pytest.approx(landscape.loss(weights))


def test_charts_are_built():
    frame = pd.DataFrame(
        {"step": [0, 1], "weight": [0.0, 1.0], "loss": [1.0, 0.5], "rate": 0.1, "cycle": 1, "cycle_end": [False, True]}
    )
    for chart in (charts.annealing(frame, 1), charts.rates(frame, 1)):
        assert [p["name"] for p in chart.to_dict()["params"]] == ["step"]
