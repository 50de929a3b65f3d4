"""Charts that are built once for what they show: building one takes longer than the rest of a page."""

from collections.abc import Callable
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

MOST = 200
"""Charts in the cache, shared by all visitors."""


def cached_chart(build: Callable[[], alt.TopLevelMixin], *, showing: str, key: str, alt_text: str) -> None:
    """Draw what `build` gives; with the same `key` and `showing`, which say all that it shows, it is not called again.

    For charts without selections.
    """
    st.vega_lite_chart(_spec(key, showing, build), key=key, alt=alt_text)


@st.cache_data(max_entries=MOST, show_spinner=False)
def _spec(key: str, showing: str, _build: Callable[[], alt.TopLevelMixin]) -> dict[str, Any]:
    """The chart as Vega-Lite, its data as frames."""
    with alt.theme.enable("none"):  # Streamlit's own is put on in the browser
        spec: dict[str, Any] = _build().to_dict()
    spec["datasets"] = {name: pd.DataFrame(rows) for name, rows in spec.get("datasets", {}).items()}
    return spec
