"""Labels from a table: which table, which of its columns, and what a few of its rows say."""

import base64
import contextlib
from typing import Any

import pandas as pd
import streamlit as st

from core.data.paths import typed_path
from core.data.sources import Source
from core.data.table_labels import TableReading, sizes_of, tables_in
from core.data.tables import read_table
from core.errors import DataError
from core.workspace import Workspace
from pages.ui.data import correction
from pages.ui.data.sources import table_under
from pages.ui.session import DataChoice
from pages.ui.text import plain
from pages.ui.thumbnails import thumbnail_of

ELSEWHERE = ""
"""The table that lies outside the data set, in the list."""
ROWS = 6
"""Rows of a preview, of different labels where there are."""
SIDE = 48
COLUMNS = {
    "file_column": ("File column", "Names the images, with or without their folder and suffix."),
    "label_column": ("Label column", "One class for each image."),
    "split_column": ("Split column", "train, valid or test for each image; without it some are held out."),
}


def table_form(workspace: Workspace, source: Source, choice: DataChoice) -> None:
    """Choose a table and its columns, and see what they give."""
    found: TableReading | None = None
    with contextlib.suppress(DataError):  # the sentence is on the page already
        found = table_under(workspace, source, choice.choice)[0]
    inside = tables_in(source)
    name = choice.choice.table or (found.table.name if found else inside[0] if len(inside) == 1 else "")
    _table(source, choice, name)
    columns = list(found.table.columns) if found else _columns(source, name)
    if columns:
        _column_selects(choice, found, columns)
    if found:
        _preview(source, found)


def _table(source: Source, choice: DataChoice, name: str) -> None:
    inside = tables_in(source)
    elsewhere = [] if source.confined else [ELSEWHERE]
    if not inside and not elsewhere:
        st.caption("There is no table among these files. Upload it together with the images.")
        return
    key = f"table-{name}"
    st.selectbox(
        "Table",
        [*inside, *elsewhere],
        index=inside.index(name) if name in inside else len(inside) if elsewhere and (name or not inside) else None,
        format_func=lambda table: plain(table) if table else "A file elsewhere on this machine",
        placeholder="Choose the table",
        key=key,
        on_change=_choose_table,
        args=(choice, key),
    )
    if elsewhere and ((name and name not in inside) or not inside or st.session_state.get("table-elsewhere")):
        path = f"table-path-{name}"
        st.text_input(
            "Path of the table",
            name if name not in inside else "",
            placeholder="/home/me/labels.csv",
            key=path,
            on_change=_choose_path,
            args=(choice, path),
        )


def _choose_table(choice: DataChoice, key: str) -> None:
    table = st.session_state[key]
    st.session_state["table-elsewhere"] = table == ELSEWHERE
    if table:
        _take(choice, {"table": table})


def _choose_path(choice: DataChoice, key: str) -> None:
    st.session_state["table-elsewhere"] = False
    _take(choice, {"table": st.session_state[key].strip()})


def _take(choice: DataChoice, changed: dict[str, Any]) -> None:
    """Another table, of which no column has been chosen yet."""
    fresh = dict.fromkeys(COLUMNS, "")
    correction.correct(choice, choice.choice.model_copy(update={"classes_from": "csv", **fresh, **changed}))


def _columns(source: Source, name: str) -> list[str]:
    """The columns of a table of which it cannot be told what they are; none where it cannot be read."""
    inside = {file.name: file.path for file in source.files}
    path = inside.get(name) or (typed_path(name) if name and not source.confined else None)
    if path is None:
        return []
    try:
        return list(read_table(path, name).columns)
    except DataError:
        return []


def _column_selects(choice: DataChoice, found: TableReading | None, columns: list[str]) -> None:
    read = {}
    if found:
        used = found.columns
        read = {"file_column": used.file, "label_column": used.label, "split_column": used.split}
    with st.grid(3, min_column_width=130):
        for field, (label, why) in COLUMNS.items():
            now = getattr(choice.choice, field) or read.get(field, "")
            key = f"{field}-{now}-{len(columns)}"
            st.selectbox(
                label,
                columns,
                index=columns.index(now) if now in columns else None,
                format_func=plain,
                placeholder="None" if field == "split_column" else "Choose",
                help=why,
                key=key,
                on_change=_choose_column,
                args=(choice, field, key),
            )


def _choose_column(choice: DataChoice, field: str, key: str) -> None:
    changed = {"classes_from": "csv", field: st.session_state[key] or ""}
    correction.correct(choice, choice.choice.model_copy(update=changed))


def _preview(source: Source, found: TableReading) -> None:
    """A few images with what the table says about them, and how many there are of each class."""
    sizes = sizes_of(found)
    classes = "1 class" if len(sizes) == 1 else f"{len(sizes):,} classes"
    st.caption(f"{classes} for {len(found.labels):,} images.")
    paths = {file.name: file.path for file in source.files}
    rows = []
    for name in _varied(found):
        picture = thumbnail_of(paths[name], SIDE)
        address = f"data:image/jpeg;base64,{base64.b64encode(picture).decode()}" if picture else None
        rows.append((address, plain(name), plain(found.labels[name]), plain(found.splits.get(name, "-"))))
    table = pd.DataFrame(rows, columns=["Image", "File", "Label", "Split"])
    shown = ["Image", "File", "Label", *(["Split"] if found.splits else [])]
    st.dataframe(
        table,
        hide_index=True,
        column_order=shown,
        column_config={"Image": st.column_config.ImageColumn(width=60)},
        row_height=SIDE,
        alt="A few rows of the table with their images",
    )


def _varied(found: TableReading) -> list[str]:
    """Names of a few images, of different labels as far as there are."""
    first: dict[str, str] = {}
    for name, label in found.labels.items():
        first.setdefault(label, name)
    rest = (name for name in found.labels if name not in set(first.values()))
    return [*first.values(), *rest][:ROWS]
