import json
import math
import random

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from core.augment import SIDE_ON
from core.errors import PlanError, TrainingError
from core.training import task as tasks
from core.training.stage import Stage
from core.training.vsgd import BATCHES, Sums, estimate, probed_curvature
from core.training.vsgd_record import ASSUMES, VsgdEstimate

from .conftest import SIZE, bytes_of, timeless, weights

WHOLE = Stage(freeze_to=0, size=SIZE, batch_size=8, augmentation=SIDE_ON)
STAGES = {
    "whole": WHOLE,
    "head": WHOLE.model_copy(update={"freeze_to": -1, "optimiser": "sgd"}),
    "precomputed": Stage(size=SIZE, precompute=True, batch_size=8),
    "batch larger than the data": WHOLE.model_copy(update={"batch_size": 500}),
}
ESTIMATE = VsgdEstimate(
    rate=0.02, low=0.01, high=0.04, group_rates=(None, 0.1), signal=0.2, curvature=10, batches=16, batch_size=32
)


def sums_of(gradients, curvatures):
    sums = Sums.empty(gradients[0])
    for gradient, curvature in zip(gradients, curvatures, strict=True):
        sums.add(gradient, curvature)
    return sums


def trace(learner):
    """Everything that an estimate could have left changed."""
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


def test_without_noise_the_rate_is_one_over_the_highest_curvature():
    gradient, curvature = torch.tensor([1.0, -2.0, 0.5]), torch.tensor([0.5, -4.0, 1.0])
    sums = sums_of([gradient] * 5, [curvature] * 5)
    assert sums.signal == pytest.approx(1)
    assert sums.rate == pytest.approx(1 / 4)


def test_the_rate_is_the_best_for_the_next_step_on_a_noisy_quadratic():
    """The oracle is the mean loss after the step, tried at a grid of rates; the curvature is the same everywhere."""
    h, noise, place = 3.0, 4.0, np.array([1.0, -0.5, 2.0])
    draws = np.random.default_rng(1).normal(size=(4000, 3))
    gradients = h * place + noise * (draws - draws.mean(axis=0))
    tensors = list(torch.from_numpy(gradients))
    found = sums_of(tensors, [torch.full((3,), h, dtype=torch.float64)] * len(tensors)).rate
    grid = np.linspace(0, 1 / h, 301)
    losses = [h / 2 * np.square(place - rate * gradients).sum(axis=1).mean() for rate in grid]
    assert found == pytest.approx(grid[int(np.argmin(losses))], abs=1.5 * grid[1])


def test_pure_noise_leaves_a_share_of_one_over_the_number_of_batches():
    draws = list(torch.randn(20, 50_000, generator=torch.Generator().manual_seed(0)))
    assert sums_of(draws, [torch.ones(50_000)] * 20).signal == pytest.approx(1 / 20, rel=0.05)


def test_sums_of_parts_and_of_blocks_are_those_of_the_whole():
    draws = list(torch.randn(6, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64))
    whole = sums_of(draws, draws)
    both = sums_of(draws[:2], draws[:2]) + sums_of(draws[2:], draws[2:])
    assert (both.rate, both.count) == (pytest.approx(whole.rate), 6)
    first, nothing, last = whole.split([2, 0, 3])
    assert first.rate == pytest.approx(sums_of([d[:2] for d in draws], [d[:2] for d in draws]).rate)
    assert last.count == 6
    assert nothing.gradient.numel() == 0


def test_without_gradient_or_curvature_there_is_no_rate():
    zero, one = torch.zeros(2), torch.ones(2)
    assert math.isnan(sums_of([zero], [one]).rate)
    assert math.isnan(sums_of([one], [zero]).rate)


def test_one_probe_of_a_diagonal_hessian_is_exact_and_puts_the_weights_back():
    diagonal = torch.tensor([3.0, -1.0, 0.0, 2.5], dtype=torch.float64)
    moved = [torch.ones(2, dtype=torch.float64), torch.full((1, 2), 0.3, dtype=torch.float64)]
    before = [weight.clone() for weight in moved]

    def gradient(number):
        return diagonal * torch.cat([weight.reshape(-1) for weight in moved])

    found = probed_curvature(gradient, moved, 0, gradient(0), 1e-3)
    assert found.numpy() == pytest.approx(diagonal.numpy(), abs=1e-9)
    assert all(torch.equal(a, b) for a, b in zip(moved, before, strict=True))


def test_the_mean_of_probes_is_the_diagonal_of_a_full_hessian():
    """The oracle is the Hessian by automatic differentiation of a softmax regression."""
    draw = torch.Generator().manual_seed(0)
    images, labels = torch.randn(20, 4, generator=draw).double(), torch.randint(0, 3, (20,), generator=draw)
    weight = torch.randn(3, 4, generator=draw).double()

    def loss(flat):
        return F.cross_entropy(images @ flat.view(3, 4).T, labels)

    def gradient(number):
        return torch.func.grad(loss)(weight.reshape(-1).clone())

    expected = torch.autograd.functional.hessian(loss, weight.reshape(-1)).diagonal()
    probes = [probed_curvature(gradient, [weight], n, gradient(n), 1e-5) for n in range(600)]
    assert torch.stack(probes).mean(dim=0).numpy() == pytest.approx(expected.numpy(), abs=0.02)


@pytest.mark.parametrize("stage", STAGES.values(), ids=STAGES.keys())
def test_an_estimate_is_finite_and_positive_and_leaves_no_trace(learner, stage):
    before = trace(learner)
    found = estimate(learner, stage, batches=8)
    assert trace(learner) == before
    assert 0 < found.low <= found.rate <= found.high < math.inf
    assert found.batches == 8
    assert len(found.group_rates) == len(learner.model.groups)
    assert found.rate == pytest.approx(found.signal / found.curvature)


def test_nor_does_one_in_the_middle_of_training_that_fails(new_learner, monkeypatch):
    learner, other = new_learner(), new_learner()
    stage = WHOLE.model_copy(update={"lr": (0.01,)})
    records, straight = learner.fit(stage), other.fit(stage)
    first = [timeless(next(records)) for _ in range(2)]
    before, train = trace(learner), tasks.Task.train

    def fails(self, indices, step, *rest):
        if step == 3:
            raise RuntimeError("power cut")
        return train(self, indices, step, *rest)

    monkeypatch.setattr(tasks.Task, "train", fails)
    with pytest.raises(RuntimeError, match="power cut"):
        estimate(learner, WHOLE)
    monkeypatch.undo()
    assert trace(learner) == before
    assert first + [timeless(r) for r in records] == [timeless(r) for r in straight]


def test_it_depends_on_the_state_and_the_seed_alone(learner, new_learner):
    found = estimate(learner, WHOLE, batches=8)
    assert estimate(learner, WHOLE, batches=8) == found
    assert estimate(new_learner(), WHOLE, batches=8) == found
    assert estimate(new_learner(seed=1), WHOLE, batches=8) != found


def test_the_stages_own_rate_momentum_and_optimiser_do_not_matter(learner):
    others = WHOLE.model_copy(update={"lr": (3.0,), "momentum": 0.5, "optimiser": "sgd", "weight_decay": 0.5})
    assert estimate(learner, others, batches=8) == estimate(learner, WHOLE, batches=8)


def test_groups_that_are_frozen_or_have_no_gradient_have_no_rate(learner):
    """A new head is zero, so at first no gradient comes through it."""
    *early, head = estimate(learner, WHOLE, batches=8).group_rates
    assert (early, head is not None) == ([None] * len(early), True)
    for _ in learner.fit(WHOLE.model_copy(update={"lr": (0.01,), "optimiser": "sgd"})):
        pass
    assert all(rate is not None for rate in estimate(learner, WHOLE, batches=8).group_rates)
    assert estimate(learner, STAGES["head"], batches=8).group_rates[:-1] == (None,) * len(early)


def test_images_that_are_always_the_same_have_no_noise(learner):
    """One batch of all images, not augmented, on a head alone: every gradient is the same."""
    found = estimate(learner, Stage(size=SIZE, precompute=True, batch_size=500), batches=8)
    assert found.signal == pytest.approx(1, abs=1e-5)
    assert not found.mostly_noise


def test_progress_is_told(learner):
    said = []
    estimate(learner, STAGES["head"], batches=8, progress=lambda *args: said.append(args))
    assert said[-1] == ("Estimating the rate by vSGD", 8, 8)


@pytest.mark.parametrize("batches", [0, 7, 1001])
def test_too_few_or_too_many_batches_are_refused(learner, batches):
    with pytest.raises(PlanError, match=f"8 to 1,000 batches.* {batches}"):
        estimate(learner, WHOLE, batches=batches)


def test_weights_that_are_not_finite_are_said_to_be_so_and_left_alone(learner):
    with torch.no_grad():
        next(learner.model.head.parameters()).fill_(math.nan)
    before = weights(learner)
    with pytest.raises(TrainingError, match="not finite at these weights"):
        estimate(learner, WHOLE)
    assert weights(learner) == before


def test_where_nothing_is_left_to_learn_there_is_no_rate(learner, monkeypatch):
    monkeypatch.setattr(tasks, "partial", lambda *_, **__: lambda logits, labels: logits.sum() * 0)
    with pytest.raises(TrainingError, match="is zero at these weights"):
        estimate(learner, WHOLE)


def test_an_estimate_survives_json_and_says_its_numbers():
    assert VsgdEstimate.model_validate(json.loads(ESTIMATE.model_dump_json())) == ESTIMATE
    assert "a rate of 0.02 for plain SGD (from 0.01 to 0.04, 16 batches of 32): 20%" in ESTIMATE.sentence
    assert "look at more batches" not in ESTIMATE.sentence
    faint = ESTIMATE.model_copy(update={"signal": 0.1})
    assert "Noise alone would give 6%" in faint.sentence
    assert "AdamW" in ASSUMES
    assert BATCHES >= 8
