from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.charts.lr_marks import GAP, LETTER, NARROWEST, Axis, Label, Marks, areas, grouped, in_rows, lines

NAMES = ["valley", "slide", "steep", "lightning", "minimum", "Anneal 5.8e-4", "chosen 1.4e-3", "collapses from 1.7e-3"]
AXIS = Axis(1e-5, 1.0)

places = st.lists(st.floats(0, 1), min_size=0, max_size=8).map(
    lambda shares: [Label(at, NAMES[number]) for number, at in enumerate(shares)]
)


def pixels(label: Label, width: float) -> tuple[float, float]:
    """Where a label's text lies in a plot of this width, worked out again from its line and its side."""
    line, long = label.at * width, LETTER * len(label.text)
    return (line - GAP - long, line - GAP) if label.left else (line + GAP, line + GAP + long)


@settings(deadline=None)
@given(places, st.floats(NARROWEST, 4000))
def test_no_two_labels_overlap_however_wide_the_chart_is(labels, width):
    placed = in_rows(labels)
    assert sorted(label.text for label in placed) == sorted(label.text for label in labels)
    for one, other in combinations(placed, 2):
        (left, right), (begin, end) = pixels(one, width), pixels(other, width)
        assert one.row != other.row or right <= begin or end <= left


@settings(deadline=None)
@given(places)
def test_labels_stay_over_the_plot(labels):
    for label in in_rows(labels):
        begin, end = pixels(label, NARROWEST)
        assert begin >= -GAP - LETTER * len(label.text) / 2
        assert end <= NARROWEST + 1e-9


def crossings(labels):
    """How many lines go through the texts of others, at the narrowest."""
    return sum(
        one is not other
        and other.row >= one.row
        and pixels(one, NARROWEST)[0] <= other.at * NARROWEST <= pixels(one, NARROWEST)[1]
        for one in labels
        for other in labels
    )


@settings(deadline=None)
@given(st.lists(st.floats(0.25, 0.5), min_size=1, max_size=5), st.floats(0.5, 0.95))
def test_lines_keep_off_all_texts_when_rules_lie_left_of_the_collapse(rates, collapse):
    labels = [*(Label(at, name) for at, name in zip(rates, NAMES, strict=False)), Label(collapse, NAMES[-1])]
    assert crossings(in_rows(labels)) == 0


def test_lines_keep_off_the_texts_of_others():
    placed = {label.text: label for label in in_rows([Label(0.49, "Anneal 5.8e-4"), Label(0.66, NAMES[-1])])}
    anneal, collapse = placed["Anneal 5.8e-4"], placed[NAMES[-1]]
    assert anneal.row == 0
    assert collapse.row == 1
    assert anneal.left, "else the line of the collapse would go through it"
    assert collapse.left


def test_labels_far_apart_share_the_lowest_row():
    assert {label.row for label in in_rows([Label(0.1, "valley"), Label(0.6, "steep")])} == {0}


def test_rules_that_cannot_be_told_apart_share_a_text():
    rules = {"valley": 1e-3, "steep": 1.1e-3, "lightning": 5e-2, "slide": None, "minimum": 7.0}
    assert grouped(rules, AXIS) == [(1e-3, "valley, steep"), (5e-2, "lightning")]


@pytest.mark.parametrize(("rate", "share"), [(1e-5, 0), (1e-3, 0.4), (1.0, 1), (1e-9, 0), (10, 1)])
def test_the_axis_is_logarithmic(rate, share):
    assert AXIS(rate) == pytest.approx(share)


def test_a_short_axis_writes_more_than_decades():
    assert Axis(1e-3, 5e-2).encoding.to_dict()["axis"]["values"] == pytest.approx([1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2])
    assert AXIS.encoding.to_dict()["axis"]["values"] == pytest.approx([1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0])


def test_what_lies_beyond_the_curve_is_not_marked():
    charts, room = lines(Marks(rate=2.0, collapse=5.0, rules={"valley": 3.0}, chosen=9.0), AXIS)
    assert charts == []
    assert room == 0
    assert areas(Marks(low=2.0, high=3.0, collapse=5.0), AXIS) == []


def test_a_range_that_leaves_the_curve_is_cut_at_its_end():
    (area,) = areas(Marks(low=0.5, high=4.0), AXIS)
    (rows,) = area.to_dict()["datasets"].values()
    assert rows == [{"lr": 0.5, "to": 1.0}]


def test_every_mark_has_its_label_and_rows_of_labels_need_room():
    rules = {"valley": 1e-3, "slide": 2e-3, "steep": 2.1e-3}
    charts, room = lines(Marks(rate=3e-3, low=1e-3, high=6e-3, collapse=0.2, rules=rules, chosen=4e-3), AXIS)
    texts = [row["mark"] for chart in charts for row in next(iter(chart.to_dict()["datasets"].values()))]
    assert set(texts) == {"Anneal 3e-3", "collapses from 0.2", "chosen 4e-3", "valley", "slide, steep"}
    assert room == 14 * (1 + max(label.row for label in in_rows([Label(AXIS(rate), text) for rate, text in [
        (3e-3, "Anneal 3e-3"), (0.2, "collapses from 0.2"), (4e-3, "chosen 4e-3"), (1e-3, "valley"),
        (2e-3, "slide, steep")]])))  # fmt: skip


def test_a_rise_that_is_no_collapse_is_called_a_rise():
    charts, _ = lines(Marks(collapse=0.02, collapsed=False), AXIS)
    assert next(iter(charts[0].to_dict()["datasets"].values()))[0]["mark"] == "rises from 0.02"
