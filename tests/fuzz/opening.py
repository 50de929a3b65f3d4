"""Everything that reads a run: each page of the app, and the shell's commands, in this process."""

import contextlib
import io
import os
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import streamlit as st
from streamlit.testing.v1 import AppTest

from core.cli.main import main

APP = Path(__file__).parents[2] / "app.py"
PAGES = ("", *sorted(path.stem for path in (APP.parent / "pages").glob("*.py")))
"""The app's pages; "" is Home."""

OF_A_RUN = ("", "lr_finder", "training", "confusion_matrix", "runs")
"""Those that read most of a run."""


@dataclass(frozen=True)
class Escaped:
    """An error that reached a person as a traceback, and where."""

    where: str
    said: str

    @property
    def key(self) -> str:
        """The same for the same bug: the error and the last line of our own that it passed."""
        lines = [line.strip() for line in self.said.splitlines()]
        ours = [line for line in lines if f'"{APP.parent}' in line]
        return f"{lines[-1][:120]} | {ours[-1] if ours else ''}"


@contextlib.contextmanager
def at_home(home: Path) -> Iterator[None]:
    """Work on this workspace, without a warm process."""
    before = {name: os.environ.get(name) for name in ("ANNEAL_HOME", "ANNEAL_WARM")}
    os.environ.update(ANNEAL_HOME=str(home), ANNEAL_WARM="0")
    st.cache_resource.clear()
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})


def open_page(name: str, run: str | None = None) -> AppTest:
    """A page of the app with a run in hand."""
    at = AppTest.from_file(str(APP), default_timeout=60)
    if name:
        at.switch_page(f"pages/{name}.py")
    if run is not None:
        at.query_params["run"] = run
    return at.run()


def on_pages(run: str, whole: str, pages: tuple[str, ...] = PAGES) -> Iterator[Escaped]:
    """Open every page with the run in hand, and Runs with it chosen beside the whole one."""
    for name in pages:
        at = open_page(name, run)
        if name == "runs" and not at.exception:
            yield from _found(at, "runs")
            for rows in ([1], [0, 1, 2]):
                at.session_state["runs-table"] = {"selection": {"rows": rows, "columns": [], "cells": []}}
                yield from _found(at.run(), f"runs, rows {rows}")
        else:
            yield from _found(at, name or "home")
    at = open_page("training", whole)
    yield from _found(at, "training with another run in hand")
    if not at.exception and not any(tab.label.endswith("Stages") for tab in at.tabs):
        yield Escaped("training with another run in hand", "the whole run did not open")


def _found(at: AppTest, where: str) -> Iterator[Escaped]:
    for error in at.exception:
        yield Escaped(where, "\n".join([*error.stack_trace, error.message]))


def in_shell(run: str, whole: str, most: int | None = None) -> Iterator[Escaped]:
    """Ask every command that takes a run, or the first `most`; those that change it come last."""
    commands = (
        ("compare", run, whole),
        ("compare", f"{run}@best", f"{whole}@cycle-1"),
        ("evaluate", run, "--snapshot", "cycle-1"),
        ("evaluate", run),
        ("train", "--branch", run, "--from", "cycle-1", "--lr", "0.002"),
        ("train", "--continue", run),
        ("train", "--continue", run, "--from", "cycle-2", "--lr", "0.01", "--cycles", "1", "--size", "16"),
        ("train", "--continue", run, "--lr", "0.01", "--cycles", "1", "--size", "16"),
    )
    for command in commands[:most]:
        out, err = io.StringIO(), io.StringIO()
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                status = main(command)
        except SystemExit as end:
            status = int(end.code or 0)
        except BaseException:
            yield Escaped(" ".join(command), traceback.format_exc())
            continue
        said = err.getvalue()
        if "Traceback" in said or "Something unexpected" in said:
            yield Escaped(" ".join(command), said)
        elif status and not said.strip():
            yield Escaped(" ".join(command), f"exit status {status} without a word")
