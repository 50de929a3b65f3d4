"""The line that the worker measures when a cycle has ended: its ends, its cost, and that training is not touched."""

import pytest
import torch
from safetensors.torch import load_file

from core.errors import DataError
from core.jobs import after_cycle
from core.jobs.actions import load_snapshot
from core.jobs.after_cycle import AfterCycle
from core.jobs.control import StoppedError
from core.jobs.specs import TrainSpec
from core.results.restarts import POINTS
from core.training.stage import Plan, Stage

WHOLE = Stage(freeze_to=0, lr=(0.01,), group_ratio=1.0, cycles=3, size=16, batch_size=16)
HEAD = Stage(lr=(0.01,), cycles=3, size=16, batch_size=16)


def plan(*stages):
    return TrainSpec(plan=Plan(stages=stages))


def pairs(run):
    return [(line.first, line.second) for line in run.history.lines]


def numbers(run):
    """All that training wrote, without times."""
    rows = [row for kind in ("step", "epoch", "cycle") for row in run.history.rows(kind)]
    return [{name: value for name, value in row.items() if name not in ("seconds", "images_per_s")} for row in rows]


@pytest.mark.parametrize("stage", [HEAD, HEAD.model_copy(update={"precompute": True})], ids=["head", "activations"])
def test_the_ends_of_each_line_are_the_snapshots_own_losses(run, work, stage):
    work(plan(stage))
    kept = {one.name: one for one in run.snapshots()}
    assert pairs(run) == [("cycle-1", "cycle-2"), ("cycle-2", "cycle-3")]
    for found in run.history.lines:
        assert len(found.line.losses) == POINTS
        assert found.line.losses[0] == pytest.approx(kept[found.first].valid_loss, rel=1e-4)
        assert found.line.losses[-1] == pytest.approx(kept[found.second].valid_loss, rel=1e-4)
        assert found.line.accuracies[-1] == pytest.approx(kept[found.second].accuracy)
        assert found.images == len(run.data().indices("valid"))
        assert not found.line.left, "the loss of a linear head is convex, so there is no ridge"
        assert found.sentence() == found.line.sentence()


def test_training_does_not_notice_that_it_is_measured(more_runs, work):
    with_lines, without, _ = more_runs
    work(plan(WHOLE), of=with_lines)
    work(plan(WHOLE.model_copy(update={"measure_after_cycle": False})), of=without)
    assert len(with_lines.history.lines) == 2
    assert all(line.line is not None for line in with_lines.history.lines)
    assert not without.history.lines
    assert numbers(with_lines) == numbers(without)
    one, other = load_file(with_lines.checkpoint), load_file(without.checkpoint)
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("stop_in", [2, 3])
def test_a_stop_meanwhile_loses_no_snapshot_and_nothing_is_measured_twice(more_runs, work, monkeypatch, stop_in):
    stopped, whole, _ = more_runs
    measured = AfterCycle._measured

    def stops(self, about):
        if about.cycle == stop_in:
            raise StoppedError
        return measured(self, about)

    monkeypatch.setattr(AfterCycle, "_measured", stops)
    assert work(plan(WHOLE), of=stopped).status == ("stopped" if stop_in == 2 else "done")
    assert stopped.snapshot_path(f"cycle-{stop_in}").exists()
    assert "because the job was stopped meanwhile" in stopped.history.lines[-1].sentence()
    monkeypatch.undo()
    if stop_in == 2:
        work(TrainSpec(), of=stopped)
    work(plan(WHOLE), of=whole)
    assert pairs(stopped) == pairs(whole) == [("cycle-1", "cycle-2"), ("cycle-2", "cycle-3")]
    assert numbers(stopped) == numbers(whole)
    assert [stage.status for stage in stopped.state.stages] == ["done"]


def test_a_line_that_would_take_too_long_is_left_out_and_said(run, work, monkeypatch):
    monkeypatch.setattr(after_cycle, "FREE_S", 0.0)
    monkeypatch.setattr(after_cycle, "SHARE", 0.0)
    work(plan(WHOLE.model_copy(update={"cycles": 2})))
    (found,) = run.history.lines
    assert found.line is None
    assert found.sentence().startswith("cycle-1 to cycle-2: not measured, because 11 points on 32 images would take")
    assert "0.0 s are allowed after a cycle of" in found.sentence()


def test_as_many_images_as_the_time_allows(workspace, more_runs, work, monkeypatch):
    run = more_runs[0]
    monkeypatch.setattr(after_cycle, "FEWEST_IMAGES", 4)
    monkeypatch.setattr(after_cycle, "FREE_S", 11.0)
    monkeypatch.setattr(AfterCycle, "_probed", lambda *_: 0.5)
    work(plan(WHOLE.model_copy(update={"cycles": 2})), of=run)
    (found,) = run.history.lines
    assert found.images == 8, "11 points at 0.5 s for 4 images are 11 s for 8"


def test_snapshots_of_other_sizes_are_not_compared(run, work):
    one = WHOLE.model_copy(update={"cycles": 1})
    work(plan(one, one.model_copy(update={"size": 24})))
    (found,) = run.history.lines
    assert "because the two were trained on images of 16 and 24 px" in found.sentence()


def test_a_cycle_after_a_loaded_snapshot_began_from_that(run, work):
    work(plan(WHOLE))
    load_snapshot(run, "cycle-1")
    work(plan(WHOLE.model_copy(update={"cycles": 2})))
    assert pairs(run)[2:] == [("cycle-1", "cycle-4"), ("cycle-4", "cycle-5")]


def test_what_cannot_be_measured_ends_no_training(run, work, monkeypatch):
    def gone(*_):
        raise DataError("The images are gone.")

    monkeypatch.setattr(after_cycle, "load_pixels", gone)
    assert work(plan(WHOLE.model_copy(update={"cycles": 2}))).status == "done"
    assert run.history.lines[0].sentence() == "cycle-1 to cycle-2: not measured. The images are gone."


def test_a_loss_that_is_no_number_is_said(run, work, monkeypatch):
    from core.jobs.lines import Bench

    line = Bench.line

    def broken(self, *given):
        found = line(self, *given)
        return found.model_copy(update={"losses": (float("nan"), *found.losses[1:])})

    monkeypatch.setattr(Bench, "line", broken)
    work(plan(WHOLE.model_copy(update={"cycles": 2})))
    assert run.history.lines[0].sentence().endswith("because the loss between the two is not a number.")
