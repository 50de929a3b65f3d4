"""How a data set was read: a sentence, what was left out, what is doubtful, and the ways to put it right."""

import contextlib

import streamlit as st

from core.data.catalogue import offers
from core.data.index import DataSet
from core.data.reading import Choice, Reading
from core.data.sources import Source
from core.data.tree import may_be_image
from core.errors import AnnealError, DataError
from core.workspace import Workspace
from pages.ui.data import correction
from pages.ui.data.classes_from import classes_from, is_needed, on_request
from pages.ui.data.folder_tree import doubtful, folder_tree, part_of
from pages.ui.data.reading_words import LeftOut, how_read, left_out
from pages.ui.data.sentences import on_the_page
from pages.ui.data.sources import reading_under, source_of
from pages.ui.errors import shown
from pages.ui.session import DataChoice
from pages.ui.text import literal

BOX = "data-reading"


def reading_line(data: DataSet) -> None:
    """How the set was read and what was left out: one line where there is nothing more to say."""
    rows = left_out(data)
    icon = ":green[:material/check_circle:]" if data.reading.certain else ":orange[:material/help:]"
    if data.reading.lost:
        icon = ":red[:material/warning:]"
    said = f"{icon} {how_read(data)}"
    if len(rows) < 2:
        st.markdown(f"{said}. Left out: {_in_words(rows[0])}." if rows else f"{said}; nothing was left out.")
        return
    with st.container(gap="xxsmall"):
        st.markdown(f"{said}. Left out:")
        for row in rows:
            st.caption(f"• {_in_words(row)}")


def _in_words(row: LeftOut) -> str:
    names = f" ({row.names})" if row.names else ""
    return f"{row.count}{names}{f': {row.reason}' if row.reason else ''}"


def reading_box(workspace: Workspace, choice: DataChoice | None, data: DataSet) -> None:
    """The tree, open where something is doubtful or was corrected; without `choice` (a run) it is only shown."""
    reading = data.reading
    corrected = reading.choice != Choice()
    title = "How it was read" if reading.certain else "Is this right? How it was read"
    box = st.expander(
        title,
        expanded=choice is not None and (not reading.certain or corrected),
        icon=":material/account_tree:",
        key=f"{BOX}-{'' if reading.certain else 'doubtful'}",
        on_change="rerun",
    )
    if box.open:
        with box:
            if choice is None:
                _questions(reading)
                folder_tree(reading, None)
                if not reading.folders:
                    st.caption("There are no folders inside.")
                _read_again(data)
            else:
                _editable(workspace, choice, reading)


def _read_again(data: DataSet) -> None:
    """A run keeps its reading: a button that opens the same data set without the run."""
    if data.reading.classes_from == "list":
        return
    st.button(
        "Read it differently, for a new run",
        icon=":material/edit:",
        key="read-again",
        on_click=correction.want,
        args=(DataChoice(data.spec, seed=data.seed, choice=data.reading.choice),),
    )


def put_right(workspace: Workspace, choice: DataChoice) -> bool:
    """For a data set that is refused as it is read: how it was read, and what can be changed.

    Returns whether there is something to change; where it cannot be opened, or has no images, it is given up.
    """
    source = None
    if not any(choice.spec == offer.spec for offer in offers()):  # a download would be tried once more
        with contextlib.suppress(AnnealError):
            source = source_of(workspace, choice.spec)
    if source is None or not any(may_be_image(file.name) for file in source.files):
        correction.give_up()
        return False
    with st.container(border=True):
        st.markdown(f"**How {literal(source.title)} is read, and what you can change**")
        _editable(workspace, choice, _reading_or_folders(workspace, source, choice), refused=True)
    return True


def _reading_or_folders(workspace: Workspace, source: Source, choice: DataChoice) -> Reading:
    """The reading; of its folders alone where a table or pattern cannot be followed."""
    try:
        return reading_under(workspace, source, choice.choice)
    except DataError:
        folders = choice.choice.model_copy(update={"classes_from": "folder"})
        return reading_under(workspace, source, folders)


def _editable(workspace: Workspace, choice: DataChoice, reading: Reading, *, refused: bool = False) -> None:
    with shown() as outcome:
        source = source_of(workspace, choice.spec)
    if not outcome.ok:
        return
    _questions(reading, workspace, source, choice)
    needed = is_needed(workspace, source, choice, reading, refused=refused)
    if needed:
        classes_from(workspace, source, choice, reading)
    folder_tree(reading, choice)
    if not needed:
        on_request(workspace, source, choice, reading)
    _ways_back(choice)


def _ways_back(choice: DataChoice) -> None:
    undo, read = correction.can_undo(choice), choice.choice != Choice()
    if not (undo or read):
        return
    with st.container(horizontal=True):
        if undo:
            st.button("Undo", icon=":material/undo:", key="reading-undo", on_click=correction.undo)
        if read:
            icon = ":material/restart_alt:"
            back = correction.correct
            st.button("As Anneal read it", icon=icon, key="reading-reset", on_click=back, args=(choice, Choice()))


def _questions(
    reading: Reading,
    workspace: Workspace | None = None,
    source: Source | None = None,
    choice: DataChoice | None = None,
) -> None:
    """What is doubtful, a line each, with a button that says that it is right where that answers it."""
    for place, question in enumerate(reading.questions):
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(f":orange[:material/help:] {literal(on_the_page(question), None)}", width="stretch")
            if workspace is None or source is None or choice is None:
                continue
            agreed = _agreed(reading, question, choice.choice)
            if agreed == choice.choice or question in _asked(workspace, source, agreed):
                continue
            key, say = f"reading-right-{place}-{len(choice.choice.parts)}", correction.correct
            st.button("This is right", key=key, icon=":material/check:", on_click=say, args=(choice, agreed))


def _agreed(reading: Reading, question: str, choice: Choice) -> Choice:
    """The choice that keeps the folders of a question as they are read now."""
    for folder in doubtful(reading, question):
        choice = choice.with_part(folder.path, part_of(folder))
    return choice


def _asked(workspace: Workspace, source: Source, choice: Choice) -> tuple[str, ...]:
    try:
        return reading_under(workspace, source, choice).questions
    except DataError:
        return ()
