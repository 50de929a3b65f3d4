"""The learning rate of every layer group over a plan, drawn before anything runs."""

import math
from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from core.charts.lines import RATE_LABEL, as_one, group_colours, headline, stage_marks, starts
from core.numbers import rate_in_words

TITLE = "Learning rate over the plan"


def schedule(
    frame: pd.DataFrame, *, stages: Sequence[str] = (), title: str = TITLE, height: int = 330
) -> alt.LayerChart:
    """Rates over epochs, one line a layer group, from `core.training.preview.preview`.

    `frame` has the columns `stage`, `step`, `epoch`, `group`, `lr`, `momentum`, `known`. While a rate is
    still to be found, heights are shares of each stage's highest rate. `stages` names them.
    """
    known = bool(frame["known"].all()) if len(frame) else True
    one = as_one(frame, list(dict.fromkeys(frame["group"])))
    drawn = _lines(one if known else _as_shares(one))
    drawn["said"] = drawn["lr"].map(rate_in_words if known else "{:.0%}".format)
    trained = set(drawn["group"])
    groups = [name for name in dict.fromkeys(one["group"]) if name in trained]
    said = headline(title, "" if known else _UNKNOWN)
    axis = alt.Axis(labelExpr=RATE_LABEL) if known else alt.Axis(format="%")
    y_title = "Learning rate" if known else "Share of the highest"
    epochs = alt.Scale(domain=[0, math.ceil(frame["epoch"].max())] if len(frame) else [0, 1])
    lines = (
        alt.Chart(drawn)
        .mark_line(interpolate="linear", strokeWidth=1.8)
        .encode(
            x=alt.X("epoch:Q", title="Epoch", axis=alt.Axis(tickMinStep=1), scale=epochs),
            y=alt.Y("lr:Q", title=y_title, axis=axis, scale=alt.Scale(zero=True)),
            color=group_colours(groups),
            detail="piece:N",
            tooltip=[
                alt.Tooltip("group:N", title="Layer group"),
                alt.Tooltip("epoch:Q", title="Epoch", format=".2f"),
                alt.Tooltip("said:N", title=y_title),
                alt.Tooltip("momentum:Q", title="Momentum", format=".2f"),
            ],
        )
    )
    return alt.LayerChart(layer=[*stage_marks(starts(drawn, stages)), lines], height=height, title=said)


_UNKNOWN = "Heights are shares of each stage's highest rate: some are still to be found."


def _as_shares(frame: pd.DataFrame) -> pd.DataFrame:
    highest = frame.groupby("stage")["lr"].transform("max")
    return frame.assign(lr=frame["lr"] / highest.where(highest > 0, 1.0))


def _lines(frame: pd.DataFrame) -> pd.DataFrame:
    """Each group while it is trained, its line broken where a stage ends or the rate jumps back up."""
    trained = frame[frame["lr"] > 0]
    parts = []
    for (stage, group), rows in trained.groupby(["stage", "group"], sort=False):
        jumps = _restarts(rows["lr"].to_numpy(dtype=np.float64))
        parts.append(rows.assign(piece=[f"{stage}/{group}/{number}" for number in jumps]))
    return pd.concat(parts) if parts else trained.assign(piece="")


def _restarts(rates: np.ndarray) -> np.ndarray:
    """How many warm restarts lie before each point: a jump from near the floor to near the top."""
    span = rates.max() - rates.min()
    if not span:
        return np.zeros(len(rates), dtype=np.int64)
    return np.cumsum(np.diff(rates, prepend=rates[0]) > 0.7 * span)
