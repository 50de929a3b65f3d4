"""The mended data for other programs: a table to download, or folders of links or copies."""

from pathlib import Path

import streamlit as st

from core.data.index import DataSet
from core.data.versions.export import as_csv, write_folders
from core.data.versions.ledger import ledger_of
from core.data.versions.version import versioned
from core.runs.folder import RunFolder
from pages.ui.errors import shown
from pages.ui.progress import progress_bar
from pages.ui.text import literal


def take_away(run: RunFolder, data: DataSet) -> None:
    """Both forms of export, of the data with all edits."""
    with st.expander("Take the mended data away", icon=":material/download:"):
        st.caption("With every edit of the list, whether the run uses it yet or not. Your files are read only.")
        st.download_button(
            "Download a table (path, class, split)",
            data=lambda: as_csv(_edited(run, data), names=run.workspace.host is not None),
            file_name="mended.csv",
            mime="text/csv",
            icon=":material/table:",
            key="mend-csv",
            on_click="ignore",
        )
        if run.workspace.host is not None:
            return
        with st.form("mend-folders", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
            path = st.text_input("Or a new folder for train/CLASS/… and valid/CLASS/…", key="mend-folder")
            copies = st.checkbox("Copies instead of links", key="mend-copies")
            asked = st.form_submit_button("Write the folders")
        if asked and not path.strip():
            st.warning("Enter the path of a folder first.", icon=":material/edit:")
        elif asked:
            with shown() as outcome, progress_bar() as bar:
                target = Path(path.strip()).expanduser().absolute()
                count = write_folders(_edited(run, data), target, "copies" if copies else "links", bar)
            if outcome.ok:
                st.success(f"Wrote {count:,} images to {literal(target, None)}.", icon=":material/check_circle:")


def _edited(run: RunFolder, data: DataSet) -> DataSet:
    return versioned(data, ledger_of(run.workspace, data).edits())
