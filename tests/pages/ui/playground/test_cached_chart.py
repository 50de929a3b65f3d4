"""A chart is built once for what it shows."""

from streamlit.testing.v1 import AppTest


def page() -> None:
    import altair as alt
    import pandas as pd
    import streamlit as st

    from pages.ui.playground.cached_chart import cached_chart

    built = st.session_state.setdefault("built", [])

    def build() -> alt.Chart:
        built.append(1)
        return alt.Chart(pd.DataFrame({"x": [1, 2], "y": [3, 4]})).mark_line().encode(x="x:Q", y="y:Q")

    cached_chart(build, showing=st.session_state.get("showing", "one"), key="test-cached", alt_text="A line")


def test_a_chart_is_built_again_only_for_something_else() -> None:
    at = AppTest.from_function(page).run()
    at.run()
    assert not at.exception
    assert at.session_state["built"] == [1]
    at.session_state["showing"] = "another"
    at.run()
    assert at.session_state["built"] == [1, 1]
    assert at.get("vega_lite_chart")
