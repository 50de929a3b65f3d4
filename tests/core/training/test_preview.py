import subprocess
import sys

import pytest

from core.errors import PlanError
from core.training.preview import preview
from core.training.recipes import lesson2, quick, suggested_plan
from core.training.schedules import schedule_of
from core.training.stage import Plan, Stage

GROUPS = ["stem", "middle", "head"]


def test_every_batch_of_a_short_plan_is_there_for_every_group():
    plan = Plan(stages=(Stage(lr=0.9, freeze_to=0, cycles=2), Stage(lr=0.1, schedule="one-cycle", cycle_len=3)))
    frame = preview(plan, lambda stage: 10, GROUPS)
    assert len(frame) == 50 * 3
    head = frame[frame.group == "head"].reset_index(drop=True)
    assert list(head.step) == list(range(50))
    assert head.epoch.tolist() == pytest.approx([step / 10 for step in range(50)])
    second = schedule_of(plan.stages[1], 10)
    assert head.lr[20:].tolist() == pytest.approx([0.1 * second.factor(step) for step in range(30)])
    assert head.momentum[20:].tolist() == pytest.approx([second.momentum(step) for step in range(30)])
    first = frame[frame.stage == 0].pivot(index="step", columns="group", values="lr")
    assert (first["middle"] * 3).tolist() == pytest.approx(first["head"].tolist())
    assert (first["stem"] * 9).tolist() == pytest.approx(first["head"].tolist())
    assert (frame[(frame.stage == 1) & (frame.group != "head")].lr == 0).all()


def test_a_long_plan_is_thinned_and_keeps_every_restart():
    plan = Plan(stages=(Stage(lr=1.0, cycles=6, cycle_mult=2),))
    frame = preview(plan, lambda stage: 400, ["head"])
    assert 500 <= len(frame) <= 520
    restarts = [0, 400, 1200, 2800, 6000, 12400]
    assert frame[frame.step.isin(restarts)].lr.tolist() == [1.0] * 6
    assert {end - 1 for end in [*restarts[1:], 25200]} <= set(frame.step)


def test_a_rate_to_be_found_is_drawn_as_a_share():
    frame = preview(lesson2(), lambda stage: 35, GROUPS)
    assert not frame.known.any()
    assert frame.lr.max() == 1.0


def test_a_stage_that_does_not_fit_is_refused_before_anything_runs():
    with pytest.raises(PlanError, match="layer groups"):
        preview(Plan(stages=(Stage(lr=(1e-3, 1e-2)),)), lambda stage: 10, GROUPS)


def test_lesson_2_is_the_lessons_recipe():
    head, augmented, whole = lesson2(size=96, batch_size=16).stages
    assert head.precompute
    assert head.freeze_to == augmented.freeze_to == -1
    assert augmented.augmentation.horizontal_flip
    assert augmented.cycle_len == 1
    assert whole.freeze_to == 0
    assert whole.cycle_mult == 2
    assert 3 <= whole.group_ratio <= 10
    assert {stage.lr for stage in (head, augmented, whole)} == {None}
    assert {(stage.size, stage.batch_size) for stage in (head, augmented, whole)} == {(96, 16)}


def test_the_plan_offered_follows_the_weights():
    assert suggested_plan(True, 128).name == lesson2().name
    assert suggested_plan(False, 32).stages == quick(32).stages


def test_planning_does_not_wait_for_torch():
    modules = ["stage", "schedules", "recipes", "suggestions", "preview", "balance", "smoothing", "records"]
    modules += ["position", "curve", "benchmark_result"]
    code = f"import sys\nfor m in {modules}: __import__('core.training.' + m)\nassert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_group_that_is_frozen_again_has_no_rate_after_its_cycle():
    plan = Plan(stages=(Stage(freeze_to=0, lr=0.01, cycles=2, freeze_early_after=1),))
    frame = preview(plan, lambda stage: 10, GROUPS)
    stem = frame[frame["group"] == GROUPS[0]]
    assert (stem["lr"] > 0).to_list() == [True] * 10 + [False] * 10
    assert (frame[frame["group"] != GROUPS[0]]["lr"] > 0).all()
