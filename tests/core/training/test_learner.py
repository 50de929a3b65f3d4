import json
from dataclasses import replace

import numpy as np
import pytest
import sklearn.preprocessing  # noqa: F401  # else imported by a test: `rich`, which it brings, draws a random number
import torch
from sklearn.utils.class_weight import compute_class_weight

from core.augment import SIDE_ON
from core.data.pixels import load_pixels
from core.errors import DivergedError, ModelError, PlanError, TrainingError
from core.model.backbones import build
from core.training import task as tasks
from core.training.learner import Learner
from core.training.schedules import schedule_of
from core.training.stage import Stage

from .conftest import SIZE, loss_of, timeless, weights

WHOLE = Stage(freeze_to=0, lr=0.01, size=SIZE, batch_size=10)
HEAD = WHOLE.model_copy(update={"freeze_to": -1})


def test_a_fit_learns_and_tells_batches_epochs_and_cycles(learner):
    stage = WHOLE.model_copy(update={"cycles": 3, "cycle_mult": 2})
    records = list(learner.fit(stage, stage_index=2))
    steps = [record for record in records if record.kind == "step"]
    epochs = [record for record in records if record.kind == "epoch"]
    cycles = [record for record in records if record.kind == "cycle"]
    per_epoch = -(-36 // 10)
    assert [record.step for record in steps] == list(range(1, 7 * per_epoch + 1))
    assert [record.epoch for record in epochs] == [1, 2, 3, 4, 5, 6, 7]
    assert [(record.cycle, record.epoch) for record in cycles] == [(1, 1), (2, 3), (3, 7)]
    assert {record.stage for record in records} == {2}
    assert epochs[-1].accuracy == 1.0
    assert epochs[-1].valid_loss < epochs[0].valid_loss
    assert epochs[-1].train_loss < epochs[0].train_loss
    assert cycles[-1].valid_loss == epochs[-1].valid_loss
    assert json.loads(json.dumps([record.row() for record in records]))[0]["kind"] == "step"


def test_the_rates_are_the_schedules_for_every_group(learner):
    stage = WHOLE.model_copy(update={"schedule": "one-cycle", "cycle_len": 3})
    groups = len(learner.model.groups)
    schedule = schedule_of(stage, 4)
    for number, record in enumerate(r for r in learner.fit(stage) if r.kind == "step"):
        expected = [schedule.factor(number) * rate for rate in stage.group_rates(groups)]
        assert record.lrs == pytest.approx(expected)
        assert record.momentum == pytest.approx(schedule.momentum(number))


@pytest.mark.parametrize("optimiser", ["sgd", "adamw"])
def test_one_step_is_the_optimisers_own(new_learner, optimiser):
    stage = WHOLE.model_copy(update={"optimiser": optimiser, "weight_decay": 0.1, "group_ratio": 1.0})
    learner, other = new_learner(), new_learner().model
    task = learner.task(stage)
    task.set_training()
    indices = task.batches(0)[0]
    task.train(indices, 0, (0.01,) * len(other.groups), 0.8)
    images = torch.from_numpy(np.array(load_pixels(learner.data, SIZE, learner.workspace)[indices]))
    other.train()
    other.generator.manual_seed(tasks.seed_of(0, "dropout", 0))
    logits = other(images.permute(0, 3, 1, 2).float() / 255)
    torch.nn.functional.cross_entropy(logits, torch.from_numpy(learner.data.labels[indices])).backward()
    decayed = [p for p in other.parameters() if p.ndim > 1]
    plain = [p for p in other.parameters() if p.ndim == 1]
    groups = [{"params": decayed, "weight_decay": 0.1}, {"params": plain, "weight_decay": 0.0}]
    if optimiser == "sgd":
        torch.optim.SGD(groups, lr=0.01, momentum=0.8).step()
    else:
        torch.optim.AdamW(groups, lr=0.01, betas=(0.8, 0.99), eps=1e-5).step()
    for ours, theirs in zip(learner.model.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("change", [{}, {"precompute": True}, {"augmentation": SIDE_ON}])
def test_a_frozen_backbone_keeps_every_weight_and_statistic(learner, change):
    frozen = [module for group in learner.model.groups[:-1] for module in group.modules]
    before = [{k: v.clone() for k, v in module.state_dict().items()} for module in frozen]
    head = [p.clone() for p in learner.model.groups[-1].parameters()]
    list(learner.fit(HEAD.model_copy(update={"cycles": 2, **change})))
    for module, was in zip(frozen, before, strict=True):
        assert all(torch.equal(value, was[name]) for name, value in module.state_dict().items())
    assert not any(torch.equal(a, b) for a, b in zip(head, learner.model.groups[-1].parameters(), strict=True))


def test_batch_norm_can_keep_its_statistics_while_it_is_trained(learner):
    before = {name: value.clone() for name, value in learner.model.state_dict().items()}
    list(learner.fit(WHOLE.model_copy(update={"freeze_norm": True, "cycles": 2})))
    after = learner.model.state_dict()
    statistics = {name for name in before if "running" in name or "tracked" in name}
    assert statistics
    assert all(torch.equal(before[name], after[name]) for name in statistics)
    assert not any(torch.equal(before[name], p) for name, p in learner.model.named_parameters())


def test_a_stage_trains_from_its_first_group_on(learner):
    stage = WHOLE.model_copy(update={"freeze_to": -2})
    before = [[p.clone() for p in group.parameters()] for group in learner.model.groups]
    list(learner.fit(stage))
    changed = [
        any(not torch.equal(a, b) for a, b in zip(was, group.parameters(), strict=True))
        for was, group in zip(before, learner.model.groups, strict=True)
    ]
    assert changed == [False] * (len(changed) - 2) + [True, True]


def test_precomputed_frozen_and_whole_agree_on_the_head(new_learner):
    """Three ways to the same features: from disk, from the folded backbone, from the network itself."""
    ends = []
    for change in ({"precompute": True}, {}):
        learner = new_learner()
        ends.append([r for r in learner.fit(HEAD.model_copy(update=change)) if r.kind == "epoch"][-1])
    assert ends[0].train_loss == pytest.approx(ends[1].train_loss, rel=1e-3)
    assert ends[0].valid_loss == pytest.approx(ends[1].valid_loss, rel=1e-3)
    assert learner.evaluate(learner.data.indices("valid"), SIZE)[1].mean() == pytest.approx(
        ends[1].valid_loss, rel=1e-3
    )


def test_no_validation_image_is_trained_on(learner, monkeypatch):
    seen = []
    train = tasks.Task.train

    def spy(self, indices, *rest):
        seen.extend(indices.tolist())
        return train(self, indices, *rest)

    monkeypatch.setattr(tasks.Task, "train", spy)
    list(learner.fit(WHOLE))
    list(learner.fit(HEAD.model_copy(update={"precompute": True, "share": 0.5})))
    assert set(seen) == set(learner.data.indices("train").tolist())
    assert not set(seen) & set(learner.data.indices("valid").tolist())


def test_validation_never_trains(learner):
    list(learner.fit(WHOLE))
    task = learner.task(WHOLE)
    before = weights(learner)
    first, second = task.validate(), task.validate()
    assert first == second
    learner.evaluate(learner.data.indices("valid"), SIZE)
    assert weights(learner) == before


def test_evaluation_gives_probabilities_and_losses(learner):
    indices = learner.data.indices("valid")
    probabilities, losses = learner.evaluate(indices, SIZE)
    assert probabilities.shape == (len(indices), 3)
    assert probabilities.sum(axis=1) == pytest.approx(1, abs=1e-5)
    right = probabilities[np.arange(len(indices)), learner.data.labels[indices]]
    assert losses == pytest.approx(-np.log(right), rel=1e-4)


def test_a_seed_gives_the_same_run_twice(new_learner):
    stage = WHOLE.model_copy(update={"augmentation": SIDE_ON})
    runs = [[timeless(r) for r in new_learner(seed).fit(stage)] for seed in (3, 3, 4)]
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


def test_divergence_stops_with_a_sentence_and_the_last_good_weights(learner):
    list(learner.fit(WHOLE))
    before = weights(learner)
    wild = WHOLE.model_copy(update={"lr": (100.0,), "optimiser": "sgd", "cycles": 20, "group_ratio": 1.0})
    kept = [before]
    with pytest.raises(DivergedError, match=r"diverged in epoch .*lower rate"):
        kept.extend(weights(learner) for record in learner.fit(wild) if record.kind == "epoch")
    assert weights(learner) in kept
    assert learner.evaluate(learner.data.indices("valid"), SIZE)[1].mean() <= 4 * np.log(3)
    assert all(torch.isfinite(value).all() for value in learner.state().tensors.values())
    json.dumps(learner.state().meta.to_json(), allow_nan=False)
    assert np.isfinite(list(learner.fit(HEAD))[-1].valid_loss)


def test_nan_goes_back_to_the_start_of_the_epoch(learner, monkeypatch):
    train, calls = tasks.Task.train, []

    def fails_in_epoch_2(self, indices, step, *rest):
        calls.append(step)
        loss = train(self, indices, step, *rest)
        return loss_of(float("nan")) if step == 6 else loss

    monkeypatch.setattr(tasks.Task, "train", fails_in_epoch_2)
    kept = []
    epochs = (r for r in learner.fit(WHOLE.model_copy(update={"cycle_len": 3})) if r.kind == "epoch")
    with pytest.raises(DivergedError, match="not a number"):
        kept.extend(weights(learner) for _ in epochs)
    assert calls[-1] == 6
    assert kept == [weights(learner)]


def test_class_weights_and_label_smoothing_are_torchs_and_scikit_learns(learner):
    stage = HEAD.model_copy(update={"class_weights": True, "label_smoothing": 0.1})
    labels = learner.data.labels[learner.data.indices("train")]
    task = learner.task(stage)
    logits, targets = torch.randn(5, 3, generator=torch.Generator().manual_seed(0)), torch.tensor([0, 1, 2, 2, 1])
    balanced = compute_class_weight("balanced", classes=np.arange(3), y=labels)
    expected = torch.nn.CrossEntropyLoss(torch.tensor(balanced, dtype=torch.float32), label_smoothing=0.1)
    assert task.objective(logits, targets).item() == pytest.approx(expected(logits, targets).item())


def test_losses_are_plain_whatever_is_minimised(new_learner):
    """With one batch an epoch and no dropout, the loss of the first batch is that of the untrained network."""
    changed = WHOLE.model_copy(update={"class_weights": True, "label_smoothing": 0.3, "batch_size": 64, "cycle_len": 2})
    plain = WHOLE.model_copy(update={"batch_size": 64, "cycle_len": 2})
    one, other = new_learner(), new_learner()
    records, reference = list(one.fit(changed)), list(other.fit(plain))
    assert records[0].loss == pytest.approx(reference[0].loss, rel=1e-6)
    assert records[1].train_loss == pytest.approx(records[0].loss, rel=1e-6)
    assert weights(one) != weights(other)
    losses = one.evaluate(one.data.indices("valid"), SIZE)[1]
    assert records[-1].valid_loss == pytest.approx(losses.mean(), abs=1e-6)


def test_what_cannot_be_trained_says_why(learner, data, workspace):
    with pytest.raises(PlanError, match="range test"):
        next(learner.fit(Stage(size=SIZE)))
    with pytest.raises(PlanError, match="layer groups"):
        next(learner.fit(Stage(lr=(0.1,) * 40, size=SIZE)))
    with pytest.raises(TrainingError, match="nothing to resume"):
        next(learner.fit(WHOLE, resume=True))
    with pytest.raises(TrainingError, match="Raise the batch size"):
        next(learner.fit(WHOLE.model_copy(update={"size": 8, "batch_size": 1})))
    learner.model.classes = ("a", "b")
    with pytest.raises(ModelError, match="2 classes"):
        Learner(learner.model, data, workspace)


@pytest.mark.parametrize("missing", ["training", "validation"])
def test_a_split_without_images_is_refused(data, workspace, missing):
    split = "valid" if missing == "training" else "train"
    items = tuple(replace(item, split=split) for item in data.items)
    learner = Learner(build("small_cnn", data.classes), replace(data, items=items), workspace)
    with pytest.raises(TrainingError, match=f"The data set has no {missing} images. Choose another split."):
        next(learner.fit(WHOLE))
