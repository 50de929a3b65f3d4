"""A run's model as a file to take away: choose the weights and the form, have it made and checked, and download it."""

import re

import streamlit as st

from core.errors import ExportError
from core.export.formats import EXTRA, FORMATS, Format, FormatName, missing
from core.export.kept import Kept, kept_export
from core.jobs import queue
from core.jobs.specs import ExportSpec
from core.runs.folder import RunFolder
from core.runs.names import LATEST
from pages.ui import jobs
from pages.ui.errors import shown
from pages.ui.results.choice import choose_weights
from pages.ui.text import ago, literal, size_of, unbroken

EXPORT_TAB = ":material/deployed_code: Take it away"

SNAPSHOT, FORMAT = "export-snapshot", "export-format"
"""Keys of the two choices."""

_OTHER = re.compile(r"[^A-Za-z0-9]+")


def just_exported(run: RunFolder) -> bool:
    """Whether the run's newest job was an export, so that its tab is the one to look at."""
    newest = next(iter(queue.jobs_of(run)), None)
    return newest is not None and newest.kind == "export"


def export_view(run: RunFolder) -> None:
    """The whole section."""
    st.caption(
        "A file with the network and all that is needed to use it: the classes, how a picture becomes its input, and "
        "when it is not sure. It is offered only if it gives the same answers for the validation images as the app."
    )
    jobs.say_how_it_ended(run, "export")
    _say_again(run)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        snapshot = choose_weights(run, "Weights to take", SNAPSHOT)
        form = _format(ensemble=any(one.name == snapshot and one.members for one in run.snapshots()))
    st.markdown(form.use)
    kept = kept_export(run, form, snapshot)
    lacking = missing(form)
    if kept is not None:
        with shown():
            _file(run, kept)
    if lacking:
        st.info(f"Making this file needs {', '.join(lacking)}, not installed here. Run this, then try again:")
        st.code(EXTRA, language=None)
        return
    spec = ExportSpec(to=form.name, snapshot=snapshot)
    label = "Make the file" if kept is None else "Make it again"
    if st.button(label, icon=":material/inventory_2:", key="export-make") and jobs.submit(run, spec):
        st.rerun()


def _say_again(run: RunFolder) -> None:
    """Set what was chosen once more: while a job hides the widgets the browser forgets it, and the server does not."""
    snapshots = [LATEST, *(snapshot.name for snapshot in run.snapshots())]
    offered: dict[str, list[str]] = {SNAPSHOT: snapshots, FORMAT: [*FORMATS]}
    for key, names in offered.items():
        chosen = st.session_state.get(key)
        st.session_state[key] = chosen if chosen in names else names[0]


def _format(*, ensemble: bool) -> Format:
    """The kind of file, of those that can hold the weights."""
    names: list[FormatName] = [name for name, form in FORMATS.items() if not (ensemble and form.one_network)]
    if st.session_state.get(FORMAT) not in names:
        st.session_state[FORMAT] = names[0]
    chosen = st.segmented_control(
        "As",
        names,
        format_func=lambda name: FORMATS[name].title,
        required=True,
        key=FORMAT,
    )
    return FORMATS[chosen or names[0]]


def _file(run: RunFolder, kept: Kept) -> None:
    """A file that was made: its check, its size, and the button that downloads it."""
    check = kept.description.check
    if check is not None:
        st.markdown(f":green[:material/check_circle:] {unbroken(check.sentence())}")
    outdated = kept.outdated(run)
    if outdated:
        st.caption(f":orange[:material/update:] {outdated}")
    with st.container(horizontal=True, vertical_alignment="center"):
        name = download_name(run, kept)
        st.download_button(
            f"Download ({size_of(kept.bytes)})",
            lambda: _content(kept),
            file_name=name,
            icon=":material/download:",
            key="export-download",
            on_click="ignore",
        )
        st.download_button(
            "What is in it",
            kept.description.text(),
            file_name=f"{name}.json",
            icon=":material/data_object:",
            key="export-description",
            on_click="ignore",
            help="Classes, preprocessing, threshold, figures and versions as JSON; it is inside the file as well.",
        )
    where = "" if run.workspace.host is not None else f" On this machine: {literal(kept.path, None)}"
    st.caption(f"Made {ago(kept.description.created)}.{where}")


def _content(kept: Kept) -> bytes:
    try:
        return kept.path.read_bytes()
    except OSError as error:
        raise ExportError("The file is gone. Make it again.") from error


def download_name(run: RunFolder, kept: Kept) -> str:
    """What the browser calls the file: the run's name and the snapshot's, in letters and digits of ASCII."""
    words = (_OTHER.sub("-", text).strip("-").lower() for text in (run.info.name, kept.description.snapshot))
    return "-".join(word[:60] for word in words if word) + kept.form.suffix
