"""Trains a model through stages, one record at a time; stopping is the caller's `break`."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from time import perf_counter
from typing import Never

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from core.augment import NONE
from core.data.index import DataSet
from core.data.pixels import load_pixels
from core.errors import DivergedError, ModelError, TrainingError
from core.model.classifier import Classifier, set_mode
from core.model.machine import device
from core.process.threads import tune_allocator
from core.training.feeds import Images, Indices, PixelFeed
from core.training.optimisers import optimiser_tensors, restore_optimiser
from core.training.position import VERSION, LearnerState, Position
from core.training.records import CycleRecord, EpochRecord, Record, StepRecord
from core.training.schedules import Schedule, schedule_of
from core.training.stage import Stage, stage_of
from core.training.task import Task
from core.workspace import Progress, Workspace, no_progress


@dataclass
class _Fit:
    """A stage under way: what it does, how fast, and the weights to go back to."""

    stage: Stage
    task: Task
    schedule: Schedule
    rates: tuple[float, ...]
    good: list[Tensor]


class Learner:
    """A model, a data set to train it on, and where the training stands.

    `model` is trained in place, and moved to the device that `core.model.machine` finds. `seed` decides every
    shuffle, augmentation and dropout; the process's own random numbers are neither seeded nor used.

    >>> learner = Learner(model, data, workspace, seed=0)
    >>> for record in learner.fit(Stage(lr=1e-3, cycles=3)):
    ...     print(record.row())
    """

    def __init__(
        self,
        model: Classifier,
        data: DataSet,
        workspace: Workspace,
        *,
        seed: int = 0,
        progress: Progress = no_progress,
    ) -> None:
        if tuple(model.classes) != tuple(data.classes):
            raise ModelError(
                f"The model tells {len(model.classes)} classes apart, and they are not the data set's "
                f"{len(data.classes)}. Use the data set that the model was built for, or begin a new run."
            )
        tune_allocator()
        self.device = device()
        self.model: Classifier = model.to(self.device).to(memory_format=torch.channels_last)
        self.data = data
        self.workspace = workspace
        self.seed = seed
        self.progress = progress
        self.position = Position()
        self._fit: _Fit | None = None
        self._loaded: LearnerState | None = None

    def fit(self, stage: Stage, *, stage_index: int = 0, resume: bool = False) -> Iterator[Record]:
        """Train through `stage`: a record after every batch, every epoch's validation and every cycle.

        After any record `state()` is a checkpoint, and the caller may stop. With `resume`, go on with the stage
        from where `load_state` or a `break` left it: the numbers are those of training that was not interrupted.
        Raises `DivergedError` when the loss is no longer finite or has exploded, with the weights of the last
        good epoch put back; `PlanError` when the stage has no rate or does not fit the layer groups; and
        `TrainingError` when there is nothing to resume, or no images.
        """
        fit = self._resumed(stage) if resume else self._begun(stage, stage_index)
        at = self.position
        fit.task.set_training()
        try:
            while at.due != "nothing":
                if at.due == "step":
                    yield self._train_batch(fit)
                elif at.due == "epoch":
                    yield self._end_epoch(fit)
                else:
                    yield self._end_cycle(fit)
        finally:
            set_mode(self.model, False)

    def task(self, stage: Stage, *, seed: int | None = None) -> Task:
        """`stage` made ready on the model as it is now, with a new optimiser; `seed` is by default the learner's."""
        return Task(
            self.model,
            self.data,
            self.workspace,
            stage,
            seed=self.seed if seed is None else seed,
            device=self.device,
            progress=self.progress,
        )

    def evaluate(self, indices: Indices, size: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Probabilities (n, C) and plain cross-entropy losses (n,) of the images `indices` at `size` px.

        Each batch is reported to the learner's `progress`; an exception that it raises stops the evaluation.
        """
        images = Images(load_pixels(self.data, size, self.workspace, self.progress), self.device)
        modes = [(module, module.training) for module in self.model.modules()]
        set_mode(self.model, False)
        try:
            with torch.inference_mode():
                logits = PixelFeed(self.model, images, NONE).plain_logits(indices, self.progress).float()
                labels = torch.from_numpy(self.data.labels[indices]).to(self.device)
                losses = F.cross_entropy(logits, labels, reduction="none")
                return logits.softmax(dim=1).cpu().numpy(), losses.cpu().numpy()
        finally:
            for module, training in modes:
                module.training = training

    def state(self) -> LearnerState:
        """A checkpoint of where the learner stands: copies, which further training leaves alone."""
        tensors = {f"model/{name}": _copy(value) for name, value in self.model.state_dict().items()}
        stage = None
        if self.position.due != "nothing" and self._fit is not None:
            stage = self._fit.stage.model_dump(mode="json")
            remembered = optimiser_tensors(self._fit.task.optimiser, self.model)
            tensors |= {f"optimiser/{name}": _copy(value) for name, value in remembered}
        elif self.position.due != "nothing" and self._loaded is not None:
            stage = self._loaded.meta["stage"]
            tensors |= {f"optimiser/{name}": value for name, value in self._loaded.part("optimiser").items()}
        meta = {"version": VERSION, "seed": self.seed, "position": self.position.to_json(), "stage": stage}
        return LearnerState(tensors, meta)

    def load_state(self, state: LearnerState) -> None:
        """Stand where the learner that gave `state` stood; `fit(stage, resume=True)` goes on from there.

        Raises `ModelError` when the weights are of another network.
        """
        if state.meta.get("version") != VERSION:
            raise TrainingError("The checkpoint was made by another version of Anneal and cannot be resumed.")
        weights, own = state.part("model"), self.model.state_dict()
        if {name: value.shape for name, value in weights.items()} != {name: v.shape for name, v in own.items()}:
            raise ModelError("The checkpoint's weights are of another network. Open the run that they belong to.")
        with torch.no_grad():
            for name, value in own.items():
                value.copy_(weights[name])
        self.seed = int(state.meta["seed"])
        self.position = Position.from_json(state.meta["position"])
        self._fit, self._loaded = None, state

    def _begun(self, stage: Stage, index: int) -> _Fit:
        fit = self._prepared(stage)
        self._fit, self._loaded = fit, None
        self.position.begin(index)
        return fit

    def _resumed(self, stage: Stage) -> _Fit:
        if self._fit is not None and self._fit.stage == stage:
            return self._fit
        if self._loaded is None:
            raise TrainingError("There is nothing to resume: this stage has not been begun. Start it instead.")
        fit = self._prepared(stage)
        if self.position.due != "nothing":
            if stage_of(self._loaded.meta["stage"]) != stage:
                raise TrainingError("The stage's settings are not those it was begun with. Start it anew instead.")
            restore_optimiser(fit.task.optimiser, self.model, self._loaded.part("optimiser"))
        self._fit, self._loaded = fit, None
        return fit

    def _prepared(self, stage: Stage) -> _Fit:
        rates = stage.group_rates(len(self.model.groups))
        task = self.task(stage)
        good = [tensor.clone() for tensor in self._trained(stage)]
        return _Fit(stage, task, schedule_of(stage, task.steps_per_epoch), rates, good)

    def _trained(self, stage: Stage) -> list[Tensor]:
        """Parameters and buffers of all that the stage may change."""
        groups = len(self.model.groups)
        changed = self.model.head if stage.first_trained(groups) == groups - 1 else self.model
        return [tensor.detach() for tensor in (*changed.parameters(), *changed.buffers())]

    def _train_batch(self, fit: _Fit) -> StepRecord:
        at, started = self.position, perf_counter()
        indices = fit.task.batches(at.epoch)[at.stage_step % fit.task.steps_per_epoch]
        factor, momentum = fit.schedule.factor(at.stage_step), fit.schedule.momentum(at.stage_step)
        rates = tuple(factor * rate for rate in fit.rates)
        loss = fit.task.train(indices, at.step, rates, momentum)
        smoothed = at.smoothed.add(loss)
        if at.watch.exploded(smoothed, len(self.data.classes)):
            self._diverge(fit, loss)
        at.step += 1
        at.stage_step += 1
        at.loss_sum += loss * len(indices)
        at.images += len(indices)
        at.due = "step" if at.stage_step % fit.task.steps_per_epoch else "epoch"
        taken = perf_counter() - started
        at.seconds += taken
        return StepRecord(at.stage, at.epoch + 1, at.step, rates, momentum, loss, smoothed, len(indices) / taken)

    def _end_epoch(self, fit: _Fit) -> EpochRecord:
        at, started = self.position, perf_counter()
        at.valid_loss, at.accuracy = fit.task.validate()
        if not math.isfinite(at.valid_loss):
            self._diverge(fit, at.valid_loss)
        if at.watch.worth_keeping(at.valid_loss, len(self.data.classes)):
            fit.good = [tensor.clone() for tensor in self._trained(fit.stage)]
        at.epoch += 1
        train_loss, seconds = at.loss_sum / at.images, at.seconds + perf_counter() - started
        at.loss_sum, at.images, at.seconds = 0.0, 0, 0.0
        at.due = "cycle" if at.stage_step in fit.schedule.cycle_ends else "step"
        return EpochRecord(at.stage, at.epoch, at.step, train_loss, at.valid_loss, at.accuracy, seconds)

    def _end_cycle(self, fit: _Fit) -> CycleRecord:
        at = self.position
        at.cycle += 1
        at.due = "step" if at.stage_step < fit.schedule.steps else "nothing"
        return CycleRecord(at.stage, at.cycle, at.epoch, at.step, at.valid_loss, at.accuracy)

    def _diverge(self, fit: _Fit, loss: float) -> Never:
        with torch.no_grad():
            for tensor, good in zip(self._trained(fit.stage), fit.good, strict=True):
                tensor.copy_(good)
        self._fit = None
        self.position.end()
        what = f"the loss rose to {loss:,.1f} and stayed high" if math.isfinite(loss) else "the loss is not a number"
        raise DivergedError(
            f"Training diverged in epoch {self.position.epoch + 1}: {what}. The last good weights were put back. "
            f"Try a lower rate: a tenth of {max(fit.rates):g}, or one from the range test."
        )


def _copy(tensor: Tensor) -> Tensor:
    return tensor.detach().to("cpu").clone(memory_format=torch.contiguous_format)
