"""Choosing a data set, and making a run of it."""

import streamlit as st

from core.data.catalogue import DOWNLOADS, EMBEDDED, Offer
from core.data.sources import store_upload
from core.hosting.settings import settings_of
from core.workspace import Workspace
from pages.ui.data.cards import offer_cards
from pages.ui.errors import shown

WAYS = {
    "embedded": ("Comes with Anneal", ":material/inventory_2:"),
    "upload": ("Upload", ":material/upload:"),
    "folder": ("Folder on this machine", ":material/folder_open:"),
    "download": ("Download", ":material/cloud_download:"),
}
ARCHIVES = ("zip", "tar", "gz", "tgz", "bz2", "xz", "7z", "rar")
"""Endings of what may be dropped; those that are not read are refused with what to do."""
LAYOUT_HELP = (
    "Pictures lie in a folder named after their class: `cat/1.jpg`, `dog/2.jpg`. "
    "A split of your own goes above the classes: `train/cat/1.jpg`, `valid/cat/9.jpg`. "
    "Classes in a table or in the names of files can be chosen afterwards."
)


def data_picker(key: str, workspace: Workspace) -> str | None:
    """Ways to come by a data set; the spec of the one chosen in this very run of the page, else None."""
    downloads = _downloads(workspace)
    ways = [name for name in WAYS if _is_open(name, workspace, downloads)]
    way = st.segmented_control(
        "Where the pictures are",
        ways,
        format_func=lambda name: f"{WAYS[name][1]} {WAYS[name][0]}",
        default="embedded",
        required=True,
        key=f"{key}-way",
        label_visibility="collapsed",
    )
    if way == "upload":
        return _upload(key, workspace)
    if way == "folder":
        return _folder(key)
    if way == "download":
        st.caption("Fetched once and kept in the workspace. This needs a network that allows downloads.")
        return offer_cards(downloads, key, workspace)
    return offer_cards(list(EMBEDDED), key, workspace)


def _downloads(workspace: Workspace) -> list[Offer]:
    """The sets that may be fetched: all of them, or on a server those that it allows."""
    if workspace.host is None:
        return list(DOWNLOADS)
    allowed = settings_of(workspace).downloads
    return [offer for offer in DOWNLOADS if offer.spec in allowed]


def _is_open(way: str, workspace: Workspace, downloads: list[Offer]) -> bool:
    """Whether a way is offered here: a server's folders are not its visitors'."""
    return bool(downloads) if way == "download" else way != "folder" or workspace.host is None


def _folder(key: str) -> str | None:
    with st.form(f"{key}-folder", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        path = st.text_input(
            "Folder or zip file on the machine that runs Anneal",
            placeholder="/home/me/photos",
            key=f"{key}-path",
            persist_state="session",
        )
        asked = st.form_submit_button("Look at it", type="primary")
    st.caption(LAYOUT_HELP)
    if asked and not path.strip():
        st.warning("Enter the path of a folder first.", icon=":material/edit:")
    return path.strip() if asked and path.strip() else None


def _upload(key: str, workspace: Workspace) -> str | None:
    turn = st.session_state.setdefault(f"{key}-turn", 0)
    zipped, dropped = st.columns(2)
    archives = zipped.file_uploader(
        "Zip or tar files", type=ARCHIVES, accept_multiple_files=True, key=f"{key}-zip-{turn}"
    )
    many = dropped.file_uploader("A folder", accept_multiple_files="directory", key=f"{key}-dropped-{turn}")
    st.caption(LAYOUT_HELP)
    if workspace.host is not None:
        limits = settings_of(workspace)
        st.caption(f"This server takes up to {limits.upload_mb:,} MB and {limits.upload_files:,} files at once.")
    files = archives or many
    if not files:
        return None
    with shown() as outcome, st.spinner("Unpacking the pictures"):
        spec = store_upload([(file.name, file) for file in files], workspace)
    if not outcome.ok:
        return None
    st.session_state[f"{key}-turn"] = turn + 1
    return spec
