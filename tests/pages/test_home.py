from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.runs.folder import list_runs
from core.workspace import Workspace
from pages.ui.session import RUN
from tests.pages.builders import folder_of, run_on
from tests.pages.conftest import open_page
from tests.pages.made import new_run, train


def test_the_first_visit_shows_the_recipe_and_a_way_in() -> None:
    at = open_page()
    assert not at.exception
    assert at.title[0].value == "Anneal"
    assert {button.label for button in at.button} == {
        "Next: see what a learning rate does",
        "Start with digits",
        "Choose your pictures",
        "Measure this machine",
        "Overfit on purpose",
        "All words",
    }
    assert "Recent runs" not in [element.value for element in at.subheader]


def test_one_click_makes_a_run_on_digits_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    at = open_page()
    next(button for button in at.button if button.label == "Start with digits").click().run()
    assert not at.exception
    (run,) = list_runs(Workspace.at())
    assert run.info.data_spec == "digits"
    assert run.info.backbone == "small_cnn"
    assert not run.info.pretrained
    assert at.session_state[RUN] == run.id
    assert at.title[0].value == "Learning rate"


def test_the_run_on_digits_is_offered_the_plan_for_a_new_network() -> None:
    at = open_page()
    next(button for button in at.button if button.label == "Start with digits").click().run()
    (run,) = list_runs(Workspace.at())
    at = open_page("training", run=run.id)
    assert not at.exception
    assert any("one cycle" in element.value for element in [*at.markdown, *at.caption])


def test_recent_runs_show_their_accuracy_and_open(tmp_path: Path) -> None:
    root = folder_of(tmp_path / "pets", {"cat": 4, "dog": 4})
    run_on(root, "Old", (0.5, 0.75))
    newest = run_on(root, "New")
    at = open_page()
    assert {"Old", "New"} <= {element.value for element in at.text}
    assert any("75.0%" in element.value for element in at.caption)
    at.button(key=f"open-{newest.id}").click().run()
    assert not at.exception
    assert at.session_state[RUN] == newest.id
    assert at.title[0].value == "Training"


def test_the_current_run_shows_how_far_it_has_come(tmp_path: Path) -> None:
    run = run_on(folder_of(tmp_path / "pets", {"cat": 4, "dog": 4}), "Pets", (0.5,))
    at = open_page(run=run.id)
    assert not at.exception
    assert any("Next:" in element.value for element in at.caption)


def ticked(at: AppTest) -> list[str]:
    """The titles of the ticked steps of the recipe."""
    links = [element.proto for element in at.main if element.type == "page_link"]
    return [link.label.strip("*") for link in links if link.icon == ":material/check_circle:"]


def test_one_digits_cycle_ticks_what_it_did_and_speaks_of_no_head(home: Path) -> None:
    run = new_run(home)
    train(run)
    at = open_page(run=run.id)
    assert ticked(at) == ["Train everything"]
    assert "1 of 4 steps taken" in [element.proto.text for element in at.main if element.type == "progress"]


def test_a_damaged_run_does_not_hide_the_others(tmp_path: Path) -> None:
    root = folder_of(tmp_path / "pets", {"cat": 4, "dog": 4})
    run_on(root, "Whole")
    broken = run_on(root, "Broken")
    (broken.path / "run.json").write_text("{")
    at = open_page()
    assert not at.exception
    assert "Whole" in {element.value for element in at.text}
    assert len(at.error) == 1
