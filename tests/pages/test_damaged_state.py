"""One run with a damaged state.json: its sentence is shown where it is shown, and the other runs open."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.runs.folder import RunFolder, list_runs
from core.runs.state import Curve
from core.workspace import write_json
from pages.ui.session import RUN
from tests.pages.builders import folder_of, run_on
from tests.pages.conftest import open_page


@pytest.fixture
def broken(tmp_path: Path) -> RunFolder:
    """The damaged run; beside it is a whole one."""
    root = folder_of(tmp_path / "pets", {"cat": 4, "dog": 4})
    run_on(root, "Whole", (0.5, 0.75))
    run = run_on(root, "Broken", (0.5,))
    (run.path / "state.json").write_text('{"stages": 3}')
    return run


def says(at: AppTest) -> bool:
    assert not at.exception
    return any("is damaged" in error.value for error in at.error)


def open_the_other(at: AppTest, broken: RunFolder) -> None:
    key = next(button.key for button in at.button if (button.key or "").startswith("open-"))
    assert key != f"open-{broken.id}"
    at.button(key=key).click().run()
    assert not at.exception
    assert at.title[0].value == "Training"
    assert at.session_state[RUN] == key.removeprefix("open-")


@pytest.mark.parametrize("current", [True, False])
def test_home(broken: RunFolder, current: bool) -> None:
    at = open_page(run=broken.id) if current else open_page()
    assert says(at)
    assert {"Whole", "Broken"} <= {element.value for element in at.text}
    open_the_other(at, broken)


@pytest.mark.parametrize("page", ["lr_finder", "training", "confusion_matrix", "mend", "data", "augmentation", "runs"])
def test_every_page_opens_with_it(broken: RunFolder, page: str) -> None:
    at = open_page(page, run=broken.id)
    assert not at.exception
    if page in ("lr_finder", "training"):
        assert says(at)
    at.button(key="close-run").click().run()
    assert not at.exception


def test_the_finder_shows_no_curve_of_it(broken: RunFolder) -> None:
    (broken.path / "finder").mkdir()
    curve = Curve(name="0001", created="", stage={"of": "an older version"}, lrs=[1.0], complete=True)  # type: ignore[arg-type]
    write_json(broken.path / "finder" / "0001.json", curve.model_dump(mode="json"))
    assert says(open_page("lr_finder", run=broken.id))


def chosen(*rows: int) -> AppTest:
    at = open_page("runs")
    at.session_state["runs-table"] = {"selection": {"rows": list(rows), "columns": [], "cells": []}}
    return at.run()


def test_runs_alone_and_beside_another(broken: RunFolder) -> None:
    places = [run.id for run in list_runs(broken.workspace)]  # two runs of one second come in any order
    row = places.index(broken.id)
    alone = chosen(row)
    assert says(alone)
    assert "Delete" in {button.label for button in alone.button}
    assert "Open" not in {button.label for button in alone.button}
    both = chosen(0, 1)
    assert says(both)
    assert both.get("vega_lite_chart")
    whole = chosen(1 - row)
    assert not says(whole)
    assert "Open" in {button.label for button in whole.button}
