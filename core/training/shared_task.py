"""A task that all processes of a job train, each on its part of every batch; see `core.model.ranks`."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from core.augment import Part
from core.data.items import Indices
from core.model.classifier import SeededDropout
from core.model.ranks import Numbers, Ranks, leading
from core.model.whole_norm import WholeBatchNorm
from core.training.task import BatchLoss, Task, explained_errors


def task_kind() -> type[Task]:
    """`SharedTask` where other processes help this one, else `Task`."""
    return Task if leading() is None else SharedTask


class SharedTask(Task):
    """Makes the update that one process makes of the same batch, up to the order of its sums.

    Of every batch each process has consecutive images: none of them twice, and none is left out. Gradients are those
    of the loss over the whole batch, so parts of different lengths need no correction; augmentation and dropout draw
    what they draw for the whole batch, and batch norm that is trained uses the statistics of the whole batch.
    The weights are sent with the first batch, and again when other tasks were trained in between.
    """

    def train(
        self, indices: Indices, step: int, rates: tuple[float, ...], momentum: float, side: int | None = None
    ) -> BatchLoss:
        """Rank 0: train on the images `indices` together; see `Task.train`. Raises `LostProcessError` too."""
        ranks = leading()
        if ranks is None:
            return super().train(indices, step, rates, momentum, side)
        if ranks.helper is not self:
            ranks.order(self)
        side = side or self.stage.first_size
        ranks.send(np.array([step, momentum, side, len(rates), *rates, *indices], dtype=np.float64))
        return self._train_part(ranks, indices, step, rates, momentum, side)

    def help(self, ranks: Ranks, numbers: Numbers) -> None:
        """Every other process: train on the part of the batch that rank 0 sent."""
        step, momentum, side, groups = int(numbers[0]), float(numbers[1]), int(numbers[2]), int(numbers[3])
        rates, indices = tuple(numbers[4 : 4 + groups].tolist()), numbers[4 + groups :].astype(np.int64)
        self._train_part(ranks, indices, step, rates, momentum, side)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_order": None}

    def _train_part(
        self, ranks: Ranks, indices: Indices, step: int, rates: tuple[float, ...], momentum: float, side: int
    ) -> BatchLoss:
        parts = np.array_split(indices, ranks.count)
        own, first = parts[ranks.rank], sum(map(len, parts[: ranks.rank]))
        idle = not len(own)
        if idle:  # fewer images than processes: one that counts for nothing, for the exchanges within the network
            own, first = indices[:1], 0
        part = Part(first, len(indices))
        with (
            self._seeded(step, ranks.rank) as draws,
            explained_errors(len(indices), self.stage.size),
            self._whole_norm(ranks, len(indices), idle=idle),
            self._dropout_of(part),
        ):
            self._set_rates(rates, momentum)
            batch, labels = self._feed.batch(own, draws, part, side), self._samples.labels(own)
            logits = self._feed.logits(batch)
            loss = self.objective(logits, labels, reduction="sum") / self._divisor(indices)
            self.optimiser.zero_grad(set_to_none=True)
            (loss * 0 if idle else loss).backward()  # type: ignore[no-untyped-call]
            plain = F.cross_entropy(logits.detach(), labels, reduction="sum") / len(indices)
            losses = torch.stack([loss.detach(), plain]) * (not idle)
            self._add_up(ranks, losses)
            self.optimiser.step()
            return BatchLoss(losses[0], losses[1] if self._is_changed else losses[0])

    def _divisor(self, indices: Indices) -> torch.Tensor | int:
        """What the sum of the losses of a batch is divided by to be its mean: with class weights, their sum."""
        weight = self.objective.keywords["weight"]
        return len(indices) if weight is None else weight[self._samples.labels(indices)].sum()

    def _add_up(self, ranks: Ranks, losses: torch.Tensor) -> None:
        """Add up the gradients and the losses over all processes, in place, in one exchange."""
        trained = [p for group in self.optimiser.param_groups for p in group["params"] if p.grad is not None]
        tensors = [*(p.grad for p in trained), losses]
        together = ranks.sum(torch.cat([tensor.reshape(-1) for tensor in tensors]))
        for tensor, summed in zip(tensors, torch.split(together, [one.numel() for one in tensors]), strict=True):
            tensor.copy_(summed.view(tensor.shape))

    def _whole_norm(self, ranks: Ranks, images: int, *, idle: bool) -> "WholeBatchNorm | nullcontext[None]":
        norms = (m for m in self._model.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm))
        return WholeBatchNorm(ranks, images, idle=idle) if any(norm.training for norm in norms) else nullcontext()

    @contextmanager
    def _dropout_of(self, part: Part) -> Iterator[None]:
        """Have the head's dropout draw for the whole batch in the block."""
        layers = [layer for layer in self._model.head.modules() if isinstance(layer, SeededDropout)]
        for layer in layers:
            layer.part = part
        try:
            yield
        finally:
            for layer in layers:
                layer.part = None
