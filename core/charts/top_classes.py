"""The most probable classes of one image as bars."""

import altair as alt
import pandas as pd

from core.charts import palette

BAR = 28
"""Pixels of a bar and the gap below it."""

AXIS = 36
"""Pixels below them, for the axis."""

INSIDE = 0.85
"""Above this probability the number stands in the bar, for want of room beside it."""


def top_classes(table: pd.DataFrame, threshold: float) -> alt.LayerChart:
    """Probabilities as bars, the most probable first; a dashed line where the threshold for an answer lies.

    table: columns class, probability (0..1), in the order in which they are drawn. A `threshold` of 0 is not drawn.
    """
    names = list(table["class"])
    y = alt.Y(
        "class:N", title=None, sort=names, axis=alt.Axis(labelLimit=150, labelOverlap=False, ticks=False, domain=False)
    )
    x = alt.X(
        "probability:Q", title=None, scale=alt.Scale(domain=[0, 1], nice=False), axis=alt.Axis(format="%", tickCount=3)
    )
    base = alt.Chart(table)
    bars = base.mark_bar(color=palette.BLUE, cornerRadiusEnd=3, height=18).encode(
        x,
        y,
        tooltip=[
            alt.Tooltip("class:N", title="Class"),
            alt.Tooltip("probability:Q", title="Probability", format=".1%"),
        ],
    )
    text = alt.Text("probability:Q", format=".1%")
    long = alt.datum.probability > INSIDE
    inside = base.transform_filter(long).mark_text(align="right", dx=-6, color="white").encode(x, y, text=text)
    beside = base.transform_filter(~long).mark_text(align="left", dx=6, color=palette.GREY).encode(x, y, text=text)
    layers: list[alt.Chart] = [bars, inside, beside]
    if threshold > 0:
        at = pd.DataFrame({"threshold": [threshold]})
        tooltip = alt.Tooltip("threshold:Q", title="Not sure below", format=".0%")
        rule = alt.Chart(at).mark_rule(color=palette.ORANGE, strokeDash=[4, 3], strokeWidth=2)
        layers.append(rule.encode(x="threshold:Q", tooltip=[tooltip]))
    return alt.LayerChart(layer=layers, height=AXIS + BAR * len(names))
