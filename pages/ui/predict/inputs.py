"""Ways to give images: drop or paste, the camera, or one of the run's own validation images."""

import random
from collections.abc import Sequence
from typing import cast

import streamlit as st

from core.data.index import DataSet, Item
from pages.ui.predict.given import MOST_IMAGES, Upload
from pages.ui.predict.paste import paste_into

WAYS = {
    "files": ("Images", ":material/upload:"),
    "camera": ("Camera", ":material/photo_camera:"),
    "live": ("Live", ":material/videocam:"),
    "own": ("A validation image", ":material/casino:"),
}
MOST_MB = 200
"""Megabytes that the browser sends of one file: uploads sit in the server's memory."""

DRAWN = "predict-drawn"


def choose_way() -> str:
    """How images are given."""
    return st.segmented_control(
        "Where the images come from",
        list(WAYS),
        format_func=lambda way: f"{WAYS[way][1]} {WAYS[way][0]}",
        default="files",
        required=True,
        key="predict-way",
        label_visibility="collapsed",
    )


def dropped() -> Sequence[Upload]:
    """What was dropped or pasted."""
    with st.container(key="predict-drop"):
        files = st.file_uploader(
            f"Images, or a zip of them (up to {MOST_IMAGES:,})",
            accept_multiple_files=True,
            key="predict-files",
            max_upload_size=MOST_MB,
        )
    paste_into("predict-drop")
    return cast("list[Upload]", files)


def photographed() -> Sequence[Upload]:
    """The photo that was just taken with the camera of the person's own device."""
    photo = st.camera_input(
        "Take a photo",
        key="predict-camera",
        help="The browser asks first. It needs an https:// address, or the app on this very machine.",
    )
    return [cast("Upload", photo)] if photo else []


def drawn(data: DataSet, run_id: str) -> Item | None:
    """A validation image, drawn at random; another one at each click. None where there are none."""
    valid = data.indices("valid")
    if not len(valid):
        st.caption("This run has no validation images.")
        return None
    key = f"{DRAWN}-{run_id}"
    if st.button("Another one", icon=":material/casino:", key="predict-another") or key not in st.session_state:
        st.session_state[key] = random.randrange(len(valid))  # noqa: S311
    return data.items[int(valid[st.session_state[key] % len(valid)])]
