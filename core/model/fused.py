"""A convolution and the ReLU6 after it in one pass over memory on a CPU: the same numbers, bit for bit.

Once batch norm is folded away (`core.model.fold`), nothing lies between the two. oneDNN can then clamp each value
before it is written; torch writes all of them, reads them again and writes them clamped. On EfficientNet-Lite0 at 128
px that saves a fifth of a forward pass.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.model.gradients import LeanReLU6, depthwise_gradients, is_wide_depthwise


class FusedConv2d(nn.Conv2d):
    """A convolution that applies ReLU6 to its output where it `clamps`, which `fused` decides; else it is torch's.

    `feeds_convolution` is that of the `LeanReLU6` whose work it does.
    """

    clamps = False
    feeds_convolution = False

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        if not self.clamps:
            plain: Tensor = super()._conv_forward(input, weight, bias)
            return plain
        if not _has_kernel(input, weight):
            clamped: Tensor = F.relu6(super()._conv_forward(input, weight, bias), inplace=True)
            return clamped
        trained = torch.is_grad_enabled() and any(
            one is not None and one.requires_grad for one in (input, weight, bias)
        )
        if not trained:
            return _convolved(self, input, weight, bias)
        output: Tensor = _ConvReLU6.apply(input, weight, bias, self)
        return output


def fused(convolution: nn.Module, left: nn.Module) -> nn.Module:
    """What has to follow `convolution`, where `left` follows it now: nothing, if it can apply that itself."""
    if isinstance(convolution, FusedConv2d) and isinstance(left, LeanReLU6):
        convolution.clamps, convolution.feeds_convolution = True, left.feeds_convolution
        return nn.Identity()
    return left


KERNEL = hasattr(torch.ops.mkldnn, "_convolution_pointwise")
"""Whether this torch has the kernel, which is none of its public ones; without it, torch's own two steps are taken."""


def _has_kernel(input: Tensor, weight: Tensor) -> bool:
    """Whether oneDNN computes this here; a program that is being exported is made of torch's own operations."""
    if not KERNEL or torch.compiler.is_compiling() or input.device.type != "cpu":
        return False
    return input.dtype == weight.dtype == torch.float32 and torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]


def _convolved(layer: FusedConv2d, images: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    output: Tensor = torch.ops.mkldnn._convolution_pointwise(
        images, weight, bias, layer.padding, layer.stride, layer.dilation, layer.groups, "hardtanh", [0.0, 6.0], ""
    )
    return output


class _ConvReLU6(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, images: Tensor, weight: Tensor, bias: Tensor | None, layer: FusedConv2d) -> Tensor:
        output = _convolved(layer, images, weight, bias)
        ctx.save_for_backward(images, weight, output)
        ctx.layer = layer
        return output

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (images, weight, output), layer, arrived = ctx.saved_tensors, ctx.layer, gradients[0]
        # As in LeanReLU6: what arrives from a convolution belongs to this layer alone.
        hardtanh = torch.ops.aten.hardtanh_backward
        if layer.feeds_convolution:
            gradient = hardtanh.grad_input(arrived, output, 0, 6, grad_input=arrived)
        else:
            gradient = hardtanh(arrived, output, 0, 6)
        wanted = ctx.needs_input_grad[:3]
        if is_wide_depthwise(layer) and wanted[1]:
            return *depthwise_gradients(gradient, images, weight, layer.padding, wanted), None
        found = torch.ops.aten.convolution_backward(
            gradient,
            images,
            weight,
            [len(weight)],
            layer.stride,
            layer.padding,
            layer.dilation,
            False,
            [0, 0],
            layer.groups,
            wanted,
        )
        return *found, None
