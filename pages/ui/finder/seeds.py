"""Several range tests from one state, with a seed each: what they say together, and how far they differ."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.charts.lr_spread import OURS, spread_chart
from core.runs.state import Curve
from core.training.spread import Spread
from core.training.suggestions import ANNEAL


def seeds_view(found: Spread, curves: Sequence[Curve]) -> None:
    """The rates that every rule gives with each of the seeds, and a sentence on how far they lie apart."""
    if not found.rules:
        return
    st.subheader(f"{found.seeds} seeds, one state", anchor=False)
    st.markdown(found.sentence)
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
    rates = [lr for curve in curves for lr in curve.lrs]
    chart = spread_chart(
        frame, lowest=min(rates), highest=max(rates), title="From the lowest to the highest rate of each rule"
    )
    st.altair_chart(chart, key="finder-spread", alt="The rates that each rule gives with the different seeds")
    st.caption("A point is the median. A rule whose line is long says more about its batches than about the network.")
