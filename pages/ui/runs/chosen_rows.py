"""A table to choose rows from, in two forms: all columns, and on a narrow screen those that fit."""

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

NARROW = 760
"""Pixels of the window up to which the few columns are shown."""

_CSS = f"""
<style>
@media (max-width: {NARROW}px) {{ [class*="st-key-wide-"] {{ display: none; }} }}
@media (min-width: {NARROW + 1}px) {{ [class*="st-key-narrow-"] {{ display: none; }} }}
</style>
"""


def chosen_rows(
    frame: pd.DataFrame, columns: Mapping[str, ColumnConfig], few: Sequence[str], *, key: str, height: int, alt: str
) -> list[int]:
    """Draw `frame` with its `columns`, or with a `few` of them where there is no room; the rows chosen."""
    st.html(_CSS)
    chosen: set[int] = set()
    for form, names in (("wide", list(columns)), ("narrow", list(few))):
        with st.container(key=f"{form}-{key}"):
            event = st.dataframe(
                frame,
                column_config=dict(columns),
                column_order=names,
                hide_index=True,
                on_select="rerun",
                selection_mode="multi-row",
                key=key if form == "wide" else narrow_key(key),
                placeholder="",
                height=height,
                alt=alt,
            )
        chosen.update(at for at in event["selection"]["rows"] if at < len(frame))
    return sorted(chosen)


def narrow_key(key: str) -> str:
    """The session key of the narrow form of a table."""
    return f"{key}-narrow"


def forget_rows(key: str) -> None:
    """Have no row of a table chosen any more: its rows are others now."""
    for name in (key, narrow_key(key)):
        st.session_state.pop(name, None)
