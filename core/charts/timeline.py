"""A whole plan before its start, stage beside stage, lane by lane."""

from collections.abc import Sequence

import altair as alt
import pandas as pd

from core.charts import palette
from core.charts.lines import LETTER_PX, headline

COLOURS = {
    "step": "#BBD9EC",
    "cycle": "#B5E2D5",
    "trained": "#F3CBAE",
    "frozen": "#DADCE0",
    "data": "#EFD3E2",
    "time": "#DADCE0",
}
"""Light tints of the palette, under dark letters: readable on a light page and on a dark one."""

LETTERS = "#1B1B1B"

LANE = 26
"""Height of a lane in pixels."""

TITLE = 60
"""That of the title, which is part of the chart's."""


def plan_timeline(frame: pd.DataFrame, lanes: Sequence[str]) -> alt.LayerChart:
    """The bars of `core.training.timeline.timeline`, stages from left to right; `lanes` from top to bottom."""
    end = float(frame["end"].max()) or 1.0
    drawn = frame.assign(middle=(frame["start"] + frame["end"]) / 2, room=(frame["end"] - frame["start"]) / end)
    scale = alt.Scale(domain=[0, end], nice=False)
    across = alt.X("start:Q", title=None, scale=scale, axis=None)
    up = alt.Y(
        "lane:N",
        title=None,
        sort=list(lanes),
        axis=alt.Axis(labelLimit=110, labelOverlap=False, domain=False, ticks=False),
    )
    tooltip = [
        alt.Tooltip("lane:N", title="Lane"),
        alt.Tooltip("more:N", title="What"),
    ]
    colour = alt.Color("kind:N", scale=alt.Scale(domain=list(COLOURS), range=list(COLOURS.values())), legend=None)
    bars = (
        alt.Chart(drawn)
        .mark_bar(cornerRadius=3, stroke=palette.GREY, strokeWidth=0.5, opacity=1)
        .encode(across, up, x2="end:Q", color=colour, tooltip=tooltip)
    )
    room = f"datum.room * width - {LETTER_PX}"
    tight = f"datum.kind == 'cycle' && {room} < {LETTER_PX} * length(datum.text)"  # then a cycle's number alone
    words = (
        alt.Chart(drawn)
        .mark_text(
            fontSize=11,
            color=LETTERS,
            text=alt.ExprRef(f"{tight} ? split(datum.text, ' ')[0] : datum.text"),
            limit=alt.ExprRef(f"max(1, {room})"),
            opacity=alt.ExprRef(f"{room} < {2 * LETTER_PX} ? 0 : 1"),
        )
        .encode(alt.X("middle:Q"), up, tooltip=tooltip)
    )
    title = headline("The whole plan, before it starts", "Point at a bar to read all of it.")
    return alt.LayerChart(layer=[bars, words], height=LANE * len(lanes) + TITLE, title=title)
