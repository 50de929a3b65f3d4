"""Keys of widgets that begin with a value and from then on keep their own."""

from dataclasses import dataclass

import streamlit as st


@dataclass(frozen=True)
class Keys:
    """Session keys of the fields of one card, which all begin with its id."""

    uid: str

    def __call__(self, name: str, first: object) -> str:
        """The key of the field `name`; where the session has no value for it yet, `first` is put there."""
        key = f"{self.uid}-{name}"
        st.session_state.setdefault(key, first)
        return key
