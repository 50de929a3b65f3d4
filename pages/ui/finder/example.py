"""What a range test shows, before there is one."""

import math

import numpy as np
import pandas as pd
import streamlit as st

from core.charts.lr_finder import finder
from core.training.suggestions import suggestions

TITLE = "Example: the loss falls, flattens, then explodes"


def example() -> None:
    """A made-up curve of a fall and an explosion, with the suggestions that a real one would have."""
    rates = np.geomspace(1e-7, 3.0, 90)
    power = np.log10(rates)
    smoothed = 2.3 - 1.7 / (1 + np.exp(-2.2 * (power + 2.9))) + 0.35 * np.exp(2.6 * (power - 0.1))
    noise = [0.07 * math.sin(7.3 * step) * math.cos(2.1 * step) for step in range(len(rates))]
    frame = pd.DataFrame({"lr": rates, "loss": smoothed + noise, "smoothed": smoothed, "curve": "", "current": True})
    found = suggestions(rates, smoothed)
    two = {name: found[name] for name in ("valley", "minimum")}
    st.altair_chart(finder(frame, suggestions=two, pickable=False, title=TITLE), key="example", alt=TITLE)
