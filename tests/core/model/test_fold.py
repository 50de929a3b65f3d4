"""A folded network gives the same numbers, and folding knows when it must not."""

import pytest
import timm
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from core.model.backbones import build
from core.model.classifier import freeze_to, set_mode
from core.model.ensemble import ensemble
from core.model.fold import folded, folded_to_train, unfolded_weights
from tests.core.model.conftest import CLASSES, images


def _lived(model, seed=0):
    """Batch norm as after training: statistics and scales unlike those it begins with."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                for tensor in (module.running_mean, module.bias):
                    tensor.copy_(torch.randn(tensor.shape, generator=generator) * 0.3)
                for tensor in (module.running_var, module.weight):
                    tensor.copy_(torch.rand(tensor.shape, generator=generator) + 0.5)
    return model


def _norms(model):
    return sum(isinstance(module, nn.BatchNorm2d) for module in model.modules())


@pytest.mark.parametrize("name", ["small_cnn", "resnet18", "efficientnet_lite0", "test_efficientnet", "test_vit"])
def test_a_folded_network_gives_the_same_features(name):
    model = _lived(build(name, CLASSES, pretrained=False))
    before = {key: value.clone() for key, value in model.state_dict().items()}
    batch = images(side=48)
    fast = folded(model)
    with torch.inference_mode():
        expected, given_ = model.features(batch), fast.features(batch)
    assert (given_ - expected).abs().max() <= 1e-4 * expected.abs().max()
    assert _norms(fast) == 0
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 10_000), side=st.integers(9, 40), count=st.integers(1, 5))
def test_whatever_the_statistics_and_sizes(seed, side, count):
    model = _lived(build("small_cnn", CLASSES, seed=seed), seed)
    batch = images(count, side, seed)
    with torch.inference_mode():
        expected, given_ = model.features(batch), folded(model).features(batch)
    assert (given_ - expected).abs().max() <= 1e-4 * expected.abs().max()


def test_the_pretrained_network_predicts_the_same(lite0):
    with torch.no_grad():
        lite0.head[1].weight.normal_(generator=torch.Generator().manual_seed(0))
    batch = images(side=96)
    with torch.inference_mode():
        assert torch.allclose(folded(lite0)(batch), lite0(batch), rtol=1e-4, atol=1e-3)


def test_a_copy_follows_neither_later_training_nor_modes(small):
    set_mode(small, True)
    F.cross_entropy(small(images()), torch.tensor([0, 1, 0, 1])).backward()
    fast = folded(small)
    assert not any(module.training for module in fast.modules())
    assert not any(parameter.requires_grad for parameter in fast.parameters())
    assert small.training
    assert all(parameter.requires_grad and parameter.grad is not None for parameter in small.parameters())
    with torch.inference_mode():
        before = fast.features(images())
    with torch.no_grad():
        small.backbone.early[0][0].weight.zero_()
    with torch.inference_mode():
        assert torch.equal(fast.features(images()), before)


def test_a_copy_made_in_inference_mode_can_be_used_outside(small):
    with torch.inference_mode():
        fast = folded(small)
    assert not fast(images()).is_inference()


def test_later_weights_are_folded_anew(small):
    folded(small)
    _lived(small, 5)
    with torch.inference_mode():
        assert torch.allclose(folded(small).features(images()), small.features(images()), atol=1e-4)


def test_a_folded_network_can_be_folded_and_keeps_its_groups(small):
    again = folded(folded(small))
    assert [group.name for group in again.groups] == [group.name for group in small.groups]
    freeze_to(again, 1)
    assert not any(p.requires_grad for p in again.groups[0].parameters())
    with torch.inference_mode():
        assert torch.allclose(again.features(images()), small.features(images()), atol=1e-4)


@pytest.mark.parametrize("before", [False, True], ids=["plain members", "folded members"])
def test_an_ensemble_is_folded_also_where_its_members_are_already(before):
    members = [
        _lived(build("efficientnet_lite0", CLASSES, seed=seed, pretrained=False), seed).eval() for seed in (0, 1)
    ]
    batch = images(side=48)
    with torch.inference_mode():
        expected = torch.cat([member.features(batch) for member in members], dim=1)
    fast = folded(ensemble([folded_to_train(member) if before else member for member in members], shared=False))
    with torch.inference_mode():
        found = fast.features(batch)
    assert _norms(fast) == 0
    assert (found - expected).abs().max() <= 1e-4 * expected.abs().max()


class _Between(nn.Module):
    """An activation between convolution and batch norm, in place: the same tensor, not the same values."""

    def __init__(self):
        super().__init__()
        self.conv, self.act, self.norm = nn.Conv2d(3, 4, 3), nn.ReLU(inplace=True), nn.BatchNorm2d(4)

    def forward(self, batch):
        return self.norm(self.act(self.conv(batch)))


class _Twice(nn.Module):
    """One batch norm for two convolutions."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.norm = nn.Conv2d(3, 4, 3), nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)

    def forward(self, batch):
        return self.norm(self.a(batch)) + self.norm(self.b(batch))


class _Beside(nn.Module):
    """The convolution's output goes into the batch norm and around it."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)

    def forward(self, batch):
        maps = self.conv(batch)
        return self.norm(maps) + maps


class _Live(nn.Module):
    """Batch norm that keeps no statistics."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, track_running_stats=False)

    def forward(self, batch):
        return self.norm(self.conv(batch))


class _Before(nn.Module):
    """A batch norm on either side of the convolution: only the one behind it can be folded."""

    def __init__(self):
        super().__init__()
        self.first, self.conv, self.norm = nn.BatchNorm2d(3), nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)

    def forward(self, batch):
        return self.norm(self.conv(self.first(batch)))


@pytest.mark.parametrize("kind", [_Between, _Twice, _Beside, _Live, _Before])
def test_what_cannot_be_folded_is_left_as_it_is(kind):
    module = kind().eval()
    if kind is not _Live:
        _lived(module)
    fast = folded(module)
    assert _norms(fast) == 1
    with torch.inference_mode():
        assert torch.allclose(fast(images()), module(images()), atol=1e-5)


@pytest.mark.parametrize("name", ["resnet18", "mobilenetv3_small_100"])
def test_folded_weights_go_back_into_the_network_that_they_were_folded_of(name):
    """Under the names that timm's own network has, with the same output."""
    plain = timm.create_model(name, num_classes=5).eval()
    with torch.no_grad():
        for part in plain.modules():
            if isinstance(part, nn.BatchNorm2d):
                part.running_mean.normal_()
                part.running_var.uniform_(0.5, 2)
    images = torch.rand(2, 3, 224, 224)
    again = timm.create_model(name, num_classes=5).eval()
    again.load_state_dict(unfolded_weights(again, folded(plain).state_dict()))
    with torch.inference_mode():
        torch.testing.assert_close(again(images), plain(images), rtol=1e-3, atol=1e-4)


def test_weights_of_a_network_without_batch_norm_stay_as_they_are():
    plain = timm.create_model("deit_tiny_patch16_224", num_classes=5)
    weights = plain.state_dict()
    found = unfolded_weights(plain, weights)
    assert all(found[name] is value for name, value in weights.items())
    assert len(found) == len(weights)
