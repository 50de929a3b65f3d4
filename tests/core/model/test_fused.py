"""A convolution that clamps its own output, against torch's convolution and ReLU6 one after the other."""

import copy

import pytest
import torch
from torch import Tensor, nn

from core.model.backbones import build
from core.model.classifier import freeze_to
from core.model.fold import folded
from core.model.fused import FusedConv2d, fused
from core.model.gradients import LeanReLU6, with_lean_gradients


def gradients(network: nn.Module, images: Tensor) -> list[Tensor | None]:
    """What comes out, and the gradients of a weighted sum of it with respect to all parameters."""
    network.zero_grad()
    output = network(images)
    weights = torch.randn(output.shape, generator=torch.Generator().manual_seed(1))
    (output * weights).sum().backward()
    return [output.detach(), *(one.grad for one in network.parameters())]


def pair(*arguments: int, last: bool = False, **settings: int) -> tuple[nn.Module, nn.Module]:
    """A convolution with a pointwise one before it, whose ReLU6 is fused; and the same from torch's own layers."""
    convolution, activation = FusedConv2d(*arguments, **settings), LeanReLU6(inplace=True)
    activation.feeds_convolution = not last
    plain = nn.Conv2d(*arguments, **settings)
    plain.load_state_dict(convolution.state_dict())
    first, after = nn.Conv2d(3, arguments[0], 1), nn.Conv2d(arguments[1], 4, 1)
    assert isinstance(fused(convolution, activation), nn.Identity)
    ends = (nn.Identity(), nn.Identity()) if last else (after, copy.deepcopy(after))
    one = nn.Sequential(first, convolution, ends[0])
    other = nn.Sequential(copy.deepcopy(first), with_lean_gradients(plain), nn.ReLU6(), ends[1])
    return one, other


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize(
    ("arguments", "settings"),
    [
        ((8, 16, 1), {}),
        ((8, 16, 3), {"stride": 2, "padding": 1}),
        ((8, 8, 3), {"padding": 1, "groups": 8}),
        ((8, 8, 5), {"padding": 2, "groups": 8}),
        ((8, 8, 5), {"stride": 2, "padding": 2, "groups": 8}),
        ((8, 16, 1), {"bias": False}),
    ],
)
def test_its_output_and_gradients_are_those_of_two_layers(arguments, settings, last) -> None:
    torch.manual_seed(0)
    one, other = pair(*arguments, last=last, **settings)
    images = (10 * torch.randn(4, 3, 9, 9)).contiguous(memory_format=torch.channels_last)
    for network in (one, other):
        network.to(memory_format=torch.channels_last)
    with torch.no_grad():
        torch.testing.assert_close(one(images), other(images), rtol=0, atol=0)
    for mine, theirs in zip(gradients(one, images), gradients(other, images), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-5, atol=1e-5)


def test_frozen_layers_get_no_gradient_and_the_groups_stay() -> None:
    network = build("efficientnet_lite0", ["a", "b"], pretrained=False, folded=True)
    sizes = [sum(p.numel() for p in group.parameters()) for group in network.groups]
    for layer in network.modules():
        if isinstance(layer, FusedConv2d):
            layer.clamps = False  # without it the groups are those of a network that was never fused
    assert [sum(p.numel() for p in group.parameters()) for group in network.groups] == sizes
    network = build("efficientnet_lite0", ["a", "b"], pretrained=False, folded=True)
    nn.init.ones_(network.head[1].weight)
    freeze_to(network, 1)
    network(torch.rand(2, 3, 64, 64)).sum().backward()
    early, later, head = network.groups
    assert all(one.grad is None for one in early.parameters())
    assert all(one.grad is not None for group in (later, head) for one in group.parameters())


def test_numbers_that_the_kernel_does_not_take_are_clamped_all_the_same() -> None:
    convolution = FusedConv2d(3, 4, 3).double()
    fused(convolution, LeanReLU6(inplace=True))
    images = 20 * torch.randn(2, 3, 8, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    expected = nn.functional.conv2d(images, convolution.weight, convolution.bias).clamp(0, 6)
    torch.testing.assert_close(convolution(images), expected)
    assert convolution(images).requires_grad


def test_what_is_exported_is_made_of_torchs_own_operations() -> None:
    network = folded(build("efficientnet_lite0", ["a", "b"], pretrained=False))
    program = torch.export.export(network, (torch.rand(2, 3, 32, 32),))
    called = {str(node.target) for node in program.graph.nodes if node.op == "call_function"}
    assert any("relu6" in name or "hardtanh" in name for name in called)
    assert not any("mkldnn" in name for name in called)


@pytest.mark.parametrize("left", [nn.ReLU6(), nn.Sequential(), nn.SiLU()], ids=str)
def test_other_layers_stay_where_they_are(left: nn.Module) -> None:
    convolution = FusedConv2d(3, 4, 1)
    assert fused(convolution, left) is left
    assert not convolution.clamps
    assert fused(nn.Conv2d(3, 4, 1), left) is left
