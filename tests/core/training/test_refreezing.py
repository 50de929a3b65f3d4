"""A first layer group that is frozen again: which batches train it, what that leaves alone, and what it saves."""

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from core.augment import SIDE_ON
from core.errors import PlanError
from core.training.growing import side_at
from core.training.learner import Learner
from core.training.refreezing import WITHOUT_EARLY, frozen_in_words, rates_at, trained_until, work
from core.training.schedules import schedule_of, steps_per_epoch
from core.training.stage import Stage, stage_of

from .conftest import SIZE, bytes_of, timeless

WHOLE = Stage(freeze_to=0, lr=0.01, size=SIZE, batch_size=12, cycles=3, cycle_mult=2, augmentation=SIDE_ON)
AFTER_ONE = WHOLE.model_copy(update={"freeze_early_after": 1})


@st.composite
def stages(draw):
    cycles = draw(st.integers(2, 6))
    lengths = {"cycle_len": draw(st.integers(1, 4)), "cycle_mult": draw(st.integers(1, 3))}
    after, grows = draw(st.integers(1, cycles - 1)), draw(st.none() | st.integers(8, 100))
    return Stage(freeze_to=0, cycles=cycles, freeze_early_after=after, grow_from=grows, **lengths)


def group_bytes(learner, number):
    parameters = learner.model.groups[number].parameters()
    return bytes_of({str(place): one for place, one in enumerate(parameters)})


def at_the_ends(learner, found):
    """What `found` gives at the end of each cycle."""
    return [found() for record in learner.fit(AFTER_ONE) if record.row()["kind"] == "cycle"]


def rows_of(learner, stage):
    return [timeless(record) for record in learner.fit(stage)]


@given(stages(), st.integers(1, 40))
def test_the_first_group_has_a_rate_up_to_the_end_of_the_cycle_and_none_after_it(stage, per_epoch):
    schedule = schedule_of(stage, per_epoch)
    ends = schedule.cycle_ends[stage.freeze_early_after - 1]
    found = [rates_at(stage, (0.1, 0.2, 0.3), step, schedule.steps) for step in range(schedule.steps)]
    assert found[:ends] == [(0.1, 0.2, 0.3)] * ends
    assert found[ends:] == [(0.0, 0.2, 0.3)] * (schedule.steps - ends)
    assert trained_until(stage) == pytest.approx(ends / schedule.steps)


@given(stages(), st.floats(0, 1), st.floats(0, 1))
def test_the_work_is_the_mean_over_many_batches(stage, one, other):
    steps, (begin, end) = 20_000, sorted((one, other))
    first, last = int(begin * steps), int(end * steps)
    assume(last - first > 2000)
    until = trained_until(stage)
    each = [
        (side_at(stage, step, steps) / stage.size) ** 2 * (1.0 if step < until * steps else WITHOUT_EARLY)
        for step in range(first, last)
    ]
    assert work(stage, first / steps, last / steps) == pytest.approx(np.mean(each), rel=0.01)


def test_at_a_moment_the_work_is_that_of_its_batch():
    assert (work(AFTER_ONE, 0, 0), work(AFTER_ONE, 1, 1)) == (1.0, WITHOUT_EARLY)
    assert work(WHOLE, 0.1, 0.9) == pytest.approx(1.0)


def test_the_first_group_stays_as_the_first_cycle_left_it_and_the_others_learn_on(learner):
    first, second, third = at_the_ends(learner, lambda: [group_bytes(learner, number) for number in range(3)])
    assert first[0] == second[0] == third[0]
    assert all(first[number] != second[number] != third[number] for number in (1, 2))


def test_batch_norm_of_the_frozen_group_keeps_its_statistics(learner):
    norms = [
        module
        for module in learner.model.groups[0].modules[0].modules()
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm)
    ]
    kept = at_the_ends(learner, lambda: bytes_of({str(place): norm.running_mean for place, norm in enumerate(norms)}))
    assert norms
    assert kept[0] == kept[1] == kept[2]


def test_it_is_the_same_training_up_to_there_and_goes_on_as_with_a_group_frozen_by_hand(new_learner):
    """The oracle: the same stage without the setting, its first group frozen in torch's own words after cycle 1."""
    found, plain = rows_of(new_learner(), AFTER_ONE), new_learner()
    rows = []
    for record in plain.fit(WHOLE):
        rows.append(timeless(record))
        if record.row()["kind"] == "cycle" and len(rows) < len(found):
            for module in plain.model.groups[0].modules:
                module.requires_grad_(False)
                module.eval()
    compared = ("kind", "loss", "valid_loss", "accuracy")
    assert [[row.get(name) for name in compared] for row in found] == [
        [row.get(name) for name in compared] for row in rows
    ]
    assert [row["lrs"][0] == 0 for row in found if row["kind"] == "step"] == [
        step >= steps_per_epoch(WHOLE, plain.data) for step in range(7 * steps_per_epoch(WHOLE, plain.data))
    ]


def test_the_next_stage_trains_the_first_group_again(learner):
    list(learner.fit(AFTER_ONE))
    before = group_bytes(learner, 0)
    list(learner.fit(WHOLE, stage_index=1))
    assert group_bytes(learner, 0) != before


def test_the_figures_of_the_groups_say_that_it_no_longer_moves(data, workspace, new_learner):
    watched = Learner(new_learner().model, data, workspace, watch=True)
    measured = [record for record in watched.fit(AFTER_ONE) if getattr(record, "grads", ())]
    cut = steps_per_epoch(AFTER_ONE, data)
    late = [record for record in measured if record.step > cut]
    assert late
    assert all(record.grads[0] == 0 and record.moved[0] == late[0].moved[0] > 0 for record in late)
    assert all(record.grads[0] > 0 for record in measured if 1 < record.step <= cut)  # at first the head is zero


def test_words():
    assert frozen_in_words(AFTER_ONE, ("stem", "body", "head")) == "stem frozen after cycle 1"
    later = AFTER_ONE.model_copy(update={"freeze_to": 1, "freeze_early_after": 2})
    assert frozen_in_words(later) == "later layers frozen after cycle 2"
    assert frozen_in_words(WHOLE) == ""
    for unfit in (2, 7, -9):
        said = frozen_in_words(AFTER_ONE.model_copy(update={"freeze_to": unfit}))
        assert said == "first layers frozen after cycle 1", "a plan that is still to be mended is shown"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"freeze_to": -1, "cycles": 2, "freeze_early_after": 1}, "Only the head is trained"),
        ({"freeze_to": 0, "cycles": 2, "freeze_early_after": 2}, "the stage ends with its cycle 2, so freezing"),
        ({"freeze_to": 0, "freeze_early_after": 1}, "Choose an earlier cycle, or leave out freeze_early_after."),
        ({"freeze_to": 0, "cycles": 2, "freeze_early_after": 0}, "Freeze_early_after: input should be greater"),
    ],
)
def test_freezing_that_cannot_be_is_refused(values, said):
    with pytest.raises(PlanError, match=f"(?i){said}"):
        stage_of(values)


def test_a_head_named_by_its_number_is_refused_too():
    stage = Stage(freeze_to=2, cycles=2, freeze_early_after=1)
    with pytest.raises(PlanError, match="Only the head is trained"):
        stage.first_trained(3)
