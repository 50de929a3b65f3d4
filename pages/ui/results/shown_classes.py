"""Which classes a map shows where there are too many for one: a page of them, or those around the one searched for."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from core.results.confusion import Integers, confused_with
from pages.ui.text import plain

MOST_DRAWN = 100
"""Classes up to which one map has all: with more, a cell is smaller than a pointer."""
PER_MAP = 50


def shown_classes(matrix: Integers, places: Sequence[int], classes: Sequence[str], key: str) -> list[int]:
    """Places of the classes to draw, of all `places` in their order; with many, widgets to page and to search."""
    if len(places) <= MOST_DRAWN:
        return list(places)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        around = st.selectbox(
            "Find a class",
            sorted(places),
            index=None,
            format_func=lambda place: plain(classes[place]),
            placeholder="Its name",
            help="The map then shows this class and those that it is confused with.",
            key=f"{key}-find",
            width=260,
        )
        if around is None:
            at = st.pagination(-(-len(places) // PER_MAP), key=f"{key}-classes") - 1
    if around is not None:
        shown, what = confused_with(matrix, around, PER_MAP), f"{plain(classes[around])} and those it is confused with"
    else:
        shown = list(places)[at * PER_MAP : (at + 1) * PER_MAP]
        what = f"Classes {at * PER_MAP + 1:,} to {at * PER_MAP + len(shown):,} of {len(places):,}"
    wrong, all_wrong = (int(of.sum() - np.trace(of)) for of in (matrix[np.ix_(shown, shown)], matrix))
    st.text(f"{what}: {wrong:,} of all {all_wrong:,} errors lie between them.")
    return shown


def most_changed(change: Integers) -> list[int]:
    """Places of the classes in which a difference of two matrices has the most images; all where they are few."""
    if len(change) <= MOST_DRAWN:
        return list(range(len(change)))
    amounts = np.abs(change).sum(axis=0) + np.abs(change).sum(axis=1)
    return sorted(np.argsort(-amounts, kind="stable")[:PER_MAP].tolist())
