"""What the edits did: figures before and after the stages that first trained on them."""

import streamlit as st

from core.data.index import DataSet
from core.data.versions.edits import counted
from core.runs.data_changes import mended_stages
from core.runs.folder import RunFolder
from pages.ui.text import literal


def mended_figures(run: RunFolder, data: DataSet) -> None:
    """A sentence for each stage that began with other edits than the one before it."""
    state = run.state
    said = mended_stages(state)
    last = state.stages[-1].mended if state.stages else ""
    waits = bool(state.stages) and last != counted(data.edits)
    if not (said or waits):
        return
    st.subheader("Before and after", anchor=False)
    for sentence in said:
        st.markdown(f":material/compare_arrows: {literal(sentence, None)}")
    if waits:
        st.caption("Train a stage on the mended data: its figures, before and after, will be here.")
