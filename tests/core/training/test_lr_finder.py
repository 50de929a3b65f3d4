import json
import math
import random

import numpy as np
import pytest
import torch

from core.augment import SIDE_ON
from core.errors import PlanError
from core.training import task as tasks
from core.training.curve import RangeCurve, RangeSettings, curve_of
from core.training.lr_finder import FASTAI, range_meta, range_points, range_test
from core.training.stage import Stage
from core.training.suggestions import suggestions
from core.training.sweeps import HEAD
from core.training.sweeps import WHOLE as SWEEP

from .conftest import SIZE, bytes_of, loss_of, timeless, weights

WHOLE = Stage(freeze_to=0, size=SIZE, batch_size=10, augmentation=SIDE_ON)
STAGES = {
    "whole": WHOLE,
    "head": WHOLE.model_copy(update={"freeze_to": -1, "optimiser": "sgd"}),
    "precomputed": Stage(size=SIZE, precompute=True),
    "batch larger than the data": WHOLE.model_copy(update={"batch_size": 500}),
}


def trace(learner):
    """Everything that a probe could have left changed."""
    return (
        weights(learner),
        bytes_of(learner.state().tensors),
        learner.state().meta,
        [(p.requires_grad, p.grad is None or p.grad.sum().item()) for p in learner.model.parameters()],
        [module.training for module in learner.model.modules()],
        learner.model.generator.get_state().numpy().tobytes(),
        torch.get_rng_state().numpy().tobytes(),
        np.random.get_state()[1].tobytes(),
        random.getstate(),
    )


@pytest.mark.parametrize("stage", STAGES.values(), ids=STAGES.keys())
def test_a_range_test_leaves_no_trace(learner, stage):
    before = trace(learner)
    curve = range_test(learner, stage, RangeSettings(steps=40))
    assert trace(learner) == before
    assert len(curve.lrs) > 10


def test_nor_does_one_that_is_abandoned_in_the_middle_of_training(new_learner):
    learner, other = new_learner(), new_learner()
    stage = WHOLE.model_copy(update={"lr": (0.01,), "freeze_to": -2})
    records, straight = learner.fit(stage), other.fit(stage)
    first = [timeless(next(records)) for _ in range(2)]
    before = trace(learner)
    for point in range_points(learner, WHOLE, RangeSettings(steps=50)):
        if point.step == 10:
            break
    assert trace(learner) == before
    assert first + [timeless(r) for r in records] == [timeless(r) for r in straight]
    assert weights(learner) == weights(other)


def test_nor_does_one_that_fails(learner, monkeypatch):
    train = tasks.Task.train

    def fails(self, indices, step, *rest):
        if step == 5:
            raise RuntimeError("power cut")
        return train(self, indices, step, *rest)

    monkeypatch.setattr(tasks.Task, "train", fails)
    before = trace(learner)
    with pytest.raises(RuntimeError, match="power cut"):
        range_test(learner, WHOLE)
    assert trace(learner) == before


def test_rates_grow_exponentially_as_fastais_do(learner):
    points = list(range_points(learner, WHOLE, RangeSettings(1e-7, 10, 25)))
    assert [p.lr for p in points] == pytest.approx([1e-7 * (10 / 1e-7) ** (i / 25) for i in range(len(points))])


def test_earlier_groups_keep_their_distance(learner, monkeypatch):
    seen = []
    train = tasks.Task.train

    def spy(self, indices, step, rates, momentum):
        seen.append((rates, momentum))
        return train(self, indices, step, rates, momentum)

    monkeypatch.setattr(tasks.Task, "train", spy)
    groups = len(learner.model.groups)
    stage = WHOLE.model_copy(update={"group_ratio": 4.0, "momentum": 0.7})
    points = list(range_points(learner, stage, RangeSettings(steps=20)))
    for (rates, momentum), point in zip(seen, points, strict=False):
        assert rates == pytest.approx([point.lr / 4 ** (groups - 1 - g) for g in range(groups)])
        assert momentum == 0.7


def test_the_same_seed_gives_the_same_curve(new_learner):
    first, again, other = (range_test(new_learner(seed), WHOLE, RangeSettings(steps=30)) for seed in (0, 0, 1))
    assert first == again
    assert first.losses != other.losses


def test_fastais_test_stops_where_the_smoothed_loss_is_four_times_its_best(learner):
    curve = range_test(learner, WHOLE.model_copy(update={"optimiser": "sgd"}), FASTAI)
    assert curve.stopped == "diverged"
    assert curve.smoothed[-1] > 4 * min(curve.smoothed)
    assert all(s <= 4 * min(curve.smoothed[: i + 1]) for i, s in enumerate(curve.smoothed[:-1]))
    assert curve.suggestions == suggestions(curve.lrs, curve.smoothed, 100)


def made_up(monkeypatch, losses):
    """Let the batches have these losses instead of their own."""
    monkeypatch.setattr(tasks.Task, "train", lambda self, i, step, *rest: loss_of(losses[step]))


@pytest.mark.parametrize("settings", [HEAD, SWEEP])
@pytest.mark.parametrize("high", [3.0, 40.0])
def test_others_stop_within_four_batches_of_an_explosion(learner, monkeypatch, settings, high):
    noise = np.random.default_rng(0).normal(scale=0.1, size=settings.steps)
    losses = np.where(np.arange(settings.steps) < settings.steps * 0.7, 0.8, high) + noise
    losses[settings.steps // 2] = 50.0  # one odd batch
    made_up(monkeypatch, losses.tolist())
    curve = range_test(learner, WHOLE, settings)
    assert curve.stopped == "diverged"
    assert len(curve.lrs) == math.ceil(settings.steps * 0.7) + 4
    assert curve.suggestion.collapse == pytest.approx(settings.rate(math.ceil(settings.steps * 0.7)), rel=0.7)


def test_a_loss_that_rises_no_higher_than_guessing_is_seen_to_the_end(learner, monkeypatch):
    made_up(monkeypatch, [0.3] * 30 + [1.0] * 70)  # guessing among 3 classes: 1.1
    assert range_test(learner, WHOLE, HEAD).stopped == "end"


def test_without_settings_it_goes_over_the_rates_that_suit_what_is_trained(learner, monkeypatch):
    made_up(monkeypatch, [1.0] * 100)
    whole, head = range_test(learner, WHOLE), range_test(learner, STAGES["head"])
    assert RangeSettings(whole.meta.lowest, whole.meta.highest, whole.meta.steps) == SWEEP
    assert RangeSettings(head.meta.lowest, head.meta.highest, head.meta.steps) == HEAD
    assert len(list(range_points(learner, WHOLE))) == 45


def test_only_fastais_numbers_make_it_fastais():
    assert FASTAI.fastais
    assert not HEAD.fastais
    assert not RangeSettings(steps=101).fastais


def test_it_stops_at_nan(learner, monkeypatch):
    train = tasks.Task.train
    monkeypatch.setattr(
        tasks.Task,
        "train",
        lambda self, i, step, *rest: loss_of(np.nan) if step == 30 else train(self, i, step, *rest),
    )
    curve = range_test(learner, WHOLE, RangeSettings(highest=1e-4))
    assert curve.stopped == "not a number"
    assert len(curve.lrs) == 30
    assert curve.suggestions["valley"] is not None


def test_a_curve_survives_json_and_says_what_it_depended_on(learner):
    said = []
    curve = range_test(learner, WHOLE, RangeSettings(steps=20, highest=1e-3), progress=lambda *args: said.append(args))
    assert RangeCurve.model_validate(json.loads(json.dumps(curve.to_json()))) == curve
    assert curve.stopped == "end"
    assert curve.meta.steps == 20
    assert curve.meta.stage.augmentation.horizontal_flip
    assert "lr" not in curve.to_json()["meta"]["stage"]
    assert said[-1] == ("Finding the learning rate", 20, 20)
    assert curve_of([], range_meta(learner, WHOLE)).suggestions["valley"] is None


@pytest.mark.parametrize("wrong", [{"lowest": 0}, {"lowest": 1, "highest": 1}, {"highest": 1e9}, {"steps": 1}])
def test_a_range_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(PlanError, match="A range test needs a lowest rate above 0 and below the highest"):
        RangeSettings(**wrong)
