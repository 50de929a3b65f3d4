"""A run whose images were moved, on the Data and the Runs page."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.jobs import queue
from core.jobs.specs import TrainSpec
from core.runs.folder import RunFolder, open_run
from core.workspace import Workspace
from pages.ui.runs.table import TABLE
from tests.pages.builders import folder_of, run_on
from tests.pages.conftest import open_page
from tests.pages.looking import click, line_with, lines


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """A run whose folder `pets` was renamed to `moved`."""
    made = run_on(folder_of(tmp_path / "disk" / "pets", {"cat": 5, "dog": 5}), "Pets")
    (tmp_path / "disk" / "pets").rename(tmp_path / "disk" / "moved")
    return made


def point(at: AppTest, path: Path | str) -> None:
    (field,) = [field for field in at.text_input if field.label == "Folder or zip file where the images are now"]
    field.set_value(str(path))
    click(at, "Use these images")


def test_a_run_is_pointed_to_where_its_images_lie_now(run: RunFolder, tmp_path: Path) -> None:
    at = open_page("data", run=run.id)
    assert str(tmp_path / "disk" / "pets") in line_with(at, "images is missing")
    point(at, tmp_path / "disk" / "moved")
    assert line_with(at, "were found in") == f"All 10 images of this run were found in {tmp_path}/disk/moved."
    assert not [line for line in lines(at) if "is missing" in line]
    found = open_run(Workspace.at(), run.id)
    assert all(item.path.is_file() for item in found.data().items)
    assert found.data().fingerprint == run.info.fingerprint
    assert found.info.data_spec == str(tmp_path / "disk" / "moved")
    at.run()
    assert not [line for line in lines(at) if "were found in" in line], "it is said once"


def test_a_folder_that_does_not_hold_them_is_refused(run: RunFolder, tmp_path: Path) -> None:
    at = open_page("data", run=run.id)
    other = tmp_path / "disk" / "moved" / "cat"
    point(at, other)
    assert "5 of its 10 images are missing" in line_with(at, "does not hold this data set")
    point(at, "  ")
    assert "Enter the path of a folder first." in lines(at)
    assert open_run(Workspace.at(), run.id).info.data_spec == str(tmp_path / "disk" / "pets")


def test_the_runs_page_offers_the_same(run: RunFolder, tmp_path: Path) -> None:
    at = open_page("runs")
    at.session_state[TABLE] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    at.run()
    assert str(tmp_path / "disk" / "pets") in line_with(at, "images is missing")
    point(at, tmp_path / "disk" / "moved")
    assert "All 10 images" in line_with(at, "were found in")


def test_a_run_at_work_is_left_alone(run: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "advance", lambda workspace: None)
    queue.submit(Workspace.at(), run.id, TrainSpec())
    at = open_page("data", run=run.id)
    point(at, tmp_path / "disk" / "moved")
    assert "cannot be pointed to other files now" in line_with(at, "at work")
    assert open_run(Workspace.at(), run.id).info.data_spec == str(tmp_path / "disk" / "pets")
