"""Our EfficientNet-Lite0 is timm's, layer by layer and number by number."""

import copy
import subprocess
import sys

import pytest
import timm
import torch
from timm.models import group_parameters
from torch import nn

from core.model import fold
from core.model.lite0 import FEATURES, Lite0, early_names


@pytest.fixture(scope="module")
def theirs():
    """timm's network with random weights and statistics, without its last layer."""
    torch.manual_seed(0)
    network = timm.create_model("tf_efficientnet_lite0", pretrained=False, num_classes=0)
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.uniform_(layer.running_mean, -0.2, 0.2)
            nn.init.uniform_(layer.running_var, 0.5, 2)
    return network


@pytest.fixture
def ours(theirs):
    network = Lite0()
    network.load_state_dict(theirs.state_dict())
    return network


def test_the_layers_have_timms_names_in_timms_order(theirs):
    network = Lite0()
    assert list(network.state_dict()) == list(theirs.state_dict())
    assert [name for name, _ in network.named_parameters()] == [name for name, _ in theirs.named_parameters()]


@pytest.mark.parametrize("sides", [(32, 32), (33, 33), (63, 48), (95, 97), (128, 128)])
def test_the_features_are_timms_whatever_the_size(ours, theirs, sides):
    images = torch.randn(2, 3, *sides)
    with torch.inference_mode():
        features = ours.eval()(images)
        assert features.shape == (2, FEATURES)
        torch.testing.assert_close(features, theirs.eval()(images), rtol=1e-4, atol=1e-5)


def test_gradients_and_statistics_are_timms(ours, theirs):
    """In double precision: batch norm over few images makes much of rounding."""
    mine, other = ours.double().train(), copy.deepcopy(theirs).double().train()
    images = torch.randn(4, 3, 64, 64, dtype=torch.float64)
    for network in (mine, other):
        network(images).square().sum().backward()
    for (name, one), two in zip(mine.named_parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(one.grad, two.grad, msg=name)
    for (name, one), two in zip(mine.named_buffers(), other.buffers(), strict=True):
        torch.testing.assert_close(one, two, msg=name)


def test_the_first_group_is_the_first_half_of_timms_layers(theirs):
    layers = group_parameters(theirs, theirs.group_matcher(coarse=True))
    half = sorted(layers)[: len(layers) // 2]
    assert early_names(Lite0()) == {name for layer in half for name in layers[layer]}


def test_what_it_says_can_be_folded_is_what_a_forward_pass_shows(ours):
    assert list(ours.foldable) == fold._checked_pairs(ours)


def test_random_weights_are_spread_as_timms_are(theirs):
    torch.manual_seed(1)
    for (name, mine), other in zip(Lite0().named_parameters(), theirs.parameters(), strict=True):
        if mine.ndim == 4:
            spread, count = mine.std().item(), mine.numel()
            assert abs(mine.mean().item()) < 6 * spread / count**0.5, name
            assert spread / other.std().item() == pytest.approx(1, abs=6 / count**0.5), name


def test_a_first_training_imports_neither_timm_nor_torchvision_nor_the_compiler():
    """They would take as long to import as all that is needed; this is what the network was written out for."""
    program = """
import sys, torch
from core.model.backbones import build
from core.model.classifier import freeze_to
from core.training.optimisers import build_optimiser
from core.training.stage import stage_of
import core.jobs.execute
model = build("efficientnet_lite0", ("a", "b"), folded=True)
freeze_to(model, len(model.groups) - 1)
for kind in ("sgd", "adamw"):
    optimiser = build_optimiser(model, stage_of({"optimiser": kind}))
    optimiser.zero_grad()
    model.head(torch.ones(2, 1280)).sum().backward()
    optimiser.step()
print([name for name in ("timm", "torchvision", "torch._dynamo", "sympy") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
