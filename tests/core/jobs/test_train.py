"""Training jobs on a small network: 3 classes, 48 training squares of 16 px, 6 batches of 8 an epoch."""

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from core.data.index import load_data
from core.errors import DivergedError, PlanError, RunError
from core.jobs import actions, queue
from core.jobs.execute import run_here
from core.jobs.restore import model_of
from core.jobs.specs import EvaluateSpec, FindSpec, TrainSpec
from core.results.predictions import Predictions
from core.runs.checkpoint import read_meta, read_weights
from core.runs.create import create_run
from core.training.stage import Stage, plan_of, stage_of
from core.training.suggest import going_on
from core.training.sweeps import WHOLE
from core.training.task import Task
from core.workspace import Workspace

STEPS = 6


def stage(**values):
    chosen = {"freeze_to": 0, "lr": 0.01, "size": 16, "batch_size": 8, "group_ratio": 1, **values}
    return Stage(**chosen).model_dump(mode="json")


def plan(*stages):
    return TrainSpec(plan=plan_of(list(stages)))


TWO = plan(stage(cycles=2), stage(lr=0.003, cycle_len=2, schedule="one-cycle", optimiser="sgd"))


def same_numbers(one, other):
    """Whether two histories are equal but for times."""
    untimed = [name for name in one.steps if name != "images_per_s"]
    assert one.steps[untimed].equals(other.steps[untimed])
    assert one.epochs.drop(columns="seconds").equals(other.epochs.drop(columns="seconds"))
    assert one.cycles.equals(other.cycles)


def same_weights(one, other):
    first, second = read_weights(one.checkpoint), read_weights(other.checkpoint)
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.fixture(scope="module")
def uninterrupted(squares, tmp_path_factory):
    workspace = Workspace.at(tmp_path_factory.mktemp("home"))
    data = load_data(str(squares), workspace)
    run = create_run(workspace, data, backbone="small_cnn", size=16, pretrained=False)
    run_here(workspace, run.id, TWO)
    return run


def test_a_plan_is_trained_and_kept(run, work):
    assert work(TWO).status == "done"
    history, state = run.history, run.state
    assert history.steps["step"].tolist() == list(range(1, 4 * STEPS + 1))
    assert history.steps["stage"].tolist() == [0] * 2 * STEPS + [1] * 2 * STEPS
    assert history.epochs["epoch"].tolist() == [1, 2, 3, 4]
    assert [(one.status, one.epochs, one.index) for one in state.stages] == [("done", 2, 0), ("done", 2, 1)]
    assert not state.unfinished
    assert state.figures["accuracy"] == history.epochs["accuracy"].iloc[-1]
    assert {one.name for one in run.snapshots()} == {"cycle-1", "cycle-2", "cycle-3", "best"}
    assert sum(stage.epochs for stage in run.state.stages) == 4
    assert queue.jobs_of(run)[0].status == "done"


def test_the_best_epoch_is_kept(run, work):
    work(TWO)
    epochs = run.history.epochs
    winner = epochs.sort_values(["accuracy", "valid_loss"], ascending=[False, True], kind="stable").iloc[0]
    best = run.state.best
    assert (best.accuracy, best.valid_loss, best.epoch) == (winner.accuracy, winner.valid_loss, winner.epoch)
    kept = next(one for one in run.snapshots() if one.name == "best")
    assert (kept.epoch, kept.accuracy) == (winner.epoch, winner.accuracy)


def test_predictions_are_ready_and_those_of_the_weights(run, work, data):
    work(plan(stage()))
    found = Predictions.load(run.predictions_path())
    assert found.indices.tolist() == data.indices("valid").tolist()
    assert found.accuracy == run.state.figures["accuracy"]
    assert found.about.step == read_meta(run.checkpoint).step == STEPS


@pytest.mark.parametrize("stop_at", [1, STEPS, 2 * STEPS - 1, 2 * STEPS, 4 * STEPS - 1])
def test_stopped_and_continued_gives_the_same_numbers(run, work, uninterrupted, stop_at):
    assert work(TWO, stop_at=stop_at).status == "stopped"
    assert run.history.steps["step"].max() == stop_at
    assert run.state.unfinished
    assert work(TrainSpec()).status == "done"
    same_numbers(run.history, uninterrupted.history)
    same_weights(run, uninterrupted)
    assert [(one.status, one.epochs) for one in run.state.stages] == [("done", 2), ("done", 2)]
    assert run.state.best == uninterrupted.state.best


def test_what_lies_after_the_checkpoint_is_done_again(run, work, uninterrupted):
    """As after a kill: the history is ahead of the checkpoint."""
    work(TWO, stop_at=STEPS + 2)
    rows = (uninterrupted.path / "history.jsonl").read_bytes().splitlines(keepends=True)
    with (run.path / "history.jsonl").open("ab") as file:
        file.write(b"".join(rows[STEPS + 4 :]) + b'{"kind": "st')
    work(TrainSpec())
    same_numbers(run.history, uninterrupted.history)


def test_killed_before_the_first_checkpoint_it_begins_anew(run, work, uninterrupted):
    work(TWO, stop_at=2)
    run.checkpoint.unlink()
    work(TrainSpec())
    same_numbers(run.history, uninterrupted.history)
    assert len(run.state.stages) == 2


def test_killed_at_the_start_of_a_new_plan_the_new_plan_goes_on(run, work):
    work(TWO, stop_at=3)
    before = run.checkpoint.read_bytes()
    work(plan(stage(cycle_len=2, name="new")), stop_at=5)
    run.checkpoint.write_bytes(before)
    work(TrainSpec())
    assert [one.settings.name for one in run.state.stages] == ["", "new"]
    assert [one.status for one in run.state.stages] == ["stopped", "done"]
    assert run.history.steps["step"].tolist() == list(range(1, 3 + 2 * STEPS + 1))


def test_stages_are_appended(run, work):
    work(plan(stage()))
    work(plan(stage(share=0.5), stage()))
    assert run.history.steps["stage"].tolist() == [0] * 6 + [1] * 3 + [2] * 6
    assert run.history.epochs["epoch"].tolist() == [1, 2, 3]
    assert (run.state.plan_start, run.state.next_stage) == (1, 2)


def test_no_validation_image_ever_trains(run, work, data, monkeypatch):
    trained, train = set(), Task.train

    def spied(self, indices, *rest):
        trained.update(int(index) for index in indices)
        return train(self, indices, *rest)

    monkeypatch.setattr(Task, "train", spied)
    work(plan(stage(share=0.25)))
    few = set(trained)
    work(plan(stage(share=1.0), stage(lr=None)))
    assert few < trained == set(data.indices("train").tolist())
    assert not trained & set(data.indices("valid").tolist())


def test_nothing_left_is_said(run, work):
    work(plan(stage()))
    with pytest.raises(RunError, match="Nothing is left"):
        work(TrainSpec())


def test_killed_between_the_last_checkpoint_and_the_state_it_turns_out_to_be_done(run, work, uninterrupted):
    work(TWO)
    state = run.state
    behind = state.model_copy(update={"next_stage": 1})
    behind.stages[-1].status = "stopped"
    run.write_state(behind)
    assert run.state.unfinished
    work(TrainSpec())
    assert not run.state.unfinished
    assert [stage.status for stage in run.state.stages] == ["done", "done"]
    same_numbers(run.history, uninterrupted.history)
    same_weights(run, uninterrupted)


def test_a_plan_that_makes_no_sense_is_refused(run, work):
    with pytest.raises(PlanError):
        work(plan())
    with pytest.raises(ValidationError, match="exclude each other"):
        TrainSpec.model_validate({"from": "best"})


def test_a_rate_that_is_to_be_found_is_found(run, work):
    work(plan(stage(), stage(lr=None)))
    (curve,) = run.curves()
    assert curve.complete
    assert (curve.for_stage, curve.step) == (1, STEPS)
    assert (curve.chosen_by, curve.chosen) == ("anneal", curve.suggestion.lr)
    assert curve.suggestion.reason
    assert (curve.lrs[0], len(curve.lrs)) == (WHOLE.lowest, WHOLE.steps)
    assert run.state.stages[1].settings.lr == (curve.chosen,)
    assert run.state.stages[1].curve == curve.name
    assert run.history.steps["lr_0"].max() <= 0.01


def test_a_stage_that_goes_on_with_the_same_groups_takes_the_customary_rate(run, work):
    work(plan(stage(lr=None), stage(lr=None), stage(lr=None, freeze_to=-1)))
    first, second, third = run.state.stages
    assert len(run.curves()) == 2
    expected = going_on(first.settings.lr[0], steps=STEPS, only_the_head=False)
    assert (second.settings.lr, second.curve, second.rate_reason) == ((expected.lr,), None, expected.reason)
    assert third.curve not in (None, first.curve)
    assert [s.rate_reason for s in (first, third)] == [curve.suggestion.reason for curve in run.curves()]


def test_a_rate_that_was_given_needs_no_reason(run, work):
    work(plan(stage()))
    assert run.state.stages[0].rate_reason == ""


def test_stopped_while_the_rate_is_sought(run, work, monkeypatch):
    from core.jobs import lr_finder

    def asked(control, progress, **_):
        if progress.what.startswith("Finding"):
            control._stopped = lambda: progress.done >= 3

    monkeypatch.setattr(lr_finder.JobControl, "report", asked)
    assert work(plan(stage(), stage(lr=None))).status == "stopped"
    monkeypatch.undo()
    assert run.curves() == []
    assert [one.status for one in run.state.stages] == ["done"]
    assert work(TrainSpec()).status == "done"
    assert [one.status for one in run.state.stages] == ["done", "done"]


def test_divergence_keeps_the_last_good_weights(run, work):
    work(plan(stage()))
    good = {name: value for name, value in read_weights(run.checkpoint).items() if name.startswith("model/")}
    with pytest.raises(DivergedError, match="lower rate"):
        work(plan(stage(lr=100, optimiser="sgd", cycle_len=20, schedule="constant")))
    kept = read_weights(run.checkpoint)
    assert all(torch.isfinite(value).all() for value in kept.values())
    if len(run.history.epochs) == 1:
        assert all(torch.equal(kept[name], value) for name, value in good.items())
    assert run.state.stages[-1].status == "diverged"
    assert "diverged" in run.state.stages[-1].message
    work(plan(stage()))
    assert run.state.stages[-1].status == "done"


def test_beginning_from_a_snapshot(run, work):
    work(plan(stage(cycles=2)))
    first = model_of(run, "cycle-1").state_dict()
    work(plan(stage(lr=1e-12, optimiser="sgd", weight_decay=0)).model_copy(update={"start": "cycle-1"}))
    assert run.history.steps["step"].tolist() == list(range(1, 3 * STEPS + 1))
    now = model_of(run).state_dict()
    weights = [name for name in now if "running" not in name and "num_batches" not in name]
    assert all(torch.allclose(now[name], first[name], atol=1e-6) for name in weights)


def test_saved_trained_on_and_loaded_again(run, work):
    work(plan(stage()))
    actions.save_snapshot(run, "mine")
    before = model_of(run).state_dict()
    work(plan(stage()))
    actions.load_snapshot(run, "mine")
    assert all(torch.equal(value, before[name]) for name, value in model_of(run).state_dict().items())
    assert not run.predictions_path().exists()
    work(plan(stage()))
    assert run.history.epochs["epoch"].tolist() == [1, 2, 3]


def test_a_precomputed_stage(run, work):
    work(plan(stage(freeze_to=-1, precompute=True, cycle_len=3), stage(freeze_to=-1)))
    assert [one.epochs for one in run.state.stages] == [3, 1]


def test_an_evaluation_of_any_snapshot_and_split(run, work, data):
    work(plan(stage(cycles=2, augmentation={"horizontal_flip": True})))
    for snapshot, split, tta in [("cycle-1", "valid", False), ("best", "train", False), ("latest", "valid", True)]:
        assert work(EvaluateSpec(snapshot=snapshot, split=split, tta=tta)).status == "done"
        found = Predictions.load(run.predictions_path(snapshot, split, tta=tta))
        assert len(found) == len(data.indices(split))
        assert np.allclose(found.probabilities.sum(axis=1), 1, atol=1e-5)


def test_an_evaluation_before_training_is_refused(work):
    with pytest.raises(RunError, match="Nothing has been trained"):
        work(EvaluateSpec())


def test_a_range_test_leaves_the_run_as_it_was(run, work):
    work(plan(stage()))
    before = run.checkpoint.read_bytes()
    work(FindSpec(stage=stage_of(stage()), steps=30, lowest=1e-7, highest=0.01))
    (curve,) = run.curves()
    assert (len(curve.lrs), curve.for_stage, curve.stopped) == (30, None, "end")
    assert run.checkpoint.read_bytes() == before
    assert len(run.history.steps) == STEPS
