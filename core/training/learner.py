"""Trains a model through stages, one record at a time; the caller stops by leaving the loop."""

import math
from collections import deque
from collections.abc import Callable, Iterator
from copy import deepcopy
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from core.data.index import DataSet, Indices
from core.data.pixels import load_pixels
from core.errors import DivergedError, ModelError, TrainingError
from core.model.classifier import Classifier, evaluating, set_mode
from core.model.fold import folded
from core.model.machine import copied_to_cpu, device, explained_memory_errors
from core.process.threads import tune_allocator
from core.training.feeds import VALIDATION_BATCH, Images, Outputs, feed_for
from core.training.fitting import Fitting
from core.training.good_weights import GoodWeights
from core.training.group_watch import GroupWatch
from core.training.notebook import epochs_frame, steps_frame, with_progress_bar
from core.training.optimisers import optimiser_tensors, restore_optimiser
from core.training.position import OTHER_VERSION, VERSION, LearnerMeta, LearnerState, Position
from core.training.records import CycleRecord, EpochRecord, Record, StepRecord
from core.training.samples import Samples
from core.training.schedules import schedule_of, steps_per_epoch
from core.training.shared_task import task_kind
from core.training.stage import Stage
from core.training.task import Task
from core.workspace import Progress, Workspace, no_progress

if TYPE_CHECKING:
    import pandas as pd


class Learner:
    """A model, the data set to train it on, and how far it has been trained.

    `model` is trained in place, and moved to the device that `core.model.machine` finds. `seed` decides every
    shuffle, augmentation and dropout; the random numbers of the process are neither seeded nor used. `progress` is
    told how far long preparations, validations and evaluations are; an exception that it raises stops them.

    `train`, for a notebook, shows a progress bar and returns the history as a data frame. `fit` is the same training
    as a generator of records. With `watch`, some of these say how each layer group learns
    (`core.training.group_watch`); the weights that the model has now are those it began with.

        learner = Learner(model, data, workspace, seed=0)
        for record in learner.fit(Stage(lr=1e-3, cycles=3)):
            print(record.row())
    """

    def __init__(
        self,
        model: Classifier,
        data: DataSet,
        workspace: Workspace,
        *,
        seed: int = 0,
        progress: Progress = no_progress,
        watch: bool = False,
    ) -> None:
        if tuple(model.classes) != tuple(data.classes):
            raise ModelError(
                f"The model has {len(model.classes)} classes, and they are not the data set's {len(data.classes)}. "
                "Use the data set that the model was built for, or begin a new run."
            )
        tune_allocator()
        self.device = device()
        self.model: Classifier = model.to(self.device).to(memory_format=torch.channels_last)
        self.data = data
        self.workspace = workspace
        self.seed = seed
        self.progress = progress
        self.position = Position()
        self._watch = GroupWatch(self.model) if watch else None
        self._records: list[Record] = []
        self._unread: deque[StepRecord] = deque()
        self._fit: Fitting | None = None
        self._loaded: LearnerState | None = None

    def fit(self, stage: Stage, *, stage_index: int = 0, resume: bool = False) -> Iterator[Record]:
        """Train through `stage`: yields a record after every batch, every epoch's validation and every cycle.

        After any record `state()` is a checkpoint, and the caller may stop. With `resume`, training goes on within
        the stage from where `load_state` or a `break` left it, to the same numbers as without the interruption.
        On a GPU a batch's record comes some batches later (`core.training.late`); `rest` gives those still to come.
        Raises `DivergedError` when the loss is not finite or has exploded, after the last good weights were put
        back; `PlanError` when the stage has no learning rate or does not fit the layer groups; `TrainingError` when
        there is nothing to resume, there are no images, or the GPU has too little memory.
        """
        fit = self._resumed(stage) if resume else self._begun(stage, stage_index)
        fit.task.set_training()
        try:
            while self._unread or self.position.due != "nothing":
                if self._unread:
                    yield self._unread.popleft()
                elif self.position.due == "step":
                    yield self._ended_if_diverged(fit.next_batch)
                elif self.position.due == "epoch":
                    yield self._end_epoch(fit)
                else:
                    yield self._end_cycle(fit)
        finally:
            set_mode(self.model, False)

    def rest(self) -> Iterator[StepRecord]:
        """The records still to come of batches that the model has been trained on; `fit` then leaves them out.

        For a caller that keeps records beside a checkpoint, or stops. On a CPU there are none, but for those that
        `state` read. Raises `DivergedError` like `fit`.
        """
        while self._unread or (self._fit is not None and self._fit.late):
            yield self._unread.popleft() if self._unread else self._read_batch()

    def _catch_up(self) -> None:
        """Bring `position` to where the model is; the records wait to be yielded."""
        while self._fit is not None and self._fit.late:
            self._unread.append(self._read_batch())

    def _read_batch(self) -> StepRecord:
        assert self._fit is not None
        return self._ended_if_diverged(self._fit.read_batch)

    def _ended_if_diverged(self, read: Callable[[Position], StepRecord]) -> StepRecord:
        try:
            return read(self.position)
        except DivergedError:
            self._fit = None
            raise

    def _end_epoch(self, fit: Fitting) -> EpochRecord:
        at, started = self.position, perf_counter()
        at.valid_loss, error, at.accuracy = fit.task.validate(self.progress)
        if not math.isfinite(at.valid_loss):
            self._fit = None
            raise fit.diverged(at, at.valid_loss)
        if at.watch.worth_keeping(at.valid_loss, len(self.data.classes)):
            fit.good.take(at.stage_step)
        train_loss, seconds = at.train_loss, at.seconds + perf_counter() - started
        ends_cycle = at.stage_step in fit.schedule.cycle_ends
        if fit.stage.stop_overfitting and (ends_cycle or fit.stage.cycles == 1):
            at.ended_early = at.overfit.costs(train_loss, at.valid_loss, cycles=fit.stage.cycles, error=error)
        at.count_epoch(ends_cycle=ends_cycle or at.ended_early)
        return EpochRecord(at.stage, at.epoch, at.step, train_loss, at.valid_loss, at.accuracy, seconds, error)

    def _end_cycle(self, fit: Fitting) -> CycleRecord:
        at = self.position
        at.count_cycle(ends_stage=at.stage_step == fit.schedule.steps or at.ended_early)
        return CycleRecord(at.stage, at.cycle, at.epoch, at.step, at.valid_loss, at.accuracy)

    def train(self, stage: Stage, *, resume: bool = False) -> "pd.DataFrame":
        """Train through `stage` with a progress bar, in a terminal or a notebook; raises what `fit` raises.

        Returns one row for each epoch of this call, with the columns of `history`. After an interruption
        (`KeyboardInterrupt`), `train(stage, resume=True)` goes on with the batch that was interrupted.
        """
        before = len(self._records)
        index = self._records[-1].stage + (not resume) if self._records else 0
        records = self.fit(stage, stage_index=index, resume=resume)
        steps, done = stage.epochs * steps_per_epoch(stage, self.data), self.position.stage_step if resume else 0
        for record in with_progress_bar(records, steps, done):
            self._records.append(record)
        return epochs_frame(self._records[before:])

    @property
    def history(self) -> "pd.DataFrame":
        """One row for each epoch that `train` has finished.

        Columns: `stage`, `epoch`, `step`, `train_loss`, `valid_loss`, `accuracy` (0..1), `seconds` and `valid_error`.
        """
        return epochs_frame(self._records)

    @property
    def steps(self) -> "pd.DataFrame":
        """One row for each batch of `train`.

        Columns: `stage`, `epoch`, `step`, `lr_0`, `lr_1`, ... (layer groups, stem to head), `momentum`, `loss`,
        `smoothed` and `images_per_s`.
        """
        return steps_frame(self._records)

    def task(self, stage: Stage, *, seed: int | None = None, alone: bool = False) -> Task:
        """`stage` made ready to train the model as it is; other processes do not help with one trained `alone`."""
        samples, kind = Samples(self.data, stage, self.device), Task if alone else task_kind()
        feed = feed_for(stage, self.model, self.data, self.workspace, self.progress)
        return kind(self.model, stage, samples, feed, seed=self.seed if seed is None else seed)

    def valid_features(self) -> torch.Tensor | None:
        """Features (N, F) of the validation images where the stage under way froze the backbone, else None."""
        return None if self._fit is None else self._fit.task.valid_features()

    def evaluate(
        self, indices: Indices, size: int, *, stopped: Callable[[], bool] = lambda: False
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Probabilities (n, C) and cross-entropy losses (n,) in nats of the images `indices` at `size` px.

        Each batch is reported to the learner's `progress`. `stopped` is asked before each batch: when it returns
        True, the rows of the batches so far are returned. Raises `TrainingError` when the GPU's memory does not
        suffice.
        """
        images = Images(load_pixels(self.data, size, self.workspace, self.progress), self.device)
        probabilities = np.empty((len(indices), len(self.model.classes)), dtype=np.float32)
        losses, done = np.empty(len(indices), dtype=np.float32), 0
        with evaluating(self.model), explained_memory_errors(VALIDATION_BATCH, size):
            parts = Outputs(folded(self.model), images, indices).parts()
            while done < len(indices) and not stopped():
                self.progress("Evaluating the images", done, len(indices))
                logits = next(parts)
                rows = slice(done, done + len(logits))
                labels = torch.from_numpy(self.data.labels[indices[rows]]).to(self.device)
                probabilities[rows] = logits.softmax(dim=1).cpu().numpy()
                losses[rows] = F.cross_entropy(logits, labels, reduction="none").cpu().numpy()
                done = rows.stop
            self.progress("Evaluating the images", done, len(indices))
            return probabilities[:done], losses[:done]

    @property
    def meta(self) -> LearnerMeta:
        """The header of a checkpoint taken now; raises what `state` raises."""
        self._catch_up()
        stage = self._fit.stage if self._fit else self._loaded.meta.stage if self._loaded else None
        under_way = None if self.position.due == "nothing" else stage
        return LearnerMeta(version=VERSION, seed=self.seed, position=deepcopy(self.position), stage=under_way)

    def state(self) -> LearnerState:
        """A checkpoint: copies of the weights and, within a stage, of what the optimiser and divergence need.

        Raises `DivergedError` where a batch has diverged whose record is still to come.
        """
        self._catch_up()
        tensors = copied_to_cpu((f"model/{name}", value) for name, value in self.model.state_dict().items())
        if self.position.due != "nothing" and self._fit is not None:
            remembered = optimiser_tensors(self._fit.task.optimiser, self.model)
            tensors |= copied_to_cpu((f"optimiser/{name}", value) for name, value in remembered)
            good = self._fit.good.to_keep(self.position.stage_step)
            tensors |= copied_to_cpu((f"good/{name}", value) for name, value in good.items())
        elif self.position.due != "nothing" and self._loaded is not None:
            parts = ("optimiser/", "good/")
            tensors |= {name: value for name, value in self._loaded.tensors.items() if name.startswith(parts)}
        return LearnerState(tensors, self.meta)

    def load_state(self, state: LearnerState) -> None:
        """Stand where the learner that gave `state` stood; `fit(stage, resume=True)` goes on from there.

        Raises `TrainingError` for a checkpoint of another version, `ModelError` for weights of another network.
        """
        if state.meta.version != VERSION:
            raise TrainingError(OTHER_VERSION)
        weights, own = state.part("model"), self.model.state_dict()
        if {name: value.shape for name, value in weights.items()} != {name: v.shape for name, v in own.items()}:
            raise ModelError("The checkpoint's weights are of another network. Open the run that they belong to.")
        with torch.no_grad():
            for name, value in own.items():
                value.copy_(weights[name])
        self.seed = state.meta.seed
        self.position = deepcopy(state.meta.position)
        self._fit, self._loaded = None, state
        self._unread.clear()

    def _begun(self, stage: Stage, index: int) -> Fitting:
        self._catch_up()
        fit = self._prepared(stage)
        self._fit, self._loaded = fit, None
        self.position.begin(index)
        return fit

    def _resumed(self, stage: Stage) -> Fitting:
        if self._fit is not None and self._fit.stage == stage:
            return self._fit
        if self._loaded is None:
            raise TrainingError("There is nothing to resume: this stage has not begun. Start it instead.")
        fit = self._prepared(stage)
        if self.position.due != "nothing":
            if self._loaded.meta.stage != stage:
                raise TrainingError(
                    "The stage's settings differ from those that it began with. Start it again instead."
                )
            restore_optimiser(fit.task.optimiser, self.model, self._loaded.part("optimiser"))
            fit.good.restore(self._loaded.part("good"), self.position.stage_step)
        self._fit, self._loaded = fit, None
        return fit

    def _prepared(self, stage: Stage) -> Fitting:
        rates, length = stage.group_rates(len(self.model.groups)), steps_per_epoch(stage, self.data)
        task, watch = self.task(stage), self._watch
        if watch is not None:
            watch.begin_stage()

        def norms(stage_step: int) -> list[Tensor]:
            due = watch is not None and watch.is_due(stage_step, length)
            return watch.norms(self.model.first_trained) if watch and due else []

        return Fitting(stage, task, schedule_of(stage, length), rates, GoodWeights(self.model, stage), length, norms)
