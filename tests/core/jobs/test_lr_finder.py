"""Range tests as jobs on a run: several seeds, vSGD's estimate beside them, and what is left when they end early."""

import json

import pytest
import torch

from core.errors import TrainingError
from core.jobs import lr_finder
from core.jobs.specs import FindSpec, TrainSpec
from core.runs.checkpoint import read_weights
from core.runs.state import Curve
from core.training.stage import Plan, Stage
from core.training.suggest import suggest
from core.training.vsgd_record import VsgdEstimate
from core.workspace import read_json, write_json

STAGE = Stage(freeze_to=0, size=16, batch_size=8)


def spec(**values):
    return FindSpec(**{"stage": STAGE, "steps": 20, "lowest": 1e-5, "highest": 0.01, **values})


@pytest.fixture
def trained(run, work):
    """The run after a stage, and its checkpoint."""
    work(TrainSpec(plan=Plan(stages=(STAGE.model_copy(update={"lr": (0.01,)}),))))
    return run.checkpoint.read_bytes()


def test_several_seeds_are_a_set_of_curves(run, work, trained):
    reports = []
    work(spec(seeds=3), progress=lambda *said: reports.append(said))
    curves = run.curves()
    assert [(curve.set, curve.repeat, len(curve.lrs)) for curve in curves] == [
        (curves[0].name, n, 20) for n in range(3)
    ]
    assert len({tuple(curve.losses) for curve in curves}) == 3
    assert len({(curve.epoch, curve.step) for curve in curves}) == 1
    found = [said for said in reports if said[0].startswith("Finding the learning rate")]
    assert [done for _, done, _ in found] == list(range(1, 61))
    assert {total for *_, total in found} == {60}
    assert found[-1][0] == "Finding the learning rate, seed 3 of 3"
    assert run.checkpoint.read_bytes() == trained


def test_the_first_of_a_set_is_the_test_alone(run, work, trained):
    work(spec())
    work(spec(seeds=2))
    alone, first, second = run.curves()
    assert (alone.set, alone.repeat) == (None, 0)
    assert alone.losses == first.losses != second.losses


def test_a_stopped_set_keeps_the_seeds_that_are_done(run, work, trained, monkeypatch):
    asked = {"stop": False}

    def stop(what, done, total):
        asked["stop"] = asked["stop"] or done == 29

    monkeypatch.setattr(lr_finder.JobControl, "stopping", lambda self: asked["stop"])
    assert work(spec(seeds=3), progress=stop).status == "stopped"
    first, second = run.curves()
    assert (first.stopped, second.stopped) == ("end", "asked")
    assert (len(first.lrs), len(second.lrs)) == (20, 9)
    assert first.set == second.set == first.name
    assert run.checkpoint.read_bytes() == trained


def test_what_a_test_leaves_out_at_its_end_counts_as_done():
    clock = lr_finder.Clock(20)
    for _ in range(5):
        half = clock.progress("it")
    clock.skip(5)
    later = clock.progress("it")
    assert (half.done, later.done, later.total) == (5, 11, 20)
    assert 0 <= later.eta_s < 60


def test_vsgds_estimate_is_kept_with_every_curve_of_the_set(run, work, trained):
    reports = []
    assert work(spec(seeds=2, vsgd=True), progress=lambda *said: reports.append(said)).message == ""
    first, second = run.curves()
    assert isinstance(first.vsgd, VsgdEstimate)
    assert first.vsgd == second.vsgd
    assert first.vsgd.low <= first.vsgd.rate <= first.vsgd.high
    assert reports[-1] == ("Estimating the rate by vSGD", 16, 16)
    assert run.checkpoint.read_bytes() == trained
    work(spec())
    assert run.curves()[-1].vsgd is None


def test_without_an_estimate_the_curve_stays_and_a_sentence_says_why(run, work, trained, monkeypatch):
    def fails(*args, **more):
        raise TrainingError("The gradient is zero.")

    monkeypatch.setattr(lr_finder, "estimate", fails)
    job = work(spec(vsgd=True))
    assert (job.status, job.message) == (
        "done",
        "The range test is done, but vSGD has no estimate: The gradient is zero.",
    )
    (curve,) = run.curves()
    assert (curve.stopped, curve.vsgd) == ("end", None)


def test_a_stop_during_the_estimate_keeps_the_curve(run, work, trained, monkeypatch):
    asked = {"stop": False}

    def stop(what, done, total):
        asked["stop"] = asked["stop"] or (what.startswith("Estimating") and done == 3)

    monkeypatch.setattr(lr_finder.JobControl, "stopping", lambda self: asked["stop"])
    assert work(spec(vsgd=True), progress=stop).status == "stopped"
    (curve,) = run.curves()
    assert (curve.complete, curve.stopped, curve.vsgd) == (True, "end", None)
    assert run.checkpoint.read_bytes() == trained


@pytest.mark.parametrize("seeds", [0, 11])
def test_a_job_has_one_to_ten_seeds(seeds):
    with pytest.raises(ValueError, match="seeds"):
        spec(seeds=seeds)


def test_a_job_of_an_earlier_version_has_one_seed():
    old = {"stage": STAGE.model_dump(mode="json"), "steps": 20, "lowest": 1e-5, "highest": 0.01, "kind": "lr_finder"}
    assert (FindSpec.model_validate(old).seeds, FindSpec.model_validate(old).vsgd) == (1, False)


def older(run, **without):
    """Write the run's curve as an earlier version did: without a suggestion and what it depends on."""
    (path,) = (run.path / "finder").glob("*.json")
    written = read_json(path)
    for name in ("suggestion", "batches", "classes", "set", "repeat", "vsgd"):
        del written[name]
    write_json(path, {**written, **without})


def test_a_curve_without_a_suggestion_gets_it_from_its_losses(run, work, trained):
    work(spec(steps=40, highest=0.1))
    (before,) = run.curves()
    older(run)
    (curve,) = run.curves()
    batches = -(-48 // 8)  # 48 training images
    assert curve.suggestion == before.suggestion
    assert curve.suggestion == suggest(curve.lrs, curve.losses, steps=batches, classes=3, only_the_head=False)


def test_where_it_cannot_be_read_off_there_is_none(run, work, trained):
    work(spec())
    older(run, lrs=[1e-3, 1e-4], losses=[1.0, 2.0], smoothed=[1.0, 2.0])
    assert run.curves()[0].suggestion is None
    older_losses = {"lrs": [], "losses": [], "smoothed": []}
    (path,) = (run.path / "finder").glob("*.json")
    write_json(path, {**read_json(path), **older_losses})
    assert run.curves()[0].suggestion is None
    write_json(path, {**read_json(path), "lrs": [1e-4], "losses": [2.0], "smoothed": [2.0], "stage": {"unknown": 1}})
    assert run.curves()[0].suggestion is None
    (run.path / "data.json").write_text("{}")
    write_json(path, {**read_json(path), "stage": json.loads(STAGE.model_dump_json())})
    assert type(run)(run.path, run.workspace).curves()[0].suggestion is None


def test_a_curves_own_numbers_come_before_the_runs(run, work, trained):
    work(spec(steps=40, highest=0.1))
    older(run, batches=5000, classes=3)
    (curve,) = run.curves()
    assert curve.suggestion == suggest(curve.lrs, curve.losses, steps=5000, classes=3, only_the_head=False)
    assert isinstance(curve, Curve)


def test_weights_are_left_as_they_were_by_all_of_it(run, work, trained):
    before = read_weights(run.checkpoint)
    work(spec(seeds=2, vsgd=True))
    after = read_weights(run.checkpoint)
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
