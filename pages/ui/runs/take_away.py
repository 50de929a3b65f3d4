"""A run as a file to take away, and a run that was carried here opened."""

from pathlib import Path

import streamlit as st

from core.data.index import DataSet
from core.errors import ExportError
from core.export.carry_in import carry_in
from core.export.carry_out import bytes_of_images
from core.export.kept import FOLDER
from core.export.records import RECORDS, RecordForm, file_name
from core.jobs.records import write_record
from core.runs.folder import RunFolder
from core.workspace import Workspace
from pages.ui.errors import shown
from pages.ui.progress import progress_bar
from pages.ui.session import data_of_run
from pages.ui.text import literal, size_of

TITLE = "The run itself: report, script, notebook, all of it"

READY = "record-ready"
"""Session key: run, form and whether with images of the file that was prepared last, and what was said of it."""

OPENED = "carried-opened"
"""Session key: what was said of the run that was opened last from a file."""

TURN = "carried-turn"
"""Session key: how many files were opened; each field is a new one, empty, and a file that is refused stays in it."""


def take_away(run: RunFolder) -> None:
    """Offer every form of file: prepared when asked for, then to be downloaded."""
    with st.expander(TITLE, icon=":material/luggage:"):
        for form in RECORDS.values():
            with st.container(border=True):
                st.markdown(f"**{form.title}** (`{form.suffix}`)")
                st.caption(form.use)
                _form(run, form)


def _form(run: RunFolder, form: RecordForm) -> None:
    images = form.name == "run" and _with_images(run)
    asked = (run.id, form.name, images)
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Prepare the file", icon=":material/inventory_2:", key=f"prepare-{form.name}"):
            with shown() as outcome, progress_bar() as bar:
                said = write_record(run, form, _place(run, form), images=images, progress=bar)
            st.session_state[READY] = (asked, said) if outcome.ok else None
        ready = st.session_state.get(READY)
        path = _place(run, form)
        if ready and ready[0] == asked and path.is_file():
            st.download_button(
                f"Download ({size_of(float(path.stat().st_size))})",
                data=lambda: _content(path),
                file_name=file_name(run.info.name, form),
                mime="application/octet-stream",
                icon=":material/download:",
                type="primary",
                on_click="ignore",
                key=f"download-{form.name}",
            )
            for sentence in ready[1]:
                st.caption(literal(sentence, None))


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ExportError("The file is gone. Prepare it again.") from error


def _with_images(run: RunFolder) -> bool:
    data = data_of_run(run.workspace, run.id)
    size = _bytes(str(run.path), data.fingerprint, data)
    if not size:
        return False
    return st.checkbox(f"With its {len(data.items):,} images ({size_of(float(size))})", key="carry-images")


@st.cache_data(max_entries=32, ttl=60, show_spinner=False)
def _bytes(run: str, fingerprint: str, _data: DataSet) -> int:
    """Bytes of the images, counted anew once a minute: 200,000 files take half a second."""
    del run, fingerprint  # the key: whose images they are, and which
    return bytes_of_images(_data)


def _place(run: RunFolder, form: RecordForm) -> Path:
    return run.path / FOLDER / f"record{form.suffix}"


def open_carried(workspace: Workspace) -> None:
    """A field for a file that was made on another machine, and what came of the last one."""
    said = st.session_state.pop(OPENED, "")
    if said:
        st.success(said, icon=":material/check_circle:")
    with st.expander("Open a run from another machine", icon=":material/move_to_inbox:"):
        st.caption(
            "A file of a whole run that was prepared there. What it holds is checked; anything that is no part "
            "of a run is refused."
        )
        turn = st.session_state.setdefault(TURN, 0)
        with st.form("open-carried", border=False):
            given = st.file_uploader("File of a whole run", type="zip", key=f"carried-file-{turn}")
            asked = st.form_submit_button("Open it", icon=":material/unarchive:")
        if asked and given is None:
            st.warning("Choose a file first.", icon=":material/edit:")
        elif asked and given is not None:
            with shown() as outcome, progress_bar() as bar:
                found = carry_in(given, workspace, bar)
            if outcome.ok:
                there = (
                    "with its images" if found.images else "its images are not here yet; it asks for them when opened"
                )
                st.session_state[TURN] = turn + 1
                st.session_state[OPENED] = f"The run {literal(found.run.info.name)} was opened: {there}."
                st.rerun()
