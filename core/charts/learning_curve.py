"""Learning curves: accuracy against the number of training images, and what the curve points to."""

import altair as alt
import pandas as pd

from core.charts import palette
from core.charts.lines import below, headline

HEIGHT = 320


def learning_curve(points: pd.DataFrame, ahead: pd.DataFrame, title: str) -> alt.LayerChart:
    """Accuracy over training images, a line for each image size with the range of its draws as a band.

    points: columns size (text), images, accuracy, low, high (0..1). ahead: images, accuracy, low, high, the last
    measured point and the extrapolated one, drawn dashed.
    """
    sizes = list(dict.fromkeys(points["size"]))
    x = alt.X("images:Q", title="Training images", scale=alt.Scale(type="log", nice=False), axis=alt.Axis(tickCount=5))
    y = alt.Y("accuracy:Q", title="Accuracy", axis=alt.Axis(format=".0%"), scale=alt.Scale(zero=False))
    colour = alt.Color(
        "size:N",
        title=None,
        scale=alt.Scale(domain=sizes, range=palette.SERIES[: len(sizes)]),
        legend=below() if len(sizes) > 1 else None,
    )
    tooltip = [
        alt.Tooltip("size:N", title="Image size"),
        alt.Tooltip("images:Q", title="Training images", format=","),
        alt.Tooltip("accuracy:Q", title="Accuracy", format=".1%"),
        alt.Tooltip("low:Q", title="Lowest draw", format=".1%"),
        alt.Tooltip("high:Q", title="Highest draw", format=".1%"),
    ]
    base = alt.Chart(points)
    band = base.mark_area(opacity=0.18).encode(x, alt.Y("low:Q", title="Accuracy"), alt.Y2("high:Q"), color=colour)
    line = base.mark_line(strokeWidth=2).encode(x, y, color=colour)
    dots = base.mark_circle(size=60, opacity=1).encode(x, y, color=colour, tooltip=tooltip)
    carried = alt.Chart(ahead)
    dashed = carried.mark_line(strokeDash=[5, 4], strokeWidth=2, color=palette.SERIES[0]).encode(x, y)
    limits = carried.mark_area(opacity=0.1, color=palette.SERIES[0]).encode(x, alt.Y("low:Q"), alt.Y2("high:Q"))
    said = headline(title, "Dashed: carried on to twice the images, with its 95% interval.")
    return alt.LayerChart(layer=[limits, band, line, dots, dashed], height=HEIGHT, title=said)
