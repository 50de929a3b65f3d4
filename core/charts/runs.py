"""Runs beside each other."""

import altair as alt
import pandas as pd

from core.charts import palette

LONGEST_NAME = 220
"""Pixels of a run's name in the legend."""


def compare_runs(epochs: pd.DataFrame, *, height: int = 380) -> alt.Chart:
    """Validation accuracy after each epoch, one line a run.

    epochs: columns run (its name), epoch (1, 2, ... over the run's whole life), accuracy (0..1).
    """
    runs = list(dict.fromkeys(epochs["run"]))
    chart: alt.Chart = (
        alt.Chart(epochs, title="Validation accuracy after each epoch")
        .mark_line(point=True, strokeWidth=1.8)
        .encode(
            x=alt.X("epoch:Q", title="Epoch", axis=alt.Axis(tickMinStep=1)),
            y=alt.Y("accuracy:Q", title="Accuracy", axis=alt.Axis(format="%"), scale=alt.Scale(zero=False)),
            color=alt.Color(
                "run:N",
                title=None,
                scale=alt.Scale(domain=runs, range=palette.SERIES),
                legend=alt.Legend(orient="bottom", offset=0, columns=2, labelLimit=LONGEST_NAME),
            ),
            tooltip=[
                alt.Tooltip("run:N", title="Run"),
                alt.Tooltip("epoch:Q", title="Epoch"),
                alt.Tooltip("accuracy:Q", title="Accuracy", format=".1%"),
            ],
        )
        .properties(height=height)
    )
    return chart
