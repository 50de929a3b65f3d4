"""A stage made ready to train: one step of training, and validation."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from time import perf_counter
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn

from core.data.items import Indices
from core.errors import TrainingError
from core.model.classifier import Classifier, evaluating, freeze_to, set_mode
from core.model.machine import explained_memory_errors
from core.training.feeds import VALIDATION_BATCH, Feed
from core.training.optimisers import build_optimiser, set_rates
from core.training.randomness import generator, isolated, seed_of
from core.training.samples import Samples
from core.training.stage import Stage
from core.workspace import Progress, no_progress

LONG_S = 2.0
"""Seconds after which a validation begins to report its progress."""


class BatchLoss(NamedTuple):
    """Mean losses of a batch in nats: the `objective` that was minimised, and the `plain` cross-entropy.

    They differ where the stage has label smoothing or class weights. What is reported of a training is plain, so that
    training and validation, stages with other settings, and an evaluation afterwards can be compared.
    Both are numbers of the device, of shape (): to read one waits for the batch; see `core.training.late`.
    """

    objective: torch.Tensor
    plain: torch.Tensor


class Validation(NamedTuple):
    """The mean plain cross-entropy over the validation images in nats, its standard error, and the accuracy (0..1)."""

    loss: float
    error: float
    accuracy: float


class Task:
    """Trains `model` as `stage` says, one batch at a time, with a new optimiser.

    Creating one freezes the layer groups that the stage does not train. Every random number depends on `seed` and
    on the number of the epoch or step alone, so that a resumed training draws what an uninterrupted one would have.
    """

    def __init__(self, model: Classifier, stage: Stage, samples: Samples, feed: Feed, *, seed: int) -> None:
        freeze_to(model, stage.first_trained(len(model.groups)))
        self.stage = stage
        self.optimiser = build_optimiser(model, stage)
        self.objective = partial(
            F.cross_entropy,
            weight=samples.class_weights() if stage.class_weights else None,
            label_smoothing=stage.label_smoothing,
        )
        self._model = model
        self._samples = samples
        self._feed = feed
        self._seed = seed
        self._order: tuple[int, list[Indices]] | None = None

    @property
    def device(self) -> torch.device:
        """Where it is trained."""
        return self._model.mean.device

    @property
    def classes(self) -> int:
        """How many classes the model has."""
        return len(self._model.classes)

    def batches(self, epoch: int) -> list[Indices]:
        """The image indices of every batch of `epoch` (from 0), shuffled for each epoch."""
        if self._order is None or self._order[0] != epoch:
            self._order = epoch, self._samples.batches(self._seed, epoch)
        return self._order[1]

    def set_training(self) -> None:
        """Put the model in training mode; frozen layers stay in evaluation, and batch norm where the stage says so."""
        set_mode(self._model, True)
        if self.stage.freeze_norm:
            for module in self._model.modules():
                if isinstance(module, nn.modules.batchnorm._BatchNorm):
                    module.eval()

    def train(
        self, indices: Indices, step: int, rates: tuple[float, ...], momentum: float, side: int | None = None
    ) -> BatchLoss:
        """Train on the images `indices` as step number `step`, and return the losses before that step.

        `rates` has one learning rate for each layer group, 0.0 for those before the first that is trained; that one may
        move towards the head. The images have `side` px, by default as many as those that the stage begins with.
        Raises `TrainingError` when the GPU's memory does not suffice, or when batch norm is given a single image.
        """
        with self._seeded(step) as draws, explained_errors(len(indices), self.stage.size):
            self._set_rates(rates, momentum)
            batch = self._feed.batch(indices, draws, side=side or self.stage.first_size)
            labels = self._samples.labels(indices)
            logits = self._feed.logits(batch)
            loss = self.objective(logits, labels)
            self.optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            self.optimiser.step()
            objective = loss.detach()
            return BatchLoss(objective, F.cross_entropy(logits.detach(), labels) if self._is_changed else objective)

    def validate(self, progress: Progress = no_progress) -> Validation:
        """The loss and accuracy of the validation images; changes nothing.

        A validation that takes longer than 2 s reports to `progress` after each batch. An exception that `progress`
        raises stops it there. Raises `TrainingError` when the GPU's memory does not suffice.
        """
        indices = self._samples.valid
        with evaluating(self._model), explained_memory_errors(VALIDATION_BATCH, self.stage.size):
            labels = self._samples.labels(indices)
            blocks, hits, done = [], [], 0
            for block in self._feed.plain_logits(indices, _when_long(progress)):
                own = labels[done : done + len(block)]
                blocks.append(F.cross_entropy(block.float(), own, reduction="none"))
                hits.append(block.argmax(dim=1) == own)
                done += len(block)
            losses = torch.cat(blocks)
            spread = losses.double().std(correction=int(len(labels) > 1))
            error = spread.item() / math.sqrt(len(labels))
            return Validation(losses.mean().item(), error, int(torch.cat(hits).sum()) / len(labels))

    def valid_features(self) -> torch.Tensor | None:
        """Features (N, F) of the validation images where the backbone is frozen; None where it is trained."""
        with evaluating(self._model), explained_memory_errors(VALIDATION_BATCH, self.stage.size):
            return self._feed.plain_features(self._samples.valid)

    def _set_rates(self, rates: tuple[float, ...], momentum: float) -> None:
        """Set the optimiser to these, and freeze what begins to have no rate (`core.training.refreezing`)."""
        set_rates(self.optimiser, rates, momentum)
        first = next((group for group, rate in enumerate(rates) if rate), self._model.first_trained)
        if first > self._model.first_trained:
            freeze_to(self._model, first)
            self.set_training()

    @property
    def _is_changed(self) -> bool:
        """Whether the objective is anything else than plain cross-entropy."""
        return self.stage.class_weights or self.stage.label_smoothing > 0

    @contextmanager
    def _seeded(self, step: int, rank: int = 0) -> Iterator[torch.Generator]:
        """Seed dropout and the layers for step number `step`; gives the generator of its augmentation.

        What layers draw in another process than the first is other random numbers: they are for other images.
        """
        self._model.generator.manual_seed(seed_of(self._seed, "dropout", step))
        with isolated(self._model.mean.device, seed_of(self._seed, "layers", step, *((rank,) if rank else ()))):
            yield generator(self._seed, "augmentation", step)


@contextmanager
def explained_errors(images: int, size: int) -> Iterator[None]:
    """Turn torch's errors for a batch of `images` images of `size` px into sentences that say what to change."""
    try:
        with explained_memory_errors(images, size):
            yield
    except ValueError as error:
        if images > 1:
            raise
        raise TrainingError(
            "One image alone cannot train this network: its batch norm needs two. Raise the batch size."
        ) from error


def _when_long(progress: Progress) -> Progress:
    """`progress`, called only after `LONG_S` seconds: a short validation would replace what is shown for an instant."""
    started = perf_counter()

    def report(what: str, done: int, total: int) -> None:
        if perf_counter() - started >= LONG_S:
            progress(what, done, total)

    return report
