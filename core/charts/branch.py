"""A branch and its original from the branching point on."""

import altair as alt
import pandas as pd

from core.charts import palette
from core.charts.lines import below, headline

HEIGHT = 330


def branch_chart(epochs: pd.DataFrame, column: str, names: tuple[str, str], *, snapshot: str, change: str) -> alt.Chart:
    """`column` ("valid_loss" or "accuracy") of the original and the branch by epoch; they part after the first one.

    epochs: columns run (one of `names`: the original's, the branch's), epoch, accuracy (0..1), valid_loss (nats).
    """
    share = column == "accuracy"
    title = "Validation accuracy" if share else "Validation loss (cross-entropy)"
    colours = alt.Scale(domain=list(names), range=[palette.GREY, palette.VALID])
    dashes = alt.Scale(domain=list(names), range=[[5, 3], [1, 0]])
    axis = alt.Axis(format="%" if share else "~g", tickCount=5)
    chart: alt.Chart = (
        alt.Chart(epochs, title=headline(title, f"They part after {snapshot}: {change}"))
        .mark_line(point=True, strokeWidth=2)
        .encode(
            x=alt.X("epoch:Q", title="Epoch", axis=alt.Axis(tickMinStep=1)),
            y=alt.Y(
                f"{column}:Q", title="Accuracy" if share else "Loss", axis=axis, scale=alt.Scale(zero=False, nice=True)
            ),
            color=alt.Color("run:N", title=None, scale=colours, legend=below()),
            strokeDash=alt.StrokeDash("run:N", legend=None, scale=dashes),
            tooltip=[
                alt.Tooltip("run:N", title="Run"),
                alt.Tooltip("epoch:Q", title="Epoch"),
                alt.Tooltip("accuracy:Q", title="Accuracy", format=".1%"),
                alt.Tooltip("valid_loss:Q", title="Validation loss", format=".3f"),
            ],
        )
        .properties(height=HEIGHT)
    )
    return chart
