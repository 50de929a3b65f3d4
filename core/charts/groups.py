"""What training does to each layer group: the steepness of the loss for it, and how far it has moved."""

from collections.abc import Sequence

import altair as alt
import pandas as pd

from core.charts.lines import group_colours, group_names, headline, thin

HEIGHT = 320
SHARES = alt.Axis(format=".1~%", tickCount=4)
LOWEST = 1e-9
"""Gradients below this are not drawn: a log axis has no end."""


def gradients(steps: pd.DataFrame, *, groups: Sequence[str] = ()) -> alt.Chart:
    """The length of each trained group's gradient over epochs, on a log axis.

    steps: columns position (in epochs), step, and grad_0, grad_1, ... (stem to head), not numbers where they were not
    measured.
    """
    columns = sorted(name for name in steps.columns if name.startswith("grad_"))
    names = group_names(len(columns), groups)
    measured = thin(steps.dropna(subset=columns[-1:]))[["position", "step", *columns]]
    long = measured.rename(columns=dict(zip(columns, names, strict=True))).melt(
        id_vars=["position", "step"], value_vars=names, var_name="group", value_name="length"
    )
    long = long[long["length"] > LOWEST]
    chart: alt.Chart = (
        alt.Chart(long, title=headline("Gradient of each layer group", "How steep the loss is in its weights."))
        .mark_line(strokeWidth=1.6)
        .encode(
            x=alt.X("position:Q", title="Epoch", scale=alt.Scale(nice=False)),
            y=alt.Y("length:Q", title="Length (log)", scale=alt.Scale(type="log"), axis=alt.Axis(format="~g")),
            color=group_colours(list(dict.fromkeys(long["group"])) or names, always=True),
            tooltip=[
                alt.Tooltip("group:N", title="Layer group"),
                alt.Tooltip("step:Q", title="Batch", format=","),
                alt.Tooltip("length:Q", title="Length", format=".3~g"),
            ],
        )
        .properties(height=HEIGHT)
    )
    return chart


def movements(frame: pd.DataFrame, *, groups: Sequence[str] = ()) -> alt.Chart:
    """How far each group has moved in each cycle, as a share of its length.

    frame: columns cycle, epoch, and moved_0, moved_1, ... (stem to head; 0 where frozen).
    """
    columns = sorted(name for name in frame.columns if name.startswith("moved_"))
    names = group_names(len(columns), groups)
    long = (
        frame[["cycle", "epoch", *columns]]
        .rename(columns=dict(zip(columns, names, strict=True)))
        .melt(id_vars=["cycle", "epoch"], value_vars=names, var_name="group", value_name="moved")
    )
    long = long[long["moved"] > 0]
    shown = [name for name in names if name in set(long["group"])]
    chart: alt.Chart = (
        alt.Chart(long, title=headline("How far each group moved in a cycle", "As a share of its weights' length."))
        .mark_line(point=alt.OverlayMarkDef(size=60), strokeWidth=1.6)
        .encode(
            x=alt.X("cycle:O", title="Cycle", axis=alt.Axis(labelAngle=0)),
            y=alt.Y("moved:Q", title="Moved (log)", scale=alt.Scale(type="log"), axis=SHARES),
            color=group_colours(shown or names, always=True),
            tooltip=[
                alt.Tooltip("group:N", title="Layer group"),
                alt.Tooltip("cycle:O", title="Cycle"),
                alt.Tooltip("moved:Q", title="Moved", format=".2%"),
            ],
        )
        .properties(height=HEIGHT)
    )
    return chart
