import altair as alt
import pandas as pd

from core.charts import training, unfreezing
from core.charts.rate_array import GROUP_RATE, offered, rate_array
from core.charts.timeline import plan_timeline
from core.model.catalogue import GROUPS
from core.training.recipes import lesson2
from core.training.timeline import lanes, timeline

STEPS = pd.DataFrame({"step": [1, 2], "stage": [0, 0], "position": [0.5, 1.0]})
TABLE = pd.DataFrame(
    [(0, 1, 1, 0, 0.0, 0.0, 0.0), (0, 1, 1, 1, 0.1, 2.0, 0.01), (0, 1, 1, 2, 0.1, 3.0, 1.0)],
    columns=["stage", "epoch", "step", "group", "lr", "grad", "moved"],
)
SPANS = training.stage_spans(STEPS, ["one"], {}, {0: "16 → 24 px"})


def rows_of(chart):
    return [row for rows in chart.to_dict()["datasets"].values() for row in rows]


def test_frozen_groups_and_a_head_that_began_at_zero_are_left_out():
    placed = unfreezing.on_epochs(TABLE, STEPS)
    pulled = {row["group"] for row in rows_of(unfreezing.gradients(placed, SPANS, GROUPS)) if "grad" in row}
    moved = {row["group"] for row in rows_of(unfreezing.movement(placed, SPANS, GROUPS)) if "moved" in row}
    assert pulled == set(GROUPS[1:])
    assert moved == {GROUPS[1]}


def test_the_first_batches_of_a_group_do_not_hide_its_later_movement():
    steps = pd.DataFrame({"step": [1, 2, 3], "stage": [0] * 3, "position": [0.3, 0.6, 1.0]})
    rows = [(0, 1, step, 0, 0.1, 1.0, moved) for step, moved in ((1, 1e-5), (2, 0.2), (3, 0.25))]
    slow = [(0, 1, step, 1, 0.1, 1.0, moved) for step, moved in ((1, 1e-5), (2, 1e-4), (3, 2e-4))]
    placed = unfreezing.on_epochs(pd.DataFrame([*rows, *slow], columns=TABLE.columns), steps)
    moved = [row["moved"] for row in rows_of(unfreezing.movement(placed, SPANS, GROUPS)) if "moved" in row]
    assert sorted(moved) == [1e-5, 1e-4, 2e-4, 0.2, 0.25]


def test_nothing_measured_is_an_empty_chart():
    empty = unfreezing.on_epochs(TABLE.head(0), STEPS)
    assert isinstance(unfreezing.gradients(empty, SPANS, GROUPS), alt.LayerChart)
    assert unfreezing.movement(empty, SPANS, GROUPS).to_dict()


def test_a_change_of_the_data_is_marked_on_the_charts():
    chart = unfreezing.gradients(unfreezing.on_epochs(TABLE, STEPS), SPANS, GROUPS)
    assert any(row.get("change") == "16 → 24 px" for row in rows_of(chart))


def test_every_trained_group_can_be_set_to_every_rate_offered():
    chart = rate_array(GROUPS, [1e-4, 1e-3, 1e-2], 1)
    cells = [row for row in rows_of(chart) if "offered" in row]
    assert {row["number"] for row in cells} == {1, 2}
    assert len(cells) == 2 * len(offered([1e-3, 1e-2]))
    assert GROUP_RATE in str(chart.to_dict()["params"])


def test_offered_rates_reach_around_those_that_there_are():
    found = offered([2e-4, 5e-3])
    assert found == sorted(found)
    assert found[0] <= 2e-6 * 1.01
    assert found[-1] >= 5e-2


def test_the_timeline_draws_every_bar():
    frame = timeline(lesson2(), GROUPS, ["a"] * 3, ["b"] * 3)
    drawn = plan_timeline(frame, lanes(GROUPS)).to_dict()
    assert len(next(iter(drawn["datasets"].values()))) == len(frame)
