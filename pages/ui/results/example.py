"""What a confusion matrix shows, before there is one."""

import numpy as np
import streamlit as st

from core.charts.confusion import confusion
from core.results.confusion import as_frame


def example() -> None:
    """A made-up matrix of four fruits."""
    names = ["apple", "pear", "lemon", "orange"]
    matrix = np.array([[46, 4, 0, 0], [3, 45, 2, 0], [0, 1, 47, 2], [1, 0, 9, 40]])
    chart = confusion(as_frame(matrix, names), classes=names, title="Example: oranges are often taken for lemons")
    st.altair_chart(chart, key="example", alt="An example: four fruits, most of them on the diagonal")
