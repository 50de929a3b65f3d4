"""Answers for the images that were given, one after the other, each as soon as it is there."""

import time
from collections.abc import Sequence
from contextlib import ExitStack

import streamlit as st

from core.errors import DataError
from core.workspace import Workspace
from pages.ui.errors import shown
from pages.ui.predict.given import MOST_IMAGES, Given, Upload, of_upload, split, unpacked
from pages.ui.predict.kept import Kept, answers, kept_of
from pages.ui.predict.ready import Ready
from pages.ui.progress import progress_bar
from pages.ui.text import duration, literal

PATIENCE_S = 0.5
"""Seconds of work after which the page says how far it is."""

STOP = "predict-stopped"


def answer_uploads(ready: Ready, uploads: Sequence[Upload], workspace: Workspace) -> list[Kept]:
    """The answers for all that was dropped, archives unpacked; at most `MOST_IMAGES`, and the page says so."""
    archives, files = split(uploads)
    found = _answer_all(ready, [of_upload(file) for file in files[:MOST_IMAGES]])
    cut = len(files) > MOST_IMAGES
    for archive in archives:
        room = MOST_IMAGES - len(found)
        with shown():
            rows, more = _answer_archive(ready, archive, workspace, room)
            found += rows
            cut = cut or more
    if cut:
        st.warning(
            f"More than {MOST_IMAGES:,} images: these are the answers for the first {MOST_IMAGES:,}. For all of them "
            "there is `python -m core predict RUN FOLDER --csv FILE`.",
            icon=":material/filter_list:",
        )
    return found


def answer_one(ready: Ready, given: Given) -> Kept:
    """The answer for one image, from memory where it is known."""
    known = answers().get(ready.weights, given.id)
    if known is not None:
        return known
    try:
        if given.reason:
            raise DataError(given.reason)
        answer = kept_of(given.name, ready.predictor.see(given.content(), given.suffix))
    except DataError as error:
        answer = Kept(given.name, str(error))
    answers().put(ready.weights, given.id, answer)
    return answer


def _answer_archive(ready: Ready, archive: Upload, workspace: Workspace, room: int) -> tuple[list[Kept], bool]:
    """The answers for the first `room` images of an archive, and whether it has more. Raises `DataError`."""
    key = f"{archive.file_id} {room}"
    known = answers().pack(ready.weights, key)
    if known is None:
        try:
            with ExitStack() as there:
                with progress_bar() as bar:
                    images = there.enter_context(unpacked(archive, workspace, bar))
                known = _answer_all(ready, images[: room + 1])
                whole = not st.session_state.get(STOP)
        except DataError as error:
            raise DataError(f"{archive.name}: {error}") from error
        if whole:
            answers().put_pack(ready.weights, key, known)
    return known[:room], len(known) > room


def _answer_all(ready: Ready, images: Sequence[Given]) -> list[Kept]:
    """Answers in the order of the images; when it takes longer, with the time left and a way to stop.

    After a stop those that are known already are given.
    """
    slot, began, found = st.empty(), time.monotonic(), []
    stopped, fresh, stoppable = bool(st.session_state.get(STOP)), 0, False
    for at, given in enumerate(images):
        is_known = answers().get(ready.weights, given.id) is not None
        if stopped and not is_known:
            continue
        found.append(answer_one(ready, given))
        fresh += not is_known
        passed = time.monotonic() - began
        if fresh and passed > PATIENCE_S and at + 1 < len(images):
            if not stoppable:
                with slot.container(horizontal=True, vertical_alignment="center"):
                    bar = st.empty()
                    st.button("Stop", icon=":material/stop_circle:", key="predict-stop", on_click=_stop)
                stoppable = True
            left = duration(passed / fresh * (len(images) - at - 1))
            bar.progress((at + 1) / len(images), text=f"{at + 1:,} of {len(images):,} images · {left} left")
    slot.empty()
    if stopped and len(found) < len(images):
        left_out = len(images) - len(found)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(f"Stopped: {left_out:,} of {len(images):,} images have no answer yet.")
            st.button("Go on", icon=":material/play_arrow:", key="predict-go-on", on_click=_go_on)
    return found


def _stop() -> None:
    st.session_state[STOP] = True


def _go_on() -> None:
    st.session_state.pop(STOP, None)


def say_errors(found: Sequence[Kept], most: int = 5) -> None:
    """Which images could not be read, and why: a sentence each."""
    bad = [answer for answer in found if answer.error]
    for answer in bad[:most]:
        st.warning(f"**{literal(answer.name)}**: {literal(answer.error, None)}", icon=":material/broken_image:")
    if len(bad) > most:
        st.caption(f"{len(bad) - most:,} more could not be read: the table says why.")
