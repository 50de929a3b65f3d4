"""The buttons at the ends of the pages, clicked one after the other, as a run comes along."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.augment import SIDE_ON
from core.runs.folder import RunFolder, list_runs
from core.runs.state import RunState, StageState
from core.training.recipes import lesson2
from core.workspace import Workspace
from pages.ui.frame import GO
from tests.addresses import ADDRESSES
from tests.pages import made
from tests.pages.conftest import open_page
from tests.pages.looking import click


def ends(at: AppTest) -> list[str]:
    """The labels of the buttons to the next page."""
    return [button.label for button in at.button if button.key == "next"]


def go_on(at: AppTest) -> str:
    """Click the button to the next page; the title of that page."""
    at.button(key="next").click().run()
    assert not at.exception
    assert GO not in at.session_state
    return at.title[0].value


def photos(home: Path, stages: int) -> RunFolder:
    """A run of a pretrained network that did so many stages of the lesson."""
    run = made.new_run(home, backbone="efficientnet_lite0", pretrained=True)
    plan = lesson2(size=24, augmentation=SIDE_ON).stages
    begun = [
        StageState(index=at, stage=stage, status="done", epochs=stage.epochs, accuracy=0.8)
        for at, stage in enumerate(plan[:stages])
    ]
    made.range_tested(run, stage=plan[0])
    if stages == len(plan):
        made.range_tested(run, "0002", stage=plan[2], epoch=23)
    run.write_state(RunState(stages=begun, plan=list(plan), next_stage=stages, figures={"accuracy": 0.8}))
    run.checkpoint.touch()
    made.evaluate(run)
    return run


def test_the_first_minute_leads_to_the_data() -> None:
    at = open_page()
    assert ends(at) == ["Next: see what a learning rate does"]
    assert go_on(at) == "Learning rate"
    assert go_on(at) == "Data"
    assert ends(at) == []


def test_start_with_digits_leads_through_to_the_results() -> None:
    at = open_page()
    click(at, "Start with digits")
    assert at.title[0].value == "Learning rate"
    assert go_on(at) == "Data"
    assert ends(at) == ["Next: find the rate"]
    assert go_on(at) == "LR finder"
    (run,) = list_runs(Workspace.at())
    assert at.query_params["run"] == run.id
    made.range_tested(run, suggested=True)
    at.run()
    assert ends(at) == ["Next: train it"]
    assert go_on(at) == "Training"
    assert ends(at) == []
    made.train(run)
    at.run()
    assert go_on(at) == "Confusion matrix"
    assert ends(at) == ["Next: add augmentation"]


STATES: dict[str, Callable[[Path], RunFolder | None]] = {
    "nothing": lambda home: None,
    "digits": made.new_run,
    "part way": partial(photos, stages=2),
    "ended": partial(photos, stages=3),
}


@pytest.mark.parametrize("state", STATES)
def test_every_page_has_one_way_on(state: str, home: Path) -> None:
    """A button to the next page, or one of the page's own; the first steps back where there are both."""
    run = STATES[state](home)
    for name in ADDRESSES:
        at = open_page(name, run=run.id) if run else open_page(name)
        assert not at.exception
        own = [button for button in at.main.button if button.key != "next" and button.proto.type == "primary"]
        assert len(ends(at)) <= 1
        assert len(own) <= 1, [button.label for button in own]
        choosing = name == "data" and run is None
        assert ends(at) or own or choosing, name


def test_part_way_home_goes_on_with_the_plan(home: Path) -> None:
    at = open_page(run=photos(home, 2).id)
    assert ends(at) == ["Next: continue the plan"]
    assert go_on(at) == "Training"


def test_at_the_end_home_goes_on_with_the_results(home: Path) -> None:
    at = open_page(run=photos(home, 3).id)
    assert ends(at) == ["Next: see where it errs"]
    assert go_on(at) == "Confusion matrix"
    assert ends(at) == ["Next: try it on other images"]
    assert go_on(at) == "Predict"
    assert ends(at) == ["Next: compare your runs"]
    assert go_on(at) == "Runs"


def test_a_damaged_run_ends_with_no_button(home: Path) -> None:
    run = made.new_run(home)
    (run.path / "state.json").write_text("{")
    at = open_page("runs", run=run.id)
    assert not at.exception
    assert ends(at) == []
