import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.charts.lines import (
    POINTS,
    as_one,
    group_names,
    round_above,
    stage_edges,
    stage_marks,
    starts,
    thin,
)
from core.numbers import rate_in_words


@pytest.mark.parametrize("rows", [0, 1, 499, 500])
def test_few_rows_are_left_alone(rows):
    frame = pd.DataFrame({"x": range(rows)})
    assert thin(frame).equals(frame)


@pytest.mark.parametrize("rows", [501, 5_000, 123_457])
def test_many_rows_become_few_from_first_to_last_in_order(rows):
    few = thin(pd.DataFrame({"x": np.arange(rows)}))["x"]
    assert len(few) <= POINTS
    assert (few.iloc[0], few.iloc[-1]) == (0, rows - 1)
    assert few.is_monotonic_increasing
    assert few.diff().max() <= 2 * rows / POINTS + 1


def test_groups_are_named_from_stem_to_head():
    assert group_names(3) == ["group 1", "group 2", "head"]
    assert group_names(1) == ["all layers"]
    assert group_names(2, ["body", "head"]) == ["body", "head"]
    assert group_names(2, ["of", "another", "network"]) == ["group 1", "head"]


def test_each_stage_starts_at_its_first_point():
    frame = pd.DataFrame({"stage": [0, 0, 1, 1, 2], "epoch": [0.0, 0.5, 1.0, 2.0, 4.0]})
    where = starts(frame, ["Head"])
    assert list(where["start"]) == [0.0, 1.0, 4.0]
    assert list(where["stage_label"]) == ["Head", "Stage 2", "Stage 3"]
    assert starts(frame.iloc[:0]).empty


def test_a_stage_has_the_room_that_it_takes_of_the_whole():
    frame = pd.DataFrame({"stage": [0, 1, 2, 2], "epoch": [0.0, 80.0, 81.0, 100.0]})
    assert starts(frame)["room"].tolist() == pytest.approx([0.8, 0.01, 0.19])


def test_names_are_cut_by_the_width_that_the_chart_has():
    _, name = stage_marks(stage_edges(["head", "everything"], [0.0, 1.0, 3.0]))
    mark = name.to_dict()["mark"]
    assert "datum.room * width" in mark["limit"]["expr"]
    assert "? 0 : 1" in mark["opacity"]["expr"]


@given(st.floats(1e-9, 1e9))
def test_a_round_figure_is_above_and_not_far(value):
    assert value * (1 - 1e-6) <= round_above(value) <= 1.51 * value


@given(st.floats(1e-9, 1e9), st.floats(1e-9, 1e9))
def test_round_figures_keep_the_order(one, other):
    assert round_above(min(one, other)) <= round_above(max(one, other))


@pytest.mark.parametrize(
    ("rate", "words"),
    [
        (1, "1"),
        (0.1, "0.1"),
        (0.0123, "0.012"),
        (0.01, "0.01"),
        (0.00996, "0.01"),
        (0.0076, "7.6e-3"),
        (1e-3, "1e-3"),
        (0, "0"),
        (8.31e-4, "8.3e-4"),
        (1e-7, "1e-7"),
    ],
)
def test_rates_read_as_people_write_them(rate, words):
    assert rate_in_words(rate) == words
    assert float(words) == pytest.approx(rate, rel=0.05)


def test_groups_with_the_same_rates_are_one_line():
    frame = pd.DataFrame({"group": ["stem", "head"] * 2, "lr": [0.1, 0.1, 0.2, 0.2]})
    assert as_one(frame, ["stem", "head"])["group"].tolist() == ["all layers"] * 2
    apart = frame.assign(lr=[0.1, 0.1, 0.2, 0.3])
    assert as_one(apart, ["stem", "head"]).equals(apart)
    assert as_one(frame[frame["group"] == "head"], ["head"])["group"].unique().tolist() == ["head"]
