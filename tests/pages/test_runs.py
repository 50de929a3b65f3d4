from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.runs.folder import list_runs
from core.runs.state import UnreadableStage
from core.training.stage import Stage
from core.workspace import Workspace, write_json
from pages.ui.runs.comparison import differences, epochs_of, stage_in_words
from pages.ui.runs.table import table
from pages.ui.session import RUN
from tests.pages.builders import folder_of, run_on
from tests.pages.conftest import open_page


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    return folder_of(tmp_path / "pets", {"cat": 4, "dog": 4})


def chosen(*rows: int) -> AppTest:
    """The Runs page with these rows of the table chosen."""
    at = open_page("runs")
    at.session_state["runs-table"] = {"selection": {"rows": list(rows), "columns": [], "cells": []}}
    return at.run()


def button(at: AppTest, label: str):
    return next(button for button in at.button if button.label == label)


def test_no_runs_yet_says_what_to_do() -> None:
    at = open_page("runs")
    assert not at.exception
    assert any("No runs yet" in element.value for element in at.markdown)


def test_the_table_has_every_run_and_its_best_figures(pets: Path) -> None:
    run_on(pets, "Trained", (0.5, 0.75))
    run_on(pets, "New")
    rows = table(list_runs(Workspace.at())).set_index("name")
    assert rows.loc["Trained", ["accuracy", "loss", "epochs", "stages"]].tolist() == [75.0, 0.5, 2, "1 stage"]
    assert rows.loc["New", "stages"] == "not trained yet"
    assert not open_page("runs").exception


def test_one_row_can_be_opened(pets: Path) -> None:
    run = run_on(pets, "Only")
    at = chosen(0)
    button(at, "Open").click().run()
    assert not at.exception
    assert at.session_state[RUN] == run.id
    assert at.title[0].value == "Training"


def test_a_run_can_be_renamed_and_a_bad_name_is_refused(pets: Path) -> None:
    run = run_on(pets, "Before")
    at = chosen(0)
    button(at, "Rename").click().run()
    at.text_input(key="new-name").set_value("   ")
    at.button(key="rename-now").click().run()
    assert "needs a name" in at.session_state["dialog-result"]
    assert run.info.name == "Before"
    button(at, "Rename").click().run()
    at.text_input(key="new-name").set_value("After")
    at.button(key="rename-now").click().run()
    assert run.info.name == "After"


def test_deleting_asks_first(pets: Path) -> None:
    run = run_on(pets, "Gone")
    at = chosen(0)
    button(at, "Delete").click().run()
    assert run.path.is_dir()
    at.button(key="delete-now").click().run()
    assert not at.exception
    assert not run.path.exists()


def test_several_rows_are_compared(pets: Path) -> None:
    first, second = run_on(pets, "Same name", (0.5, 0.6)), run_on(pets, "Same name", (0.7,))
    at = chosen(0, 1)
    assert not at.exception
    assert "2 runs compared" in {element.value for element in at.subheader}
    epochs = epochs_of([first, second])
    assert epochs["run"].unique().tolist() == ["Same name", "Same name (2)"]
    assert epochs["accuracy"].tolist() == [0.5, 0.6, 0.7]
    assert "image size" not in differences([first, second]).index
    assert "best accuracy" in differences([first, second]).index


def test_stages_in_a_few_words() -> None:
    stage = Stage(freeze_to=0, lr=(0.001, 0.003), cycles=3, cycle_mult=2)
    assert stage_in_words(stage) == "everything, 3×1×2 at 3e-3"
    assert stage_in_words(Stage(precompute=True)) == "head, precomputed, 1×1 at ?"
    assert stage_in_words(UnreadableStage({"of": "a later version"})) == "unreadable stage"


def test_a_damaged_run_is_listed_and_can_be_deleted(pets: Path) -> None:
    run = run_on(pets, "Broken")
    (run.path / "run.json").write_text("{")
    at = chosen(0)
    assert not at.exception
    assert at.error
    button(at, "Delete").click().run()
    at.button(key="delete-now").click().run()
    assert not run.path.exists()


def test_cached_pixels_are_listed_and_cleared(pets: Path) -> None:
    run_on(pets, "Pets")
    workspace = Workspace.at()
    np.save(workspace.pixels / "abc.npy", np.zeros(1000, dtype=np.uint8))
    facts = {"data": "pets", "fingerprint": "f", "size": 16, "images": 8, "bytes": 1128}
    write_json(workspace.pixels / "abc.json", facts)
    at = open_page("runs")
    assert not at.exception
    at.button(key="clear-caches").click().run()
    assert not at.exception
    assert list(workspace.pixels.iterdir()) == []


def test_rows_chosen_in_the_narrow_table_count_and_are_forgotten_after_a_deletion(pets: Path) -> None:
    run_on(pets, "Only")
    at = open_page("runs")
    at.session_state["runs-table-narrow"] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    at.run()
    assert any(subheader.value == "Only" for subheader in at.subheader)
    next(button for button in at.button if button.label == "Delete").click().run()
    at.button(key="delete-now").click().run()
    assert not at.exception
    assert not list_runs(Workspace.at())
    assert "runs-table-narrow" not in at.session_state
