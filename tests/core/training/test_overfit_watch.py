"""Early stopping: when it ends a stage, that it is off by default, and that a resumed stage ends at the same epoch."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.training.overfit_watch import LOOKS, RISE_NATS, RISE_SHARE, OverfitWatch
from core.training.position import LearnerState
from core.training.stage import Stage

from .conftest import SIZE

LOSSES = st.lists(st.floats(0.05, 5, allow_nan=False), min_size=1, max_size=30)


def ends(losses, cycles=1, train=0.0, error=0.0):
    watch = OverfitWatch()
    looks = (watch.costs(train, loss, cycles=cycles, error=error) for loss in losses)
    return next((place for place, ended in enumerate(looks) if ended), None)


@pytest.mark.parametrize(
    ("losses", "cycles", "at"),
    [
        ([1.0, 0.8, 0.6, 0.5], 1, None),
        ([1.0, 0.5, 0.9, 0.5, 0.9, 0.5], 1, None),
        ([1.0, 0.5, 0.6, 0.7, 0.8], 1, 4),
        ([1.0, 0.5, 0.51, 0.52, 0.52], 1, None),
        ([1.0, 0.5, 0.6, 0.7], 3, 3),
        ([1.0, 0.5, 0.6, 0.4, 0.6], 3, None),
    ],
)
def test_it_ends_where_the_loss_has_stayed_up(losses, cycles, at):
    assert ends(losses, cycles) == at


@given(LOSSES, st.sampled_from([1, 3]))
def test_it_ends_only_after_that_many_looks_above_the_lowest(losses, cycles):
    at = ends(losses, cycles)
    if at is None:
        return
    looks = LOOKS["cycle" if cycles > 1 else "epoch"]
    lowest = min(losses[: at + 1])
    assert all(
        loss > lowest * (1 + RISE_SHARE) and loss > lowest + RISE_NATS for loss in losses[at - looks + 1 : at + 1]
    )


@pytest.mark.parametrize(("error", "at"), [(0.05, 4), (0.099, 4), (0.11, None)])
def test_a_rise_within_the_noise_ends_nothing(error, at):
    assert ends([1.0, 0.5, 0.6, 0.6, 0.6], error=error) == at


def test_the_noise_of_the_lowest_counts_too():
    watch = OverfitWatch()
    assert not watch.costs(0.0, 0.5, cycles=1, error=0.2)
    assert not any(watch.costs(0.0, 0.6, cycles=1, error=0.0) for _ in range(5))


@given(LOSSES)
def test_a_falling_loss_never_ends_it(losses):
    assert ends(sorted(losses, reverse=True)) is None


@given(LOSSES)
def test_a_training_loss_above_validation_loss_is_no_overfitting(losses):
    assert ends(losses, train=10.0) is None


@pytest.fixture
def memorised(learner, monkeypatch):
    """Validation losses that rise from the second epoch on, whatever the network does."""
    from core.training.task import Task, Validation

    calls = []

    def validate(self, progress=None):
        calls.append(1)
        return Validation(5.0 + 0.5 * abs(len(calls) - 2), 0.1, 0.5)

    monkeypatch.setattr(Task, "validate", validate)
    return learner


STAGE = Stage(freeze_to=0, lr=0.001, size=SIZE, batch_size=10, cycle_len=9)


def test_a_stage_goes_on_to_its_end_unless_it_was_asked_to_stop(memorised):
    assert len([record for record in memorised.fit(STAGE) if record.kind == "epoch"]) == 9


def test_a_stage_that_was_asked_to_ends_early_with_the_end_of_its_cycle(memorised):
    records = list(memorised.fit(STAGE.model_copy(update={"stop_overfitting": True})))
    assert len([record for record in records if record.kind == "epoch"]) == 5
    assert records[-1].kind == "cycle"
    assert memorised.position.ended_early
    assert memorised.position.due == "nothing"


def test_a_stage_of_cycles_is_looked_at_where_they_end(memorised):
    stage = STAGE.model_copy(update={"stop_overfitting": True, "cycles": 5, "cycle_len": 2})
    records = [record for record in memorised.fit(stage) if record.kind == "cycle"]
    assert [record.epoch for record in records] == [2, 4, 6]


def test_a_resumed_stage_ends_at_the_same_epoch(memorised, new_learner):
    stage = STAGE.model_copy(update={"stop_overfitting": True})
    epochs = 0
    for record in memorised.fit(stage):
        epochs += record.kind == "epoch"
        if epochs == 4:
            break
    state = memorised.state()
    meta = type(state.meta).from_json(json.loads(json.dumps(state.meta.to_json())))
    other = new_learner()
    other.load_state(LearnerState(state.tensors, meta))
    assert len([record for record in other.fit(stage, resume=True) if record.kind == "epoch"]) == 1


def test_the_next_stage_begins_with_a_new_watch(memorised):
    list(memorised.fit(STAGE.model_copy(update={"stop_overfitting": True})))
    assert len([record for record in memorised.fit(STAGE, stage_index=1) if record.kind == "epoch"]) == 9
    assert not memorised.position.ended_early
