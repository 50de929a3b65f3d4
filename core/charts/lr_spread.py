"""How far apart the rates of each rule lie that several range tests from one state give."""

import altair as alt
import pandas as pd

from core.charts.lines import headline
from core.charts.lr_marks import BESIDE_PLOT, RULE_COLOUR, SUGGESTED_COLOUR, TITLE_BESIDE, Axis
from core.numbers import rate_in_words

ROW_HEIGHT = 26
OURS = "Anneal"
"""How the rule is called that has the colour of Anneal's suggestion."""


def spread_chart(rules: pd.DataFrame, *, lowest: float, highest: float, title: str) -> alt.LayerChart:
    """A line from the lowest to the highest rate of each rule, with a point at their median, on a log axis.

    `rules` has the columns `rule`, `lowest`, `median`, `highest` (rates) and `seeds` (how many gave a rate), one row a
    rule, drawn in their order; `lowest` and `highest` are the ends of the axis.
    """
    frame = rules.assign(
        lr=rules["lowest"],
        rates=[
            rate_in_words(low) if low == high else f"{rate_in_words(low)} to {rate_in_words(high)}"
            for low, high in zip(rules["lowest"], rules["highest"], strict=True)
        ],
        middle=rules["median"].map(rate_in_words),
    )
    colour = alt.condition(f"datum.rule == '{OURS}'", alt.value(SUGGESTED_COLOUR), alt.value(RULE_COLOUR))
    base = alt.Chart(frame).encode(
        y=alt.Y(
            "rule:N",
            title=None,
            sort=list(frame["rule"]),
            axis=alt.Axis(
                ticks=False,
                domain=False,
                labelOverlap=False,
                labelFlush=False,
                labelPadding=8,
                minExtent=BESIDE_PLOT + TITLE_BESIDE,
            ),
        ),
        color=colour,
        tooltip=[
            alt.Tooltip("rule:N", title="Rule"),
            alt.Tooltip("rates:N", title="Learning rates"),
            alt.Tooltip("middle:N", title="Median"),
            alt.Tooltip("seeds:Q", title="Seeds with a rate"),
        ],
    )
    axis = Axis.around([lowest, highest, *frame["lowest"], *frame["highest"]])
    line = base.mark_rule(strokeWidth=5, opacity=0.55, strokeCap="round").encode(x=axis.encoding, x2="highest:Q")
    point = base.mark_point(filled=True, size=80, opacity=1).encode(x=alt.X("median:Q"))
    chart: alt.LayerChart = alt.LayerChart(layer=[line, point])
    return chart.properties(height=ROW_HEIGHT * len(frame) + 95, title=headline(title))
