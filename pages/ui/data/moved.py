"""A run whose images lie somewhere else by now: which folder is missing, and a field for where they lie."""

import streamlit as st

from core.data.index import DataSet
from core.data.moved import missing_of
from core.jobs.actions import point_to
from core.runs.folder import RunFolder
from pages.ui import session
from pages.ui.errors import shown
from pages.ui.frame import Context
from pages.ui.progress import progress_bar
from pages.ui.text import literal

SAID = "moved-said"
"""Session key: the run that was pointed to another folder last, and the sentence that says so."""


def moved_notice(context: Context, data: DataSet) -> None:
    """Say which folder of the data is missing, and for a run ask where its images lie now; nothing if all is there."""
    if context.run is not None:
        moved_run(context.run, data)
    elif (missing := missing_of(data)) is not None:
        st.warning(
            f"The folder with these images is missing: {literal(missing, None)}. Put it back, or choose the data where "
            "it lies now.",
            icon=":material/warning:",
        )


def moved_run(run: RunFolder, data: DataSet) -> None:
    """The same for one run."""
    said = st.session_state.get(SAID)
    if said and said[0] == run.id:
        st.success(said[1], icon=":material/check_circle:")
        del st.session_state[SAID]
    missing = missing_of(data)
    if missing is None:
        return
    with st.container(border=True):
        st.markdown(
            f":orange[:material/warning:] **The folder with this run's images is missing:** {literal(missing, None)}"
        )
        if run.workspace.host is not None:
            st.caption("Figures and weights are kept. Begin a new run on data that you upload.")
            return
        st.caption(
            "Figures and weights are kept, but images cannot be shown, and training at another size cannot begin. Put "
            "the folder back, or enter where the images are now: each is recognised by its content."
        )
        with st.form(f"moved-{run.id}", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
            path = st.text_input("Folder or zip file where the images are now", key=f"moved-path-{run.id}")
            asked = st.form_submit_button("Use these images", type="primary")
    if asked and not path.strip():
        st.warning("Enter the path of a folder first.", icon=":material/edit:")
    elif asked:
        _point(run, path.strip())


def _point(run: RunFolder, path: str) -> None:
    with shown() as outcome, progress_bar() as bar:
        point_to(run, path, bar)
    if outcome.ok:
        session.forget_run(run.workspace, run.id)
        data = run.data()
        found = f"All {len(data.items):,} images of this run were found in {literal(data.spec, None)}."
        st.session_state[SAID] = (run.id, found)
        st.rerun()
