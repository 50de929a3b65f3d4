from pathlib import Path

import pytest

from core.charts.lr_finder import RATE_PICKED
from core.jobs import queue
from core.jobs.specs import FindSpec
from core.runs.draft import Draft
from core.training.stage import Stage
from core.training.suggestions import MEANINGS
from pages.ui.finder.curves import label
from tests.pages.conftest import open_page
from tests.pages.made import new_run, range_tested


@pytest.fixture
def quiet(monkeypatch):
    """Jobs stay queued: nothing is started."""
    monkeypatch.setattr(queue, "advance", lambda workspace: None)


def buttons(at):
    return {button.label: button for button in at.button}


def test_first_view_has_an_example_and_one_click_to_begin() -> None:
    at = open_page("lr_finder")
    assert not at.exception
    assert at.get("vega_lite_chart")
    assert any("example" in caption.value.lower() for caption in at.caption)
    assert "Start with digits" in buttons(at)


def test_one_click_makes_a_run_of_digits(quiet: None) -> None:
    at = open_page("lr_finder")
    buttons(at)["Start with digits"].click().run()
    assert not at.exception
    assert "Find the learning rate" in buttons(at)
    assert at.query_params["run"]


def test_a_range_test_is_asked_for_as_the_next_stage_has_it(home: Path, quiet: None) -> None:
    run = new_run(home)
    at = open_page("lr_finder", run=run.id)
    assert not at.exception
    assert at.segmented_control(key="find-scope").value == "Everything"
    at.number_input(key="find-steps").set_value(50).run()
    buttons(at)["Find the learning rate"].click().run()
    job = queue.live_job(run.workspace, run.id)
    assert job is not None
    assert isinstance(job.spec, FindSpec)
    assert job.spec.steps == 50
    assert job.spec.stage.freeze_to == 0
    assert job.spec.lowest == pytest.approx(1e-5)
    assert not at.exception
    assert "Cancel" in buttons(at)


def test_precompute_with_everything_unfrozen_says_why_not(home: Path) -> None:
    at = open_page("lr_finder", run=new_run(home).id)
    at.toggle(key="find-precompute").set_value(True).run()
    assert any("frozen backbone" in error.value for error in at.error)
    assert buttons(at)["Find the learning rate"].disabled


def test_every_suggestion_says_what_it_means_and_can_be_taken(home: Path) -> None:
    run = new_run(home)
    curve = range_tested(run)
    at = open_page("lr_finder", run=run.id)
    assert not at.exception
    said = [caption.value for caption in at.caption]
    for name, rate in curve.suggestions.items():
        assert rate is None or MEANINGS[name] in said
    at.button(key="use-steep").click().run()
    rate = Draft.load(run.path).rate
    assert rate is not None
    assert rate.lr == curve.suggestions["steep"]
    assert rate.chosen_by == "steep"
    assert any("Chosen rate" in text.value for text in at.markdown)
    assert at.button(key="use-steep").disabled


def test_a_click_on_the_curve_chooses_that_rate_for_training(home: Path) -> None:
    run = new_run(home)
    curve = range_tested(run)
    at = open_page("lr_finder", run=run.id)
    at.session_state[f"finder-{run.id}-{curve.name}"] = {"selection": {RATE_PICKED: [{"lr": curve.lrs[40]}]}}
    at.run()
    assert not at.exception
    rate = Draft.load(run.path).rate
    assert rate is not None
    assert rate.lr == pytest.approx(curve.lrs[40])
    at.switch_page("pages/training.py").run()
    assert not at.exception
    assert Draft.load(run.path).cards[0].settings.lr == (rate.lr,)


def test_earlier_curves_are_kept_beside_the_newest(home: Path) -> None:
    run = new_run(home)
    curves = [range_tested(run, name) for name in ("0001", "0002", "0003")]
    at = open_page("lr_finder", run=run.id)
    assert not at.exception
    assert at.selectbox[0].value == "0003"
    assert set(at.multiselect[0].value) == {"0001", "0002"}
    assert len({label(curve) for curve in curves}) == 3


def test_a_failed_test_says_why_and_shows_the_end_of_the_log(home: Path, quiet: None) -> None:
    run = new_run(home)
    job = queue.submit(run.workspace, run.id, FindSpec(stage=Stage(), lowest=1e-7, highest=10.0, steps=100))
    queue.end(run.workspace, job, "failed", "The *loss* was not a number.")
    (run.path / "log.txt").write_text("the last line")
    at = open_page("lr_finder", run=run.id)
    assert not at.exception
    assert any("\\*loss" in error.value for error in at.error)
    assert any("the last line" in code.value for code in at.code)
