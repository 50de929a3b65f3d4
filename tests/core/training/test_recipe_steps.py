import pytest

from core.errors import PlanError
from core.model.catalogue import GROUPS
from core.training.rate_arrays import spaced
from core.training.recipe_steps import TITLES, WHY, steps_of
from core.training.recipes import lesson2, quick, start_small
from core.training.stage import Plan, Stage
from core.training.timeline import CYCLES, DATA, STEPS, TIME, lanes, timeline


def titles(plan, before=None):
    return [step.title for step in steps_of(plan, len(GROUPS), before)]


def test_every_kind_of_step_has_a_name_and_a_reason():
    assert TITLES.keys() == WHY.keys()
    assert len(set(TITLES.values())) == len(TITLES)


def test_one_quick_cycle_is_one_step():
    assert titles(quick()) == ["Train everything"]


def test_start_small_changes_the_data_and_finds_its_rate_again():
    assert titles(start_small())[-3:] == ["Change the data", "Find it again", "Train everything"]


def test_a_plan_that_goes_on_with_a_run_does_not_begin_anew():
    whole = lesson2().stages[2]
    assert titles(Plan(stages=(whole,)), before=Stage(lr=0.01)) == [
        *("Pick augmentation", "Unfreeze", "Rates per group", "Find it again", "Longer cycles")
    ]


def test_equal_rates_for_all_groups_are_no_step_of_their_own():
    plan = Plan(stages=(Stage(lr=0.01), Stage(freeze_to=0, lr=0.01, group_ratio=1)))
    assert titles(plan) == ["Train the head", "Unfreeze", "Train everything"]


def test_the_timeline_has_every_lane_of_every_stage_and_cycles_as_long_as_their_epochs():
    plan = lesson2()
    frame = timeline(plan, GROUPS, ["a", "b", "c"], ["x", "y", "z"])
    assert set(frame["lane"]) == set(lanes(GROUPS)) == {STEPS, CYCLES, DATA, TIME, *GROUPS}
    cycles = frame[(frame["lane"] == CYCLES) & (frame["start"] >= 2)]
    lengths = (cycles["end"] - cycles["start"]).to_list()
    assert lengths == pytest.approx([1 / 7, 2 / 7, 4 / 7])
    stem = frame[frame["lane"] == GROUPS[0]]
    assert stem["kind"].to_list() == ["frozen", "frozen", "trained", "frozen"]
    assert stem["text"].to_list() == ["frozen", "frozen", "1/9 of the head's", "frozen"]
    assert stem["end"].to_list() == pytest.approx([1, 2, 2 + 1 / 7, 3])


def test_a_group_that_is_frozen_again_has_two_bars():
    plan = Plan(stages=(Stage(freeze_to=0, lr=0.09, cycles=3, cycle_mult=2, freeze_early_after=2),))
    frame = timeline(plan, GROUPS, ["a"], ["x"])
    stem = frame[frame["lane"] == GROUPS[0]]
    assert stem["kind"].to_list() == ["trained", "frozen"]
    assert stem["end"].to_list() == pytest.approx([3 / 7, 1])
    assert stem["more"].to_list() == ["Rate: 0.01", "Frozen after cycle 2"]
    assert frame[frame["lane"] == GROUPS[1]]["kind"].to_list() == ["trained"]


def test_a_known_rate_is_written_for_each_group():
    frame = timeline(Plan(stages=(Stage(freeze_to=1, lr=0.03),)), GROUPS, [""], [""])
    said = dict(zip(frame["lane"], frame["text"], strict=True))
    assert [said[name] for name in GROUPS] == ["frozen", "0.01", "0.03"]


def test_a_stage_that_fits_no_group_is_refused():
    with pytest.raises(PlanError):
        timeline(Plan(stages=(Stage(freeze_to=7),)), GROUPS, [""], [""])


def test_a_slice_is_evenly_spaced_on_a_log_scale():
    rates = spaced(1e-5, 1e-2, 4)
    assert rates == pytest.approx([1e-5, 1e-4, 1e-3, 1e-2])
    assert spaced(1e-5, 1e-2, 1) == (1e-2,)
    for wrong in ((0, 1), (1, -1), (float("nan"), 1)):
        with pytest.raises(PlanError, match="ends of a slice"):
            spaced(*wrong, 3)
