"""Range tests on a run at its checkpoint; their curves are kept in the run, and written as they grow."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.errors import TrainingError
from core.jobs.control import REPORT_EVERY_S, JobControl, StoppedError
from core.jobs.restore import learner_of
from core.jobs.specs import FindSpec
from core.jobs.store import JobProgress, replace_json
from core.runs.folder import RunFolder
from core.runs.state import Curve
from core.training.curve import RangeCurve, RangePoint, RangeSettings, curve_of
from core.training.learner import Learner
from core.training.lr_finder import part_of, range_meta, range_points, usual
from core.training.stage import Stage
from core.training.suggestions import ANNEAL, preferred
from core.training.vsgd import estimate
from core.workspace import timestamp, write_json

THIS = "this"
"""Stands for the name of a set's first curve before it has one."""

FEWEST_KEPT = 5
"""Points that a test which was stopped must have for its curve to be kept."""


def find_lr(control: JobControl, spec: FindSpec) -> str:
    """Run the range tests that a job asks for, at the run's present state; their curves are kept in the run.

    Returns a sentence when a vSGD estimate was asked for and there is none; the curves are kept all the same.
    """
    learner, _ = learner_of(control.folder, control.progress)
    settings, clock = RangeSettings(spec.lowest, spec.highest, spec.steps), Clock(spec.steps * spec.seeds)
    curves: list[Curve] = []
    for repeat in range(spec.seeds):
        together = (curves[0].name if curves else THIS) if spec.seeds > 1 else None
        what = part_of("Finding the learning rate", repeat, spec.seeds)
        test = RangeTest(spec.stage, settings, what=what, repeat=repeat, set=together)
        curves.append(test.run(control, learner, clock))
    return _with_vsgd(control, learner, spec.stage, curves) if spec.vsgd else ""


def range_test(control: JobControl, learner: Learner, stage: Stage, *, for_stage: int, what: str) -> Curve:
    """Run a range test for `stage` of a plan over the rates that suit it, and keep its curve; see `RangeTest.run`."""
    settings = usual(stage)
    test = RangeTest(stage, settings, what=what, for_stage=for_stage)
    return test.run(control, learner, Clock(settings.steps))


@dataclass
class Clock:
    """How many batches of `total` are done, and how long the others will take."""

    total: int
    done: int = 0
    trained: int = 0
    began: float = field(default_factory=time.monotonic)

    def progress(self, what: str) -> JobProgress:
        """What to report after one more batch."""
        self.done, self.trained = self.done + 1, self.trained + 1
        left = (self.total - self.done) * (time.monotonic() - self.began) / self.trained
        return JobProgress(what=what, done=self.done, total=self.total, eta_s=left)

    def skip(self, batches: int) -> None:
        """Batches that will not be trained, because a test ended early."""
        self.done += batches


@dataclass(frozen=True)
class RangeTest:
    """One range test: for which `stage`, over which rates, and as which `repeat` of a `set` of them.

    `set` is the name of the set's first curve, `THIS` for the first itself and None for a test alone.
    """

    stage: Stage
    settings: RangeSettings
    what: str
    for_stage: int | None = None
    repeat: int = 0
    set: str | None = None

    def run(self, control: JobControl, learner: Learner, clock: Clock) -> Curve:
        """Run it and keep its curve in the run; the learner is left as it was.

        Raises `StoppedError` when the job is asked to stop, with what was found until then kept.
        """
        started, position = time.monotonic(), learner.position
        name = _free_name(control.folder, self.for_stage)
        curve = Curve(
            name=name,
            created=timestamp(),
            stage=self.stage,
            for_stage=self.for_stage,
            epoch=position.epoch,
            step=position.step,
            loaded=control.folder.state.loaded,
            repeat=self.repeat,
            set=name if self.set == THIS else self.set,
        )
        running = range_points(learner, self.stage, self.settings, repeat=self.repeat)
        try:
            points, stopped = self._watched(control, running, curve, clock)
        finally:
            running.close()  # type: ignore[attr-defined]  # a generator, which puts the model back when closed
        meta = range_meta(learner, self.stage, self.settings, repeat=self.repeat)
        curve = _complete(curve, curve_of(points, meta, asked=stopped), time.monotonic() - started)
        if stopped and len(points) < FEWEST_KEPT:
            _path(control.folder, curve.name).unlink(missing_ok=True)
        else:
            _write(control.folder, curve)
        if stopped:
            raise StoppedError
        return curve

    def _watched(
        self, control: JobControl, running: Iterator[RangePoint], curve: Curve, clock: Clock
    ) -> tuple[list[RangePoint], bool]:
        """The points of the test, reported and written as they come, and whether the job was asked to stop."""
        points: list[RangePoint] = []
        written = 0.0
        for point in running:
            points.append(point)
            control.report(clock.progress(self.what))
            moment = time.monotonic()
            if moment - written >= REPORT_EVERY_S:
                written = moment
                _write_so_far(control.folder, curve, points)
            if control.stopping():
                return points, True
        clock.skip(self.settings.steps - len(points))
        return points, False


def _complete(curve: Curve, found: RangeCurve, seconds: float) -> Curve:
    """The curve of a test that has ended, with what was found."""
    known = {"batches": found.meta.batches, "classes": found.meta.classes, "complete": True, "seconds": seconds}
    values: dict[str, Any] = {**curve.model_dump(mode="json"), **found.to_json(), **known}
    return Curve.model_validate(values)


def _with_vsgd(control: JobControl, learner: Learner, stage: Stage, curves: list[Curve]) -> str:
    """Estimate vSGD's rate at the same state, keep it with every curve; a sentence where there is none."""
    began = time.monotonic()

    def report(what: str, done: int, total: int) -> None:
        control.check()
        eta = (total - done) * (time.monotonic() - began) / done if done else None
        control.report(JobProgress(what=what, done=done, total=total, eta_s=eta))

    try:
        found = estimate(learner, stage, progress=report)
    except TrainingError as error:
        return f"The range test is done, but vSGD has no estimate: {error}"
    for curve in curves:
        _write(control.folder, curve.model_copy(update={"vsgd": found}))
    return ""


def choose(folder: RunFolder, curve: Curve) -> Curve:
    """The curve with the rate that a plan takes from it, and whose suggestion that is; kept.

    It is Anneal's, else the first of the other rules' that there is. Raises `TrainingError` when there is none.
    """
    found = (ANNEAL, curve.suggestion.lr) if curve.suggestion else preferred(curve.suggestions)
    if found is None:
        raise TrainingError("The range test suggests no learning rate: its curve is too short. Give the stage a rate.")
    chosen = curve.model_copy(update={"chosen_by": found[0], "chosen": found[1]})
    _write(folder, chosen)
    return chosen


def _write(folder: RunFolder, curve: Curve) -> None:
    """Keep a whole curve."""
    write_json(_path(folder, curve.name), curve.model_dump(mode="json"))


def _write_so_far(folder: RunFolder, curve: Curve, points: list[RangePoint]) -> None:
    """Write the curve as far as it is, for pages to show."""
    so_far = {
        "lrs": [point.lr for point in points],
        "losses": [point.loss for point in points],
        "smoothed": [point.smoothed for point in points],
    }
    path = _path(folder, curve.name)
    path.parent.mkdir(exist_ok=True)
    replace_json(path, curve.model_copy(update=so_far).model_dump(mode="json"))


def _path(folder: RunFolder, name: str) -> Path:
    return folder.path / "finder" / f"{name}.json"


def _free_name(folder: RunFolder, for_stage: int | None) -> str:
    """The next number, or that of an earlier test to replace: one that broke off, or one for the same stage."""
    again = [
        c.name for c in folder.all_curves() if not c.complete or (for_stage is not None and c.for_stage == for_stage)
    ]
    if again:
        return again[-1]
    taken = [int(path.stem) for path in (folder.path / "finder").glob("*.json") if path.stem.isdecimal()]
    return f"{max(taken, default=0) + 1:04d}"
