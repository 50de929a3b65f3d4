"""Signing in by Streamlit's own OIDC support, where the app's secrets name a provider: then people, not browsers."""

from typing import Any

import streamlit as st
from streamlit.errors import StreamlitAuthError

from core.hosting.visitors import workspace_of_person
from core.workspace import Workspace

ISSUER, SUBJECT = "iss", "sub"
"""Claims that together name one person for ever: an address can be given to somebody else."""


def signs_in() -> bool:
    """Whether this server asks its visitors to sign in: its secrets have a section `auth`."""
    return bool(st.secrets.load_if_toml_exists()) and "auth" in st.secrets


def signed_in_workspace(host: Workspace) -> Workspace:
    """The workspace of whoever is signed in; asks to sign in, and ends the page, where nobody is."""
    claims: dict[str, Any] = st.user.to_dict()
    issuer, subject = claims.get(ISSUER), claims.get(SUBJECT)
    if not claims.get("is_logged_in") or not issuer or not subject:
        _ask()
    return workspace_of_person(host, str(issuer), str(subject))


def _ask() -> None:
    st.title("Anneal", anchor=False)
    st.markdown("Sign in, so that what you train here is kept for you.")
    if st.button("Sign in", type="primary", icon=":material/login:"):
        try:
            st.login()
        except StreamlitAuthError:
            st.error(
                "Signing in is not set up completely on this server. Its host finds out more in HOSTING.md.",
                icon=":material/error:",
            )
    st.stop()


def sign_out_button() -> None:
    """A button in the sidebar to sign out."""
    st.button("Sign out", icon=":material/logout:", type="tertiary", on_click=st.logout, key="sign-out")
