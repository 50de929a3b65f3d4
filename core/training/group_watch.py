"""How each layer group learns: the norm of its gradient, and how far its weights have moved; measured now and then."""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from core.model.classifier import Classifier

PER_EPOCH = 4
"""Measurements in an epoch: 0.1 % of the time of an epoch of a whole EfficientNet-Lite0, and 1.1 % of one of its head
from activations (37 batches of 32 images of 128 px, one core)."""


class GroupFigures(NamedTuple):
    """Of each layer group, stem to head: the norm of its gradient in one batch (0 where frozen), and its movement.

    `moved` is |w - w0| / |w| over all weights of the group: w are its weights now, w0 those that the run began with.
    It is 1 for a group that began at zero, as a new head does, and 0 for one that never moved.
    """

    grads: tuple[float, ...]
    moved: tuple[float, ...]


class GroupWatch:
    """Measures a model against the weights that it has now, of which it keeps a copy.

    >>> from core.model.backbones import build
    >>> watch = GroupWatch(build("small_cnn", ["cat", "dog"]))
    >>> watch.figures(first_trained=0).moved
    (0.0, 0.0, 0.0)
    """

    def __init__(self, model: Classifier) -> None:
        self._groups = [list(group.parameters()) for group in model.groups]
        self._first = [[weights.detach().clone() for weights in group] for group in self._groups]
        self._frozen: dict[int, float] = {}

    def begin_stage(self) -> None:
        """Forget what was measured of frozen groups: other weights may have been loaded since."""
        self._frozen.clear()

    @staticmethod
    def is_due(stage_step: int, steps_per_epoch: int) -> bool:
        """Whether the batch number `stage_step` of a stage (from 0) is one of those that are measured."""
        return stage_step % max(1, math.ceil(steps_per_epoch / PER_EPOCH)) == 0

    @torch.no_grad()
    def figures(self, first_trained: int) -> GroupFigures:
        """The figures after a batch, with its gradients still in place; groups before `first_trained` are frozen."""
        grads, moved = [], []
        for number, group in enumerate(self._groups):
            if number >= first_trained:
                grads.append(_norm([one.grad for one in group if one.grad is not None]))
                moved.append(self._moved(number))
                continue
            grads.append(0.0)
            if number not in self._frozen:
                self._frozen[number] = self._moved(number)
            moved.append(self._frozen[number])
        return GroupFigures(tuple(grads), tuple(moved))

    def _moved(self, number: int) -> float:
        group, first = self._groups[number], self._first[number]
        distance = _norm([now - then for now, then in zip(group, first, strict=True)])
        return distance / _norm(list(group)) if distance else 0.0


def _norm(tensors: list[Tensor]) -> float:
    return float(torch.nn.utils.get_total_norm(tensors)) if tensors else 0.0
