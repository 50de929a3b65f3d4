import json

import pytest
import torch

from core.augment import SIDE_ON
from core.errors import ModelError, TrainingError
from core.training.position import LearnerMeta, LearnerState
from core.training.stage import Stage

from .conftest import SIZE, bytes_of, timeless, weights

WHOLE = Stage(freeze_to=0, lr=0.01, size=SIZE, batch_size=10, cycles=2, cycle_mult=2, augmentation=SIDE_ON)
STAGES = {
    "whole, AdamW": WHOLE,
    "whole, SGD, one cycle": WHOLE.model_copy(
        update={"optimiser": "sgd", "schedule": "one-cycle", "cycles": 1, "cycle_mult": 1, "cycle_len": 2}
    ),
    "head, augmented": WHOLE.model_copy(update={"freeze_to": -1}),
    "head, precomputed": Stage(lr=0.05, size=SIZE, batch_size=10, precompute=True, cycles=3),
}


def through_a_file(state):
    """As a checkpoint would bring it back: JSON text and contiguous tensors."""
    assert all(tensor.is_contiguous() and tensor.device.type == "cpu" for tensor in state.tensors.values())
    return LearnerState(
        {k: v.clone() for k, v in state.tensors.items()},
        LearnerMeta.from_json(json.loads(json.dumps(state.meta.to_json()))),
    )


@pytest.mark.parametrize("stage", STAGES.values(), ids=STAGES.keys())
def test_resumed_equals_uninterrupted_from_any_record(new_learner, stage):
    whole = new_learner()
    states, rows = [], []
    for record in whole.fit(stage, stage_index=1):
        rows.append(timeless(record))
        states.append(through_a_file(whole.state()))
    # In the middle of an epoch, before validation, before a cycle's end, after it, and at the very end.
    for stop in sorted({0, 1, 3, 4, 5, 6, 7, 9, len(rows) - 3, len(rows) - 2, len(rows) - 1}):
        other = new_learner(seed=99)
        other.load_state(states[stop])
        assert bytes_of(other.state().tensors) == bytes_of(states[stop].tensors)
        assert [timeless(record) for record in other.fit(stage, resume=True)] == rows[stop + 1 :]
        assert weights(other) == weights(whole)
        assert other.position == whole.position


def test_a_break_and_a_resume_in_one_learner_change_nothing(new_learner):
    straight, broken = new_learner(), new_learner()
    rows = [timeless(record) for record in straight.fit(WHOLE)]
    seen = []
    for record in broken.fit(WHOLE):
        seen.append(timeless(record))
        if len(seen) == 7:
            break
    assert not broken.model.training
    seen += [timeless(record) for record in broken.fit(WHOLE, resume=True)]
    assert seen == rows
    assert weights(broken) == weights(straight)


def test_a_second_stage_goes_on_counting(new_learner):
    learner = new_learner()
    list(learner.fit(STAGES["head, precomputed"]))
    records = list(learner.fit(WHOLE, stage_index=1))
    assert records[0].step == 3 * 4 + 1
    assert [r.epoch for r in records if r.kind == "epoch"] == [4, 5, 6]
    assert [r.cycle for r in records if r.kind == "cycle"] == [4, 5]


def test_a_checkpoint_is_a_copy(new_learner):
    learner = new_learner()
    records = learner.fit(WHOLE)
    next(records)
    state = learner.state()
    before = bytes_of(state.tensors)
    next(records)
    assert bytes_of(state.tensors) == before


def test_another_network_or_stage_is_refused(new_learner):
    learner, other = new_learner(), new_learner()
    next(learner.fit(WHOLE))
    state = learner.state()
    other.load_state(state)
    with pytest.raises(TrainingError, match="settings"):
        next(other.fit(STAGES["head, precomputed"], resume=True))
    name = next(name for name in state.tensors if name.startswith("model/"))
    with pytest.raises(ModelError, match="another network"):
        other.load_state(LearnerState({**state.tensors, name: torch.zeros(1, 2, 3)}, state.meta))
    with pytest.raises(TrainingError, match="version"):
        other.load_state(LearnerState(state.tensors, state.meta.model_copy(update={"version": -1})))
