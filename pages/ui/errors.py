"""Errors of the domain shown as the sentence they are; anything else is a bug and stays one."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import streamlit as st

from core.errors import AnnealError
from pages.ui.text import literal


@dataclass
class Outcome:
    """What came of a block under `shown()`."""

    error: AnnealError | None = None

    @property
    def ok(self) -> bool:
        """Whether the block ran to its end."""
        return self.error is None


def show(error: AnnealError) -> None:
    """Show one error's sentence; names inside it stay literal."""
    st.error(literal(str(error), None), icon=":material/error:")


@contextmanager
def shown(*, stop: bool = False) -> Iterator[Outcome]:
    """Show an `AnnealError` raised in the block as its own sentence, and go on after the block.

    `with shown() as outcome: ...` then `if outcome.ok: ...`; `stop=True` ends the page after the sentence.
    """
    outcome = Outcome()
    try:
        yield outcome
    except AnnealError as error:
        outcome.error = error
        show(error)
        if stop:
            st.stop()
