"""How each layer group learns: the norm of its gradient, and how far its weights have moved; measured now and then."""

import math
from collections.abc import Sequence
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
        self._nothing = torch.zeros((), device=model.mean.device)
        self._frozen: dict[int, tuple[Tensor, Tensor]] = {}

    def begin_stage(self) -> None:
        """Forget what was measured of frozen groups: other weights may have been loaded since."""
        self._frozen.clear()

    @staticmethod
    def is_due(stage_step: int, steps_per_epoch: int) -> bool:
        """Whether the batch number `stage_step` of a stage (from 0) is one of those that are measured."""
        return stage_step % max(1, math.ceil(steps_per_epoch / PER_EPOCH)) == 0

    def figures(self, first_trained: int) -> GroupFigures:
        """The figures after a batch, with its gradients still in place; groups before `first_trained` are frozen."""
        return figures_of([norm.item() for norm in self.norms(first_trained)])

    @torch.no_grad()
    def norms(self, first_trained: int) -> list[Tensor]:
        """What `figures_of` makes `figures` of, still on the device: three numbers of shape () for each group."""
        found: list[Tensor] = []
        for number, group in enumerate(self._groups):
            if number >= first_trained:
                found += [self._norm([one.grad for one in group if one.grad is not None]), *self._moved(number)]
                continue
            if number not in self._frozen:
                self._frozen[number] = self._moved(number)
            found += [self._nothing, *self._frozen[number]]
        return found

    def _moved(self, number: int) -> tuple[Tensor, Tensor]:
        """How far a group's weights are from the first ones, and their norm."""
        group, first = self._groups[number], self._first[number]
        return self._norm([now - then for now, then in zip(group, first, strict=True)]), self._norm(group)

    def _norm(self, tensors: Sequence[Tensor]) -> Tensor:
        return torch.nn.utils.get_total_norm(tensors) if tensors else self._nothing


def figures_of(norms: Sequence[float]) -> GroupFigures:
    """The figures that the numbers of `GroupWatch.norms` say; none of no numbers.

    >>> figures_of([0.0, 0.0, 5.0, 0.3, 1.0, 2.0])
    GroupFigures(grads=(0.0, 0.3), moved=(0.0, 0.5))
    """
    triples = [norms[start : start + 3] for start in range(0, len(norms), 3)]
    moved = (distance / size if distance else 0.0 for _, distance, size in triples)
    return GroupFigures(tuple(gradient for gradient, _, _ in triples), tuple(moved))
