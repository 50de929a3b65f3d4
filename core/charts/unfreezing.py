"""Charts of how each layer group learns: the norm of its gradient, and how far its weights have moved."""

from collections.abc import Sequence

import altair as alt
import pandas as pd

from core.charts.lines import group_colours, group_names, headline, log_ticks, stage_marks, thin
from core.charts.training import across

LOWEST = 1e-6
"""Below this nothing is drawn: a log axis has no zero."""

MOST_DECADES = 2
"""Decades of each group's movement that are drawn: it begins at none, and what comes later is to be told apart."""

ALL_OF_IT = 1 - 1e-6
"""From this share on, all of a group's weights are movement: it began at zero."""


def on_epochs(groups: pd.DataFrame, steps: pd.DataFrame) -> pd.DataFrame:
    """`groups` with the `position` of its batches in `steps`, which come from `core.charts.training.on_epochs`."""
    return groups.merge(steps[["step", "position"]], on="step")


def gradients(
    groups: pd.DataFrame, spans: pd.DataFrame, names: Sequence[str] = (), *, height: int = 340
) -> alt.LayerChart:
    """The norm of each trained group's gradient over epochs, on a log axis.

    `groups` comes from `on_epochs`, `spans` from `core.charts.training.stage_spans`; `names` are stem to head.
    """
    return _lines(
        groups,
        spans,
        names,
        "grad",
        "Gradient norm",
        ".2~g",
        height,
        headline("Gradient norm: how hard each layer group is pulled"),
    )


def movement(
    groups: pd.DataFrame, spans: pd.DataFrame, names: Sequence[str] = (), *, height: int = 340
) -> alt.LayerChart:
    """How far the weights of each group are from those that the run began with, relative to their norm, on a log axis.

    Takes what `gradients` takes. Groups that began at zero, as a new head does, are left out: all of them is movement.
    """
    some = groups[groups["moved"] < ALL_OF_IT]
    some = some[some["moved"] > some.groupby("group")["moved"].transform("max") / 10**MOST_DECADES]
    return _lines(
        some,
        spans,
        names,
        "moved",
        "Moved, of the norm",
        ".2%",
        height,
        headline("Movement: how far the weights are from the first ones"),
        axis="~%",
    )


def _lines(
    groups: pd.DataFrame,
    spans: pd.DataFrame,
    names: Sequence[str],
    column: str,
    title: str,
    form: str,
    height: int,
    said: alt.TitleParams,
    *,
    axis: str = "~g",
) -> alt.LayerChart:
    """One line a layer group and stage."""
    count = int(groups["group"].max()) + 1 if len(groups) else len(names)
    known = group_names(max(count, len(names)), names)
    parts = [thin(part) for _, part in groups[groups[column] > LOWEST].groupby("group", sort=True)]
    few = pd.concat(parts) if parts else groups.head(0)
    few = few.assign(group=[known[number] for number in few["group"].astype("int64")])
    scale = alt.Scale(type="log", nice=False)
    ticks = log_ticks(float(few[column].min()), float(few[column].max())) if len(few) else []
    lines = (
        alt.Chart(few)
        .mark_line(strokeWidth=1.8, point=alt.OverlayMarkDef(size=14, filled=True))
        .encode(
            x=across("position:Q", spans),
            y=alt.Y(
                f"{column}:Q",
                title=title,
                scale=scale,
                axis=alt.Axis(format=axis, values=ticks),
            ),
            color=group_colours(known, always=True),
            detail="stage:N",
            tooltip=[
                alt.Tooltip("group:N", title="Layer group"),
                alt.Tooltip("step:Q", title="Batch", format=","),
                alt.Tooltip(f"{column}:Q", title=title, format=form),
            ],
        )
    )
    return alt.LayerChart(layer=[*stage_marks(spans), lines], height=height, title=said)
