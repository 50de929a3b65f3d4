"""Two tabs with one run: neither erases the plan cards of the other."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.jobs import queue
from core.runs.draft import Draft, Rate
from core.runs.folder import RunFolder
from core.training.stage import Stage
from pages.ui.plan.drafts import CHANGED
from tests.pages.conftest import open_page
from tests.pages.made import new_run, train

pytestmark = pytest.mark.usefixtures("quiet")


@pytest.fixture
def run(home: Path) -> RunFolder:
    return new_run(home)


def press(at: AppTest, label: str) -> AppTest:
    next(button for button in at.button if button.label == label).click().run()
    assert not at.exception
    return at


def says_so(at: AppTest) -> bool:
    return CHANGED in [warning.value for warning in at.warning]


def uids(run: RunFolder) -> list[str]:
    return [card.uid for card in Draft.load(run.path).cards]


def test_a_button_in_one_tab_does_not_erase_what_the_other_saved(run: RunFolder) -> None:
    first, second = open_page("training", run=run.id), open_page("training", run=run.id)
    press(first, "Add a stage")
    saved = uids(run)
    assert len(saved) == 2
    second.button(key="content_copy-first-0").click().run()
    assert not second.exception
    assert uids(run) == saved
    assert says_so(second)
    assert {button.key for button in second.button} >= {f"delete-{uid}" for uid in saved}
    press(second, "Lesson 2")
    assert not says_so(second)
    assert len(uids(run)) == 3


def test_a_field_in_one_tab_does_not_erase_what_the_other_saved(run: RunFolder) -> None:
    first, second = (press(open_page("training", run=run.id), "Edit") for _ in range(2))
    first.number_input(key="first-0-size").set_value(64).run()
    second.number_input(key="first-0-len").set_value(3).run()
    assert not second.exception
    assert says_so(second)
    settings = Draft.load(run.path).cards[0].settings
    assert (settings.size, settings.cycle_len) == (64, 5)
    assert second.number_input(key="first-0-size").value == 64
    assert second.number_input(key="first-0-len").value == 5
    second.number_input(key="first-0-len").set_value(3).run()
    assert not says_so(second)
    settings = Draft.load(run.path).cards[0].settings
    assert (settings.size, settings.cycle_len) == (64, 3)


def test_a_plan_that_was_changed_elsewhere_is_shown_before_it_is_started(run: RunFolder) -> None:
    first, second = open_page("training", run=run.id), open_page("training", run=run.id)
    press(first, "Lesson 2")
    second.button(key="start").click().run()
    assert says_so(second)
    assert queue.live_job(run.workspace, run.id) is None
    second.button(key="start").click().run()
    job = queue.live_job(run.workspace, run.id)
    assert job is not None
    assert len(job.spec.plan.stages) == 3


def test_a_rate_chosen_in_another_tab_disturbs_nobody(run: RunFolder) -> None:
    at = open_page("training", run=run.id)
    Draft.load(run.path).choose(Rate(lr=0.0042))
    press(at, "Lesson 2")
    assert not says_so(at)
    draft = Draft.load(run.path)
    assert (len(draft.cards), draft.rate) == (3, Rate(lr=0.0042))


def test_a_stage_repeated_in_one_tab_joins_the_cards_of_the_other(run: RunFolder) -> None:
    train(run)
    first, second = open_page("training", run=run.id), open_page("training", run=run.id)
    press(first, "Add a stage")
    press(second, "Repeat")
    assert len(uids(run)) == 2
    assert says_so(second)


def test_a_rate_is_not_rounded_by_opening_its_card(run: RunFolder) -> None:
    draft = Draft.load(run.path)
    draft.add(Stage(freeze_to=0, lr=(0.0012345,)))
    draft.save()
    press(open_page("training", run=run.id), "Edit")
    assert Draft.load(run.path).cards[0].settings.lr == (0.0012345,)
