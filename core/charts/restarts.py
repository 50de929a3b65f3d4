"""What restarts did: the loss on the straight lines between snapshots, and a map of them."""

import json
from collections.abc import Sequence

import altair as alt
import pandas as pd

from core.charts import palette
from core.charts.lines import headline

HEIGHT, MAP_HEIGHT = 330, 400

FRAME = ("place", "loss", "accuracy", "from", "to", "line")


def lines_chart(frame: pd.DataFrame, names: Sequence[str]) -> alt.LayerChart:
    """Validation loss on the way from each snapshot to the next.

    frame: columns place (0 at the first snapshot, 1 at the second, ...), loss (nats), accuracy (0..1), from, to,
    line (its number).
    """
    labels = json.dumps(list(names))  # a list of texts in Vega's expressions too, whatever they hold
    axis = alt.Axis(values=list(range(len(names))), labelExpr=f"{labels}[datum.value]", labelAngle=-30, grid=False)
    x = alt.X("place:Q", title=None, axis=axis, scale=alt.Scale(nice=False))
    y = alt.Y("loss:Q", title="Validation loss (cross-entropy)", scale=alt.Scale(zero=False))
    tooltip = [
        alt.Tooltip("from:N", title="From"),
        alt.Tooltip("to:N", title="To"),
        alt.Tooltip("loss:Q", title="Loss", format=".3f"),
        alt.Tooltip("accuracy:Q", title="Accuracy", format=".1%"),
    ]
    base = alt.Chart(frame)
    line = base.mark_line(color=palette.VALID, strokeWidth=2).encode(x, y, detail="line:N")
    points = base.mark_circle(color=palette.VALID, size=18, opacity=0.7).encode(x, y, tooltip=tooltip)
    whole = alt.Chart(frame[frame.place == frame.place.round()])
    dots = whole.mark_circle(color=palette.GREEN, size=110, opacity=1).encode(x, y, tooltip=tooltip)
    said = headline(
        "A hump is a ridge between two valleys",
        "Loss on the straight line from each snapshot to the next.",
    )
    return alt.LayerChart(layer=[line, points, dots], height=HEIGHT, title=said)


def map_chart(grid: pd.DataFrame, places: pd.DataFrame) -> alt.LayerChart:
    """The plane through three snapshots, bluer where the validation loss is lower, as in the playground.

    grid: columns x, x2, y, y2 (edges of a cell), loss (nats). places: columns name, number (their order), x, y, away
    (distance from the plane), on (whether they lie on it), all in units of the weights.
    """
    width = alt.Scale(domain=[float(grid.x.min()), float(grid.x2.max())], nice=False, zero=False)
    height = alt.Scale(domain=[float(grid.y.min()), float(grid.y2.max())], nice=False, zero=False)
    x = alt.X("x:Q", title="Distance in the weights", scale=width, axis=alt.Axis(grid=False, tickCount=5))
    y = alt.Y("y:Q", title="At right angles to it", scale=height, axis=alt.Axis(grid=False, tickCount=5))
    colour = alt.Color(
        "loss:Q",
        title="Loss",
        scale=alt.Scale(type="log", range=[palette.BLUE, "#FFFFFF"], interpolate="lab"),
        legend=alt.Legend(format=".2~f", orient="right"),
    )
    cells = (
        alt.Chart(grid)
        .mark_rect(stroke=None)
        .encode(x, y, x2="x2:Q", y2="y2:Q", color=colour, tooltip=[alt.Tooltip("loss:Q", title="Loss", format=".3f")])
    )
    tooltip = [
        alt.Tooltip("name:N", title="Snapshot"),
        alt.Tooltip("away:Q", title="Away from this plane", format=".2f"),
    ]
    order = alt.Chart(places).mark_line(color=palette.VERMILLION, strokeWidth=1.5).encode(x, y, order="number:Q")
    filled = alt.condition("datum.on", alt.value(palette.VERMILLION), alt.value("transparent"))
    rings = alt.Chart(places).mark_point(size=120, opacity=1, stroke=palette.VERMILLION, strokeWidth=2)
    dots = rings.encode(x, y, fill=filled, tooltip=tooltip)
    names = (
        alt.Chart(places)
        .mark_text(align="left", dx=8, dy=-8, color="#111111", fontWeight="bold")
        .encode(x, y, text="name:N")
    )
    said = headline("Where the snapshots lie: bluer is lower", "A flat cut through the loss, along three snapshots.")
    return alt.LayerChart(layer=[cells, order, dots, names], height=MAP_HEIGHT, title=said)
