"""Gradients and movement of layer groups: torch's own norms are the oracle."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from core.training.group_norms import LOOKS, gradient_norms, is_measured, movement
from core.training.stage import Stage

from .conftest import SIZE

WHOLE = Stage(freeze_to=0, lr=0.01, size=SIZE, batch_size=10)


@given(st.integers(1, 500))
def test_an_epoch_is_measured_so_often_and_at_its_end(steps):
    looks = [step for step in range(steps) if is_measured(step, steps)]
    assert len(looks) == min(LOOKS, steps)
    assert looks[-1] == steps - 1
    assert [is_measured(step + steps, steps) for step in range(steps)] == [step in looks for step in range(steps)]


def test_the_length_of_a_groups_gradient_is_torchs_norm_of_all_of_it(learner):
    list(zip(range(3), learner.fit(WHOLE), strict=False))
    expected = []
    for group in learner.model.groups:
        parameters = [parameter for parameter in group.parameters() if parameter.grad is not None]
        expected.append(float(nn.utils.clip_grad_norm_(parameters, float("inf"))))
    assert gradient_norms(learner.model) == pytest.approx(expected)


def test_frozen_groups_have_no_gradient(learner):
    records = [record for record in learner.fit(WHOLE.model_copy(update={"freeze_to": -1})) if record.kind == "step"]
    measured = [record.grads for record in records if record.grads]
    assert len(measured) == min(LOOKS, len(records))
    assert all(grads[:-1] == (0.0,) * (len(grads) - 1) and grads[-1] > 0 for grads in measured)


def test_measuring_changes_nothing_that_is_trained(new_learner, monkeypatch):
    from core.training import learner as learners

    one, other = new_learner(), new_learner()
    list(one.fit(WHOLE))
    monkeypatch.setattr(learners, "is_measured", lambda step, steps: False)
    records = list(other.fit(WHOLE))
    assert not any(record.grads for record in records if record.kind == "step")
    for name, value in one.model.state_dict().items():
        assert torch.equal(value, other.model.state_dict()[name]), name


def test_movement_is_relative_to_the_length_before(learner):
    model = learner.model
    before = {name: value.clone() for name, value in model.state_dict().items()}
    now = {name: value * 1.1 if value.is_floating_point() else value for name, value in before.items()}
    *backbone, head = movement(model, before, now)
    assert backbone == pytest.approx([0.1] * len(backbone), rel=1e-4)
    assert head == 0.0, "the weights of a new head are 0, and so is a tenth of them"
    assert movement(model, before, before) == (0.0,) * len(model.groups)


def test_a_new_head_has_moved_by_all_of_its_length(learner):
    before = {name: value.clone() for name, value in learner.model.state_dict().items()}
    list(learner.fit(WHOLE.model_copy(update={"freeze_to": -1})))
    moved = movement(learner.model, before, learner.model.state_dict())
    assert moved == (*[0.0] * (len(moved) - 1), pytest.approx(1.0))
