"""A range test on a run at its checkpoint; its curve is kept in the run, and written as it grows."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.errors import TrainingError
from core.jobs.control import REPORT_EVERY_S, JobControl, StoppedError
from core.jobs.restore import learner_of
from core.jobs.specs import FindSpec
from core.jobs.store import JobProgress, replace_json
from core.runs.folder import RunFolder
from core.runs.state import Curve
from core.training.curve import RangePoint, RangeSettings, curve_of
from core.training.learner import Learner
from core.training.lr_finder import range_meta, range_points
from core.training.stage import Stage
from core.training.suggestions import ANNEAL, preferred
from core.training.sweeps import sweep_for
from core.workspace import timestamp, write_json

FEWEST_KEPT = 5
"""Points that a test which was stopped must have for its curve to be kept."""


def find_lr(control: JobControl, spec: FindSpec) -> None:
    """Run the range test that a job asks for, at the run's present state; its curve is kept in the run."""
    learner, _ = learner_of(control.folder, control.progress)
    range_test(control, learner, spec.stage, RangeSettings(spec.lowest, spec.highest, spec.steps))


def range_test(
    control: JobControl,
    learner: Learner,
    stage: Stage,
    settings: RangeSettings | None = None,
    *,
    for_stage: int | None = None,
    what: str = "Finding the learning rate",
) -> Curve:
    """Run a range test for `stage` and keep its curve in the run; the learner is left as it was.

    Without `settings`, it goes over the rates that suit what the stage trains. Raises `StoppedError` when the job is
    asked to stop, with what was found until then kept.
    """
    started = time.monotonic()
    settings = settings or sweep_for(stage.freeze_to == -1)
    position = learner.position
    curve = Curve(
        name=_free_name(control.folder, for_stage),
        created=timestamp(),
        stage=stage,
        for_stage=for_stage,
        epoch=position.epoch,
        step=position.step,
        loaded=control.folder.state.loaded,
    )
    running = range_points(learner, stage, settings)
    try:
        points, stopped = _watched(control, running, curve, what, settings.steps)
    finally:
        running.close()  # type: ignore[attr-defined]  # a generator, which puts the model back when closed
    found = curve_of(points, range_meta(learner, stage, settings), asked=stopped)
    values: dict[str, Any] = {**found.to_json(), "complete": True, "seconds": time.monotonic() - started}
    path = _path(control.folder, curve.name)
    if stopped and len(points) < FEWEST_KEPT:
        path.unlink(missing_ok=True)
    else:
        curve = Curve.model_validate({**curve.model_dump(mode="json"), **values})
        write_json(path, curve.model_dump(mode="json"))
    if stopped:
        raise StoppedError
    return curve


def _watched(
    control: JobControl, running: Iterator[RangePoint], curve: Curve, what: str, steps: int
) -> tuple[list[RangePoint], bool]:
    """The points of the test, reported and written as they come, and whether the job was asked to stop."""
    points: list[RangePoint] = []
    began, written = time.monotonic(), 0.0
    for point in running:
        points.append(point)
        moment = time.monotonic()
        left = (steps - len(points)) * (moment - began) / len(points)
        control.report(JobProgress(what=what, done=len(points), total=steps, eta_s=left))
        if moment - written >= REPORT_EVERY_S:
            written = moment
            _write_so_far(control.folder, curve, points)
        if control.stopping():
            return points, True
    return points, False


def choose(folder: RunFolder, curve: Curve) -> Curve:
    """The curve with the rate that a plan takes from it, and whose suggestion that is; kept.

    It is Anneal's, else the first of the other rules' that there is. Raises `TrainingError` when there is none.
    """
    found = (ANNEAL, curve.suggestion.lr) if curve.suggestion else preferred(curve.suggestions)
    if found is None:
        raise TrainingError("The range test suggests no learning rate: its curve is too short. Give the stage a rate.")
    chosen = curve.model_copy(update={"chosen_by": found[0], "chosen": found[1]})
    write_json(_path(folder, curve.name), chosen.model_dump(mode="json"))
    return chosen


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
