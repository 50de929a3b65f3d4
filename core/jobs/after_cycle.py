"""What a restart did, measured by the worker when a cycle has ended: the line from the snapshot before to the new one.

It may take a share of the time that the cycle took: as many images as that allows, or it is left out, and the history
says so. Nothing that training uses is touched: weights are measured in a copy of the network, with random numbers of
its own.
"""

import copy
import time
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property

import numpy as np
from torch import Tensor

from core.data.index import Indices
from core.data.pixels import load_pixels
from core.errors import AnnealError
from core.jobs.checkpointer import Checkpointer
from core.jobs.control import JobControl, StoppedError
from core.jobs.lines import MOST_IMAGES, STATISTICS, Bench, some_of
from core.model.machine import copied_to_cpu
from core.results.restarts import POINTS, CycleLine
from core.results.weights import Weights, same_backbone
from core.runs.history import HistoryWriter
from core.runs.names import CYCLE
from core.runs.state import StageState
from core.training.feeds import Images
from core.training.learner import Learner
from core.training.randomness import isolated, seed_of
from core.training.records import CycleRecord

SHARE = 0.1
"""Share of the time that a cycle took which its line may take."""

FREE_S = 0.5
"""Seconds that a line may take after any cycle, however short."""

FEWEST_IMAGES = 32
"""With fewer images a line says too little, and is left out."""

STOPPED = "{to}: not measured, because the job was stopped meanwhile."
OTHER_SIZE = "{to}: not measured, because the two were trained on images of {before} and {now} px."
TOO_LONG = (
    "{to}: not measured, because {points} points on {images} images would take about {needs:.1f} s, and "
    "{allowed:.1f} s are allowed after a cycle of {cycle:.1f} s. Once the job has ended, a button on the Training page "
    "measures it all the same."
)
NO_NUMBER = "{to}: not measured, because the loss between the two is not a number."


class AfterCycle:
    """Measures the line to the end of each cycle of a training job, and appends it to the run's history."""

    def __init__(
        self,
        control: JobControl,
        learner: Learner,
        checkpointer: Checkpointer,
        history: HistoryWriter,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._control = control
        self._learner = learner
        self._checkpointer = checkpointer
        self._history = history
        self._clock = clock
        self._images: tuple[int, Images] | None = None

    def measure(self, record: CycleRecord, now: StageState) -> None:
        """Measure what the cycle that has just ended did; nothing after the first one of a run.

        Raises `StoppedError` when asked to stop within a stage; at a stage's end the stage is first written down.
        """
        first, second = self._before(record, now), f"{CYCLE}{record.cycle}"
        if first is None:
            return
        size = now.settings.size
        about = CycleLine(stage=record.stage, cycle=record.cycle, first=first, second=second, size=size)
        began = self._clock()
        try:
            found = self._measured(about)
        except StoppedError:
            self._write(_skipped(about, STOPPED), began)
            if self._learner.position.due != "nothing":
                raise
            return
        except AnnealError as error:
            found = _skipped(about, "{to}: not measured. {error}", error=error)
        self._write(found, began)

    def _write(self, line: CycleLine, began: float) -> None:
        self._history.append(line.model_copy(update={"seconds": self._clock() - began}).model_dump(mode="json"))

    def _before(self, record: CycleRecord, now: StageState) -> str | None:
        """The snapshot that the cycle began from: that of the cycle before, or one that was loaded for its stage."""
        earlier = [row for row in self._control.folder.history.rows("cycle") if row["cycle"] < record.cycle]
        if now.loaded is not None and not any(row["stage"] == now.index for row in earlier):
            return now.loaded
        return f"{CYCLE}{record.cycle - 1}" if record.cycle > 1 else None

    def _measured(self, about: CycleLine) -> CycleLine:
        before = self._checkpointer.size_of(about.first)
        if before != about.size:
            return _skipped(about, OTHER_SIZE, before=before, now=about.size)
        start: Weights = self._checkpointer.weights_of(about.first)
        end: Weights = copied_to_cpu(self._learner.model.state_dict().items())
        with isolated(self._learner.device, seed_of(self._learner.seed, "after cycle", about.cycle)):
            bench = self._bench(about.size)
            features = self._features(len(bench.few)) if same_backbone([start, end]) else None
            if features is None:
                cycle, took = self._seconds(about), self._probed(bench, end)
                allowed = max(FREE_S, SHARE * cycle)
                fit = int(allowed / (POINTS * took) * FEWEST_IMAGES)
                if fit < min(FEWEST_IMAGES, len(bench.few)):
                    figures = {"points": POINTS, "images": FEWEST_IMAGES, "needs": POINTS * took}
                    return _skipped(about, TOO_LONG, **figures, allowed=allowed, cycle=cycle)
                bench = replace(bench, few=bench.few[:fit], train=bench.train[: 2 * fit])
            line = bench.line(about.first, about.second, start, end, self._control.progress, features)
        if not np.isfinite([*line.losses, line.error]).all():
            return _skipped(about, NO_NUMBER)
        return about.model_copy(update={"line": line, "images": len(bench.few)})

    def _bench(self, size: int) -> Bench:
        """A copy of the network, and the images that it is measured on."""
        learner, few, train = self._learner, self._few, self._train
        if self._images is None or self._images[0] != size:
            pixels = load_pixels(learner.data, size, self._control.workspace, self._control.progress)
            self._images = size, Images(pixels[np.concatenate([few, train])], learner.device)
        model, labels = copy.deepcopy(learner.model), learner.data.labels[np.concatenate([few, train])]
        places = np.arange(len(labels))
        return Bench(model, self._images[1], labels, places[: len(few)], places[len(few) :], self._control.check)

    @cached_property
    def _few(self) -> Indices:
        return some_of(self._learner.data, "valid", MOST_IMAGES)

    @cached_property
    def _train(self) -> Indices:
        return some_of(self._learner.data, "train", STATISTICS)

    def _features(self, count: int) -> Tensor | None:
        """The features of the few where training has those of all validation images at hand."""
        known = self._learner.valid_features()
        if known is None:
            return None
        place = {int(image): row for row, image in enumerate(self._learner.data.indices("valid"))}
        return known[[place[int(image)] for image in self._few[:count]]]

    def _probed(self, bench: Bench, state: Weights) -> float:
        """Seconds of a point that is measured on the fewest images."""
        probe = replace(bench, few=bench.few[:FEWEST_IMAGES], train=bench.train[: 2 * FEWEST_IMAGES])
        began = self._clock()
        probe.measured(state, probe.few, None)
        return max(self._clock() - began, 1e-6)

    def _seconds(self, about: CycleLine) -> float:
        """Seconds that the cycle took: those of its epochs."""
        history = self._control.folder.history
        ends = {row["cycle"]: row["epoch"] for row in history.rows("cycle")}
        first, last = ends.get(about.cycle - 1, 0), ends.get(about.cycle, 0)
        return float(sum(row["seconds"] for row in history.rows("epoch") if first < row["epoch"] <= last))


def _skipped(about: CycleLine, why: str, **figures: object) -> CycleLine:
    said = why.format(to=f"{about.first} to {about.second}", **figures)
    return about.model_copy(update={"skipped": said[:400]})
