"""Where the classes come from: folders, the names of the files, or a table; and patterns with what they would give."""

from typing import Any

import pandas as pd
import streamlit as st

from core.data.name_labels import NamePattern, preview
from core.data.reading import ClassesFrom, Reading
from core.data.sources import Source
from core.data.table_labels import tables_in
from core.data.tree import may_be_image
from core.errors import DataError
from core.workspace import Workspace
from pages.ui.data import correction
from pages.ui.data.sources import patterns_of
from pages.ui.data.table_form import table_form
from pages.ui.session import DataChoice
from pages.ui.text import plain

WAYS: dict[ClassesFrom, str] = {"folder": "Folders", "names": "File names", "csv": "A table"}
OWN = -1
"""The place of a pattern of one's own in the list."""
SHOWN = 6
"""Classes that a preview lists."""


def is_needed(workspace: Workspace, source: Source, choice: DataChoice, reading: Reading, *, refused: bool) -> bool:
    """Whether the choice of where the classes come from is likely to be needed, or has been made."""
    if choice.choice.classes_from != "auto" or reading.classes_from != "folder":
        return True
    if any("--classes-from" in question for question in reading.questions):
        return True
    if not refused:
        return False
    few = sum(folder.part == "class" for folder in reading.folders) < 2
    return few or bool(tables_in(source) or patterns_of(workspace, source))


def on_request(workspace: Workspace, source: Source, choice: DataChoice, reading: Reading) -> None:
    """The same choice, one click away."""
    label = "Are the classes in the file names, or in a table?"
    box = st.expander(label, icon=":material/table_view:", key="classes-elsewhere", on_change="rerun", type="compact")
    if box.open:
        with box:
            classes_from(workspace, source, choice, reading)


def classes_from(workspace: Workspace, source: Source, choice: DataChoice, reading: Reading) -> None:
    """Folders, the names of files or a table; and of the last two, how they are read and what that gives."""
    chosen = choice.choice.classes_from
    now = reading.classes_from if chosen == "auto" else chosen
    key = f"classes-from-{now}"
    st.segmented_control(
        "Classes from",
        list(WAYS),
        format_func=WAYS.__getitem__,
        default=now if now in WAYS else None,
        required=True,
        key=key,
        on_change=_choose_way,
        args=(choice, key),
    )
    if now == "names":
        _names(workspace, source, choice, reading)
    elif now == "csv":
        table_form(workspace, source, choice)


def _choose_way(choice: DataChoice, key: str) -> None:
    correction.correct(choice, choice.choice.model_copy(update={"classes_from": st.session_state[key]}))


def _names(workspace: Workspace, source: Source, choice: DataChoice, reading: Reading) -> None:
    """The patterns that are suggested, one of one's own, and what the chosen one gives."""
    found = patterns_of(workspace, source)
    patterns = [suggestion.pattern for suggestion in found]
    pattern = choice.choice.pattern or (reading.source if reading.classes_from == "names" else "")
    now = patterns.index(pattern) if pattern in patterns else OWN
    key = f"pattern-{pattern}"
    st.selectbox(
        "Pattern",
        [*range(len(found)), OWN],
        index=now if now != OWN else len(found),
        format_func=lambda at: "A pattern of your own" if at == OWN else _title(found[at]),
        key=key,
        on_change=_choose_pattern,
        args=(choice, patterns, key),
    )
    if now == OWN or st.session_state.get("own-pattern"):
        own = f"own-{pattern}"
        st.text_input(
            "Your own pattern",
            pattern,
            placeholder="{class}_{number}",
            key=own,
            help="Of the file's name without its suffix: {class} where the class is written, {number} for a number, "
            "{rest} for anything else; or a regular expression with a group (?P<label>...).",
            on_change=_own_pattern,
            args=(choice, own),
        )
    if pattern:
        _preview([file.name for file in source.files if may_be_image(file.name)], pattern)


def _title(suggestion: NamePattern) -> str:
    return f"{suggestion.pattern}: {len(suggestion.images):,} classes"


def _choose_pattern(choice: DataChoice, patterns: list[str], key: str) -> None:
    at = st.session_state[key]
    st.session_state["own-pattern"] = at == OWN
    if at != OWN:
        _take_pattern(choice, patterns[at])


def _own_pattern(choice: DataChoice, key: str) -> None:
    st.session_state["own-pattern"] = False
    _take_pattern(choice, st.session_state[key].strip())


def _take_pattern(choice: DataChoice, pattern: str) -> None:
    changed: dict[str, Any] = {"classes_from": "names", "pattern": pattern}
    correction.correct(choice, choice.choice.model_copy(update=changed))


def _preview(names: list[str], pattern: str) -> None:
    """Classes that a pattern gives, with an example each, and how many names do not fit."""
    try:
        given = preview(names, pattern)
    except DataError:  # the sentence is on the page already
        return
    fit = len(names) - given.unfit
    classes = "1 class" if len(given.images) == 1 else f"{len(given.images):,} classes"
    unfit = f"; {given.unfit:,} do not fit and are left out" if given.unfit else ""
    st.caption(f"{classes} from {fit:,} of {len(names):,} names{unfit}.")
    examples = dict(given.examples)
    rows = [(plain(label), count, plain(examples[label])) for label, count in given.images[:SHOWN]]
    if rows:
        table = pd.DataFrame(rows, columns=["Class", "Images", "Such as"])
        st.dataframe(table, hide_index=True, alt="Classes that the pattern gives, with an example each")
    if len(given.images) > SHOWN:
        st.caption(f"The {SHOWN} largest of {len(given.images):,} classes.")
