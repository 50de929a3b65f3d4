"""Learning rate: too low crawls, too high zigzags, much too high diverges; and what annealing and restarts do."""

import streamlit as st

from pages.ui.frame import begin, end
from pages.ui.playground.annealing import annealing_panel
from pages.ui.playground.descent import descent_panel

context = begin(
    "Learning rate",
    ":material/downhill_skiing:",
    lead="Each step moves the weights downhill by **rate × slope**. See what a rate too low or too high does.",
    words=("learning rate", "loss", "batch"),
)
descent_panel()
st.divider()
st.subheader("Annealing and warm restarts", anchor=False)
st.markdown(
    "Annealing lowers the rate so that the weight can settle. A restart raises it again: at the high rate the weight "
    "cannot stay in a narrow minimum. **Do restarts find the wide minimum? Count in how many runs.**"
)
annealing_panel()
end(context)
