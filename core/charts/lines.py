"""What the line charts share: fewer points, one colour a layer group, and where stages begin."""

import math
from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from core.charts import palette
from core.numbers import PLAIN_FROM

POINTS = 500
"""Points sent for one series: more cannot be told apart on a screen, and every poll sends them all."""

RATE_FORMAT = ".1~e"
"""Of rates in tooltips that have no words of their own."""

RATE_LABEL = f"datum.value == 0 ? '0' : format(datum.value, abs(datum.value) < {PLAIN_FROM} ? '.1~e' : '.2~r')"
"""Of an axis of rates, as `rate_in_words` writes them; for `alt.Axis(labelExpr=...)`."""

ALL_LAYERS = "all layers"

LETTER_PX = 6
"""About the width of a small letter in pixels."""

FEWEST_LETTERS = 12
"""A text that is cut shorter than this says nothing."""

ROUND = (1, 1.5, 2, 3, 4, 5, 6, 8, 10)
"""An axis ends at one of these times a power of ten, so that it seldom moves while a series grows."""


def thin(frame: pd.DataFrame, points: int = POINTS) -> pd.DataFrame:
    """At most `points` rows of `frame`, evenly spread, the first and the last among them."""
    if len(frame) <= points:
        return frame
    rows = np.unique(np.linspace(0, len(frame) - 1, points).round().astype(np.int64))
    return frame.iloc[rows]


def below() -> alt.Legend:
    """A legend under the chart, as lines: above it are the names of the stages."""
    return alt.Legend(
        orient="bottom", symbolType="stroke", symbolOpacity=1, symbolStrokeWidth=3, labelLimit=320, offset=6
    )


def as_one(frame: pd.DataFrame, groups: Sequence[str]) -> pd.DataFrame:
    """`frame` (columns `group`, `lr`) with a single group "all layers" where the rates of all `groups` are the same."""
    rates = [frame.loc[frame["group"] == group, "lr"].to_numpy() for group in groups]
    if len(rates) < 2 or not all(np.array_equal(rates[0], other) for other in rates[1:]):
        return frame
    return frame[frame["group"] == groups[-1]].assign(group=ALL_LAYERS)


def group_names(count: int, names: Sequence[str] = ()) -> list[str]:
    """A name for each of `count` layer groups, stem to head; `names` when they fit."""
    if len(names) == count:
        return list(names)
    if count == 1:
        return [ALL_LAYERS]
    return [*(f"group {number}" for number in range(1, count)), "head"]


def group_colours(names: Sequence[str], *, always: bool = False) -> alt.Color:
    """One colour a layer group: the head, which learns fastest, always has the first. A single group has a legend only
    if it is `always` there.
    """
    domain = list(reversed(names))
    colours = [palette.SERIES[place % len(palette.SERIES)] for place in range(len(domain))]
    return alt.Color(
        "group:N",
        title=None,
        scale=alt.Scale(domain=domain, range=colours),
        legend=below() if always or len(names) > 1 else None,
    )


def round_above(value: float) -> float:
    """The next figure of `ROUND` times a power of ten; `value` is above 0.

    >>> round_above(2.64), round_above(0.031)
    (3.0, 0.04)
    """
    power = 10.0 ** math.floor(math.log10(value))
    return next(power * step for step in ROUND if power * step >= value * (1 - 1e-9))


def log_ticks(bottom: float, top: float) -> list[float]:
    """Round figures from `bottom` to `top`, both above 0, for a log axis: few of them, but more than two if there are.

    >>> log_ticks(0.002, 3), log_ticks(2.5, 41)
    ([0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0], [3.0, 10.0, 30.0])
    """
    powers = range(math.floor(math.log10(bottom)), math.ceil(math.log10(top)) + 1)
    found: list[float] = []
    for digits in ((1, 3), (1, 2, 5), (1, 2, 3, 5), range(1, 10)):
        found = [float(f"{digit}e{power}") for power in powers for digit in digits]
        found = [figure for figure in found if bottom <= figure <= top]
        if len(found) > 2:
            break
    return found


def starts(frame: pd.DataFrame, labels: Sequence[str] = (), *, x: str = "epoch") -> pd.DataFrame:
    """Where each stage of `frame` (columns `stage` and `x`) begins, as `stage_edges` gives it."""
    if frame.empty:
        return stage_edges([], [0.0])
    first = frame.groupby("stage", sort=True)[x].min()
    texts = [labels[int(stage)] if int(stage) < len(labels) else f"Stage {int(stage) + 1}" for stage in first.index]
    return stage_edges(texts, [*first.to_numpy(dtype=np.float64), float(frame[x].max())])


def stage_edges(labels: Sequence[str], edges: Sequence[float]) -> pd.DataFrame:
    """Stages of these names from each of `edges` (one more than `labels`, ascending) to the next.

    Columns: `start`, `stage_label`, and `room`, the stage's share (0..1) of the whole.
    """
    places = np.asarray(edges, dtype=np.float64)
    whole = places[-1] - places[0] or 1.0
    return pd.DataFrame({"start": places[:-1], "stage_label": list(labels), "room": np.diff(places) / whole})


def stage_marks(where: pd.DataFrame) -> list[alt.Chart]:
    """A thin line at the start of each stage and a name above it, as layers to lie under a chart over `x`.

    A name is cut to the room before the next stage at the width that the chart has, so that no two overlap. With the
    column `change` a strong line marks where the training data change; what changes is named where there is room.
    """
    base = alt.Chart(where).encode(x=alt.X("start:Q"))
    rule = base.mark_rule(color=palette.GREY, strokeDash=[3, 3], opacity=0.7)
    if "change" not in where:
        return [rule, _named(where, "stage_label", "Stage")]
    both = where["stage_label"].where(where["change"] == "", where["stage_label"] + " · " + where["change"])
    return [rule, _named(where.assign(both=both), "stage_label", "Stage", more="both"), *_change_rules(where)]


def change_marks(where: pd.DataFrame) -> list[alt.Chart]:
    """A strong line where the training data change, and above it what changes, as `stage_marks` lie.

    `where` has `start` and `change`, "" where nothing changes; without that column there are no marks.
    """
    rules = _change_rules(where)
    return [*rules, _named(where[where["change"] != ""], "change", "The data change")] if rules else []


def _change_rules(where: pd.DataFrame) -> list[alt.Chart]:
    if "change" not in where or not where["change"].any():
        return []
    base = alt.Chart(where[where["change"] != ""]).encode(x=alt.X("start:Q"))
    tooltip = alt.Tooltip("change:N", title="The data change")
    return [base.mark_rule(color=palette.PURPLE, strokeWidth=1.6, opacity=0.8).encode(tooltip=tooltip)]


def _named(where: pd.DataFrame, field: str, title: str, more: str = "") -> alt.Chart:
    """Texts above the chart, of `field`, or of the longer field `more` where there is room for all of it."""
    room = f"datum.room * width - {LETTER_PX}"
    text = f"{room} > {LETTER_PX} * length(datum.{more}) ? datum.{more} : datum.{field}" if more else f"datum.{field}"
    named: alt.Chart = (
        alt.Chart(where)
        .mark_text(
            align="left",
            baseline="bottom",
            dx=-2,
            dy=-3,
            color=palette.GREY,
            text=alt.ExprRef(text),
            limit=alt.ExprRef(f"max(1, {room})"),
            opacity=alt.ExprRef(_readable(field, room)),
            fontSize=11,
        )
        .encode(x=alt.X("start:Q"), y=alt.value(0), tooltip=alt.Tooltip(f"{more or field}:N", title=title))
    )
    return named


def _readable(field: str, room: str) -> str:
    """1 where a text has room for all of it, or for enough letters to be understood; else 0: the tooltip has it."""
    return f"{room} < {LETTER_PX} * min(length(datum.{field}), {FEWEST_LETTERS}) ? 0 : 1"


def headline(title: str, subtitle: str = "") -> alt.TitleParams:
    """A chart's title, which says what to see, and under it how to read it."""
    if not subtitle:
        return alt.TitleParams(title, anchor="start", offset=18)
    return alt.TitleParams(title, subtitle=[subtitle], anchor="start", subtitleColor=palette.GREY, offset=18)
