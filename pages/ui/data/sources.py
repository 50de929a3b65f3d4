"""The open source of a data set and how it is read under a choice, kept for the reruns of the Data page."""

from pathlib import Path

import streamlit as st

from core.data.index import reading_of
from core.data.labels import name_suggestions
from core.data.name_labels import NamePattern
from core.data.reading import Choice, Reading
from core.data.sources import Source, open_source
from core.data.table_labels import TableReading, chosen_table
from core.workspace import Workspace

_KEPT = 16


@st.cache_resource(max_entries=_KEPT, show_spinner=False)
def _opened(root: Path, spec: str) -> Source:
    return open_source(spec, Workspace(root))


def source_of(workspace: Workspace, spec: str) -> Source:
    """The files of a data set as they were at the last look; raises `DataError`."""
    return _opened(workspace.root, spec)


def forget_source(workspace: Workspace, spec: str) -> None:
    """Have the next look go to the disk."""
    _opened.clear(workspace.root, spec)
    for cached in (_read, _patterns, _table):
        cached.clear()


@st.cache_resource(max_entries=_KEPT, show_spinner=False)
def _read(root: Path, spec: str, choice: str, _source: Source) -> Reading:
    del root, spec
    return reading_of(_source, Choice.model_validate_json(choice))


def reading_under(workspace: Workspace, source: Source, choice: Choice) -> Reading:
    """How `source` would be read under `choice`, from names and tables alone; raises `DataError`."""
    return _read(workspace.root, source.spec, choice.model_dump_json(), source)


@st.cache_resource(max_entries=_KEPT, show_spinner=False)
def _patterns(root: Path, spec: str, _source: Source) -> list[NamePattern]:
    del root, spec
    return name_suggestions(_source)


def patterns_of(workspace: Workspace, source: Source) -> list[NamePattern]:
    """Patterns by which the names of the files would give classes, the best first."""
    return _patterns(workspace.root, source.spec, source)


@st.cache_resource(max_entries=_KEPT, show_spinner=False)
def _table(root: Path, spec: str, choice: str, _source: Source) -> list[TableReading]:
    del root, spec
    return chosen_table(_source, Choice.model_validate_json(choice))


def table_under(workspace: Workspace, source: Source, choice: Choice) -> list[TableReading]:
    """What the table that `choice` means says; raises `DataError`."""
    return _table(workspace.root, source.spec, choice.model_dump_json(), source)
