"""Our optimisers take torch's own steps."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from core.model.backbones import build
from core.training.optimisers import ADAMW_BETA2, ADAMW_EPS, SGD, AdamW, build_optimiser, set_rates
from core.training.stage import stage_of

KINDS = {
    "sgd": (SGD, torch.optim.SGD, {"momentum": 0.9}),
    "adamw": (AdamW, torch.optim.AdamW, {"betas": (0.9, ADAMW_BETA2), "eps": ADAMW_EPS}),
}


@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 2**31 - 1), lr=st.floats(1e-6, 1.0), decay=st.floats(0, 0.5), fused=st.booleans())
def test_the_weights_after_some_steps_are_those_of_torchs_optimiser(kind, seed, lr, decay, fused):
    mine, other, settings_ = KINDS[kind]
    ends = []
    for optimiser_of in (mine, other):
        draw = torch.Generator().manual_seed(seed)
        weights = [nn.Parameter(torch.randn(5, 4, generator=draw)), nn.Parameter(torch.randn(3, generator=draw))]
        groups = [{"params": [weights[0]], "weight_decay": decay}, {"params": [weights[1]], "weight_decay": 0.0}]
        optimiser = optimiser_of(groups, lr=lr, fused=fused, **settings_)
        for _ in range(4):
            optimiser.zero_grad()
            assert all(weight.grad is None for weight in weights)
            for weight in weights:
                weight.grad = torch.randn(weight.shape, generator=draw)
            optimiser.step()
        ends.append(weights)
    for ours, theirs in zip(*ends, strict=True):
        assert torch.equal(ours, theirs)


@pytest.mark.parametrize("kind", KINDS)
def test_a_step_is_no_part_of_the_gradient(kind):
    model = build("small_cnn", ("a", "b"))
    optimiser = build_optimiser(model, stage_of({"optimiser": kind, "freeze_to": 0}))
    set_rates(optimiser, [0.1] * len(model.groups), 0.9)
    model(torch.ones(2, 3, 16, 16)).square().sum().backward()
    optimiser.step()
    assert torch.is_grad_enabled()
    assert all(parameter.is_leaf for parameter in model.parameters())
