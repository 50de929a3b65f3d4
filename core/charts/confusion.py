"""The confusion matrix as a heat map whose cells can be clicked."""

from collections.abc import Sequence

import altair as alt
import pandas as pd

from core.charts import palette
from core.charts.lines import headline

CELL_PICKED = "cell"
"""Name of the chart's selection; its row carries `true` and `predicted`."""

CHANGE_PICKED = "change"
"""Name of the selection in the difference of two matrices."""

ERRORS = ["#FBE3D2", "#F0A873", palette.VERMILLION]
"""From few errors to many; black numbers can be read on all of them."""

CHANGES = ["#F0A873", "#FBF6F2", "#7FB6DC"]
"""From worse by way of no change to better; black numbers can be read on all of them."""

NUMBERED = 16
"""Up to so many classes, each cell has its number written in it."""


def confusion(
    frame: pd.DataFrame,
    *,
    classes: Sequence[str],
    normalised: bool = False,
    errors_only: bool = True,
    picked: tuple[str, str] | None = None,
    title: str = "Off the diagonal are the errors: click a cell to see its images",
) -> alt.LayerChart:
    """Rows are the true classes, columns the predicted ones; a click selects `CELL_PICKED`.

    `frame` comes from `core.results.confusion.as_frame`: a row a cell with the columns `true`, `predicted`,
    `images`, `share` (of the true class, 0..1) and `correct`.
    `classes` gives the order of rows and columns. With `errors_only` the diagonal has a tint alone, so that
    the few errors of a good model stand out from it. `picked` is the cell that is outlined.
    """
    value = "share" if normalised else "images"
    crowded = len(classes) > NUMBERED
    frame = frame[(frame["images"] > 0) | frame["correct"]] if crowded else frame
    cells = frame.assign(
        shown=frame[value],
        coloured=~frame["correct"] | (not errors_only),
        picked=[cell == picked for cell in zip(frame["true"], frame["predicted"], strict=True)],
    )
    found = cells.loc[cells["coloured"], "shown"]
    highest = float(found.max()) if len(found) else 1.0
    click = alt.selection_point(name=CELL_PICKED, fields=["true", "predicted"], on="click", toggle=False)
    x, y = _axes(classes)
    base = alt.Chart(cells).encode(x=x, y=y, tooltip=_tooltip())
    layers: list[alt.Chart] = [_squares(base, highest, normalised, errors_only).add_params(click)]
    if not crowded:
        layers.append(_numbers(base, value, highest, errors_only))
    empty = alt.ViewBackground(fill=None if errors_only else palette.SEQUENTIAL[0])
    return alt.LayerChart(layer=layers, height=_height(len(classes)), title=headline(title), view=empty)


def _axes(classes: Sequence[str]) -> tuple[alt.X, alt.Y]:
    """Predicted classes across and true classes down, both in this order; of many classes some names are left out."""
    scale, overlap = alt.Scale(domain=list(classes)), len(classes) > 2 * NUMBERED
    across = alt.Axis(labelAngle=-45, labelLimit=110, labelOverlap=overlap, labelFlush=False)
    down = alt.Axis(labelLimit=110, labelOverlap=overlap, labelFlush=False)
    x = alt.X("predicted:N", scale=scale, title="Predicted class", axis=across)
    return x, alt.Y("true:N", scale=scale, title="True class", axis=down)


def _height(classes: int) -> int:
    return int(min(900, max(260, (44 if classes <= NUMBERED else 20) * classes + 110)))


def _tooltip() -> list[alt.Tooltip]:
    return [
        alt.Tooltip("true:N", title="True class"),
        alt.Tooltip("predicted:N", title="Predicted class"),
        alt.Tooltip("images:Q", title="Images", format=","),
        alt.Tooltip("share:Q", title="Of the true class", format=".1%"),
    ]


def _squares(base: alt.Chart, highest: float, normalised: bool, errors_only: bool) -> alt.Chart:
    colours = ERRORS if errors_only else palette.SEQUENTIAL
    chart: alt.Chart = base.mark_rect(stroke=palette.GREY, cursor="pointer").encode(
        color=alt.condition(
            "!datum.coloured",
            alt.value(palette.BLUE),
            alt.Color(
                "shown:Q",
                title="Share" if normalised else "Images",
                scale=alt.Scale(range=colours, type="sqrt", domain=[0, highest or 1.0]),
                legend=_legend(highest, normalised),
            ),
        ),
        fillOpacity=alt.when("!datum.coloured")
        .then(alt.value(0.15))
        .when(f"datum.shown === 0 && {str(errors_only).lower()}")
        .then(alt.value(0))
        .otherwise(alt.value(1)),
        stroke=alt.condition("datum.picked", alt.value(palette.VERMILLION), alt.value(palette.GREY)),
        strokeWidth=alt.condition("datum.picked", alt.value(3.5), alt.value(0.25)),
    )
    return chart


def _legend(highest: float, normalised: bool) -> alt.Legend:
    """A legend whose numbers differ, whole where images are counted; they lie evenly on the scale of square roots."""
    if normalised:
        return alt.Legend(orient="right", format=".1~%", gradientLength=140, tickCount=4)
    values = sorted({round(highest * (part / 4) ** 2) for part in range(5)})
    return alt.Legend(orient="right", format=",.0f", gradientLength=140, values=values)


def _numbers(base: alt.Chart, value: str, highest: float, errors_only: bool) -> alt.Chart:
    """Each cell's number, dark on the bright half of the scale (a square root) and light on the dark half."""
    bright = 0.0 if errors_only else 0.3 * highest
    ink = (
        alt.when("!datum.coloured")
        .then(alt.value(palette.GREY))
        .when(f"datum.shown > {bright}")
        .then(alt.value("black"))
        .otherwise(alt.value("white"))
    )
    chart: alt.Chart = (
        base.transform_filter("datum.images > 0")
        .mark_text(fontSize=12, cursor="pointer")
        .encode(text=alt.Text(f"{value}:Q", format=".0%" if value == "share" else ",.0f"), color=ink)
    )
    return chart


def difference(frame: pd.DataFrame, *, classes: Sequence[str]) -> alt.LayerChart:
    """One matrix minus another: what has become better is blue, what has become worse vermillion.

    `frame` is that of `core.results.confusion.as_frame` for the difference: `images` may be negative. Fewer images off
    the diagonal are better, more on it. A click selects `CHANGE_PICKED`.
    """
    better = (frame["images"] > 0) == frame["correct"]
    cells = frame[frame["images"] != 0].assign(
        change=lambda rows: rows["images"].map("{:+,}".format),
        what=better.map({True: "Better", False: "Worse"}),
        gain=lambda rows: rows["images"].where(rows["correct"], -rows["images"]),
    )
    highest = float(cells["images"].abs().max()) if len(cells) else 1.0
    click = alt.selection_point(name=CHANGE_PICKED, fields=["true", "predicted"], on="click", toggle=False)
    x, y = _axes(classes)
    tooltip = [
        alt.Tooltip("true:N", title="True class"),
        alt.Tooltip("predicted:N", title="Predicted class"),
        alt.Tooltip("change:N", title="Images"),
        alt.Tooltip("what:N", title="It became"),
    ]
    base = alt.Chart(cells).encode(x=x, y=y, tooltip=tooltip)
    squares = base.mark_rect(stroke=palette.GREY, strokeWidth=0.25, cursor="pointer").encode(
        color=alt.Color(
            "gain:Q", scale=alt.Scale(domain=[-highest, 0, highest], range=CHANGES, interpolate="lab"), legend=None
        ),
    )
    squares = squares.add_params(click)
    layers: list[alt.Chart] = [squares]
    if len(classes) <= NUMBERED:
        layers.append(base.mark_text(fontSize=12, cursor="pointer", color="black").encode(text="change:N"))
    said = headline(
        "What changed: blue cells became better, orange ones worse", "On the diagonal more is better, elsewhere fewer."
    )
    return alt.LayerChart(layer=layers, height=_height(len(classes)), title=said)
