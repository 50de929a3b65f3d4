"""Charts of a fixed rate, an annealed one and vSGD on one surface: their paths, rates and losses."""

from collections.abc import Mapping

import altair as alt
import pandas as pd

from core.charts import palette
from core.charts.lines import RATE_LABEL
from core.charts.playground import ground, path_frame
from core.numbers import rate_in_words
from core.playground.comparison import ANNEALED, FIXED, VSGD
from core.playground.surfaces import EXTENT, Surface
from core.playground.vsgd import NoisyPath

COLOURS = {FIXED: palette.VERMILLION, ANNEALED: palette.GREEN, VSGD: palette.PURPLE}
CURVE_HEIGHT = 230
LOWEST_RATE = 1e-4
"""Rates below this are not drawn: a log axis has no end."""


def choice_frame(paths: Mapping[str, NoisyPath]) -> pd.DataFrame:
    """The columns of `path_frame` for each path, and `method`, its name."""
    return pd.concat([path_frame(path).assign(method=name) for name, path in paths.items()], ignore_index=True)


def rate_frame(paths: Mapping[str, NoisyPath]) -> pd.DataFrame:
    """Columns method, weight (1 or 2), step (from 1), rate, said (the rate in words).

    Only vSGD has a second weight's rate of its own.
    """
    parts = [
        pd.DataFrame({"method": name, "weight": weight, "step": range(1, len(path.rates) + 1), "rate": rates})
        for name, path in paths.items()
        for weight, rates in enumerate(path.rates.T, start=1)
        if weight == 1 or path.memories is not None
    ]
    frame = pd.concat(parts, ignore_index=True)
    frame = frame[frame.rate >= LOWEST_RATE]
    return frame.assign(said=frame["rate"].map(rate_in_words))


def _colour(*, legend: bool = False) -> alt.Color:
    scale = alt.Scale(domain=list(COLOURS), range=list(COLOURS.values()))
    return alt.Color("method:N", scale=scale, title=None, legend=alt.Legend(orient="bottom") if legend else None)


def chosen_paths(frame: pd.DataFrame, surface: Surface) -> alt.LayerChart:
    """The paths of `choice_frame` over the surface; a large point ends each, crosses are minima."""
    across = alt.X("across:Q", title="weight 1", scale=alt.Scale(domain=[-EXTENT[0], EXTENT[0]], nice=False))
    up = alt.Y("up:Q", title="weight 2", scale=alt.Scale(domain=[-EXTENT[1], EXTENT[1]], nice=False))
    tooltip = [
        alt.Tooltip("method:N", title="Method"),
        alt.Tooltip("step:Q", title="Step"),
        alt.Tooltip("x:Q", title="Weight 1", format=".4~g"),
        alt.Tooltip("y:Q", title="Weight 2", format=".4~g"),
        alt.Tooltip("loss:Q", title="Loss", format=".4~g"),
    ]
    base = alt.Chart(frame).encode(across, up, _colour(legend=True))
    line = base.mark_line(strokeWidth=1.5, clip=True).encode(order="step:O")
    dots = base.mark_circle(size=18, opacity=1, clip=True).encode(tooltip=tooltip)
    ends = base.transform_filter("datum.last").mark_point(
        filled=True, size=220, stroke=palette.GREY, opacity=1, clip=True
    )
    minima = pd.DataFrame(surface.minima, columns=["across", "up"])
    bottom = (
        alt.Chart(minima)
        .mark_point(shape="cross", size=110, color=palette.GREY, filled=True, opacity=1, clip=True)
        .encode(across, up, tooltip=alt.value("A minimum"))
    )
    return alt.LayerChart(layer=[ground(surface), bottom, line, dots, ends.encode(tooltip=tooltip)]).properties(
        height=2 * CURVE_HEIGHT, title="Same noise, three ways: where does each end?"
    )


def chosen_rates(frame: pd.DataFrame, steps: int) -> alt.Chart:
    """The rates of `rate_frame` against step, on a log axis."""
    tooltip = [
        alt.Tooltip("method:N", title="Method"),
        alt.Tooltip("step:Q", title="Step"),
        alt.Tooltip("said:N", title="Rate"),
        alt.Tooltip("weight:N", title="Weight"),
    ]
    dash = alt.StrokeDash("weight:N", scale=alt.Scale(domain=[1, 2], range=[[1, 0], [4, 3]]), legend=None)
    axis = alt.Axis(labelExpr=RATE_LABEL, values=[10.0**power for power in range(-4, 13)])
    chart: alt.Chart = (
        alt.Chart(frame)
        .mark_line(strokeWidth=2)
        .encode(
            alt.X("step:Q", title="step", scale=alt.Scale(domain=[0, steps], nice=False)),
            alt.Y("rate:Q", title="rate (log)", scale=alt.Scale(type="log", nice=False), axis=axis),
            _colour(),
            dash,
            tooltip=tooltip,
        )
        .properties(height=CURVE_HEIGHT, title="Rate: dashed is vSGD's for weight 2")
    )
    return chart


def chosen_losses(frame: pd.DataFrame, steps: int) -> alt.Chart:
    """The losses of `choice_frame` against step, on a log axis."""
    tooltip = [
        alt.Tooltip("method:N", title="Method"),
        alt.Tooltip("step:Q", title="Step"),
        alt.Tooltip("loss:Q", title="Loss", format=".4~g"),
    ]
    axis = alt.Axis(format="~g", tickCount=5)
    chart: alt.Chart = (
        alt.Chart(frame)
        .mark_line(strokeWidth=2)
        .encode(
            alt.X("step:Q", title="step", scale=alt.Scale(domain=[0, steps], nice=False)),
            alt.Y("height:Q", title="loss (log)", scale=alt.Scale(type="log", nice=False), axis=axis),
            _colour(),
            tooltip=tooltip,
        )
        .properties(height=CURVE_HEIGHT, title="Loss: low at the end is good")
    )
    return chart
