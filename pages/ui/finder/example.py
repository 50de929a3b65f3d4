"""What a range test shows, before there is one."""

import numpy as np
import pandas as pd
import streamlit as st

from core.charts.lr_finder import PRESENT, finder
from core.charts.lr_marks import Marks
from core.training.curves import smoothed
from core.training.suggest import suggest

TITLE = "Example: the loss falls, flattens, then explodes"
BATCHES, CLASSES = 100, 10
"""Of the stage that the example's rate is for, and what its images show."""


def example() -> None:
    """A made-up curve of a fall and an explosion, read as a real one is."""
    rates = np.geomspace(1e-5, 1.0, 100)
    power = np.log10(rates)
    truth = 2.3 - 1.7 / (1 + np.exp(-3 * (power + 3.1))) + 0.5 * np.exp(3 * (power + 1.1))
    losses = truth * np.exp(0.06 * np.random.default_rng(1).standard_normal(len(rates)))
    found = suggest(rates, losses, steps=BATCHES, classes=CLASSES, only_the_head=False)
    curve = smoothed(rates, losses)
    frame = pd.DataFrame(
        {"lr": curve.lrs, "loss": losses, "centred": curve.losses, "low": curve.low, "high": curve.high}
    ).assign(fastai=np.nan, curve="", role=PRESENT)
    marks = Marks(rate=found.lr, low=found.low, high=found.high, collapse=found.collapse)
    st.altair_chart(finder(frame, marks=marks, pickable=False, title=TITLE), key="example", alt=TITLE)
