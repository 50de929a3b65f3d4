"""The range test: loss against the learning rate, with what is suggested and what was chosen."""

import altair as alt
import numpy as np
import pandas as pd

from core.charts import palette
from core.charts.lines import below, headline, round_above, thin
from core.charts.lr_marks import BESIDE_PLOT, RULE_COLOUR, Axis, Marks, areas, lines
from core.numbers import rate_in_words

RATE_PICKED = "rate"
"""Name of the chart's selection; its rows carry `lr`."""

PRESENT, SEED, EARLIER = "present", "seed", "earlier"
"""Roles of curves: the one that is read, those of other seeds beside it, and those of earlier tests."""

HEIGHT = 400
NO_MARKS = Marks()


def finder(
    curves: pd.DataFrame,
    *,
    marks: Marks = NO_MARKS,
    fastai: bool = False,
    pickable: bool = True,
    span: tuple[float, float] | None = None,
    y_title: str = "Training loss",
    title: str = "Loss against the learning rate",
    of: str = "",
    height: int = HEIGHT,
) -> alt.LayerChart:
    """Loss over the learning rate on a log axis.

    `curves` has the columns `curve` (its name), `lr`, `loss` (of one batch), `centred` (the curve), `low`, `high`
    (the band of its noise), `fastai` (fastai's curve) and `role`: `PRESENT` is drawn with its batches and its band,
    `SEED` as thin lines of its colour, `EARLIER` as thin lines with a legend. `fastai` adds fastai's curve of the
    present one, with points at the rates of `marks.rules`. When `pickable`, a click chooses the nearest point: the
    selection `RATE_PICKED` has the field `lr`. `span` is the range of rates of a test that is under way: the whole
    of it is on the axis, and the axis of losses does not move with every batch. `of` says whose rate is on the axis,
    where a test gives each layer group its own.
    """
    now = thin(curves[curves["role"] == PRESENT])
    axis = Axis.around([*curves["lr"], *(span or ())], of)
    bottom, top = loss_range(curves[curves["role"] != EARLIER], whole=span is not None)
    up = alt.Y(
        "centred:Q",
        title=y_title,
        axis=alt.Axis(minExtent=BESIDE_PLOT),
        scale=alt.Scale(domain=[bottom, top], nice=False),
    )
    marked, room = lines(marks, axis)
    layers: list[alt.Chart | alt.LayerChart] = [*areas(marks, axis), _band(now, axis, top)]
    earlier = curves[curves["role"] == EARLIER]
    if len(earlier):
        layers.append(_earlier(earlier, axis))
    layers += [_batches(now, axis, top), *_seeds(curves, axis), _curve(now, axis, up)]
    if fastai:
        layers += _fastais(now, axis, marks)
    layers += marked
    if span is not None and len(now):
        layers.append(_latest(now, axis, top))
    if pickable:
        layers.append(_picker(now, axis))
    chart: alt.LayerChart = alt.LayerChart(layer=layers).resolve_scale(color="independent", shape="independent")
    return chart.properties(height=height + room, title=headline(title))


def loss_range(curves: pd.DataFrame, *, whole: bool = False) -> tuple[float, float]:
    """The losses to show of the columns `centred`, `low`, `high`, `curve`: fall and noise, not all of an explosion.

    From below the noise about the lowest point to as far above the start as the fall is deep (and at least as far as
    the noise is wide). `whole` is for a curve that still grows: from 0 to a round figure, which only a higher start
    can change.
    """
    frame = curves[np.isfinite(curves["centred"].to_numpy(float))]
    if frame.empty:
        return 0.0, 1.0
    lowest = start = widest = 0.0
    for number, (_, one) in enumerate(frame.groupby("curve", sort=False)):
        centred = one["centred"].to_numpy(float)
        until = int(centred.argmin()) + 1
        spread = float(np.median((one["high"] - one["low"]).to_numpy(float)[:until]))
        lowest = min(centred[until - 1], lowest) if number else float(centred[until - 1])
        start, widest = max(start, float(centred[:until].max())), max(widest, spread)
    above = max(0.6 * (start - lowest), 1.2 * widest, 0.1 * start, 1e-6)
    highest = min(start + above, max(float(frame["centred"].max()), start + 0.6 * widest) + 0.1 * above)
    if whole:
        return 0.0, round_above(max(1.7 * start, 1e-6))
    return max(0.0, lowest - max(0.6 * widest, 0.08 * (highest - lowest))), highest


def _curve(now: pd.DataFrame, axis: Axis, up: alt.Y) -> alt.Chart:
    chart: alt.Chart = (
        alt.Chart(now).mark_line(color=palette.BLUE, strokeWidth=2.8, clip=True).encode(x=axis.encoding, y=up)
    )
    return chart


def _band(now: pd.DataFrame, axis: Axis, top: float) -> alt.Chart:
    """The band of the noise, as far as the curve itself is in the picture."""
    chart: alt.Chart = (
        alt.Chart(now[now["centred"] <= top])
        .mark_area(color=palette.BLUE, opacity=0.16, clip=True)
        .encode(x=axis.encoding, y="low:Q", y2="high:Q", tooltip=alt.value(None))
    )
    return chart


def _batches(now: pd.DataFrame, axis: Axis, top: float) -> alt.Chart:
    """A point a batch; those above the picture are triangles at its upper edge."""
    beyond = now["loss"] > top
    frame = now.assign(shown=now["loss"].clip(upper=top), place=np.where(beyond, "above", "inside"))
    shape = alt.Shape(
        "place:N", scale=alt.Scale(domain=["inside", "above"], range=["circle", "triangle-up"]), legend=None
    )
    chart: alt.Chart = (
        alt.Chart(frame)
        .mark_point(color=palette.BLUE, size=24, filled=True, opacity=0.85)
        .encode(x=axis.encoding, y="shown:Q", shape=shape)
    )
    return chart


def _seeds(curves: pd.DataFrame, axis: Axis) -> list[alt.Chart]:
    others = curves[curves["role"] == SEED]
    if others.empty:
        return []
    frame = pd.concat([thin(rows, 150) for _, rows in others.groupby("curve", sort=False)])
    chart = alt.Chart(frame).mark_line(color=palette.BLUE, strokeWidth=1.1, opacity=0.6, clip=True)
    return [
        chart.encode(
            x=axis.encoding, y="centred:Q", detail="curve:N", tooltip=alt.Tooltip("curve:N", title="Same test")
        )
    ]


def _earlier(earlier: pd.DataFrame, axis: Axis) -> alt.Chart:
    colours = [palette.SKY, palette.ORANGE, palette.GREY, palette.YELLOW]
    names = list(dict.fromkeys(earlier["curve"]))
    frame = pd.concat([thin(rows, 150) for _, rows in earlier.groupby("curve", sort=False)])
    frame["rate"] = frame["lr"].map(rate_in_words)
    chart: alt.Chart = (
        alt.Chart(frame)
        .mark_line(strokeWidth=1.4, opacity=0.9, clip=True)
        .encode(
            x=axis.encoding,
            y="centred:Q",
            color=alt.Color(
                "curve:N",
                title=None,
                scale=alt.Scale(domain=names, range=[colours[i % len(colours)] for i in range(len(names))]),
                legend=below(),
            ),
            tooltip=[
                alt.Tooltip("curve:N", title="Earlier curve"),
                alt.Tooltip("rate:N", title="Learning rate"),
                alt.Tooltip("centred:Q", title="Loss, centred", format=".3f"),
            ],
        )
    )
    return chart


def _fastais(now: pd.DataFrame, axis: Axis, marks: Marks) -> list[alt.Chart]:
    """The curve as fastai draws it: a line of the smoothed loss, with a point for each suggestion."""
    curve = alt.Chart(now).mark_line(color=RULE_COLOUR, strokeWidth=2, clip=True).encode(x=axis.encoding, y="fastai:Q")
    rates = [rate for rate in marks.rules.values() if rate and rate in axis]
    if not rates or now.empty:
        return [curve]
    ordered = now.sort_values("lr")
    losses = np.interp(np.log(rates), np.log(ordered["lr"].to_numpy(float)), ordered["fastai"].to_numpy(float))
    points = alt.Chart(pd.DataFrame({"lr": rates, "fastai": losses})).mark_point(
        color=RULE_COLOUR, filled=True, size=70, opacity=1, clip=True
    )
    return [curve, points.encode(x=axis.encoding, y="fastai:Q")]


def _latest(now: pd.DataFrame, axis: Axis, top: float) -> alt.Chart:
    """The last batch so far, never cut off at an edge."""
    last = now.iloc[[-1]]
    frame = last.assign(shown=last["centred"].clip(upper=top))
    chart: alt.Chart = (
        alt.Chart(frame)
        .mark_point(color=palette.VERMILLION, filled=True, size=90, opacity=1)
        .encode(x=axis.encoding, y="shown:Q")
    )
    return chart


def _picker(now: pd.DataFrame, axis: Axis) -> alt.Chart:
    """Unseen points, the nearest of which lights up under the pointer and is chosen by a click."""
    over = alt.selection_point(name="over", fields=["lr"], nearest=True, on="pointermove", clear="pointerout")
    pick = alt.selection_point(name=RATE_PICKED, fields=["lr"], nearest=True, on="click", toggle=False)
    chart: alt.Chart = (
        alt.Chart(now.assign(rate=now["lr"].map(rate_in_words)))
        .mark_point(filled=True, size=90, color=palette.BLUE, clip=True)
        .encode(
            x=axis.encoding,
            y="centred:Q",
            opacity=alt.condition(over, alt.value(1), alt.value(0), empty=False),
            tooltip=[
                alt.Tooltip("rate:N", title="Learning rate"),
                alt.Tooltip("centred:Q", title="Loss, centred", format=".3f"),
                alt.Tooltip("low:Q", title="Batches: from", format=".3f"),
                alt.Tooltip("high:Q", title="to", format=".3f"),
                alt.Tooltip("loss:Q", title="Loss of this batch", format=".3f"),
            ],
        )
        .add_params(over, pick)
    )
    return chart
