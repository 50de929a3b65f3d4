"""The confusion matrix as a heat map whose cells can be clicked."""

from collections.abc import Sequence

import altair as alt
import pandas as pd

from core.charts import palette
from core.charts.lines import headline

CELL_PICKED = "cell"
"""Name of the chart's selection; its row carries `true` and `predicted`."""

NUMBERED = 16
"""Up to so many classes, each cell has its number written in it."""


def confusion(
    frame: pd.DataFrame,
    *,
    classes: Sequence[str],
    normalised: bool = False,
    errors_only: bool = False,
    picked: tuple[str, str] | None = None,
    title: str = "Off the diagonal are the errors: click a cell to see its images",
) -> alt.LayerChart:
    """Rows are the true classes, columns the predicted ones; a click selects `CELL_PICKED`.

    `frame` comes from `core.results.confusion.as_frame`: a row a cell with the columns `true`, `predicted`,
    `images`, `share` (of the true class, 0..1) and `correct`.
    `classes` gives the order of rows and columns. With `errors_only` the diagonal has no colour, so that
    the few errors of a good model can be seen. `picked` is the cell that is outlined.
    """
    value = "share" if normalised else "images"
    crowded = len(classes) > NUMBERED
    frame = frame[(frame["images"] > 0) | frame["correct"]] if crowded else frame
    cells = frame.assign(
        shown=frame[value].where(~(frame["correct"] & errors_only)),
        picked=[cell == picked for cell in zip(frame["true"], frame["predicted"], strict=True)],
    )
    highest = float(cells["shown"].max()) if cells["shown"].notna().any() else 1.0
    click = alt.selection_point(name=CELL_PICKED, fields=["true", "predicted"], on="click", toggle=False)
    x, y = _axes(classes)
    base = alt.Chart(cells).encode(x=x, y=y, tooltip=_tooltip())
    layers: list[alt.Chart] = [_squares(base, highest, normalised).add_params(click)]
    if not crowded:
        layers.append(_numbers(base, value, highest))
    empty = alt.ViewBackground(fill=palette.SEQUENTIAL[0])
    return alt.LayerChart(layer=layers, height=_height(len(classes)), title=headline(title), view=empty)


def _axes(classes: Sequence[str]) -> tuple[alt.X, alt.Y]:
    """Predicted classes across and true classes down, both in this order; of many classes some names are left out."""
    scale, overlap = alt.Scale(domain=list(classes)), len(classes) > 2 * NUMBERED
    across = alt.Axis(labelAngle=-45, labelLimit=110, labelOverlap=overlap)
    down = alt.Axis(labelLimit=110, labelOverlap=overlap)
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


def _squares(base: alt.Chart, highest: float, normalised: bool) -> alt.Chart:
    chart: alt.Chart = base.mark_rect(stroke=palette.GREY, cursor="pointer").encode(
        color=alt.Color(
            "shown:Q",
            title="Share" if normalised else "Images",
            scale=alt.Scale(range=palette.SEQUENTIAL, type="sqrt", domain=[0, highest or 1.0]),
            legend=alt.Legend(orient="right", format="%" if normalised else ",.0f", gradientLength=140),
        ),
        fillOpacity=alt.condition("datum.shown === null", alt.value(0.08), alt.value(1)),
        stroke=alt.condition("datum.picked", alt.value(palette.VERMILLION), alt.value(palette.GREY)),
        strokeWidth=alt.condition("datum.picked", alt.value(3.5), alt.value(0.25)),
    )
    return chart


def _numbers(base: alt.Chart, value: str, highest: float) -> alt.Chart:
    """Each cell's number, dark on the bright half of the scale (a square root) and light on the dark half."""
    ink = (
        alt.when("datum.shown === null")
        .then(alt.value(palette.GREY))
        .when(f"datum.shown > {0.3 * highest}")
        .then(alt.value("black"))
        .otherwise(alt.value("white"))
    )
    chart: alt.Chart = (
        base.transform_filter("datum.images > 0")
        .mark_text(fontSize=12, cursor="pointer")
        .encode(text=alt.Text(f"{value}:Q", format=".0%" if value == "share" else ",.0f"), color=ink)
    )
    return chart
