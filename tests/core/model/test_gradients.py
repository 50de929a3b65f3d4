"""The layers with cheaper gradients against torch's own, the same numbers in double precision."""

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from core.model import lite0
from core.model.backbones import build
from core.model.fold import folded
from core.model.fused import FusedConv2d
from core.model.gradients import LeanDepthwiseConv2d, LeanReLU6, with_lean_gradients


def gradients(module: nn.Module, images: Tensor) -> list[Tensor]:
    """What comes out, and the gradients of a weighted sum of it with respect to the images and all parameters."""
    images = images.clone().requires_grad_()
    output = module(images * 1.0)  # not a leaf: it may be changed in place
    weights = torch.randn(output.shape, generator=torch.Generator().manual_seed(1), dtype=output.dtype)
    return [output.detach(), *torch.autograd.grad((output * weights).sum(), [images, *module.parameters()])]


def same(one: list[Tensor], other: list[Tensor]) -> None:
    for mine, theirs in zip(one, other, strict=True):
        torch.testing.assert_close(mine, theirs)


@settings(max_examples=60, deadline=None)
@given(
    kernel=st.tuples(st.integers(1, 9), st.integers(4, 9)),
    padding=st.tuples(st.integers(0, 5), st.integers(0, 5)),
    height=st.integers(1, 14),
    width=st.integers(1, 14),
    bias=st.booleans(),
    last=st.booleans(),
)
def test_wide_depthwise_gradients_are_torchs(
    kernel: tuple[int, int], padding: tuple[int, int], height: int, width: int, bias: bool, last: bool
) -> None:
    if height + 2 * padding[0] < kernel[0] or width + 2 * padding[1] < kernel[1]:
        return
    torch.manual_seed(0)
    plain = nn.Conv2d(6, 6, kernel, padding=padding, groups=6, bias=bias).double()
    lean = with_lean_gradients(copy.deepcopy(plain))
    assert type(lean) is LeanDepthwiseConv2d
    images = torch.randn(3, 6, height, width, dtype=torch.float64)
    if last:
        images = images.contiguous(memory_format=torch.channels_last)
    same(gradients(lean, images), gradients(plain, images))


def test_relu6_gradients_are_torchs_at_its_corners_too() -> None:
    values = torch.tensor([-1.0, 0.0, 1e-6, 3.0, 6.0, 6.5]).double()
    plain = nn.ReLU6(inplace=True)
    lean = with_lean_gradients(copy.deepcopy(plain))
    assert type(lean) is LeanReLU6
    same(gradients(lean, values), gradients(plain, values))


def test_relu6_keeps_one_copy_of_its_values() -> None:
    """torch's keeps its input beside the output that it gives."""
    kept: list[int] = []

    def pack(values: Tensor) -> Tensor:
        kept.append(values.data_ptr())
        return values

    values = torch.randn(8, requires_grad=True) * 1.0
    lean = with_lean_gradients(nn.ReLU6(inplace=True))
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda values: values):
        output = lean(values)
    assert kept == [output.data_ptr()] == [values.data_ptr()]


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(6, 6, 3, groups=6),
        nn.Conv2d(6, 6, 5),
        nn.Conv2d(6, 12, 5, groups=6),
        nn.Conv2d(6, 6, 5, stride=2, groups=6),
        nn.Conv2d(6, 6, 5, dilation=2, groups=6),
        nn.Conv2d(6, 6, 5, padding="same", groups=6),
        nn.Conv2d(6, 6, 5, padding=2, padding_mode="reflect", groups=6),
        nn.ReLU6(),
        nn.ReLU(inplace=True),
    ],
    ids=str,
)
def test_other_layers_stay(layer: nn.Module) -> None:
    kind = type(layer)
    assert type(with_lean_gradients(layer)) is kind


def test_frozen_layers_get_no_gradient() -> None:
    lean = with_lean_gradients(nn.Conv2d(4, 4, 5, padding=2, groups=4))
    lean.bias.requires_grad_(False)  # type: ignore[union-attr]
    lean(torch.randn(2, 4, 8, 8)).sum().backward()
    assert lean.bias.grad is None  # type: ignore[union-attr]
    lean.zero_grad()
    lean.requires_grad_(False)
    assert not lean(torch.randn(2, 4, 8, 8)).requires_grad


@pytest.mark.parametrize("fold", [False, True])
def test_the_bundled_network_has_them_and_is_the_same(fold: bool) -> None:
    network = build("efficientnet_lite0", ["a", "b"], pretrained=False, folded=fold).double()
    assert sum(isinstance(layer, LeanDepthwiseConv2d) for layer in network.modules()) == 7
    clamping = [layer for layer in network.modules() if isinstance(layer, FusedConv2d) and layer.clamps]
    assert len(clamping) == (33 if fold else 0)
    assert sum(isinstance(layer, LeanReLU6) for layer in network.modules()) == 33 - len(clamping)
    plain = copy.deepcopy(network)
    for layer in plain.modules():
        if isinstance(layer, LeanDepthwiseConv2d):
            layer.__class__ = lite0._Turned
        elif isinstance(layer, LeanReLU6):
            layer.__class__ = nn.ReLU6
    images = torch.rand(2, 3, 64, 64, dtype=torch.float64)
    same(gradients(network.backbone, images), gradients(plain.backbone, images))
    assert list(network.state_dict()) == list(plain.state_dict())


def test_a_folded_copy_for_inference_is_the_same() -> None:
    network = build("efficientnet_lite0", ["a", "b"], pretrained=False)
    images = torch.rand(2, 3, 64, 64)
    with torch.inference_mode():
        torch.testing.assert_close(folded(network).features(images), network.features(images), rtol=1e-3, atol=1e-3)
