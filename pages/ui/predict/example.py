"""What the Predict page shows, before there is a network to ask."""

import pandas as pd
import streamlit as st

from core.charts.top_classes import top_classes


def example() -> None:
    """A made-up answer: four fruits, and a threshold."""
    table = pd.DataFrame({"class": ["orange", "lemon", "apple", "pear"], "probability": [0.81, 0.14, 0.03, 0.02]})
    st.markdown("#### orange")
    st.altair_chart(top_classes(table, 0.6), key="example", alt="An example: orange 81%, lemon 14%, apple 3%, pear 2%")
    st.caption(
        "Left of the dashed line it would say “not sure”. The answer to your image comes with where the network looks, "
        "and the training images like it."
    )
