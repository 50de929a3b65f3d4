"""The Runs page: a run prepared as a file, and a run from another machine opened."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.data import stamps
from core.data.index import DataSet
from core.export.carry_out import carry_out
from core.jobs import queue
from core.jobs.specs import TrainSpec
from core.runs.folder import RunFolder, list_runs
from core.workspace import Workspace
from pages.ui.runs.table import TABLE
from tests.pages.builders import folder_of, run_on
from tests.pages.conftest import open_page
from tests.pages.looking import click, line_with, lines
from tests.pages.made import HOSTILE


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return run_on(folder_of(tmp_path / "pets", {"cat": 4, "dog": 4}), HOSTILE[:40], (0.5, 0.75))


def chosen() -> AppTest:
    at = open_page("runs")
    at.session_state[TABLE] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    return at.run()


def test_a_run_is_prepared_and_offered_to_be_downloaded(run: RunFolder) -> None:
    at = chosen()
    assert not at.get("download_button")
    at.button(key="prepare-run").click().run()
    assert not at.exception
    assert at.get("download_button")
    assert "Without its images." in lines(at)
    at.checkbox(key="carry-images").check().run()
    assert not at.get("download_button"), "what was prepared is without them"
    at.button(key="prepare-run").click().run()
    assert "With its 8 images." in lines(at)


def test_a_rerun_neither_reads_nor_counts_the_images_again(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 200,000 images either would take longer than the rest of the page."""
    at = chosen()
    monkeypatch.setattr(DataSet, "from_json", lambda value: pytest.fail("the images were read again"))
    monkeypatch.setattr(stamps, "stamp", lambda path: pytest.fail(f"{path} was counted again"))
    assert not at.run().exception
    assert at.checkbox(key="carry-images").label.startswith("With its 8 images")


def test_a_run_at_work_says_so(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "advance", lambda workspace: None)
    queue.submit(Workspace.at(), run.id, TrainSpec())
    at = chosen()
    at.button(key="prepare-run").click().run()
    assert "cannot be carried away now" in line_with(at, "at work")
    assert not at.get("download_button")


def test_a_run_from_another_machine_is_opened(run: RunFolder, tmp_path: Path) -> None:
    carry_out(run, tmp_path / "it.run.zip")
    at = open_page("runs")
    click(at, "Open it")
    assert "Choose a file first." in lines(at)
    content = (tmp_path / "it.run.zip").read_bytes()
    at.file_uploader(key="carried-file-0").set_value(("it.run.zip", content, "application/zip"))
    click(at, "Open it")
    assert "its images are not here yet" in line_with(at, "was opened")
    found = list_runs(Workspace.at())
    assert [one.info.name for one in found] == [run.info.name] * 2
    at.run()
    assert not [line for line in lines(at) if "was opened" in line], "it is said once"


def test_a_file_that_is_no_run_is_refused(run: RunFolder) -> None:
    at = open_page("runs")
    at.file_uploader(key="carried-file-0").set_value(("it.zip", b"no zip", "application/zip"))
    click(at, "Open it")
    assert "no carried run" in line_with(at, "damaged")
    assert len(list_runs(Workspace.at())) == 1
