"""Whether probabilities mean what they say, and what a threshold costs and buys."""

import altair as alt
import pandas as pd

from core.charts import palette
from core.charts.lines import headline

HEIGHT = 320
SHARE = alt.Scale(domain=[0, 1], nice=False)
PERCENT = alt.Axis(format="%", tickCount=5)


def reliability_chart(table: pd.DataFrame) -> alt.LayerChart:
    """Accuracy against confidence by bins: on the dashed line a probability means what it says.

    table: columns confidence, accuracy, accuracy_low, accuracy_high (0..1), images.
    """
    diagonal = (
        alt.Chart(pd.DataFrame({"x": [0, 1], "y": [0, 1]}))
        .mark_line(color=palette.GREY, strokeDash=[4, 4])
        .encode(x=alt.X("x:Q", scale=SHARE), y=alt.Y("y:Q", scale=SHARE))
    )
    x = alt.X("confidence:Q", title="What the model says", scale=SHARE, axis=PERCENT)
    y = alt.Y("accuracy:Q", title="How often it is right", scale=SHARE, axis=PERCENT)
    tooltip = [
        alt.Tooltip("confidence:Q", title="It says", format=".1%"),
        alt.Tooltip("accuracy:Q", title="Right", format=".1%"),
        alt.Tooltip("images:Q", title="Images", format=","),
    ]
    base = alt.Chart(table)
    bars = base.mark_rule(color=palette.VALID, strokeWidth=1.5).encode(
        x, y=alt.Y("accuracy_low:Q"), y2="accuracy_high:Q"
    )
    line = base.mark_line(color=palette.VALID, strokeWidth=2).encode(x, y)
    dots = base.mark_circle(color=palette.VALID, opacity=1).encode(
        x, y, size=alt.Size("images:Q", legend=None, scale=alt.Scale(range=[30, 300])), tooltip=tooltip
    )
    title = headline("Below the dashed line it is too sure of itself", "Bars: 95% intervals. Larger dots: more images.")
    return alt.LayerChart(layer=[diagonal, bars, line, dots], height=HEIGHT, title=title)


def answered_chart(table: pd.DataFrame, chosen: float) -> alt.LayerChart:
    """Accuracy of the answers and the share answered, against the threshold; a line at the one that is `chosen`.

    table: columns threshold, share, accuracy, accuracy_low, accuracy_high (0..1), images.
    """
    x = alt.X("threshold:Q", title="Least probability for an answer", scale=SHARE, axis=PERCENT)
    scale = alt.Scale(domain=["accuracy of the answers", "share answered"], range=[palette.GREEN, palette.SKY])
    long = table.rename(columns={"accuracy": "accuracy of the answers", "share": "share answered"}).melt(
        id_vars=["threshold", "images"], value_vars=["accuracy of the answers", "share answered"], value_name="value"
    )
    lines = (
        alt.Chart(long)
        .mark_line(strokeWidth=2)
        .encode(
            x,
            y=alt.Y("value:Q", title=None, axis=PERCENT, scale=alt.Scale(domain=[0, 1])),
            color=alt.Color("variable:N", title=None, scale=scale, legend=alt.Legend(orient="bottom")),
            tooltip=[
                alt.Tooltip("variable:N", title="Of"),
                alt.Tooltip("threshold:Q", title="Threshold", format=".0%"),
                alt.Tooltip("value:Q", title="Value", format=".1%"),
                alt.Tooltip("images:Q", title="Images answered", format=","),
            ],
        )
    )
    band = (
        alt.Chart(table)
        .mark_area(color=palette.GREEN, opacity=0.15)
        .encode(x, y=alt.Y("accuracy_low:Q"), y2="accuracy_high:Q")
    )
    mark = alt.Chart(pd.DataFrame({"threshold": [chosen]})).mark_rule(color=palette.VERMILLION, strokeWidth=2).encode(x)
    title = headline("Fewer answers, more of them right", "The band is the 95% interval of the accuracy.")
    return alt.LayerChart(layer=[band, lines, mark], height=HEIGHT, title=title)
