"""More images of the same classes for a run: those there before stay on their side of the split."""

import streamlit as st

from core.data.index import DataSet
from core.data.sources import store_upload
from core.jobs.actions import add_images
from core.runs.folder import RunFolder
from pages.ui import session
from pages.ui.data.pickers import ARCHIVES
from pages.ui.errors import shown
from pages.ui.progress import progress_bar
from pages.ui.text import literal

SAID = "more-images-said"
"""Session key: the run that was given images last, and the sentence that says so."""


def more_images(run: RunFolder, data: DataSet) -> None:
    """A field for the folder of the new images."""
    said = st.session_state.get(SAID)
    with st.expander("Add images of the same classes", icon=":material/add_photo_alternate:"):
        if said and said[0] == run.id:
            st.success(said[1], icon=":material/check_circle:")
        held = len(data.indices("valid"))
        st.caption(
            f"The {held:,} validation images stay validation images, and none of them enters training. New images are "
            "recognised by their content and trained on from the next stage; only they are decoded, and only their "
            "activations computed. Branches can then begin from later cycles only."
        )
        if run.workspace.host is not None:
            _upload(run)
            return
        with st.form(f"more-{run.id}", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
            path = st.text_input("Folder or zip file with a folder for each class", key=f"more-path-{run.id}")
            asked = st.form_submit_button("Add these images")
        if asked and not path.strip():
            st.warning("Enter the path of a folder first.", icon=":material/edit:")
        elif asked:
            _add(run, path.strip())


def _upload(run: RunFolder) -> None:
    """The same on a server, whose folders cannot be named."""
    turn = st.session_state.setdefault(f"more-turn-{run.id}", 0)
    files = st.file_uploader(
        "Zip or tar files with a folder for each class",
        type=ARCHIVES,
        accept_multiple_files=True,
        key=f"more-zip-{run.id}-{turn}",
    )
    if not files:
        return
    with shown() as outcome:
        spec = store_upload([(file.name, file) for file in files], run.workspace)
    if outcome.ok:
        st.session_state[f"more-turn-{run.id}"] = turn + 1
        _add(run, spec)


def _add(run: RunFolder, path: str) -> None:
    with shown() as outcome, progress_bar() as bar:
        growth = add_images(run, path, bar)
    if outcome.ok:
        session.forget_run(run.workspace, run.id)
        known = f" {growth.known:,} were there already." if growth.known else ""
        sides = f"{growth.train:,} image{'' if growth.train == 1 else 's'} to train on, {growth.valid:,} to validate on"
        added = f"Added from {literal(path, None)}: {sides}."
        st.session_state[SAID] = (run.id, added + known)
        st.rerun()
