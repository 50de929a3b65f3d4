"""Several range tests from one state, with a seed each: what they say together, and how far they differ."""

import pandas as pd
import streamlit as st

from core.charts.lr_spread import OURS, spread_chart
from core.training.spread import Spread
from core.training.suggestions import ANNEAL
from pages.ui.text import unbroken


def seeds_view(found: Spread, span: tuple[float, float]) -> None:
    """The rates that every rule gives with each of the seeds, and a sentence on how far they lie apart.

    `span` has the lowest and the highest rate of the curves above, whose axis the chart takes over.
    """
    if not found.rules:
        return
    st.subheader(f"{found.seeds} seeds from the same state", anchor=False)
    st.markdown(unbroken(found.sentence))
    frame = pd.DataFrame(
        [
            {
                "rule": OURS if name == ANNEAL else name,
                "lowest": rule.lowest,
                "median": rule.median,
                "highest": rule.highest,
                "seeds": rule.seeds,
            }
            for name, rule in found.rules.items()
        ]
    )
    chart = spread_chart(
        frame, lowest=span[0], highest=span[1], title="From the lowest to the highest rate of each rule"
    )
    st.altair_chart(chart, key="finder-spread", alt="The rates that each rule gives with the different seeds")
    st.caption("A point is the median. A rule whose line is long says more about its batches than about the network.")
