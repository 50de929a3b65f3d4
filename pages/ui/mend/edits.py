"""The list of edits, newest first, each with a way to take it back."""

import streamlit as st

from core.data.index import DataSet
from core.data.versions.edits import Edit
from core.data.versions.version import as_given, unfit
from core.runs.folder import RunFolder
from pages.ui.data.gallery import SPLITS
from pages.ui.mend.decisions import take_back
from pages.ui.text import ago, literal, plain
from pages.ui.thumbnails import thumbnail

PER_PAGE = 10
SIDE = 48


def edits_list(run: RunFolder, data: DataSet, edits: tuple[Edit, ...]) -> None:
    """Every edit of these files, by whichever run or tab it was made."""
    st.subheader("Edits", anchor=False)
    if not edits:
        st.caption("None yet. They are kept with your data, shared by all runs on these files.")
        return
    wrong = {one.edit.id: one.reason for one in unfit(as_given(data), edits)}
    if wrong:
        st.warning(
            f"{len(wrong):,} of the edits do not fit the images any more. Take them back, or put the files back.",
            icon=":material/warning:",
        )
        st.button("Take back those that do not fit", key="mend-unfit", on_click=take_back, args=(run, tuple(wrong)))
    pages = -(-len(edits) // PER_PAGE)
    slot = st.container(gap="xsmall")
    at = st.pagination(pages, key="mend-edits-page") - 1 if pages > 1 else 0
    with slot:
        for edit in tuple(reversed(edits))[at * PER_PAGE : (at + 1) * PER_PAGE]:
            left, middle, right = st.columns([1, 8, 2], vertical_alignment="center", wrap=False)
            place = data.places.get(edit.image)
            picture = thumbnail(data.items[place], SIDE) if place is not None else None
            if picture is not None:
                left.image(picture, width=SIDE, alt=plain(edit.image))
            with middle.container(gap="xxsmall"):
                st.text(plain(edit.image))
                side = SPLITS.get(edit.split, edit.split).lower()
                doubt = f" · :orange[{literal(wrong[edit.id], None)}]" if edit.id in wrong else ""
                st.caption(f"{literal(edit.words(), None)} · {side} · {ago(edit.when)}{doubt}")
            right.button(
                "Take back", key=f"mend-take-{edit.id}", type="tertiary", on_click=take_back, args=(run, (edit.id,))
            )
