"""Trials on the LR finder page."""

import json
from pathlib import Path

import numpy as np
import pytest

from core.errors import WorkspaceError
from core.jobs import queue, store
from core.jobs.specs import TrialSpec
from core.runs.draft import Draft
from core.runs.state import Curve
from core.runs.trials import KeptTrials, trials_path
from core.training.stage import Stage
from core.training.suggest import Suggestion
from core.training.trial_results import TrialResult, Trials, measured, with_results
from core.workspace import timestamp, write_json
from tests.pages.conftest import open_page
from tests.pages.made import new_run, range_tested, train

EACH = 30
"""Pictures a class: enough that some can be kept out."""


@pytest.fixture
def run(home: Path):
    return new_run(home, each=EACH)


def suggested(run, **more) -> Curve:
    """A curve with Anneal's suggestion."""
    curve = range_tested(run)
    found = Suggestion(lr=1e-3, low=5e-4, high=2e-3, collapse=0.1, certain=True, reason="It falls.")
    stage = Stage(freeze_to=0, size=24, cycle_len=3)
    curve = curve.model_copy(update={"suggestion": found, "stage": stage, **more})
    write_json(run.path / "finder" / "0001.json", curve.model_dump(mode="json"))
    return curve


def tried(run, losses=None, *, name="0001", length="epoch", batches=3, complete=True, created=None, rates=None, **more):
    """Write finished trials."""
    draws = np.random.default_rng(0)
    results = []
    for lr, loss in (losses or {3e-4: 0.6, 1e-3: 0.4, 3e-3: 0.41, 0.03: None}).items():
        right = np.arange(30) < 24
        own = draws.normal(0, 0.1, 30)
        gone = TrialResult(lr, 0, np.zeros(0), np.zeros(0, dtype=bool), 2, 1.0)
        results.append(gone if loss is None else TrialResult(lr, 0, loss + own - own.mean(), right, None, 1.0))
    empty = Trials(
        stage=Stage(freeze_to=0, size=24, cycle_len=3),
        rates=tuple(rates or [result.lr for result in results]),
        length=length,
        repeats=1,
        batches=batches,
        planned=9,
        trained_on=42,
        judged_on=30,
        epoch=0,
        step=0,
        seed=0,
        before=measured(np.ones((1, 30)), np.ones((1, 30), dtype=bool)),
        curve_lowest=0.03,
    ).model_copy(update=more)
    found = KeptTrials(
        **with_results(empty, results).model_dump(), name=name, created=created or timestamp(), complete=complete
    )
    trials_path(run, name).parent.mkdir(exist_ok=True)
    write_json(trials_path(run, name), found.model_dump(mode="json"))
    return found


def said(at):
    """What the page says, without the escapes that keep it literal."""
    shown = (at.markdown, at.caption, at.info, at.warning, at.error)
    return " ".join(element.value for kind in shown for element in kind).replace("\\", "").replace("\u2060", "")


def labels(at):
    return [button.label for button in at.button]


def titles(at):
    """The title of each chart, with what stands below it."""
    found = [json.loads(chart.proto.spec).get("title") for chart in at.get("vega_lite_chart")]
    return ["; ".join([title["text"], *title.get("subtitle", [])]) for title in found if isinstance(title, dict)]


def test_without_a_curve_there_is_nothing_to_try(run) -> None:
    at = open_page("lr_finder", run=run.id)
    assert not at.exception
    assert "Try them" not in labels(at)


def test_the_rates_begin_around_the_suggestion_and_are_asked_for(run, quiet) -> None:
    curve = suggested(run, seconds=8.0)
    at = open_page("lr_finder", run=run.id)
    assert not at.exception
    rates = at.text_input(key="trial-rates-0001").value
    assert rates.startswith("3.3e-4, 1e-3, 3e-3")
    assert "Trains 4 times for 6 batches from the present state, annealed to 0 and undone each time" in said(at)
    at.text_input(key="trial-rates-0001").set_value("1e-4, 1e-3").run()
    at.number_input(key="trial-repeats").set_value(2).run()
    assert "Trains 4 times" in said(at)
    next(button for button in at.button if button.label == "Try them").click().run()
    job = queue.live_job(run.workspace, run.id)
    assert job is not None
    assert isinstance(job.spec, TrialSpec)
    assert job.spec.rates == (1e-4, 1e-3)
    assert job.spec.repeats == 2
    assert job.spec.stage == curve.stage
    assert 1e-2 < (job.spec.curve_lowest or 0) <= 3
    assert not at.exception
    assert "The first outcome appears when the first trial has ended." in said(at)


def test_the_whole_stage_comes_first_where_it_takes_no_time_and_is_left_out_where_it_is_one_epoch(run, home) -> None:
    suggested(run, seconds=1.0)
    at = open_page("lr_finder", run=run.id)
    assert at.segmented_control(key="trial-length-0001").value == "stage"
    assert "On this machine a few seconds." in said(at)
    suggested(run, seconds=8000.0)
    at = open_page("lr_finder", run=run.id)
    assert at.segmented_control(key="trial-length-0001").value == "epoch"
    assert "On this machine about 16 min." in said(at)
    suggested(run, stage=Stage(freeze_to=0, size=24))
    at = open_page("lr_finder", run=run.id)
    assert "The first trial measures how long they take." in said(at)
    assert len(at.segmented_control(key="trial-length-0001").options) == 2


@pytest.mark.parametrize(
    ("typed", "sentence"), [("1e-3", "Trials compare 2 to 6"), ("fast, 1e-3", "is not a learning rate"), ("", "Trials")]
)
def test_rates_that_cannot_be_tried_are_a_sentence(run, typed, sentence) -> None:
    suggested(run)
    at = open_page("lr_finder", run=run.id)
    at.text_input(key="trial-rates-0001").set_value(typed).run()
    assert not at.exception
    assert sentence in said(at)
    assert at.button(key="try-rates").disabled


def test_outcomes_are_beside_the_curve_and_can_be_chosen(run) -> None:
    suggested(run)
    tried(run)
    at = open_page("lr_finder", run=run.id)
    assert not at.exception
    assert "1e-3 has the lowest loss; 3e-3 cannot be told apart from it" in titles(at)
    text = said(at)
    assert "0.03 diverged at batch 2" in text
    assert "The lowest point of the curve, 0.03, is not the best rate: training diverged there." in text
    assert "accuracy 80.0% (" in text
    assert "Use 0.03" not in labels(at)
    next(button for button in at.button if button.label == "Use 3e-3").click().run()
    assert not at.exception
    rate = Draft.load(run.path).rate
    assert rate is not None
    assert (rate.lr, rate.freeze_to, rate.chosen_by) == (3e-3, 0, "trials")
    assert "Chosen rate: 3e-3" in said(at)
    assert at.button(key="use-trial-0001-0.003").disabled


def test_a_reload_shows_them_again_and_two_lengths_are_compared(run) -> None:
    suggested(run)
    tried(run, {1e-4: 0.4, 1e-3: 0.6}, length="short", batches=1)
    tried(run, {1e-4: 0.6, 1e-3: 0.4}, name="0002", batches=3)
    at = open_page("lr_finder", run=run.id)
    assert not at.exception
    assert "With a third of an epoch (1 batch) 1e-4 was best, with 1 epoch (3 batches) 1e-3" in said(at)
    at.selectbox(key="trials-of-2").set_value("0001").run()
    assert any("1e-4 has the lowest loss" in title for title in titles(at))


def test_trials_of_another_state_are_not_shown(run) -> None:
    suggested(run)
    tried(run, epoch=3, step=9)
    at = open_page("lr_finder", run=run.id)
    assert not any("lowest loss" in title for title in titles(at))
    assert "Try them" in labels(at)


def test_a_curve_of_an_earlier_state_cannot_be_tried(run) -> None:
    suggested(run, epoch=2, step=8)
    at = open_page("lr_finder", run=run.id)
    assert not at.exception
    assert "not where it was when this curve was made" in said(at)
    assert "Try them" not in labels(at)


def test_what_is_done_about_images_that_the_network_has_seen_is_said(run, monkeypatch) -> None:
    stage = train(run)
    suggested(run, epoch=5, step=50)
    monkeypatch.setattr("pages.ui.finder.trial_form._is_present", lambda run, curve: True)
    at = open_page("lr_finder", run=run.id)
    assert not at.exception
    assert "low rates will look better than they are" in said(at)
    head = stage.model_copy(update={"freeze_to": -1})
    state = run.state
    run.write_state(state.model_copy(update={"stages": [state.stages[0].model_copy(update={"stage": head})]}))
    at = open_page("lr_finder", run=run.id)
    assert "it is first trained anew without them" in said(at)


def test_outcomes_on_images_that_the_network_knows_advise_no_rate(run, monkeypatch) -> None:
    train(run)
    suggested(run, epoch=5, step=50)
    tried(run, epoch=5, step=50, valid_loss=2.0)
    at = open_page("lr_finder", run=run.id)
    assert not at.exception
    assert "The network knows these images; low rates look better than they are" in titles(at)
    assert "(loss 1.000 on them, 2.000 on validation images)" in said(at)
    assert "The lowest point of the curve" not in said(at)


def test_a_damaged_checkpoint_is_a_sentence(run) -> None:
    suggested(run)
    train(run)
    run.checkpoint.write_bytes(b"damaged")
    at = open_page("lr_finder", run=run.id)
    assert not at.exception
    assert "cannot be read" in said(at)
    assert "Try them" not in labels(at)


def test_too_few_images_are_a_sentence(home) -> None:
    few = new_run(home, each=3)
    suggested(few)
    at = open_page("lr_finder", run=few.id)
    assert not at.exception
    assert "Trials are judged on training images kept out" in said(at)
    assert "Try them" not in labels(at)


def test_stopped_trials_say_which_rates_are_missing(run, quiet) -> None:
    suggested(run)
    tried(run, {1e-4: 0.4, 1e-3: 0.6}, complete=False, rates=(1e-4, 1e-3, 1e-2))
    spec = TrialSpec(stage=Stage(freeze_to=0), rates=(1e-4, 1e-3, 1e-2))
    job = queue.submit(run.workspace, run.id, spec)
    queue.end(run.workspace, job, "stopped", "Stopped. The trials that had ended are kept.")
    at = open_page("lr_finder", run=run.id)
    assert not at.exception
    assert "Stopped: 1 of the 3 rates was not tried." in said(at)
    assert "Stopped. The trials that had ended are kept." in said(at)


def test_trials_under_way_show_what_has_ended(run, quiet) -> None:
    suggested(run)
    tried(run, name="0001", created="2026-01-02T10:00:00+00:00")
    job = queue.submit(run.workspace, run.id, TrialSpec(stage=Stage(freeze_to=0), rates=(1e-4, 1e-3, 1e-2)))
    now = store.get(run.workspace, job.id)
    with store.locked(run.workspace):
        import time

        from core.process.identity import this_process

        me = this_process()
        own = {"status": "running", "started": time.time(), "pid": me.pid, "start_time": me.start_time}
        store.write(run.workspace, now.model_copy(update=own))
    assert "The first outcome appears when the first trial has ended." in said(open_page("lr_finder", run=run.id))
    tried(run, {1e-4: 0.4}, name="0002", complete=False, rates=(1e-4, 1e-3, 1e-2))
    at = open_page("lr_finder", run=run.id)
    assert not at.exception
    assert "1 of 3 rates tried. Trials that have ended are kept when you stop." in said(at)
    assert any("1e-4 has been tried, the other rates not yet" in title for title in titles(at))


def test_damaged_trials_are_left_out(run) -> None:
    suggested(run)
    tried(run)
    trials_path(run, "0002").write_text("{")
    at = open_page("lr_finder", run=run.id)
    assert not at.exception
    assert "Use 1e-3" in labels(at)


def test_a_rate_that_cannot_be_kept_is_said(run, monkeypatch) -> None:
    suggested(run)
    tried(run)

    def full(self, rate):
        raise WorkspaceError("The disk is full.")

    monkeypatch.setattr(Draft, "choose", full)
    at = open_page("lr_finder", run=run.id)
    next(button for button in at.button if button.label == "Use 3e-3").click().run()
    assert not at.exception
    assert [toast.value for toast in at.toast] == ["The disk is full."]
