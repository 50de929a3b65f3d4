"""What the line charts share: fewer points, one colour a layer group, and where stages begin."""

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from core.charts import palette
from core.numbers import PLAIN_FROM

POINTS = 500
"""Points sent for one series: more cannot be told apart on a screen, and every poll sends them all."""

RATE_FORMAT = ".1~e"
"""Of rates in tooltips that have no words of their own."""

RATE_LABEL = f"datum.value == 0 ? '0' : format(datum.value, abs(datum.value) < {PLAIN_FROM} ? '.1~e' : '.2~r')"
"""Of an axis of rates, as `rate_in_words` writes them; for `alt.Axis(labelExpr=...)`."""

ALL_LAYERS = "all layers"

LETTERS_ACROSS = 100
"""About as many small letters as fit across a chart."""


def thin(frame: pd.DataFrame, points: int = POINTS) -> pd.DataFrame:
    """At most `points` rows of `frame`, evenly spread, the first and the last among them."""
    if len(frame) <= points:
        return frame
    rows = np.unique(np.linspace(0, len(frame) - 1, points).round().astype(np.int64))
    return frame.iloc[rows]


def below() -> alt.Legend:
    """A legend under the chart, as lines: above it are the names of the stages."""
    return alt.Legend(orient="bottom", symbolType="stroke", symbolOpacity=1, symbolStrokeWidth=3, labelLimit=320)


def as_one(frame: pd.DataFrame, groups: Sequence[str]) -> pd.DataFrame:
    """`frame` (columns `group`, `lr`) with a single group "all layers" where the rates of all `groups` are the same."""
    rates = [frame.loc[frame["group"] == group, "lr"].to_numpy() for group in groups]
    if len(rates) < 2 or not all(np.array_equal(rates[0], other) for other in rates[1:]):
        return frame
    return frame[frame["group"] == groups[-1]].assign(group=ALL_LAYERS)


def group_names(count: int, names: Sequence[str] = ()) -> list[str]:
    """A name for each of `count` layer groups, stem to head; `names` when they fit."""
    if len(names) == count:
        return list(names)
    if count == 1:
        return [ALL_LAYERS]
    return [*(f"group {number}" for number in range(1, count)), "head"]


def group_colours(names: Sequence[str]) -> alt.Color:
    """One colour a layer group: the head, which learns fastest, always has the first."""
    domain = list(reversed(names))
    colours = [palette.SERIES[place % len(palette.SERIES)] for place in range(len(domain))]
    return alt.Color(
        "group:N",
        title=None,
        scale=alt.Scale(domain=domain, range=colours),
        legend=below() if len(names) > 1 else None,
    )


def starts(frame: pd.DataFrame, labels: Sequence[str] = (), *, x: str = "epoch") -> pd.DataFrame:
    """Where each stage of `frame` (columns `stage` and `x`) begins: columns `start`, `stage_label`, `short`.

    `short` is the label cut to the room before the next stage, so that no two overlap.
    """
    if frame.empty:
        return pd.DataFrame({"start": [], "stage_label": [], "short": []})
    first = frame.groupby("stage", sort=True)[x].min()
    texts = [labels[int(stage)] if int(stage) < len(labels) else f"Stage {int(stage) + 1}" for stage in first.index]
    edges = np.append(first.to_numpy(dtype=np.float64), float(frame[x].max()))
    room = np.diff(edges) / (edges[-1] - edges[0] or 1.0) * LETTERS_ACROSS
    short = [_cut(text, int(letters)) for text, letters in zip(texts, room, strict=True)]
    return pd.DataFrame({"start": first.to_numpy(), "stage_label": texts, "short": short})


def _cut(text: str, letters: int) -> str:
    if len(text) <= letters:
        return text
    return f"{text[: letters - 1]}…" if letters > 3 else ""


def stage_marks(where: pd.DataFrame) -> list[alt.Chart]:
    """A thin line with a name at the start of each stage, as layers to lie under a chart over `x`."""
    base = alt.Chart(where).encode(x=alt.X("start:Q"))
    rule = base.mark_rule(color=palette.GREY, strokeDash=[3, 3], opacity=0.7)
    name = base.mark_text(
        align="left", baseline="bottom", dx=-2, dy=-3, color=palette.GREY, limit=400, fontSize=11
    ).encode(y=alt.value(0), text="short:N", tooltip=alt.Tooltip("stage_label:N", title="Stage"))
    return [rule, name]


def headline(title: str, subtitle: str = "") -> alt.TitleParams:
    """A chart's title, which says what to see, and under it how to read it."""
    if not subtitle:
        return alt.TitleParams(title, anchor="start", offset=18)
    return alt.TitleParams(title, subtitle=[subtitle], anchor="start", subtitleColor=palette.GREY, offset=18)
