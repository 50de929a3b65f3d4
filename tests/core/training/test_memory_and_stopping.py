"""Too little GPU memory is explained wherever it occurs; validation and evaluation report and stop between batches."""

import numpy as np
import pytest
import torch

from core.augment import SIDE_ON
from core.errors import TrainingError
from core.training import feeds, task
from core.training import learner as learners
from core.training.lr_finder import range_test
from core.training.stage import Stage

from .conftest import SIZE, timeless, weights

WHOLE = Stage(freeze_to=0, lr=0.01, size=SIZE, batch_size=10)
LESS = f"images of {SIZE} px at once. Lower the batch size or the image size."


def full(*args, **kwargs):
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")


@pytest.mark.parametrize("where", [(torch.Tensor, "backward"), (feeds.PixelFeed, "batch"), (feeds.PixelFeed, "logits")])
def test_too_little_memory_in_a_training_step(learner, monkeypatch, where):
    monkeypatch.setattr(*where, full)
    with pytest.raises(TrainingError, match=f"too little memory for 9 {LESS}"):
        list(learner.fit(WHOLE))
    with pytest.raises(TrainingError, match=LESS):
        range_test(learner, WHOLE)


def test_too_little_memory_in_the_optimisers_step(learner, monkeypatch):
    training = learner.task(WHOLE)
    monkeypatch.setattr(training.optimiser, "step", full)
    with pytest.raises(TrainingError, match=LESS):
        training.train(training.batches(0)[0], 0, (0.1, 0.1, 0.1), 0.9)


def test_too_little_memory_in_validation(learner, monkeypatch):
    monkeypatch.setattr(feeds.PixelFeed, "plain_logits", full)
    with pytest.raises(TrainingError, match=f"too little memory for 64 {LESS}"):
        list(learner.fit(WHOLE))


def test_too_little_memory_in_evaluation(learner, monkeypatch):
    monkeypatch.setattr(learners, "folded", lambda model: full)
    with pytest.raises(TrainingError, match=f"too little memory for 64 {LESS}"):
        learner.evaluate(learner.data.indices("valid"), SIZE)


def test_evaluation_reports_each_batch_and_stops_between_two(learner, monkeypatch):
    for module in (feeds, learners):
        monkeypatch.setattr(module, "VALIDATION_BATCH", 4)
    indices, told = learner.data.indices("valid"), []
    learner.progress = lambda *report: told.append(report)
    whole = learner.evaluate(indices, SIZE)
    assert told == [("Evaluating the images", done, 9) for done in (0, 4, 8, 9)]
    answers = iter([False, False, True])
    part = learner.evaluate(indices, SIZE, stopped=lambda: next(answers))
    assert [len(rows) for rows in part] == [8, 8]
    for rows, all_rows in zip(part, whole, strict=True):
        np.testing.assert_array_equal(rows, all_rows[:8])
    none = learner.evaluate(indices, SIZE, stopped=lambda: True)
    assert (none[0].shape, none[1].shape) == ((0, 3), (0,))


class StopError(Exception):
    pass


def stop(what, done, total):
    raise StopError(what)


def test_an_error_of_the_progress_callback_ends_an_evaluation_and_leaves_the_model_as_it_was(learner):
    before, modes = weights(learner), [module.training for module in learner.model.train().modules()]
    learner.progress = stop
    with pytest.raises(StopError, match="Evaluating"):
        learner.evaluate(learner.data.indices("valid"), SIZE)
    assert weights(learner) == before
    assert [module.training for module in learner.model.modules()] == modes


@pytest.mark.parametrize("change", [{}, {"freeze_to": -1, "augmentation": SIDE_ON}], ids=["whole", "head"])
def test_a_long_validation_reports_and_can_be_stopped_and_repeated(new_learner, monkeypatch, change):
    monkeypatch.setattr(task, "LONG_S", 0.0)
    stage, told, seen = WHOLE.model_copy(update=change), [], []
    straight, stopped = new_learner(), new_learner()
    straight.progress = lambda *report: told.append(report)
    rows = [timeless(record) for record in straight.fit(stage)]
    assert ("Validating", 9, 9) in told
    for record in stopped.fit(stage):
        seen.append(timeless(record))
        stopped.progress = stop
        if len(seen) == 4:
            break
    assert stopped.position.due == "epoch"
    with pytest.raises(StopError, match="Validating"):
        next(stopped.fit(stage, resume=True))
    assert stopped.position.due == "epoch"
    stopped.progress = lambda *report: None
    seen += [timeless(record) for record in stopped.fit(stage, resume=True)]
    assert seen == rows


def test_a_short_validation_reports_nothing(learner):
    told = []
    list(learner.fit(WHOLE))
    learner.progress = lambda *report: told.append(report)
    learner.task(WHOLE).validate(learner.progress)
    assert told == []
