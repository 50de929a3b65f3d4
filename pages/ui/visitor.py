"""Whose workspace a page works in: the person's own, or on a server for several people the visitor's."""

import streamlit as st

from core.data.dataset import DataSet
from core.hosting.settings import is_hosted, settings_of
from core.hosting.visitors import is_ours, new_id, workspace_of
from core.workspace import Workspace, owner_of
from pages.ui.hosting.cookie import COOKIE
from pages.ui.hosting.harden import harden
from pages.ui.hosting.sign_in import sign_out_button, signed_in_workspace, signs_in

ID = "visitor-id"
"""Session key: the id of a visitor whose browser brought no cookie; it lasts as long as his session."""


def here() -> Workspace:
    """The workspace of this session. Raises `WorkspaceError` where a server has no place left, or is set up wrongly."""
    host = Workspace.at()
    if not is_hosted():
        return host
    harden(host)
    if signs_in():
        return signed_in_workspace(host)
    brought = str(st.context.cookies.get(COOKIE, ""))
    if is_ours(host, brought):
        return workspace_of(host, brought)
    if ID not in st.session_state:
        st.session_state[ID] = new_id(host)
    return workspace_of(host, st.session_state[ID])


def notice(workspace: Workspace) -> None:
    """Say to a server's visitor how long his work is kept, and that it is not where his browser brought no cookie."""
    if workspace.host is None:
        return
    hours = settings_of(workspace).idle_hours
    if signs_in():
        sign_out_button()
        st.caption(f"Your part of this server is yours alone. It is removed {lasting(hours)} after your last visit.")
    elif ID in st.session_state:
        st.caption(
            ":orange[:material/cookie:] Your browser brought no cookie, so your work is lost when this page is "
            "reloaded. Allow cookies for this site and reload it before you begin."
        )
    else:
        st.caption(
            f"Your part of this server is yours alone; a cookie in this browser opens it. It is removed "
            f"{lasting(hours)} after your last visit."
        )


def lasting(hours: float) -> str:
    """Hours in words: 24 hours, 3 days, 30 minutes."""
    for size, word in ((24.0, "day"), (1.0, "hour")):
        if hours >= 2 * size or hours == size == 1.0:
            return f"{hours / size:.3g} {word}{'' if hours == size else 's'}"
    return f"{hours:.3g} hours" if hours > 1 else f"{hours * 60:.3g} minutes"


def owner(data: DataSet) -> str:
    """Whose the images of a data set are, as a part of the key of what is cached of them; "" for nobody's alone."""
    return owner_of(data.items[0].path) if data.items else ""
