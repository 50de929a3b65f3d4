import itertools

import pytest
import torch

from core.model.backbones import build
from core.training.group_watch import PER_EPOCH, GroupWatch
from core.training.learner import Learner
from core.training.records import StepRecord
from core.training.stage import Stage


def learner_on(data, workspace, *, watch=True):
    return Learner(build("small_cnn", data.classes, seed=1), data, workspace, watch=watch)


def steps_of(learner, stage, **options):
    return [record for record in learner.fit(stage, **options) if isinstance(record, StepRecord)]


def test_gradient_norms_are_those_that_torch_clips_by(data, workspace):
    learner = learner_on(data, workspace)
    step = next(iter(learner.fit(Stage(freeze_to=0, lr=0.01, size=16))))
    for group, norm in zip(learner.model.groups, step.grads, strict=True):
        assert norm == pytest.approx(float(torch.nn.utils.clip_grad_norm_(group.parameters(), 1e9)), rel=1e-5)


def test_movement_is_the_distance_from_the_first_weights_over_the_norm(data, workspace):
    learner = learner_on(data, workspace)
    first = [torch.cat([one.detach().flatten() for one in group.parameters()]) for group in learner.model.groups]
    step = next(iter(learner.fit(Stage(freeze_to=0, lr=0.01, size=16))))
    for group, then, moved in zip(learner.model.groups, first, step.moved, strict=True):
        now = torch.cat([one.detach().flatten() for one in group.parameters()])
        assert moved == pytest.approx(float((now - then).norm() / now.norm()), rel=1e-4)


def test_a_frozen_group_has_no_gradient_and_keeps_its_distance(data, workspace):
    learner = learner_on(data, workspace)
    whole = steps_of(learner, Stage(freeze_to=0, lr=0.01, size=16))
    head = steps_of(learner, Stage(lr=0.01, size=16), stage_index=1)
    stem = learner.model.groups[0]
    assert head[0].grads[0] == 0 < head[0].grads[-1]
    assert {one.moved[0] for one in head if one.moved} == {GroupWatch.figures(learner._watch, 0).moved[0]}
    assert head[0].moved[0] >= next(one for one in whole if one.moved).moved[0] > 0
    assert not any(one.requires_grad for one in stem.parameters())


def test_a_new_head_began_at_zero_so_all_of_it_is_movement(data, workspace):
    step = steps_of(learner_on(data, workspace), Stage(lr=0.01, size=16))[0]
    assert step.moved == pytest.approx((*(0.0,) * (len(step.moved) - 1), 1.0))


@pytest.mark.parametrize(("per_epoch", "measured"), [(1, 1), (3, 3), (4, 4), (5, 3), (40, 4), (41, 4), (1000, 4)])
def test_a_few_batches_of_an_epoch_are_measured(per_epoch, measured):
    assert sum(GroupWatch.is_due(step, per_epoch) for step in range(per_epoch)) == measured <= PER_EPOCH


def test_training_is_the_same_watched_or_not(data, workspace):
    seen, unseen = learner_on(data, workspace), learner_on(data, workspace, watch=False)
    stage = Stage(freeze_to=0, lr=0.01, size=16, cycle_len=2)
    assert [one.loss for one in steps_of(seen, stage)] == [one.loss for one in steps_of(unseen, stage)]
    assert not any(one.grads for one in steps_of(unseen, stage))
    pairs = itertools.zip_longest(seen.model.parameters(), learner_on(data, workspace).model.parameters())
    assert any(not torch.equal(one, other) for one, other in pairs)


def test_an_interrupted_training_measures_what_an_uninterrupted_one_does(data, workspace):
    stage = Stage(freeze_to=0, lr=0.01, size=16, cycle_len=2)
    whole = [(one.step, one.grads, one.moved) for one in steps_of(learner_on(data, workspace), stage)]
    broken = learner_on(data, workspace)
    for record in broken.fit(stage):
        if isinstance(record, StepRecord) and record.step == 2:
            break
    again = learner_on(data, workspace)
    again.load_state(broken.state())
    rest = [(one.step, one.grads, one.moved) for one in steps_of(again, stage, resume=True)]
    assert rest == whole[2:]
