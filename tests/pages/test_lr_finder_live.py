"""The LR finder page while a range test is under way, and after one that failed."""

from pathlib import Path

import numpy as np

from core.jobs import queue, store
from core.jobs.specs import FindSpec, TrainSpec
from core.jobs.store import JobProgress
from core.runs.folder import RunFolder
from core.runs.state import Curve
from core.training.stage import Stage
from tests.pages.conftest import open_page
from tests.pages.made import new_run, range_tested
from tests.pages.test_lr_finder import chart, said


def under_way(run: RunFolder, spec: FindSpec | TrainSpec, curve: Curve | None) -> None:
    """A job of the run that is at this curve."""
    job = queue.submit(run.workspace, run.id, spec)
    progress = JobProgress(what="Finding the learning rate", done=20, total=90, eta_s=12.0)
    store.write(run.workspace, job.model_copy(update={"status": "running", "here": True, "progress": progress}))
    if curve is not None:
        range_tested(run, curve.name, **curve.model_dump(exclude={"name", "stage"}))


def so_far(**changes: object) -> Curve:
    lrs = np.geomspace(1e-5, 1e-3, 20).tolist()
    values = {"name": "0002", "created": "?", "stage": Stage(freeze_to=0), "lrs": lrs, "losses": [2.0] * 20,
              "smoothed": [2.0] * 20, "complete": False}  # fmt: skip
    return Curve.model_validate({**values, **changes})


def test_a_test_under_way_shows_its_curve_over_the_whole_sweep_and_the_time_left(home: Path, quiet: None) -> None:
    run = new_run(home)
    range_tested(run, "0001", set="0001")
    spec = FindSpec(stage=Stage(freeze_to=0), lowest=1e-5, highest=0.1, steps=45, seeds=2)
    under_way(run, spec, so_far(set="0001", repeat=1))
    at = open_page("lr_finder", run=run.id)
    assert not at.exception
    assert "Seed 2 of 2, batch 20 of 45, at a rate of 1e-3, 12 s left" in said(at)
    low, high = chart(at)["layer"][0]["encoding"]["x"]["scale"]["domain"]
    assert low < 1e-5
    assert high > 0.1
    assert [layer for layer in chart(at)["layer"] if "detail" in layer.get("encoding", {})], "the first seed's curve"


def test_a_range_test_inside_a_plan_is_shown_too(home: Path, quiet: None) -> None:
    run = new_run(home)
    under_way(run, TrainSpec(), so_far(for_stage=0))
    at = open_page("lr_finder", run=run.id)
    assert not at.exception
    assert "Batch 20 of 45" in said(at)


def test_training_without_a_range_test_is_watched_elsewhere(home: Path, quiet: None) -> None:
    run = new_run(home)
    under_way(run, TrainSpec(), None)
    at = open_page("lr_finder", run=run.id)
    assert not at.exception
    assert not at.get("vega_lite_chart")
    assert any("Training page" in link.proto.label for link in at.get("page_link"))


def test_a_failed_test_says_why_and_shows_the_end_of_the_log(home: Path, quiet: None) -> None:
    run = new_run(home)
    job = queue.submit(run.workspace, run.id, FindSpec(stage=Stage(), lowest=1e-7, highest=10.0, steps=100))
    queue.end(run.workspace, job, "failed", "The *loss* was not a number.")
    (run.path / "log.txt").write_text("the last line")
    at = open_page("lr_finder", run=run.id)
    assert not at.exception
    assert any("\\*loss" in error.value for error in at.error)
    assert any("the last line" in code.value for code in at.code)
