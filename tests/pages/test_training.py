import json
from pathlib import Path

import pytest

from core.jobs import queue
from core.jobs.specs import TrainSpec
from core.runs.draft import Draft, Rate
from core.runs.state import RunState
from core.training.recipes import lesson2
from tests.pages.conftest import open_page
from tests.pages.made import HOSTILE, new_run, train

pytestmark = pytest.mark.usefixtures("quiet")


def buttons(at):
    return {button.label: button for button in at.button}


def charts(at):
    return at.get("vega_lite_chart")


def uids(run):
    return [card.uid for card in Draft.load(run.path).cards]


def test_first_view_has_an_example_and_one_click_to_begin() -> None:
    at = open_page("training")
    assert not at.exception
    assert charts(at)
    assert "Start with digits" in buttons(at)


def test_a_new_run_has_a_plan_that_suits_it_and_its_rates_are_drawn(home: Path) -> None:
    at = open_page("training", run=new_run(home).id)
    assert not at.exception
    assert at.button(key="start").label == "Start training"
    assert len(charts(at)) == 2, "the timeline of the plan, and its rates"
    assert any("5 epochs" in caption.value for caption in at.caption)


def test_lesson_2_replaces_the_plan_and_can_be_taken_back(home: Path) -> None:
    run = new_run(home)
    at = open_page("training", run=run.id)
    buttons(at)["Lesson 2"].click().run()
    assert not at.exception
    assert [card.settings.name for card in Draft.load(run.path).cards] == [s.name for s in lesson2().stages]
    buttons(at)["Bring back"].click().run()
    assert len(uids(run)) == 1


def test_stages_are_added_duplicated_moved_and_removed(home: Path) -> None:
    run = new_run(home)
    at = open_page("training", run=run.id)
    buttons(at)["Lesson 2"].click().run()
    first, second, third = uids(run)
    at.button(key=f"arrow_downward-{first}").click().run()
    assert uids(run) == [second, first, third]
    assert at.button(key=f"arrow_upward-{second}").disabled
    at.button(key=f"content_copy-{first}").click().run()
    assert len(uids(run)) == 4
    at.button(key=f"delete-{second}").click().run()
    assert second not in uids(run)
    buttons(at)["Add a stage"].click().run()
    assert len(uids(run)) == 4
    assert "Done" in buttons(at)
    assert not at.exception


def test_editing_a_stage_changes_the_plan_that_is_sent_off(home: Path) -> None:
    run = new_run(home)
    at = open_page("training", run=run.id)
    buttons(at)["Edit"].click().run()
    uid = "first-0"
    at.number_input(key=f"{uid}-len").set_value(3).run()
    at.text_input(key=f"{uid}-lr").set_value("2e-3").run()
    at.segmented_control(key=f"{uid}-schedule").set_value("cosine").run()
    at.number_input(key=f"{uid}-cycles").set_value(2).run()
    at.slider(key=f"{uid}-share").set_value(50).run()
    at.segmented_control(key=f"{uid}-augment").set_value("side-on").run()
    at.segmented_control(key=f"{uid}-optimiser").set_value("sgd").run()
    assert not at.exception
    at.button(key="start").click().run()
    job = queue.live_job(run.workspace, run.id)
    assert job is not None
    assert isinstance(job.spec, TrainSpec)
    assert job.spec.plan is not None
    stage = job.spec.plan.stages[0]
    assert (stage.cycle_len, stage.cycles, stage.lr, stage.share) == (3, 2, (0.002,), 0.5)
    assert (stage.augmentation.name, stage.optimiser) == ("side-on", "sgd")
    assert not at.exception
    assert "Cancel" in buttons(at)


def test_one_rate_for_each_layer_group(home: Path) -> None:
    run = new_run(home)
    at = open_page("training", run=run.id)
    buttons(at)["Edit"].click().run()
    at.segmented_control(key="first-0-how").set_value("One per group").run()
    assert not at.exception
    for group, text in enumerate(("1e-4", "1e-3", "1e-2")):
        at.text_input(key=f"first-0-lr-{group}").set_value(text).run()
    assert Draft.load(run.path).plan().stages[0].lr == (1e-4, 1e-3, 1e-2)


@pytest.mark.parametrize(("field", "value"), [("augment", "side-on"), ("scope", "Everything")])
def test_what_precompute_cannot_do_is_refused_with_the_reason(home: Path, field: str, value: str) -> None:
    run = new_run(home)
    at = open_page("training", run=run.id)
    buttons(at)["Lesson 2"].click().run()
    uid = uids(run)[0]
    at.button(key=f"edit-{uid}").click().run()
    at.segmented_control(key=f"{uid}-{field}").set_value(value).run()
    assert any("would do nothing" in error.value for error in at.error)
    assert at.button(key="start-off").disabled
    assert not at.exception


def test_a_rate_that_is_no_number_is_said_and_not_sent(home: Path) -> None:
    at = open_page("training", run=new_run(home).id)
    buttons(at)["Edit"].click().run()
    for text in ("fast", "-1", "0", "nan", "1e9"):
        at.text_input(key="first-0-lr").set_value(text).run()
        assert any("not a learning rate" in error.value for error in at.error), text
        assert at.button(key="start-off").disabled


def test_the_chosen_rate_is_one_click_away(home: Path) -> None:
    run = new_run(home)
    draft = Draft.load(run.path, lesson2().stages)
    draft.choose(Rate(lr=0.0042))
    at = open_page("training", run=run.id)
    buttons(at)["Use 4.2e-3"].click().run()
    assert [card.settings.lr for card in Draft.load(run.path).cards] == [(0.0042,), None, (0.0042,)]


def test_class_weights_are_offered_only_where_classes_are_unbalanced(home: Path) -> None:
    at = open_page("training", run=new_run(home).id)
    buttons(at)["Edit"].click().run()
    assert at.toggle(key="first-0-weights").disabled


def test_measuring_after_each_cycle_is_switched_off_by_a_toggle(home: Path) -> None:
    run = new_run(home)
    at = open_page("training", run=run.id)
    buttons(at)["Edit"].click().run()
    toggle = at.toggle(key="first-0-measure")
    assert (toggle.label, toggle.value) == ("Measure after each cycle", True)
    toggle.set_value(False).run()
    assert not at.exception
    assert not Draft.load(run.path).plan().stages[0].measure_after_cycle


def test_early_layers_are_frozen_again_after_a_cycle_that_another_follows(home: Path) -> None:
    run = new_run(home)
    at = open_page("training", run=run.id)
    buttons(at)["Edit"].click().run()
    at.toggle(key="first-0-precompute").set_value(False)
    at.button_group(key="first-0-scope").set_value("Everything")
    at.button_group(key="first-0-schedule").set_value("cosine").run()
    at.number_input(key="first-0-cycles").set_value(3).run()
    field = at.number_input(key="first-0-early")
    assert (field.label, field.value, field.max) == ("Freeze early layers after cycle", None, 2)
    field.set_value(2).run()
    assert not at.exception
    assert Draft.load(run.path).plan().stages[0].freeze_early_after == 2
    assert any("frozen after cycle 2" in text.value for text in [*at.markdown, *at.caption])
    at.number_input(key="first-0-cycles").set_value(2).run()
    assert not at.exception
    assert Draft.load(run.path).plan().stages[0].freeze_early_after == 1
    at.number_input(key="first-0-cycles").set_value(1).run()
    assert not at.exception
    assert Draft.load(run.path).plan().stages[0].freeze_early_after is None


def test_images_that_grow_are_planned_by_a_number(home: Path) -> None:
    run = new_run(home)
    at = open_page("training", run=run.id)
    buttons(at)["Edit"].click().run()
    size = at.number_input(key="first-0-size").value
    assert at.number_input(key="first-0-grow").value is None
    at.toggle(key="first-0-precompute").set_value(False)
    at.number_input(key="first-0-grow").set_value(size).run()
    assert any(f"Images of {size} px cannot grow to {size} px" in caption.value for caption in at.caption)
    assert at.button(key="start-off").disabled
    at.number_input(key="first-0-grow").set_value(8).run()
    assert not at.exception
    assert not any("cannot grow" in caption.value for caption in at.caption)
    assert Draft.load(run.path).plan().stages[0].grow_from == 8
    assert any(f"8 to {size} px" in text.value.replace("\u00a0", " ") for text in [*at.markdown, *at.caption])


def test_a_trained_run_shows_figures_charts_verdict_and_stages(home: Path) -> None:
    run = new_run(home)
    train(run, rising=True)
    at = open_page("training", run=run.id)
    assert not at.exception
    assert {metric.label for metric in at.metric} >= {"Accuracy", "Validation loss", "Best so far"}
    assert len(charts(at)) == 3
    assert any("Overfitting" in text.value for text in at.markdown)
    assert any("this is where overfitting costs" in text.value for text in at.markdown)
    assert any("No snapshot of lower validation loss was kept" in text.value for text in at.markdown)
    assert not any(HOSTILE[:20] in text.value for text in [*at.markdown, *at.caption])


def test_a_finished_stage_can_be_planned_again(home: Path) -> None:
    run = new_run(home)
    stage = train(run)
    at = open_page("training", run=run.id)
    buttons(at)["Repeat"].click().run()
    assert Draft.load(run.path).plan().stages == (stage,)
    assert not at.exception


def test_what_was_stopped_can_be_continued(home: Path) -> None:
    run = new_run(home)
    stage = train(run)
    state = run.state
    left = state.model_copy(update={"plan": [stage] * 2, "next_stage": 1})
    run.write_state(RunState.model_validate(left.model_dump()))
    at = open_page("training", run=run.id)
    (command,) = [code.value for code in at.code]
    assert command.startswith("torchrun --nnodes=M --nproc-per-node=N")
    assert command.endswith(f"-m core.jobs.worker {run.path}")
    at.button(key="continue").click().run()
    job = queue.live_job(run.workspace, run.id)
    assert job is not None
    assert job.spec == TrainSpec()
    assert not at.exception


def test_a_failure_shows_its_sentence_and_the_end_of_the_log(home: Path) -> None:
    run = new_run(home)
    job = queue.submit(run.workspace, run.id, TrainSpec())
    queue.end(run.workspace, job, "lost", queue.LOST)
    (run.path / "log.txt").write_text("Killed")
    at = open_page("training", run=run.id)
    assert not at.exception
    assert any("killed" in error.value for error in at.error)
    assert any("Killed" in code.value for code in at.code)


def test_a_waiting_job_can_be_cancelled(home: Path) -> None:
    run = new_run(home)
    at = open_page("training", run=run.id)
    at.button(key="start").click().run()
    buttons(at)["Cancel"].click().run()
    assert queue.live_job(run.workspace, run.id) is None


def test_a_snapshot_under_a_bad_name_is_refused_with_the_reason(home: Path) -> None:
    run = new_run(home)
    train(run)
    at = open_page("training", run=run.id)
    at.text_input[0].set_value("../x")
    at.form_submit_button[0].click().run()
    assert any("Choose another name" in error.value for error in at.error)
    assert not at.exception


def test_long_histories_stay_small_on_the_wire(home: Path) -> None:
    run = new_run(home)
    train(run, epochs=50, batches=100)
    at = open_page("training", run=run.id)
    assert not at.exception
    assert len(charts(at)) == 3


def test_a_damaged_draft_is_replaced_by_the_plan_that_suits(home: Path) -> None:
    run = new_run(home)
    (run.path / "draft.json").write_text(json.dumps({"cards": 3}))
    assert not open_page("training", run=run.id).exception
