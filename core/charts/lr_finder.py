"""The range test: loss against the learning rate, with what is suggested and what was chosen."""

from collections.abc import Mapping

import altair as alt
import numpy as np
import pandas as pd

from core.charts import palette
from core.charts.lines import RATE_FORMAT, below, headline, rate_in_words, thin

RATE_PICKED = "rate"
"""Name of the chart's selection; its rows carry `lr`."""

SUGGESTION_COLOURS = {
    "valley": palette.GREEN,
    "slide": palette.ORANGE,
    "steep": palette.PURPLE,
    "minimum": palette.GREY,
    "lightning": palette.SKY,
}


def finder(
    curves: pd.DataFrame,
    *,
    suggestions: Mapping[str, float | None] | None = None,
    chosen: float | None = None,
    pickable: bool = True,
    span: tuple[float, float] | None = None,
    title: str = "Choose where the loss still falls steeply",
    height: int = 400,
) -> alt.LayerChart:
    """Loss over the learning rate on a log axis.

    `curves` has the columns `curve` (its name), `lr`, `loss`, `smoothed`, `current` (bool): one curve is
    the present one, the others are earlier ones, drawn thinner. `chosen` is the chosen rate. When
    `pickable`, a click chooses the nearest point: the selection `RATE_PICKED` has the field `lr`. `span` is the
    range of rates to leave room for, while a test is under way.
    """
    now = thin(curves[curves["current"]])
    earlier = curves[~curves["current"]]
    layers: list[alt.Chart | alt.LayerChart] = []
    if len(earlier):
        layers.append(_earlier(earlier))
    layers += [_points(now), _curve(now, _scale(curves), span)]
    layers += _suggested(suggestions or {})
    if chosen is not None:
        layers.append(_chosen(chosen))
    if pickable and len(now):
        layers.append(_picker(now))
    chart: alt.LayerChart = alt.LayerChart(layer=layers).resolve_scale(color="independent")
    return chart.properties(height=height, title=headline(title))


def _x(span: tuple[float, float] | None = None) -> alt.X:
    return alt.X(
        "lr:Q",
        title="Learning rate of the head (log scale)",
        scale=alt.Scale(type="log", nice=False, domain=list(span)) if span else alt.Scale(type="log", nice=False),
        axis=alt.Axis(format=".0e", labelOverlap=True, tickCount=9, grid=False),
    )


def _scale(curves: pd.DataFrame) -> alt.Scale:
    """From a little below the lowest smoothed loss to a little above where the present curve starts."""
    values = curves["smoothed"].to_numpy(float)
    values = values[np.isfinite(values)]
    if not len(values):
        return alt.Scale(domain=[0, 1])
    now = curves.loc[curves["current"], "smoothed"].to_numpy(float)
    start = float(now[0]) if len(now) else float(values[0])
    low, high = float(values.min()), min(float(values.max()), 1.6 * max(start, float(values.min())))
    room = 0.06 * (high - low or 1.0)
    return alt.Scale(domain=[max(0.0, low - room), high + 3 * room], nice=False)


def _curve(now: pd.DataFrame, scale: alt.Scale, span: tuple[float, float] | None) -> alt.Chart:
    chart: alt.Chart = (
        alt.Chart(now)
        .mark_line(color=palette.BLUE, strokeWidth=2.6, clip=True)
        .encode(x=_x(span), y=alt.Y("smoothed:Q", title="Training loss, smoothed", scale=scale))
    )
    return chart


def _points(now: pd.DataFrame) -> alt.Chart:
    chart: alt.Chart = (
        alt.Chart(now)
        .mark_point(color=palette.BLUE, size=12, filled=True, opacity=0.28, clip=True)
        .encode(x=_x(), y="loss:Q")
    )
    return chart


def _earlier(earlier: pd.DataFrame) -> alt.Chart:
    colours = [palette.SKY, palette.ORANGE, palette.PURPLE, palette.VERMILLION, palette.GREEN, palette.GREY]
    names = list(dict.fromkeys(earlier["curve"]))
    chart: alt.Chart = (
        alt.Chart(pd.concat([thin(rows, 150) for _, rows in earlier.groupby("curve", sort=False)]))
        .mark_line(strokeWidth=1.4, opacity=0.9, clip=True)
        .encode(
            x=_x(),
            y="smoothed:Q",
            color=alt.Color(
                "curve:N",
                title=None,
                scale=alt.Scale(domain=names, range=[colours[i % len(colours)] for i in range(len(names))]),
                legend=below(),
            ),
            tooltip=[
                alt.Tooltip("curve:N", title="Earlier curve"),
                alt.Tooltip("lr:Q", title="Learning rate", format=RATE_FORMAT),
                alt.Tooltip("smoothed:Q", title="Loss, smoothed", format=".3f"),
            ],
        )
    )
    return chart


def _suggested(suggestions: Mapping[str, float | None]) -> list[alt.Chart]:
    rows = sorted((rate, name) for name, rate in suggestions.items() if rate)
    if not rows:
        return []
    frame = pd.DataFrame({"lr": [rate for rate, _ in rows], "suggestion": [name for _, name in rows]})
    frame["line"] = [14 * (place % 4) + 2 for place in range(len(frame))]
    names = list(frame["suggestion"])
    colour = alt.Color(
        "suggestion:N",
        scale=alt.Scale(domain=names, range=[SUGGESTION_COLOURS.get(name, palette.GREY) for name in names]),
        legend=None,
    )
    base = alt.Chart(frame).encode(
        x=_x(),
        color=colour,
        tooltip=[
            alt.Tooltip("suggestion:N", title="Suggestion"),
            alt.Tooltip("lr:Q", title="Learning rate", format=RATE_FORMAT),
        ],
    )
    rule = base.mark_rule(strokeDash=[4, 3], strokeWidth=1.4, opacity=0.85)
    label = base.mark_text(align="left", baseline="top", dx=4, fontSize=11, fontWeight="bold").encode(
        y=alt.Y("line:Q", scale=None, axis=None), text="suggestion:N"
    )
    return [rule, label]


def _chosen(rate: float) -> alt.LayerChart:
    base = alt.Chart(pd.DataFrame({"lr": [rate], "text": [f"chosen {rate_in_words(rate)}"]})).encode(x=_x())
    rule = base.mark_rule(color=palette.VERMILLION, strokeWidth=2.5)
    label = base.mark_text(align="right", baseline="bottom", dx=-5, dy=-4, color=palette.VERMILLION, fontWeight="bold")
    return alt.LayerChart(layer=[rule, label.encode(y=alt.value("height"), text="text:N")])


def _picker(now: pd.DataFrame) -> alt.Chart:
    """Unseen points, the nearest of which lights up under the pointer and is chosen by a click."""
    over = alt.selection_point(name="over", fields=["lr"], nearest=True, on="pointermove", clear="pointerout")
    pick = alt.selection_point(name=RATE_PICKED, fields=["lr"], nearest=True, on="click", toggle=False)
    chart: alt.Chart = (
        alt.Chart(now)
        .mark_point(filled=True, size=90, color=palette.BLUE, clip=True)
        .encode(
            x=_x(),
            y="smoothed:Q",
            opacity=alt.condition(over, alt.value(1), alt.value(0), empty=False),
            tooltip=[
                alt.Tooltip("lr:Q", title="Learning rate", format=RATE_FORMAT),
                alt.Tooltip("smoothed:Q", title="Loss, smoothed", format=".3f"),
                alt.Tooltip("loss:Q", title="Loss of this batch", format=".3f"),
            ],
        )
        .add_params(over, pick)
    )
    return chart
