"""Mending an image where it is looked at, on whatever page that is."""

import streamlit as st

from core.data.index import DataSet
from core.data.versions.edits import EXCLUDED
from core.runs.folder import RunFolder
from pages.ui.errors import shown
from pages.ui.mend.card import decisions
from pages.ui.mend.decisions import ledger_for, say_refusal, take_back
from pages.ui.mend.looks import Look
from pages.ui.text import literal


def mend_here(run: RunFolder, data: DataSet, image: str, said: str) -> None:
    """The decisions about one image; what was decided about it, and a way to take that back.

    `said` is the class that is suggested.
    """
    place = data.places.get(image)
    item = None if place is None else data.items[place]
    if item is None or item.split == EXCLUDED:
        return
    with shown():
        say_refusal()
        edit = next((edit for edit in ledger_for(run).edits() if edit.image == image), None)
        if edit is None:
            st.caption("Is the label wrong, or the image unfit?")
            decisions(run, data, Look(image, data.classes[item.label], item.split, "", said))
            return
        st.caption(f":material/healing: {literal(edit.words(), None)}. The Mend page has all edits, and uses them.")
        st.button("Take it back", icon=":material/undo:", key="mend-here", on_click=take_back, args=(run, (edit.id,)))
