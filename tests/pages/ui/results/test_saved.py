"""Predictions are read while a worker replaces, truncates or deletes their file."""

import os
from pathlib import Path

import pytest

from core.errors import RunError
from core.jobs.specs import EvaluateSpec
from core.results.predictions import Predictions
from core.runs.folder import RunFolder
from pages.ui.results import saved
from tests.pages.conftest import open_page
from tests.pages.made import evaluate, new_run, train


@pytest.fixture
def run(home: Path) -> RunFolder:
    made = new_run(home)
    train(made)
    evaluate(made)
    return made


def on_load(monkeypatch: pytest.MonkeyPatch, act, times: int = 1) -> list[int]:
    """Have `act` happen just before the file is read, so many times; the list counts the readings."""
    load, readings = Predictions.load, []

    def loading(path: Path) -> Predictions:
        readings.append(1)
        if len(readings) <= times:
            act(path)
        return load(path)

    monkeypatch.setattr(Predictions, "load", loading)
    saved._read.clear()
    return readings


def truncate(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    stat = path.stat()
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1_000_000))


def test_a_file_that_vanishes_while_it_is_read_is_none(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    on_load(monkeypatch, Path.unlink)
    at = open_page("confusion_matrix", run=run.id)
    assert not at.exception
    assert any("no predictions" in text.value for text in at.markdown)
    assert "Evaluate" in {button.label for button in at.button}


def test_a_file_that_is_replaced_while_it_is_read_is_read_again(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = run.predictions_path()
    whole = path.read_bytes()
    load, readings = Predictions.load, []

    def loading(path: Path) -> Predictions:
        readings.append(1)
        if len(readings) == 1:
            truncate(path)
            try:
                return load(path)
            finally:
                path.write_bytes(whole)
        return load(path)

    monkeypatch.setattr(Predictions, "load", loading)
    saved._read.clear()
    at = open_page("confusion_matrix", run=run.id)
    assert not at.exception
    assert not at.error
    assert len(readings) == 2
    assert at.metric


def test_a_file_that_is_always_being_replaced_is_a_sentence(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    readings = on_load(monkeypatch, truncate, times=99)
    with pytest.raises(RunError, match="being replaced just now"):
        saved.saved_predictions(run, EvaluateSpec())
    assert len(readings) == saved.ATTEMPTS


def test_a_damaged_file_is_a_sentence_and_can_be_made_again(run: RunFolder) -> None:
    path = run.predictions_path()
    path.write_bytes(path.read_bytes()[:100])
    at = open_page("confusion_matrix", run=run.id)
    assert not at.exception
    assert any("Evaluate the run again" in error.value for error in at.error)
    assert "Evaluate" in {button.label for button in at.button}
