"""The edits of a data set when a run is made on it."""

import streamlit as st

from core.data.index import DataSet
from core.data.versions.edits import counted
from core.data.versions.ledger import ledger_of
from core.data.versions.version import versioned
from core.workspace import Workspace
from pages.ui.errors import shown


def edits_choice(workspace: Workspace, data: DataSet, key: str) -> bool:
    """Whether a new run begins with the edits of the data set; asked only where there are other ones than it has."""
    with shown():
        edits = ledger_of(workspace, data).edits()
        if {edit.effect for edit in edits if edit.changes_data} != {
            edit.effect for edit in data.edits if edit.changes_data
        }:
            what = counted(edits) or "all of them taken back"
            return st.toggle(f"With the edits of these images ({what})", True, key=f"{key}-mended")
    return False


def with_edits(workspace: Workspace, data: DataSet) -> DataSet:
    """The data set with the edits that stand now. Raises `DataError` where they do not fit it."""
    return versioned(data, ledger_of(workspace, data).edits())
