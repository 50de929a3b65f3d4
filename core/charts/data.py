"""What a data set holds: images a class and split, and how big they are."""

from collections.abc import Sequence

import altair as alt
import pandas as pd

from core.charts import palette

MOST_CLASSES = 150
"""Bars drawn; a longer list is cut to its largest and smallest classes."""
NONE_TO_CHECK = "none to check"
"""Written beside the bar of a class without validation images."""
LONGEST_NAME = 150
"""Pixels of a class's name beside its bar."""
_AROUND = 165
"""Pixels that title, legend and axis take of a chart's height."""
SPLIT_NAMES = {"train": "training", "valid": "validation", "test": "test"}


def class_bars(counts: pd.DataFrame) -> alt.Chart | alt.LayerChart:
    """One bar a class, largest first, coloured by split; classes without validation images say that beside it.

    counts: columns class, split ("train", "valid", "test"), images.
    """
    shown, left_out = _largest_and_smallest(counts)
    shown = shown.assign(
        split_name=shown["split"].map(SPLIT_NAMES),
        order=shown["split"].map({split: place for place, split in enumerate(SPLIT_NAMES)}),
        total=shown.groupby("class")["images"].transform("sum"),
    )
    present = [split for split in SPLIT_NAMES if (shown["split"] == split).any()]
    bars = shown["class"].nunique()
    said = f"Images per class, without {left_out:,} classes of middling size" if left_out else "Images per class"
    chart: alt.Chart = (
        alt.Chart(shown)
        .mark_bar(height={"band": 0.72})
        .encode(
            x=alt.X("images:Q", title="Images", axis=alt.Axis(tickMinStep=1, tickCount=5, format="~s")),
            y=alt.Y(
                "class:N",
                title=None,
                sort=alt.EncodingSortField("total", order="descending"),
                axis=alt.Axis(labelLimit=LONGEST_NAME, labelOverlap=False, labelFlush=False),
            ),
            color=_split_colours(present),
            order=alt.Order("order:Q"),
            tooltip=[
                alt.Tooltip("class:N", title="Class"),
                alt.Tooltip("split_name:N", title="Split"),
                alt.Tooltip("images:Q", title="Images", format=","),
                alt.Tooltip("total:Q", title="In all", format=","),
            ],
        )
        .properties(height=_AROUND + bars * (24 if bars <= 16 else 18))
    )
    unchecked = shown[(shown["split"] == "valid") & (shown["images"] == 0)]
    return (chart if unchecked.empty else _saying_none(chart, unchecked)).properties(title=said)


def _saying_none(bars: alt.Chart, unchecked: pd.DataFrame) -> alt.LayerChart:
    """The bars with a word at the end of those of classes without validation images."""
    said = (
        alt.Chart(unchecked)
        .mark_text(align="left", dx=5, fontSize=11, color=palette.VALID)
        .encode(x=alt.X("total:Q"), y=alt.Y("class:N", sort=None), text=alt.value(NONE_TO_CHECK))
    )
    return alt.LayerChart(layer=[bars, said])


def _split_colours(present: Sequence[str]) -> alt.Color:
    """The colour of each split that there is, with a legend."""
    names, colours = [SPLIT_NAMES[split] for split in present], [palette.SPLITS[split] for split in present]
    scale, legend = alt.Scale(domain=names, range=colours), alt.Legend(orient="bottom", offset=0)
    return alt.Color("split_name:N", title=None, scale=scale, legend=legend)


def _largest_and_smallest(counts: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    totals = counts.groupby("class")["images"].sum().sort_values(ascending=False)
    left_out = len(totals) - MOST_CLASSES
    if left_out <= 0:
        return counts, 0
    half = MOST_CLASSES // 2
    kept = [*totals.index[:half], *totals.index[-half:]]
    return counts[counts["class"].isin(kept)], len(totals) - len(kept)


def image_sizes(sizes: pd.DataFrame) -> alt.Chart:
    """Width against height, a circle for each size, larger where more images have it.

    sizes: columns width, height (pixels), images.
    """
    most = sizes.nlargest(400, "images")
    chart: alt.Chart = (
        alt.Chart(most, title="Image sizes")
        .mark_circle(opacity=0.6, color=palette.BLUE)
        .encode(
            x=alt.X("width:Q", title="Width (pixels)", scale=alt.Scale(zero=False, padding=12, nice=True)),
            y=alt.Y("height:Q", title="Height (pixels)", scale=alt.Scale(zero=False, padding=12, nice=True)),
            size=alt.Size("images:Q", legend=None, scale=alt.Scale(range=[30, 500])),
            tooltip=[
                alt.Tooltip("width:Q", title="Width", format=","),
                alt.Tooltip("height:Q", title="Height", format=","),
                alt.Tooltip("images:Q", title="Images", format=","),
            ],
        )
        .properties(height=220)
    )
    return chart
