"""Trials: loss on images kept out against the learning rate, with intervals, below the curve of the range test."""

import math

import altair as alt
import numpy as np
import pandas as pd

from core.charts import palette
from core.charts.lines import headline
from core.charts.lr_marks import BESIDE_PLOT, GAP, LETTER, NARROWEST, ROW, Axis
from core.numbers import rate_in_words

COLUMNS = ("lr", "loss", "low", "high", "accuracy", "accuracy_low", "accuracy_high", "diverged_at", "standing")
HEIGHT = 400
ROOM = 0.14
"""Share of the height that is left free above the highest loss and below the lowest."""

OFF_SCALE = 3.0
"""A loss more than so many times as far above the lowest as the second lowest and the loss before the trials are is
drawn at the upper edge: a collapsed rate would hide the differences between the others."""

BESIDE = 1.25
"""Factor by which the axis goes on beside the lowest and the highest rate."""

LABELS = {"best": "lowest loss", "alike": "no clear difference from it", "worse": "worse", "diverged": "diverged"}
COLOURS = {
    "best": palette.GREEN,
    "alike": palette.SKY,
    "worse": palette.ORANGE,
    "diverged": palette.VERMILLION,
}
Y_TITLE = "Loss on images kept out"
SHAPES = {"best": "circle", "alike": "circle", "worse": "square", "diverged": "cross"}


def trials_chart(
    frame: pd.DataFrame,
    *,
    title: str,
    span: tuple[float, float],
    before: float | None = None,
    lowest: float | None = None,
    height: int = HEIGHT,
) -> alt.LayerChart:
    """Loss over the rate on the same log axis as the curve's, with 95% intervals.

    `frame` has a row a rate with the `COLUMNS`: figures are not a number where training diverged at batch
    `diverged_at`; `standing` is a key of `LABELS`. What follows a semicolon in `title` stands below it. `span` is the
    range of rates of the curve, `before` the loss without any trial, `lowest` the rate of the curve's lowest point.
    Losses far above the others, and rates that diverged, are drawn at the upper edge.
    """
    bottom, top = _ends(frame, before)
    rows = _drawn(frame, bottom, top)
    scale = alt.Scale(domain=[bottom, top], nice=False)
    axis = _axis(frame, span)
    x = axis.encoding
    y = alt.Y("y:Q", title=Y_TITLE, scale=scale, axis=alt.Axis(minExtent=BESIDE_PLOT))
    colour, shape = _standings(frame)
    base = alt.Chart(rows)
    line = base.transform_filter("datum.inside").mark_line(color=palette.GREY, strokeWidth=1.2, opacity=0.6, clip=True)
    bars = base.transform_filter("isValid(datum.low)").mark_rule(strokeWidth=2.5, opacity=0.75, clip=True)
    points = base.mark_point(filled=True, size=130, opacity=1)
    layers: list[alt.Chart | alt.LayerChart] = []
    if before is not None and bottom <= before <= top:
        layers.append(_before(before, scale))
    if lowest is not None and lowest in axis:
        layers.append(_lowest(lowest, to_the_left=axis(lowest) > 0.5))
    notes, room = _notes(rows, axis)
    layers += [
        line.encode(x, y),
        bars.encode(x, alt.Y("low:Q", scale=scale, title=Y_TITLE), alt.Y2("high:Q"), colour),
        points.encode(x, y, colour, shape, tooltip=_tooltip()),
        *notes,
    ]
    chart: alt.LayerChart = alt.LayerChart(layer=layers)
    return chart.properties(height=height + room, title=headline(*title.split("; ", 1)))


def _standings(frame: pd.DataFrame) -> tuple[alt.Color, alt.Shape]:
    """The colour and the shape of each standing that there is; the legend is the colour's."""
    shown = [standing for standing in LABELS if standing in set(frame["standing"])]
    labels = [LABELS[standing] for standing in shown]
    colour = alt.Color(
        "label:N",
        title=None,
        scale=alt.Scale(domain=labels, range=[COLOURS[standing] for standing in shown]),
        legend=alt.Legend(orient="bottom", columns=2, symbolOpacity=1, symbolType="circle", labelLimit=320),
    )
    shapes = alt.Scale(domain=labels, range=[SHAPES[standing] for standing in shown])
    return colour, alt.Shape("label:N", scale=shapes, legend=None)


def _ends(frame: pd.DataFrame, before: float | None) -> tuple[float, float]:
    """The lowest and the highest loss that is drawn where it is."""
    losses = np.sort(frame["loss"].dropna().to_numpy(float))
    known = [*losses[:2], *([] if before is None else [before])]
    if not known:
        return 0.0, 1.0
    least = float(min(known))
    limit = least + OFF_SCALE * max(max(known) - least, 0.05 * abs(least), 1e-3)
    near = frame[frame["loss"] <= limit]
    low = float(min([least, *near["low"].dropna()]))
    high = float(min(limit, max([*known, *near["high"].dropna()])))
    room = ROOM * (high - low or 1.0)
    return max(0.0, low - room), high + 1.6 * room


def _drawn(frame: pd.DataFrame, bottom: float, top: float) -> pd.DataFrame:
    """`frame` with where each row is drawn, and what is written at those that lie above the chart."""
    inside = frame["loss"].notna() & (frame["loss"] <= top)
    edge = top - 0.02 * (top - bottom)
    notes = [
        "" if within else f"diverged, batch {int(batch)}" if not pd.isna(batch) else f"loss {loss:.2f}"
        for within, batch, loss in zip(inside, frame["diverged_at"], frame["loss"], strict=True)
    ]
    return frame.assign(
        y=np.where(inside, frame["loss"], edge),
        inside=inside,
        note=notes,
        label=[LABELS[standing] for standing in frame["standing"]],
        rate=[rate_in_words(rate) for rate in frame["lr"]],
        loss_interval=_intervals(frame["low"], frame["high"], "{:.3f}"),
        accuracy_interval=_intervals(100 * frame["accuracy_low"], 100 * frame["accuracy_high"], "{:.1f}%"),
    )


def _intervals(low: pd.Series, high: pd.Series, pattern: str) -> list[str]:
    """Intervals in words; empty where there is none."""
    ends = zip(low.to_numpy(float), high.to_numpy(float), strict=True)
    return ["" if math.isnan(a) else f"{pattern.format(a)} to {pattern.format(b)}" for a, b in ends]


def _axis(frame: pd.DataFrame, span: tuple[float, float]) -> Axis:
    """The axis of the curve; wider where a rate lies beside it."""
    axis = Axis.around(span)
    beside = [*(frame["lr"] / BESIDE), *(frame["lr"] * BESIDE)]
    return axis if all(rate in axis for rate in frame["lr"]) else Axis.around([*span, *beside])


def _notes(rows: pd.DataFrame, axis: Axis) -> tuple[list[alt.Chart], int]:
    """What is written of the rates above the chart, in rows over the plot so that no two texts meet on the narrowest
    screen, and how many pixels they need.
    """
    noted = rows[~rows["inside"].astype(bool)].sort_values("lr", ascending=False)
    if noted.empty:
        return [], 0
    begins: list[float] = []
    above = []
    for rate, text in zip(noted["lr"], noted["note"], strict=True):
        half = LETTER * len(text) / 2
        middle = axis(rate) * NARROWEST
        row = next((row for row, begin in enumerate(begins) if middle + half + GAP < begin), len(begins))
        begins[row : row + 1] = [middle - half]
        above.append(-float(ROW * row + 6))
    texts = alt.Chart(noted.assign(above=above)).mark_text(
        align="center", baseline="bottom", fontSize=11, color=palette.VERMILLION
    )
    return [texts.encode(axis.encoding, alt.Y("above:Q", scale=None, axis=None), text="note:N")], ROW * len(begins)


def _tooltip() -> list[alt.Tooltip]:
    return [
        alt.Tooltip("rate:N", title="Learning rate"),
        alt.Tooltip("loss:Q", title="Loss", format=".3f"),
        alt.Tooltip("loss_interval:N", title="Its 95% interval"),
        alt.Tooltip("accuracy:Q", title="Accuracy", format=".1%"),
        alt.Tooltip("accuracy_interval:N", title="Its 95% interval (Wilson)"),
        alt.Tooltip("label:N", title="Compared with the lowest"),
        alt.Tooltip("diverged_at:Q", title="Diverged at batch"),
    ]


def _before(loss: float, scale: alt.Scale) -> alt.LayerChart:
    frame = pd.DataFrame({"y": [loss], "text": [f"before the trials: {loss:.3f}"]})
    base = alt.Chart(frame).encode(y=alt.Y("y:Q", scale=scale))
    rule = base.mark_rule(color=palette.GREY, strokeDash=[2, 3], strokeWidth=1.4)
    text = base.mark_text(align="left", baseline="bottom", dx=4, dy=-3, color=palette.GREY, fontSize=11)
    return alt.LayerChart(layer=[rule, text.encode(x=alt.value(0), text="text:N")])


def _lowest(rate: float, *, to_the_left: bool) -> alt.LayerChart:
    base = alt.Chart(pd.DataFrame({"lr": [rate], "text": ["curve's lowest point"]})).encode(x=alt.X("lr:Q"))
    rule = base.mark_rule(color=palette.GREY, strokeDash=[4, 3], strokeWidth=1.2, opacity=0.8)
    text = base.mark_text(
        align="right" if to_the_left else "left",
        baseline="bottom",
        dx=-4 if to_the_left else 4,
        dy=-4,
        color=palette.GREY,
        fontSize=11,
    )
    return alt.LayerChart(layer=[rule, text.encode(y=alt.value("height"), text="text:N")])
