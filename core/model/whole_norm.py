"""Batch norm over a batch that several processes share: with the statistics of the whole batch, on any device.

torch's `SyncBatchNorm` needs GPUs and another network. This needs neither, and covers every kind of layer that calls
torch's function.
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

from core.model.ranks import Ranks


class WholeBatchNorm(TorchFunctionMode):
    """In the block, batch norm in training uses the mean and variance over the images of all processes.

    The batch has `images` images. A process without any of its own passes one all the same (`idle`), which does not
    count.
    """

    def __init__(self, ranks: Ranks, images: int, *, idle: bool) -> None:
        super().__init__()
        self._ranks = ranks
        self._images = images
        self._idle = idle

    def __torch_function__(
        self, func: Callable[..., Any], types: Iterable[Any], args: Any = (), kwargs: Any = None
    ) -> Any:
        """Replace torch's batch norm; everything else is called as it is."""
        return (self._normed if func is F.batch_norm else func)(*args, **(kwargs or {}))

    def _normed(
        self,
        values: Tensor,
        running_mean: Tensor | None,
        running_var: Tensor | None,
        weight: Tensor | None = None,
        bias: Tensor | None = None,
        training: bool = False,
        momentum: float = 0.1,
        eps: float = 1e-5,
    ) -> Tensor:
        if not training:
            return F.batch_norm(values, running_mean, running_var, weight, bias, False, momentum, eps)
        count, mean, squares = self._statistics(values.detach())
        if count <= 1:
            raise ValueError(f"Expected more than 1 value per channel when training, got input size {values.shape}")
        with torch.no_grad():
            if running_mean is not None:
                running_mean.mul_(1 - momentum).add_(mean, alpha=momentum)
            if running_var is not None:
                running_var.mul_(1 - momentum).add_(squares / (count - 1), alpha=momentum)
        scale = torch.rsqrt(squares / count + eps)
        normed: Tensor = _Normalised.apply(values, mean, scale, count, self._ranks, self._idle)
        if weight is not None:
            normed = normed * _across(weight, values)
        return normed if bias is None else normed + _across(bias, values)

    def _statistics(self, values: Tensor) -> tuple[float, Tensor, Tensor]:
        """Values of a channel over all processes, their mean (C,), and the sum (C,) of squares about it."""
        own, ranks = values.float().transpose(0, 1).flatten(1), self._ranks
        channels, count = own.shape
        table = torch.zeros(ranks.count, 1 + 2 * channels, device=values.device)
        if not self._idle:
            mean = own.mean(dim=1)
            squares = (own - mean[:, None]).square().sum(dim=1)
            table[ranks.rank] = torch.cat([torch.full((1,), float(count), device=values.device), mean, squares])
        ranks.sum(table)
        counts, means, each = table[:, :1], table[:, 1 : 1 + channels], table[:, 1 + channels :]
        mean = (counts * means).sum(dim=0) / counts.sum()
        squares = each.sum(dim=0) + (counts * (means - mean).square()).sum(dim=0)
        total = count // len(values) * self._images  # known without a GPU, which would have to be waited for
        return float(total), mean, squares


class _Normalised(torch.autograd.Function):
    """(values - mean) * scale, whose gradient knows that the mean and the scale come from the values of all."""

    @staticmethod
    def forward(
        ctx: Any, values: Tensor, mean: Tensor, scale: Tensor, count: float, ranks: Ranks, idle: bool
    ) -> Tensor:
        normed = (values - _across(mean, values)) * _across(scale, values)
        normed = normed.to(values.dtype)
        ctx.save_for_backward(normed, scale)
        ctx.count, ctx.ranks, ctx.idle = count, ranks, idle
        return normed

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (normed, scale), gradient = ctx.saved_tensors, gradients[0]
        others = [place for place in range(gradient.ndim) if place != 1]
        sums = torch.stack([gradient.float().sum(others), (gradient.float() * normed).sum(others)])
        ctx.ranks.sum(sums)
        sums /= ctx.count
        back = gradient - _across(sums[0], gradient) - normed * _across(sums[1], gradient)
        if ctx.idle:
            back = torch.zeros_like(back)
        return (back * _across(scale, gradient)).to(gradient.dtype), None, None, None, None, None


def _across(channels: Tensor, like: Tensor) -> Tensor:
    """(C,) in a shape to be combined with (B, C, ...)."""
    return channels.view(1, -1, *[1] * (like.ndim - 2))
