import json
import math

import pytest
import torch

from core.augment import SIDE_ON
from core.errors import DivergedError, ModelError, TrainingError
from core.training.position import LearnerMeta, LearnerState
from core.training.stage import Stage
from core.training.task import Task

from .conftest import SIZE, bytes_of, loss_of, timeless, weights

NAN = loss_of(math.nan)

WHOLE = Stage(freeze_to=0, lr=0.01, size=SIZE, batch_size=10, cycles=2, cycle_mult=2, augmentation=SIDE_ON)
STAGES = {
    "whole, AdamW": WHOLE,
    "whole, SGD, one cycle": WHOLE.model_copy(
        update={"optimiser": "sgd", "schedule": "one-cycle", "cycles": 1, "cycle_mult": 1, "cycle_len": 2}
    ),
    "whole, images that grow": WHOLE.model_copy(update={"size": 2 * SIZE, "grow_from": 12}),
    "whole, early layers frozen again": WHOLE.model_copy(update={"freeze_early_after": 1}),
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


@pytest.mark.parametrize("stage", [STAGES["whole, AdamW"], STAGES["head, augmented"]], ids=["whole", "head"])
def test_the_last_good_weights_survive_a_checkpoint(new_learner, monkeypatch, stage):
    """Taken in the middle of the second epoch; the loss of the batch after it is not a number."""
    learner = new_learner()
    good = state = None
    for record in learner.fit(stage):
        if record.kind == "epoch":
            good = weights(learner)
            assert not learner.state().part("good"), "the model's own weights are the good ones"
        if record.kind == "step" and record.step == 6:
            state = through_a_file(learner.state())
            break
    assert state.part("good").keys() < state.part("model").keys() or stage.freeze_to == 0
    train = Task.train
    monkeypatch.setattr(
        Task, "train", lambda self, indices, step, *rest: NAN if step == 7 else train(self, indices, step, *rest)
    )
    other = new_learner()
    other.load_state(state)
    assert weights(other) != good
    records = other.fit(stage, resume=True)
    next(records)
    third = new_learner()
    third.load_state(through_a_file(other.state()))
    for resumed in (records, third.fit(stage, resume=True)):
        with pytest.raises(DivergedError, match="last good weights were put back"):
            next(resumed)
    assert weights(other) == good
    assert weights(third) == good


def test_a_checkpoint_without_good_weights_has_them_in_the_model(new_learner, monkeypatch):
    """Checkpoints of earlier versions are such."""
    learner, other = new_learner(), new_learner()
    records = learner.fit(WHOLE)
    state = [through_a_file(learner.state()) for _, record in zip(range(2), records, strict=False)][-1]
    tensors = {name: value for name, value in state.tensors.items() if not name.startswith("good/")}
    assert len(tensors) < len(state.tensors)
    other.load_state(LearnerState(tensors, state.meta))
    before = weights(other)
    monkeypatch.setattr(Task, "train", lambda *args: NAN)
    with pytest.raises(DivergedError):
        next(other.fit(WHOLE, resume=True))
    assert weights(other) == before


def test_a_header_is_the_json_of_earlier_versions(new_learner):
    learner = new_learner()
    next(learner.fit(WHOLE))
    header = learner.meta.to_json()
    assert list(header) == ["version", "seed", "position", "stage"]
    assert header["position"]["smoothed"] == {"mean": header["position"]["smoothed"]["mean"], "count": 1, "beta": 0.9}
    assert set(header["position"]["watch"]) == {"best", "high"}
    assert header["stage"] == WHOLE.model_dump(mode="json")
    assert LearnerMeta.from_json(header) == learner.meta
    between = learner.meta.between_stages().to_json()
    assert (between["stage"], between["position"]["due"], between["position"]["step"]) == (None, "nothing", 1)
    assert learner.position.due == "step"


def test_a_header_whose_stage_cannot_be_read_gives_its_weights_and_cannot_be_resumed(new_learner):
    learner, other = new_learner(), new_learner()
    next(learner.fit(WHOLE))
    header = learner.meta.to_json()
    header["stage"]["setting_of_long_ago"] = 1
    meta = LearnerMeta.from_json(header)
    assert (meta.stage, meta.position.step) == (None, 1)
    other.load_state(LearnerState(learner.state().tensors, meta))
    assert weights(other) == weights(learner)
    with pytest.raises(TrainingError, match="settings differ from those"):
        next(other.fit(WHOLE, resume=True))


@pytest.mark.parametrize("damage", [None, {}, {"version": 1, "seed": 0}, {"version": 1, "seed": 0, "position": 3}])
def test_a_header_that_is_none_is_refused(damage):
    with pytest.raises(TrainingError, match="made by another version of Anneal"):
        LearnerMeta.from_json(damage)


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
