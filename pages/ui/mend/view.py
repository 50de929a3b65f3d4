"""The queue of images to decide about, one at a time, and the list of edits."""

import streamlit as st

from core.data.index import DataSet
from core.data.versions.edits import Edit
from core.results.suspects import SuspectsAnswer
from core.runs.folder import RunFolder
from pages.ui.mend.card import card
from pages.ui.mend.decisions import ledger_for, say_refusal, take_back
from pages.ui.mend.edits import edits_list
from pages.ui.mend.going_on import going_on
from pages.ui.mend.looks import Look, choices, images_of, suspects_of
from pages.ui.text import literal, plain

AT = "mend-at"
"""Session key: how many of the queue are put off."""


@st.fragment
def mending(run: RunFolder, data: DataSet, answer: SuspectsAnswer | None) -> None:
    """All that a decision changes; a click reruns nothing else."""
    edits = ledger_for(run).edits()
    say_refusal()
    if answer is not None:
        st.caption(f":material/rule: {literal(answer.sentence(), None)}")
    found = choices(answer, edits)
    kind = st.segmented_control(
        "Look at",
        list(found),
        format_func=lambda one: found[one],
        default=next(iter(found)),
        required=True,
        key="mend-kind" if answer else "mend-kind-unasked",
    )
    if kind == "any":
        label = st.selectbox(
            "Class", range(len(data.classes)), format_func=lambda at: plain(data.classes[at]), key="mend-class"
        )
        queue, name = images_of(data, label, edits), f"any-{label}"
    else:
        assert answer is not None
        queue, name = suspects_of(answer, kind, edits), kind
    _one_of(run, data, queue, name, edits)
    going_on(run, data, edits)
    edits_list(run, data, edits)


def _one_of(run: RunFolder, data: DataSet, queue: list[Look], name: str, edits: tuple[Edit, ...]) -> None:
    """The image of the queue that is looked at now, with buttons to the others."""
    key = f"{AT}-{run.id}-{name}"
    at = max(0, min(int(st.session_state.get(key, 0)), len(queue) - 1))
    if not queue:
        st.success("Nothing is left to decide here.", icon=":material/check_circle:")
    else:
        with st.container(border=True):
            card(run, data, queue[at])
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Back", icon=":material/chevron_left:", shortcut="Left", key="mend-back", disabled=at == 0, on_click=_go,
            args=(key, at - 1),
        )  # fmt: skip
        st.button(
            "Later", icon=":material/chevron_right:", shortcut="Right", key="mend-later", disabled=at >= len(queue) - 1,
            on_click=_go, args=(key, at + 1), help="Decide about this one another time.",
        )  # fmt: skip
        if queue:
            st.caption(f"{at + 1:,} of {len(queue):,}")
        if edits:
            last = edits[-1]
            st.button(
                f"Undo: {literal(last.image.rpartition('/')[2], 24)} {literal(last.words(), 40)}",
                icon=":material/undo:", shortcut="Z", key="mend-undo", on_click=take_back, args=(run, (last.id,)),
            )  # fmt: skip


def _go(key: str, at: int) -> None:
    st.session_state[key] = at
