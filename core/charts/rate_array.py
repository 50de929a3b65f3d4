"""A chart on which the rate of each layer group is seen and set."""

import math
from collections.abc import Sequence
from itertools import pairwise

import altair as alt
import pandas as pd

from core.charts.lines import RATE_LABEL, group_colours, headline
from core.numbers import rate_in_words

GROUP_RATE = "group_rate"
"""Name of the chart's selection; its rows carry `number`, the group's from 0, and `offered`, the rate clicked on."""

STEPS = (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)
"""The rates offered in each decade."""

DECADES_BELOW, DECADES_ABOVE = 2, 1
"""Room around the rates that there are."""


def offered(rates: Sequence[float]) -> list[float]:
    """The rates that can be clicked on, ascending: from two decades below the lowest to one above the highest.

    >>> offered([1e-3])[:7]
    [1e-05, 1.5e-05, 2e-05, 3e-05, 5e-05, 7e-05, 0.0001]
    """
    low = math.floor(math.log10(min(rates)) + 1e-9) - DECADES_BELOW
    high = math.floor(math.log10(max(rates)) + 1e-9) + DECADES_ABOVE
    return [float(f"{step}e{power}") for power in range(low, high + 1) for step in STEPS]


def _cells(choices: Sequence[float]) -> list[tuple[float, float, float]]:
    """Each rate with the ends of its part of the axis, halfway to its neighbours on a log scale."""
    edges = [choices[0], *(math.sqrt(one * other) for one, other in pairwise(choices)), choices[-1]]
    return list(zip(choices, edges[:-1], edges[1:], strict=True))


def _colours(groups: Sequence[str]) -> alt.Color:
    """As on every chart of layer groups; the axis names them, so there is no legend."""
    return group_colours(groups).legend(None)


def rate_array(groups: Sequence[str], rates: Sequence[float], first: int, *, height: int = 380) -> alt.LayerChart:
    """The rates of the layer groups, stem to head, as points; those before number `first` are frozen and left out."""
    choices = offered(rates[first:])
    trained = list(enumerate(zip(groups, rates, strict=True)))[first:]
    now = pd.DataFrame(
        [{"group": name, "number": number, "lr": rate, "said": rate_in_words(rate)} for number, (name, rate) in trained]
    )
    cells = pd.DataFrame(
        [
            {"group": name, "number": number, "offered": rate, "low": low, "high": high, "said": rate_in_words(rate)}
            for number, (name, _) in trained
            for rate, low, high in _cells(choices)
        ]
    )
    scale = alt.Scale(type="log", domain=[choices[0], choices[-1]], nice=False)
    across = alt.X("group:N", title="Layer group, stem to head", sort=list(groups), axis=alt.Axis(labelAngle=0))
    axis = alt.Axis(labelExpr=RATE_LABEL, values=[rate for rate in choices if f"{rate:e}".startswith("1.0000")])
    up = "Highest rate (log)"
    pick = alt.selection_point(name=GROUP_RATE, fields=["number", "offered"], on="click", toggle=False)
    offer = (
        alt.Chart(cells)
        .mark_bar(opacity=0.15, cursor="pointer")
        .encode(
            across,
            alt.Y("low:Q", title=up, scale=scale, axis=axis),
            alt.Y2("high:Q"),
            _colours(groups),
            tooltip=[alt.Tooltip("group:N", title="Set"), alt.Tooltip("said:N", title="to the rate")],
        )
        .add_params(pick)
    )
    points = alt.Chart(now).encode(across, alt.Y("lr:Q", title=up, scale=scale, axis=axis))
    dots = points.mark_point(filled=True, size=140, opacity=1).encode(
        _colours(groups),
        tooltip=[alt.Tooltip("group:N", title="Layer group"), alt.Tooltip("said:N", title="Rate")],
    )
    words = points.mark_text(dx=44, fontWeight="bold").encode(_colours(groups), text="said:N")
    title = headline("Rate of each layer group: click in a column to set it")
    return alt.LayerChart(layer=[offer, dots, words], height=height, title=title)
