"""What training does to each layer group: how steep the loss is for it, and how far its weights have moved."""

from collections.abc import Mapping

import torch
from torch import Tensor

from core.model.classifier import Classifier

LOOKS = 4
"""Times in an epoch that the gradients are measured. A measurement passes once over them, a thousandth of a step."""


def is_measured(stage_step: int, steps_per_epoch: int) -> bool:
    """Whether the gradients of batch `stage_step` (from 0) of a stage are measured: `LOOKS` times an epoch.

    >>> [step for step in range(20) if is_measured(step, 10)]
    [2, 4, 7, 9, 12, 14, 17, 19]
    """
    at = stage_step % steps_per_epoch
    return (at + 1) * LOOKS // steps_per_epoch > at * LOOKS // steps_per_epoch


def gradient_norms(model: Classifier) -> tuple[float, ...]:
    """Length (L2) of the loss's gradient in the weights of each layer group, stem to head; 0 for a frozen one."""
    found = []
    for group in model.groups:
        norms = [parameter.grad.norm() for parameter in group.parameters() if parameter.grad is not None]
        found.append(float(torch.stack(norms).norm()) if norms else 0.0)
    return tuple(found)


def movement(model: Classifier, before: Mapping[str, Tensor], now: Mapping[str, Tensor]) -> tuple[float, ...]:
    """How far the weights of each layer group lie from `before`, relative to their length there, stem to head.

    `before` and `now` are states of the model. A new head begins at 0: its movement is relative to its length now.
    """
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    found = []
    for group in model.groups:
        own = [names[id(parameter)] for parameter in group.parameters()]
        moved = _length([now[name].cpu() - before[name].cpu() for name in own])
        size = _length([before[name] for name in own]) or _length([now[name] for name in own])
        found.append(moved / size if size else 0.0)
    return tuple(found)


def _length(tensors: list[Tensor]) -> float:
    return float(torch.stack([tensor.float().norm() for tensor in tensors]).norm()) if tensors else 0.0
