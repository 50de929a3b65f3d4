"""Progress through a plan, and the time left for all of it: range tests, preparations, training and validation.

The time of an image is measured for each kind of stage. Until a kind has been trained, it is taken from a range test,
from the benchmark of this machine, or from other kinds and the usual ratios between them; it is then called "about".
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal

from core.data.index import DataSet
from core.jobs.store import JobProgress
from core.training.benchmark_result import SIZE, BenchmarkResult
from core.training.refreezing import work
from core.training.schedules import steps_per_epoch
from core.training.stage import Plan, Stage
from core.training.sweeps import sweep_for

Kind = Literal["activations", "head", "whole"]

RATIOS: dict[Kind, float] = {"activations": 0.003, "head": 0.33, "whole": 1.0}
"""Time of an image from precomputed activations, through a frozen network, and where all of it is trained."""

THROUGH: tuple[Kind, ...] = ("whole", "head")
"""The kinds whose images go through the network: how fast they are says more than activations do."""

SMALL_SIZE = 32
"""Side in pixels at which the benchmark trains the small network."""

SETTLING = 5
"""Batches after which a pace counts as measured."""

ACTIVATIONS = "Computing activations"
"""What the computation of activations reports as."""


def kind_of(stage: Stage) -> Kind:
    """What the time of a stage's batches depends on most."""
    return "activations" if stage.precompute else "head" if stage.freeze_to == -1 else "whole"


def effort(stage: Stage, begin: float = 0.0, end: float = 1.0) -> float:
    """Relative time of one of a stage's images among stages of its kind: it grows with the number of pixels.

    It is the mean between two shares (0..1) of the stage's batches, during which images may grow.
    """
    return 1.0 if stage.precompute else (stage.size / SIZE) ** 2 * work(stage, begin, end)


def from_benchmark(found: BenchmarkResult, *, small: bool) -> dict[Kind, float]:
    """Seconds of an image of 128 px for each kind of stage, from a machine's benchmark; `small`: of the small network.

    >>> result = BenchmarkResult(
    ...     decode=500, features=400, train=100, small=4000, device="a processor", threads=2, torch="2.15"
    ... )
    >>> from_benchmark(result, small=False)["whole"]
    0.01
    """
    whole = (SIZE / SMALL_SIZE) ** 2 / found.small if small else 1 / found.train
    head = whole * RATIOS["head"] if small else 1 / found.features
    return {"activations": whole * RATIOS["activations"], "head": head, "whole": whole}


@dataclass
class _Pace:
    """Images of one stage or range test: how many were trained since `began`, weighed by their effort."""

    place: int
    step: int
    began: float


class Eta:
    """Progress through the stages of a plan from stage `first` on, and the seconds left for all of them.

    `expected` has the seconds of an image of 128 px for each kind of stage, as far as they are known beforehand (see
    `from_benchmark`). `clock` gives the seconds.
    """

    def __init__(
        self,
        plan: Plan,
        data: DataSet,
        *,
        first: int = 0,
        expected: dict[Kind, float] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.plan = plan
        self.steps = [stage.epochs * steps_per_epoch(stage, data) for stage in plan.stages]
        self._images = len(data.items)
        self._valid = len(data.indices("valid"))
        self._clock = clock
        self._began = clock()
        self._place, self._step = first, 0
        self._what = ""
        self._expected = expected or {}
        self._measured: dict[Kind, float] = {}
        self._seen: dict[Kind, float] = {}
        self._lines: dict[Kind, float] = {}
        self._pace: _Pace | None = None
        self._preparing: tuple[str, int, float] | None = None
        self._tested = -1
        self._share = 0.0

    def at(self, place: int, stage_step: int, epoch: int) -> JobProgress:
        """Progress at step `stage_step` of stage `place`, in its epoch `epoch` (from 1)."""
        stage = self.plan.stages[place]
        self._place, self._step, self._preparing = place, stage_step, None
        self._measure(place, stage_step)
        self._what = f"Stage {place + 1} of {len(self.plan.stages)}, epoch {min(epoch, stage.epochs)} of {stage.epochs}"
        left, sure = self._left(place, stage_step)
        done = sum(self.steps[:place]) + stage_step
        return self._progress(self._what, done, sum(self.steps), left, about=not sure)

    def around(self, progress: JobProgress) -> JobProgress:
        """The progress of what is done before or between batches, with the time left for the whole plan.

        It is a range test when it says how long it will take itself, else a preparation or a validation.
        """
        if progress.part is not None:
            return progress
        place, step = self._place, self._step
        if step >= self.steps[place] and place + 1 < len(self.plan.stages):
            place, step = place + 1, 0
        if step:
            what = f"{self._what}, {progress.what[:1].lower()}{progress.what[1:]}"
            left, sure = self._left(place, step)
            return self._progress(what, progress.done, progress.total, left, about=not sure)
        if progress.eta_s is not None:
            self._measure_test(place, progress)
            own = progress.eta_s if progress.done >= SETTLING else None
            self._tested = place if own is not None else self._tested
        else:
            own = self._prepared(place, progress)
        prepared = own is not None and (progress.eta_s is not None or progress.what == ACTIVATIONS)
        rest, _ = self._left(place, 0, prepared=prepared)
        left = None if rest is None else rest + (own or 0.0)
        what = f"{progress.what}: {progress.done:,} of {progress.total:,}" if progress.total else progress.what
        return self._progress(what, progress.done, progress.total, left, about=True, now=own)

    def measured_a_cycle(self, seconds: float) -> None:
        """So many seconds have just gone into measuring what a cycle did: no part of the pace of training.

        The cycles still to come in stages of its kind are taken to need as many.
        """
        self._lines[kind_of(self.plan.stages[self._place])] = seconds
        if self._pace is not None:
            self._pace.began += seconds

    def _progress(
        self, what: str, done: int, total: int, left: float | None, *, about: bool, now: float | None = None
    ) -> JobProgress:
        passed = self._clock() - self._began
        if left is None:
            share = sum([*self.steps[: self._place], self._step]) / sum(self.steps)
        else:
            share = passed / (passed + left) if passed + left > 0 else 0.0
        self._share = min(1.0, max(self._share, share))
        return JobProgress(what=what, done=done, total=total, eta_s=left, about=about, now_s=now, part=self._share)

    def _measure(self, place: int, step: int) -> None:
        """Take the pace of the present stage's batches, with its validations, once there are enough of them."""
        if not step:
            return
        if self._pace is None or self._pace.place != place:
            self._pace = _Pace(place, step, self._clock())  # after its first step: what came before was preparation
        trained, stage = step - self._pace.step, self.plan.stages[place]
        if trained >= SETTLING:
            shares = self._pace.step / self.steps[place], step / self.steps[place]
            images = trained * stage.batch_size * effort(stage, *shares)
            self._measured[kind_of(stage)] = (self._clock() - self._pace.began) / images

    def _measure_test(self, place: int, progress: JobProgress) -> None:
        """Take the pace of a range test's batches for its kind of stage."""
        stage, left = self.plan.stages[place], progress.total - progress.done
        if progress.done >= SETTLING and left and progress.eta_s:
            self._seen[kind_of(stage)] = progress.eta_s / left / stage.batch_size / effort(stage, 0.0, 0.0)

    def _prepared(self, place: int, progress: JobProgress) -> float | None:
        """Seconds left of a preparation, at its own pace; that of activations tells how fast the frozen network is."""
        if self._preparing is None or self._preparing[0] != progress.what or progress.done < self._preparing[1]:
            self._preparing = progress.what, progress.done, self._clock()
        _, first, began = self._preparing
        if progress.done <= first or not progress.total:
            return None
        pace = (self._clock() - began) / (progress.done - first)
        stage = self.plan.stages[place]
        if progress.what == ACTIVATIONS:
            self._seen["head"] = pace / (stage.size / SIZE) ** 2
        return pace * (progress.total - progress.done)

    def _left(self, place: int, step: int, *, prepared: bool = False) -> tuple[float | None, bool]:
        """Seconds from step `step` of stage `place` to the plan's end, and whether all of them were measured.

        None where nothing is known yet. `prepared` leaves out the preparation of the first of these stages.
        """
        total, sure = 0.0, True
        for other in range(place, len(self.plan.stages)):
            stage, before = self.plan.stages[other], step if other == place else 0
            pace, measured = self._pace_of(kind_of(stage))
            if pace is None:
                return None, False
            images = (self.steps[other] - before) * stage.batch_size
            per_image = pace * effort(stage, before / self.steps[other])
            total += per_image * images + self._lines.get(kind_of(stage), 0.0) * self._cycles(other, before)
            if not measured:
                total += self._validations(stage)
            if not before:
                total += self._before(other, pace, prepared=prepared and other == place)
                sure = False
            sure = sure and measured
        return total, sure

    def _cycles(self, place: int, step: int) -> int:
        """Cycles of a stage that end after so many of its steps."""
        stage = self.plan.stages[place]
        ends = accumulate(stage.cycle_lengths)
        return sum(end * self.steps[place] > step * stage.epochs for end in ends) if stage.measure_after_cycle else 0

    def _validations(self, stage: Stage) -> float:
        """Seconds of a stage's validations, where its pace does not contain them; a frozen network needs them once."""
        pace, _ = self._pace_of("head")
        times = {"activations": 0, "head": 1, "whole": stage.epochs}[kind_of(stage)]
        return (pace or 0.0) * times * self._valid * (stage.size / SIZE) ** 2

    def _before(self, place: int, pace: float, *, prepared: bool) -> float:
        """Seconds of what comes before a stage's first batch: activations of all images, and a range test.

        `prepared` leaves out the activations; a range test that is under way or done is left out too.
        """
        stage, seconds = self.plan.stages[place], 0.0
        alike = [other for other in self.plan.stages[:place] if other.precompute and other.size == stage.size]
        if stage.precompute and not (alike or prepared):
            seconds += (self._pace_of("head")[0] or 0.0) * self._images * (stage.size / SIZE) ** 2
        if stage.lr is None and not self.plan.goes_on(place) and place != self._tested:
            seconds += pace * effort(stage, 0.0, 0.0) * stage.batch_size * sweep_for(stage.freeze_to == -1).steps
        return seconds

    def _pace_of(self, kind: Kind) -> tuple[float | None, bool]:
        """Seconds of an image of 128 px of a kind of stage, and whether stages of that kind were trained."""
        if kind in self._measured:
            return self._measured[kind], True
        if kind in self._seen:
            return self._seen[kind], False
        known = {**self._seen, **self._measured}
        through = [other for other in THROUGH if other in known]
        if kind in self._expected:
            compared = [known[other] / self._expected[other] for other in through if other in self._expected]
            return self._expected[kind] * (compared[0] if compared else 1.0), False
        for other in [*through, *known]:
            return known[other] * RATIOS[kind] / RATIOS[other], False
        return None, False
