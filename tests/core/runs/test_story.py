import pytest

from core.runs.state import RunState, SameWeights, StageState, UnreadableStage
from core.runs.story import story
from core.training.recipes import lesson2, quick, start_small

GROUPS = ("early layers", "later layers", "head")


def begun(place, stage, rate, status="done", **more):
    figures = {"accuracy": 0.8, "accuracy_before": 0.7, "valid_loss": 0.5, "train_loss": 0.4, "epochs": stage.epochs}
    settings = stage.model_copy(update={"lr": (rate,)})
    return StageState(index=place, stage=settings, status=status, rate_reason="It falls.", **{**figures, **more})


def test_before_its_first_stage_every_step_of_the_lesson_is_to_come():
    told = story(RunState(plan=list(lesson2().stages)), GROUPS)
    assert [one.status for one in told] == ["coming"] * 8
    assert told[2].sentence.startswith("20 epochs.")
    assert told[-1].sentence.startswith("7 epochs in cycles of 1 + 2 + 4, early layers frozen after cycle 1.")


def test_steps_say_the_figures_that_they_produced():
    plan = lesson2()
    first, second, third = plan.stages
    stages = [
        begun(0, first, 3e-3, accuracy_before=None),
        begun(1, second, 2e-3),
        begun(2, third, 9e-4, "running", epochs=2),
    ]
    told = {one.step.title: one for one in story(RunState(stages=stages, plan=list(plan.stages), next_stage=2), GROUPS)}
    assert told["Find the rate"].sentence == "Rate 3e-3. It falls."
    assert told["Train the head"].sentence == (
        "20 epochs, accuracy 80.0%, training loss 0.400 and validation loss 0.500."
    )
    assert "accuracy 80.0% (from 70.0%, +10.0 points)" in told["Add augmentation"].sentence
    assert told["Rates per group"].sentence.startswith(
        "Rates 1e-4 for the early layers, 3e-4 for the later layers, 9e-4 for the head."
    )
    assert told["Longer cycles"].status == "now"
    assert told["Longer cycles"].sentence.startswith("2 of 7 epochs")
    assert [one.status for one in told.values()].count("done") == 7


def test_a_range_test_under_way_is_the_present_step():
    plan = lesson2()
    state = RunState(stages=[begun(0, plan.stages[0], 3e-3)], plan=list(plan.stages))
    assert [one.step.title for one in story(state, GROUPS, finding=True) if one.status == "now"] == []
    state.stages.append(begun(1, plan.stages[1], 2e-3))
    assert [one.step.title for one in story(state, GROUPS, finding=True) if one.status == "now"] == ["Find it again"]


def test_a_change_of_the_data_says_both_figures_of_the_same_weights():
    plan = start_small(128)
    stages = [begun(place, stage, 1e-3) for place, stage in enumerate(plan.stages)]
    stages[2] = stages[2].model_copy(update={"same_weights": SameWeights(accuracy=0.66, valid_loss=0.7)})
    told = {one.step.title: one.sentence for one in story(RunState(stages=stages, plan=list(plan.stages)), GROUPS)}
    assert told["Change the data"].startswith("64 → 128 px, 50% → 100% of the images.")
    assert "70.0% at 64 px, 66.0% at 128 px" in told["Change the data"]
    assert "(from 66.0%, +14.0 points)" in told["Train everything"]


@pytest.mark.parametrize("plan", [[], [*quick().stages, UnreadableStage(root={"x": 1})]])
def test_no_plan_and_an_unreadable_one_tell_nothing(plan):
    assert story(RunState(plan=plan), GROUPS) == []
