from core.augment import SIDE_ON
from core.runs.state import Curve, RunState, StageState
from core.training.recipes import lesson2
from core.training.stage import Stage
from pages.ui.home.recipe import STEPS, reached


def ran(*stages: Stage, epochs: int = 1) -> RunState:
    return RunState(
        stages=[StageState(index=at, stage=stage, status="done", epochs=epochs) for at, stage in enumerate(stages)]
    )


def found(stage: Stage) -> Curve:
    return Curve(name="1", created="", stage=stage, complete=True)


HEAD = Stage(precompute=True, lr=(0.01,))
AUGMENTED = Stage(lr=(0.01,), cycles=3, augmentation=SIDE_ON)
WHOLE = Stage(lr=(0.01,), freeze_to=0, cycles=3, cycle_mult=2, augmentation=SIDE_ON)


def test_there_are_eight_steps_and_a_new_run_has_taken_none() -> None:
    assert len(STEPS) == 8
    assert reached(RunState(), []) == [False] * 8


def test_the_lesson_in_order_ticks_the_steps_in_order() -> None:
    assert reached(ran(), [found(HEAD)]) == [True, True] + [False] * 6
    assert reached(ran(HEAD), [found(HEAD)]) == [True] * 3 + [False] * 5
    assert reached(ran(HEAD, AUGMENTED), [found(HEAD)]) == [True] * 4 + [False] * 4
    assert reached(ran(HEAD, AUGMENTED, WHOLE), [found(HEAD), found(WHOLE)]) == [True] * 8


def test_equal_rates_for_all_groups_do_not_count_as_lower_for_earlier_ones() -> None:
    equal = WHOLE.model_copy(update={"lr": (0.1, 0.1, 0.1)})
    assert reached(ran(equal), [])[4:6] == [True, False]


def test_a_stage_that_finished_no_epoch_and_a_curve_under_way_do_not_count() -> None:
    under_way = found(HEAD).model_copy(update={"complete": False})
    assert reached(ran(HEAD, epochs=0), [under_way]) == [False] * 8


def test_the_steps_have_the_numbers_of_the_plan_that_is_offered() -> None:
    head, augmented, whole = lesson2().stages
    said = {step.title: step.why for step in STEPS}
    assert f"{head.epochs} short epochs" in said["Train the head"]
    assert f"{augmented.epochs} epochs" in said["Add augmentation"]
    assert f"{whole.group_ratio:g} times lower" in said["Rates per group"]
    assert f"{whole.cycles} cycles, each twice" in said["Longer cycles"]
    assert whole.cycle_mult == 2
