"""How long a planned stage will take on this machine: measured in the run, else by the benchmark, else not known.

Importing this module imports no torch.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import mean, median
from typing import Literal

import numpy as np

from core.augment import NONE
from core.data.index import DataSet
from core.data.pixels import keeper, pixels_key
from core.jobs.benchmark_state import read_state
from core.model.catalogue import EFFICIENTNET_LITE0, SMALL_CNN
from core.runs.folder import RunFolder
from core.runs.rate_guard import groups_of
from core.training.benchmark_result import SIZE, BenchmarkResult
from core.training.refreezing import work
from core.training.stage import Stage
from core.training.sweeps import sweep_for

FROM_DISK, HEAD_ONLY = 0.003, 0.33
"""Time of an image from precomputed activations and of one through a frozen network, where all of it takes 1."""

SMALL_SIZE = 32
"""Side in pixels at which the benchmark trains the small network."""

PHOTO_PIXELS = 533 * 400
"""Of the photo that the benchmark decodes."""


@dataclass(frozen=True)
class StageTime:
    """Seconds that a stage takes, about, and where that was measured: in this run, or by the benchmark."""

    seconds: float
    source: Literal["run", "benchmark"]


@dataclass(frozen=True)
class Done:
    """A stage that was trained: the seconds of each of its epochs, and those of what came before the first."""

    stage: Stage
    epochs: tuple[float, ...]
    before: float


@dataclass(frozen=True)
class Pace:
    """What is known of the speed of a run's stages.

    `train` and `valid` are numbers of images, `groups` that of layer groups. `done` are the stages trained so far.
    `decoded` tells whether the images were decoded at a size in pixels. `smaller` (0..1) is the number of pixels of a
    usual image as a share of those of the benchmark's photo, at most 1: larger JPEGs are decoded at a smaller scale.
    """

    train: int
    valid: int
    groups: int
    backbone: str
    done: Sequence[Done]
    benchmark: BenchmarkResult | None
    decoded: Callable[[int], bool]
    smaller: float = 1.0

    def of(self, stage: Stage, before: Sequence[Stage] = (), *, finds: bool | None = None) -> StageTime | None:
        """The time of a planned stage, with `before` it those planned; None where nothing like it was measured.

        It includes what is made first (see `made_first`) where that is known, and a range test if the stage `finds`
        its rate with one; by default it does if it has none.
        """
        steps = sweep_for(stage.freeze_to == -1).steps if (stage.lr is None if finds is None else finds) else 0
        first = self.made_first(stage, before) or 0.0
        like = next((done for done in reversed(self.done) if self._kind(done.stage) == self._kind(stage)), None)
        if like is not None:
            trained = min(1.0, len(like.epochs) / like.stage.epochs)
            scale = self._images(stage) / self._images(like.stage, trained)
            first_epoch, usual = like.epochs[0], median(like.epochs[1:] or like.epochs)
            if (
                like.stage.grow_from is not None or like.stage.freeze_early_after is not None
            ):  # no epoch is like another
                first_epoch = usual = mean(like.epochs)
            batch = usual * stage.batch_size / max(1.0, self.train * like.stage.share)
            epochs = first_epoch + (stage.epochs - 1) * usual
            tested = (
                1.0 if stage.precompute else (stage.first_size / like.stage.size) ** 2 / work(like.stage, 0, trained)
            )
            return StageTime(first + scale * epochs + tested * steps * batch, "run")
        speeds = self._speeds(stage.size)
        if speeds is None:
            return None
        forward, whole = speeds
        images = max(1.0, stage.share * self.train)
        head = stage.freeze_to % self.groups == self.groups - 1
        image = FROM_DISK * whole if stage.precompute else forward if head else whole
        shown, tested = stage.epochs * images * work(stage), (stage.first_size / stage.size) ** 2
        checks = 1 if head else stage.epochs  # features of a frozen backbone are kept
        checking = 0.0 if stage.precompute else checks * self.valid * forward
        return StageTime(first + image * (shown + tested * steps * stage.batch_size) + checking, "benchmark")

    def made_first(self, stage: Stage, before: Sequence[Stage] = ()) -> float | None:
        """Seconds to make what the stage needs and is not there: decoded pixels, activations; None if not known."""
        past = [*(done.stage for done in self.done), *before]
        pixels = not (self.decoded(stage.size) or any(one.size == stage.size for one in past))
        features = stage.precompute and not _has_activations(stage.size, past, self.groups)
        if not (pixels or features):
            return 0.0
        count, speeds = self.train + self.valid, self._speeds(stage.size)
        if self.benchmark is not None and speeds is not None:
            decoding = self.smaller / self.benchmark.decode
            return count * ((decoding if pixels else 0.0) + (speeds[0] if features else 0.0))
        like = next((done for done in reversed(self.done) if done.stage.precompute), None)
        return None if like is None or not features else like.before * (stage.size / like.stage.size) ** 2

    def _kind(self, stage: Stage) -> tuple[object, ...]:
        """Stages of one kind take the same time for an image of a size."""
        return stage.precompute, stage.freeze_to % self.groups, stage.augmentation != NONE

    def _images(self, stage: Stage, until: float = 1.0) -> float:
        """The images of an epoch, counted in pixels where pixels are what takes time; mean up to a share of a stage."""
        pixels = 1.0 if stage.precompute else float(stage.size**2)
        return pixels * (work(stage, 0, until) * stage.share * self.train + self.valid)

    def _speeds(self, size: int) -> tuple[float, float] | None:
        """Seconds of an image forward, and of one that the whole network is trained on, as the benchmark says."""
        if self.benchmark is None:
            return None
        if self.backbone == EFFICIENTNET_LITE0:
            pixels = (size / SIZE) ** 2
            return pixels / self.benchmark.features, pixels / self.benchmark.train
        if self.backbone == SMALL_CNN:
            whole = (size / SMALL_SIZE) ** 2 / self.benchmark.small
            return HEAD_ONLY * whole, whole
        return None


def pace_of(run: RunFolder, data: DataSet) -> Pace:
    """What a run's history and its workspace's benchmark say; raises `RunError` when the run's state is damaged."""
    info, state = run.info, run.state
    seconds: dict[int, list[float]] = {}
    for row in run.history.rows("epoch"):
        seconds.setdefault(row["stage"], []).append(row["seconds"])
    done = [
        Done(stage, tuple(seconds[place]), max(0.0, state.stages[place].seconds - sum(seconds[place])))
        for place, stage in enumerate(state.readable_stages)
        if seconds.get(place)
    ]
    machine = read_state(run.workspace)
    return Pace(
        train=len(data.indices("train")),
        valid=len(data.indices("valid")),
        groups=groups_of(info),
        backbone=info.backbone,
        done=done,
        benchmark=machine.result if machine is not None and machine.status == "done" else None,
        decoded=lambda size: (keeper(data, size, run.workspace).pixels / f"{pixels_key(data, size)}.npy").exists(),
        smaller=min(1.0, float(np.median(data.items.widths * data.items.heights)) / PHOTO_PIXELS),
    )


def _has_activations(size: int, past: Sequence[Stage], groups: int) -> bool:
    """Whether activations of this size were made after the last stage that changed the backbone."""
    for stage in reversed(past):
        if stage.freeze_to % groups != groups - 1:
            return False
        if stage.precompute and stage.size == size:
            return True
    return False
