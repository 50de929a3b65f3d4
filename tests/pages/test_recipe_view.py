"""The plan on the Training page: its timeline, its steps with their figures, rates by slice, added images, a pause."""

import json
from pathlib import Path

import pytest
from PIL import Image

from core.jobs import queue
from core.jobs.pausing import pause_asked
from core.jobs.specs import TrainSpec
from core.numbers import JOINER
from core.runs.draft import Draft
from core.runs.state import StageState
from core.training.recipes import lesson2, start_small
from core.training.stage import Plan, Stage
from tests.pages.conftest import open_page
from tests.pages.made import CLASSES, new_run, train

pytestmark = pytest.mark.usefixtures("quiet")


def said(at):
    return "\n".join(one.value for one in (*at.markdown, *at.caption)).replace(JOINER, "")


def charts(at):
    return at.get("vega_lite_chart")


def stages_of(run):
    return [card.settings for card in Draft.load(run.path).cards]


def test_the_plan_has_a_timeline_and_its_steps_with_why(home: Path) -> None:
    run = new_run(home)
    Draft.load(run.path, lesson2(24).stages).save()
    at = open_page("training", run=run.id)
    assert not at.exception
    assert len(charts(at)) == 2
    assert "8. **Longer cycles.** Each cycle anneals the rate" in said(at)


def test_start_small_is_one_click_and_says_what_was_measured(home: Path) -> None:
    run = new_run(home)
    at = open_page("training", run=run.id)
    at.button(key="preset-Start small").click().run()
    assert not at.exception
    assert [(one.size, one.share) for one in stages_of(run)] == [(16, 0.5), (16, 0.5), (24, 1.0)]
    assert "**Change the data.**" in said(at)
    assert "Measured on 1,099 photos" in said(at)


def begun(run, plan, *, status="done"):
    """Write that the first stage of a plan has been trained."""
    train(run)
    state = run.state
    first = plan.stages[0].model_copy(update={"lr": (0.01,)})
    figures = {"accuracy": 0.9, "accuracy_before": 0.5, "valid_loss": 0.2, "train_loss": 0.1, "epochs": first.epochs}
    stage = StageState(index=0, stage=first, status=status, rate_reason="It falls.", **figures)
    run.write_state(state.model_copy(update={"stages": [stage], "plan": list(plan.stages), "next_stage": 1}))


def test_steps_that_are_done_have_their_figures_and_what_is_left_can_be_changed(home: Path) -> None:
    run = new_run(home)
    begun(run, lesson2(24))
    at = open_page("training", run=run.id)
    assert not at.exception
    assert "accuracy 90.0% (from 50.0%, +40.0 points)" in said(at)
    assert any("2 stages of the plan left, from the end of the last stage" in one.value for one in at.caption)
    at.button(key="edit-left").click().run()
    assert not at.exception
    assert [one.name for one in stages_of(run)] == [one.name for one in lesson2(24).stages[1:]]


def test_a_live_plan_can_be_paused_after_its_stage_and_that_taken_back(home: Path) -> None:
    run = new_run(home)
    plan = Plan(stages=(Stage(lr=0.01, size=24), Stage(lr=0.01, size=24)))
    begun(run, plan, status="running")
    run.write_state(run.state.model_copy(update={"next_stage": 0}))
    job = queue.submit(run.workspace, run.id, TrainSpec(plan=plan))
    at = open_page("training", run=run.id)
    assert not at.exception
    at.button(key=f"pause-{job.id}").click().run()
    assert pause_asked(run.workspace, job)
    assert "The job ends when this stage has." in said(at)
    at.button(key=f"pause-{job.id}").click().run()
    assert not pause_asked(run.workspace, job)


def test_a_slice_fills_the_rates_and_a_wrong_one_is_a_sentence(home: Path) -> None:
    run = new_run(home)
    draft = Draft.load(run.path, (Stage(freeze_to=0, lr=(1e-4, 1e-3, 1e-2), size=24),))
    draft.save()
    uid = draft.cards[0].uid
    at = open_page("training", run=run.id)
    at.button(key=f"edit-{uid}").click().run()
    at.text_input(key=f"{uid}-slice").input("1e-5:1e-3").run()
    assert not at.exception
    assert stages_of(run)[0].lr == pytest.approx((1e-5, 1e-4, 1e-3))
    at.text_input(key=f"{uid}-slice").input("much").run()
    assert "That is no slice." in said(at)
    assert stages_of(run)[0].lr == pytest.approx((1e-5, 1e-4, 1e-3))


def test_images_are_added_from_a_folder_and_the_page_says_so(home: Path) -> None:
    run = new_run(home)
    folder = home.parent / "late"
    (folder / CLASSES[0]).mkdir(parents=True)
    Image.new("RGB", (20, 20), (9, 99, 9)).save(folder / CLASSES[0] / "late.png")
    at = open_page("training", run=run.id)
    before = len(run.data().items)
    at.text_input(key=f"more-path-{run.id}").input(str(folder))
    next(one for one in at.button if one.label == "Add these images").click().run()
    assert not at.exception
    assert any("1 image to train on, 0 to validate on" in one.value for one in at.success)
    assert len(json.loads((run.path / "data.json").read_text())["items"]) == before + 1


def test_images_of_another_class_are_refused_with_a_sentence(home: Path) -> None:
    run = new_run(home)
    folder = home.parent / "whales"
    (folder / "whale").mkdir(parents=True)
    Image.new("RGB", (20, 20)).save(folder / "whale" / "a.png")
    at = open_page("training", run=run.id)
    at.text_input(key=f"more-path-{run.id}").input(str(folder))
    next(one for one in at.button if one.label == "Add these images").click().run()
    assert any("no class whale" in one.value for one in at.error)


def test_measured_layer_groups_are_drawn_with_what_freezing_would_change(home: Path) -> None:
    run = new_run(home)
    train(run)
    rows = [json.loads(line) for line in (run.path / "history.jsonl").read_text().splitlines()]
    for row in rows:
        if row["kind"] == "step" and row["step"] % 5 == 0:
            row |= {"grads": [0.5, 0.4, 2.0], "moved": [0.001 * row["step"], 0.01, 1.0]}
    (run.path / "history.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    at = open_page("training", run=run.id)
    assert not at.exception
    assert "**If a group were frozen again**" in said(at)
    assert "Early layers: 5.00% from its first weights, 4.00% an epoch earlier" in said(at)


def test_start_small_is_another_plan_than_the_lesson() -> None:
    assert start_small(128) != lesson2(128)
