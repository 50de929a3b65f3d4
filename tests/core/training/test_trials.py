import json
import math
import warnings

import numpy as np
import pytest
import torch

from core.augment import SIDE_ON
from core.errors import DataError, PlanError
from core.training import task as tasks
from core.training.kept_out import kept_out, trial_data
from core.training.learner import Learner
from core.training.stage import Stage
from core.training.trial_results import TrialResult, Trials
from core.training.trial_settings import TrialSettings
from core.training.trials import TrialBatch, trial_records, try_rates

from .conftest import SIZE, loss_of, timeless, weights
from .test_lr_finder import STAGES, trace

WHOLE = Stage(freeze_to=0, size=SIZE, batch_size=10, augmentation=SIDE_ON, cycles=2)
RATES = (1e-3, 1e-2)


@pytest.fixture
def trained_on(monkeypatch):
    """What every call of the training step was given: (images, step, rates, momentum)."""
    seen = []
    train = tasks.Task.train

    def spy(self, indices, step, rates, momentum, side):
        seen.append((tuple(indices.tolist()), step, rates, momentum))
        return train(self, indices, step, rates, momentum, side)

    monkeypatch.setattr(tasks.Task, "train", spy)
    return seen


@pytest.mark.parametrize("stage", STAGES.values(), ids=STAGES.keys())
def test_trials_leave_no_trace(learner, stage):
    before = trace(learner)
    trials = try_rates(learner, stage, RATES, repeats=2)
    assert trace(learner) == before
    assert [outcome.repeats for outcome in trials.outcomes] == [2, 2]


@pytest.mark.parametrize("at", [1, 2, 7, 11])
def test_nor_do_trials_that_are_stopped_in_the_middle_of_training(new_learner, at):
    """Within a stage there is an optimiser with a memory, and the model is in training mode."""
    learner, other = new_learner(), new_learner()
    stage = WHOLE.model_copy(update={"lr": (0.01,), "freeze_to": -2})
    records, straight = learner.fit(stage), other.fit(stage)
    first = [timeless(next(records)) for _ in range(2)]
    before = trace(learner)
    making = trial_records(learner, WHOLE, TrialSettings(RATES))
    for number, _ in enumerate(making):
        if number == at:
            break
    making.close()
    assert trace(learner) == before
    assert first + [timeless(r) for r in records] == [timeless(r) for r in straight]
    assert weights(learner) == weights(other)


def test_nor_do_trials_that_fail(learner, monkeypatch):
    train = tasks.Task.train

    def fails(self, indices, step, *rest):
        if step == 1:
            raise RuntimeError("power cut")
        return train(self, indices, step, *rest)

    monkeypatch.setattr(tasks.Task, "train", fails)
    before = trace(learner)
    with pytest.raises(RuntimeError, match="power cut"):
        try_rates(learner, WHOLE, RATES)
    assert trace(learner) == before


def test_nor_do_trials_that_diverge_and_that_is_an_outcome(learner):
    before = trace(learner)
    trials = try_rates(learner, WHOLE.model_copy(update={"optimiser": "sgd"}), (1e-3, 100.0), repeats=3)
    assert trace(learner) == before
    good, bad = trials.outcomes
    assert good.measured is not None
    assert good.repeats == 3
    assert bad.measured is None
    assert 1 <= bad.diverged_at <= trials.batches
    assert bad.repeats == 1
    assert trials.best == good


def test_nor_does_judging_that_is_stopped(learner):
    before = trace(learner)

    def stop(what, done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(trial_records(learner, WHOLE, TrialSettings(RATES), progress=stop))
    assert trace(learner) == before


def test_a_loss_that_is_not_a_number_is_divergence_at_that_batch(learner, monkeypatch):
    train = tasks.Task.train
    monkeypatch.setattr(
        tasks.Task,
        "train",
        lambda self, i, step, *rest: loss_of(math.nan) if step == 1 else train(self, i, step, *rest),
    )
    trials = try_rates(learner, WHOLE, RATES)
    assert [outcome.diverged_at for outcome in trials.outcomes] == [2, 2]
    assert trials.best is None
    assert not trials.pairs


def test_a_trial_too_short_for_the_watch_diverges_by_its_figures(learner):
    """One batch at a rate far too high: its own loss is still that of before."""
    trials = try_rates(learner, WHOLE.model_copy(update={"optimiser": "sgd"}), (1e-3, 100.0), length="short")
    assert trials.batches == 1
    assert [outcome.diverged_at for outcome in trials.outcomes] == [None, 1]


def test_divergence_counts_from_the_first_batch_with_such_a_loss(learner, monkeypatch):
    train = tasks.Task.train
    monkeypatch.setattr(
        tasks.Task,
        "train",
        lambda self, i, step, *rest: loss_of(50.0) if step >= 3 else train(self, i, step, *rest),
    )
    trials = try_rates(learner, WHOLE.model_copy(update={"cycles": 8}), RATES, length="stage")
    assert trials.batches >= 13
    assert [outcome.diverged_at for outcome in trials.outcomes] == [4, 4]


@pytest.mark.parametrize("length", ["short", "epoch", "stage"])
def test_each_rate_is_annealed_as_torchs_cosine_does(learner, trained_on, length):
    trials = try_rates(learner, WHOLE, RATES, length=length)
    for place, lr in enumerate(RATES):
        used = trained_on[place * trials.batches : (place + 1) * trials.batches]
        parameter = torch.nn.Parameter(torch.zeros(1))
        optimiser = torch.optim.SGD([parameter], lr=lr)
        oracle = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, T_max=trials.batches)
        expected = []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for _ in range(trials.batches):
                expected.append(optimiser.param_groups[0]["lr"])
                oracle.step()
        assert optimiser.param_groups[0]["lr"] == pytest.approx(0, abs=1e-12)
        assert [rates[-1] for _, _, rates, _ in used] == pytest.approx(expected)
        ratios = {tuple(np.round(np.array(rates) / rates[-1], 9)) for _, _, rates, _ in used}
        assert ratios == {(round(1 / 9, 9), round(1 / 3, 9), 1.0)}


def test_every_rate_has_the_same_batches_and_none_of_the_images_kept_out(learner, data, trained_on):
    trials = try_rates(learner, WHOLE, (1e-3, 1e-2, 2e-2), length="stage", repeats=2)
    parts = [trained_on[start : start + trials.batches] for start in range(0, len(trained_on), trials.batches)]
    batches = [[images for images, *_ in part] for part in parts]
    assert len(batches) == 6
    assert batches[0] == batches[1] == batches[2]
    assert batches[3] == batches[4] == batches[5]
    assert batches[0] != batches[3]
    used = {i for part in batches for images in part for i in images}
    kept, valid = set(kept_out(data).tolist()), set(data.indices("valid").tolist())
    assert used == set(data.indices("train").tolist()) - kept
    assert not used & valid
    assert trials.trained_on == len(used)
    assert trials.judged_on == len(kept)
    assert trials.planned == trials.batches == 2 * len(batches[0]) // 2


def test_the_figures_are_those_of_the_network_after_the_same_training(new_learner, data, workspace):
    """Oracle: train by hand with torch's own loop over the same batches, and evaluate as the learner does."""
    learner = new_learner()
    stage = Stage(freeze_to=0, size=SIZE, batch_size=10)
    trials = try_rates(learner, stage, RATES, length="epoch")
    kept = kept_out(data)
    batches = []
    train = tasks.Task.train

    def spy(self, indices, step, rates, momentum, side):
        batches.append((indices, step, rates, momentum, self))
        return train(self, indices, step, rates, momentum, side)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tasks.Task, "train", spy)
        try_rates(learner, stage, RATES, length="epoch")
    other = new_learner()
    seed = batches[0][4]._seed
    task = other.task(stage, seed=seed)
    task.set_training()
    for indices, step, rates, momentum, _ in batches[: trials.batches]:
        task.train(indices, step, rates, momentum)
    other.model.eval()
    probabilities, losses = other.evaluate(kept, SIZE)
    found = trials.outcomes[0].measured
    assert found.loss == pytest.approx(losses.mean(), rel=1e-4)
    assert found.accuracy == pytest.approx((probabilities.argmax(axis=1) == data.labels[kept]).mean())


def test_the_figures_before_are_those_of_the_untouched_network(learner, data):
    before = try_rates(learner, WHOLE, RATES).before
    probabilities, losses = learner.evaluate(kept_out(data), SIZE)
    assert before.loss == pytest.approx(losses.mean(), rel=1e-4)
    assert before.accuracy == pytest.approx((probabilities.argmax(axis=1) == data.labels[kept_out(data)]).mean())


def test_the_same_trials_twice_give_the_same_numbers(new_learner):
    first, again, other = (try_rates(new_learner(seed), WHOLE, RATES, repeats=2) for seed in (0, 0, 1))

    def figures(trials):
        return [outcome.measured for outcome in trials.outcomes], trials.pairs, trials.before

    assert figures(first) == figures(again)
    assert figures(first) != figures(other)


def test_one_rate_is_the_same_beside_whichever_others(new_learner):
    beside = [try_rates(new_learner(), WHOLE, (1e-3, other)).outcomes[0].measured for other in (1e-2, 2e-2)]
    assert beside[0] == beside[1]


def test_records_come_in_order_and_rates_are_all_tried_before_a_repeat(learner):
    records = list(trial_records(learner, WHOLE, TrialSettings(RATES, repeats=2)))
    ended = [(record.repeat, record.lr) for record in records if isinstance(record, TrialResult)]
    assert ended == [(0, 1e-3), (0, 1e-2), (1, 1e-3), (1, 1e-2)]
    batches = [record for record in records if isinstance(record, TrialBatch)]
    assert [record.trial for record in batches] == sorted(record.trial for record in batches)


def test_it_survives_json_and_is_a_data_frame(learner):
    said = []
    trials = try_rates(learner, WHOLE, RATES, curve_lowest=0.02, progress=lambda *args: said.append(args))
    assert Trials.model_validate(json.loads(json.dumps(trials.model_dump(mode="json")))) == trials
    frame = trials.frame()
    assert list(frame["lr"]) == list(RATES)
    assert (frame["low"] <= frame["loss"]).all()
    assert (frame["loss"] <= frame["high"]).all()
    assert said[-1][1:] == (2 * trials.batches, 2 * trials.batches)


HEAD = Stage(size=SIZE, precompute=True, lr=0.05, cycle_len=6, batch_size=10)
AUGMENTED = Stage(size=SIZE, augmentation=SIDE_ON, lr=0.02, batch_size=10)


def test_a_head_that_was_trained_is_trained_anew_without_the_images_that_judge(new_learner, data, trained_on):
    """Oracle: a learner that was trained through the same stages on a data set without these images."""
    learner = new_learner()
    for number, stage in enumerate((HEAD, AUGMENTED)):
        list(learner.fit(stage, stage_index=number))
    before = trace(learner)
    trained_on.clear()
    trials = try_rates(learner, WHOLE, RATES, replay=(HEAD, AUGMENTED))
    assert trace(learner) == before
    assert trials.replayed
    assert not trials.seen
    kept = kept_out(data)
    assert not {i for images, *_ in trained_on for i in images} & set(kept.tolist())
    without = trial_data(data, kept)
    other = Learner(new_learner().model, without, learner.workspace)
    for number, stage in enumerate((HEAD, AUGMENTED)):
        list(other.fit(stage, stage_index=number))
    probabilities, losses = other.evaluate(kept, SIZE)
    assert trials.before.loss == pytest.approx(losses.mean(), rel=1e-4)
    assert trials.before.accuracy == pytest.approx((probabilities.argmax(axis=1) == data.labels[kept]).mean())


def test_without_that_the_images_that_judge_are_known(learner):
    list(learner.fit(HEAD))
    trials = try_rates(learner, WHOLE, RATES)
    assert trials.seen
    assert not try_rates(learner, WHOLE, RATES, replay=(HEAD,)).seen


def test_a_replay_that_is_stopped_leaves_no_trace(learner):
    list(learner.fit(HEAD))
    before = trace(learner)

    def stop(what, done, total):
        assert what == "Training the head without the images kept out"
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        try_rates(learner, WHOLE, RATES, replay=(HEAD,), progress=stop)
    assert trace(learner) == before


def test_a_share_of_the_images_is_a_share_of_those_left(learner, trained_on):
    trials = try_rates(learner, WHOLE.model_copy(update={"share": 0.5}), RATES)
    assert len({i for images, *_ in trained_on for i in images}) == trials.trained_on
    assert trials.trained_on < try_rates(learner, WHOLE, RATES).trained_on


def test_rates_out_of_range_and_too_few_images_are_sentences(learner, data, workspace):
    with pytest.raises(PlanError, match="2 to 6 different rates"):
        try_rates(learner, WHOLE, [1e-3])
    from dataclasses import replace

    few = replace(data, items=tuple(i for i in data.items if i.split != "train" or i.name.endswith(("1.png", "2.png"))))
    small = Learner(learner.model, few, workspace)
    with pytest.raises(DataError, match="Trials are judged on training images kept out"):
        try_rates(small, WHOLE, RATES)
