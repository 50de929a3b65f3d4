"""Branches: with nothing changed a branch trains to the same bytes as its run, and else only in what was changed."""

import shutil

import pytest
import torch
from pydantic import ValidationError
from safetensors.torch import load_file

from core.augment import SIDE_ON
from core.errors import PlanError, RunError
from core.jobs import queue
from core.jobs.actions import load_snapshot, save_snapshot
from core.jobs.branch import branch, points
from core.jobs.execute import run_here
from core.jobs.specs import TrainSpec
from core.runs.branching import Change, refused
from core.runs.checkpoint import join_checkpoint, read_meta
from core.runs.state import Best
from core.training.stage import Plan, Stage

FIRST = Stage(freeze_to=0, lr=(0.01,), group_ratio=2.0, cycles=3, cycle_mult=2, size=16, batch_size=16)
SECOND = Stage(freeze_to=0, lr=(0.003,), cycles=2, size=16, batch_size=16, augmentation=SIDE_ON)


def train(run, plan=None):
    return run_here(run.workspace, run.id, TrainSpec(plan=plan))


@pytest.fixture
def original(run):
    train(run, Plan(stages=(FIRST, SECOND)))
    return run


def rows(run):
    """All that training wrote of numbers: without times, and with what each layer group did."""
    history = run.history
    timed = ("seconds", "images_per_s")
    found = [row for kind in ("step", "epoch", "cycle") for row in history.rows(kind)]
    found += run.history.groups.to_dict("records")
    return [{name: value for name, value in row.items() if name not in timed} for row in found]


def tensors(path):
    return load_file(path)


def same(first, second):
    one, other = tensors(first), tensors(second)
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("snapshot", ["cycle-1", "cycle-2", "cycle-3", "cycle-4"])
def test_a_branch_with_nothing_changed_is_the_original_byte_for_byte(original, snapshot):
    made = branch(original, snapshot, Change())
    train(made)
    assert rows(made) == rows(original)
    assert same(made.checkpoint, original.checkpoint)
    for kept in original.snapshots():
        assert same(made.snapshot_path(kept.name), kept.path), kept.name
    assert [stage.settings for stage in made.state.stages] == [stage.settings for stage in original.state.stages]
    assert all(stage.status == "done" for stage in made.state.stages)
    assert made.state.best == original.state.best


def test_before_it_is_trained_a_branch_stands_at_its_snapshot(original):
    made = branch(original, "cycle-2", Change())
    behind = (made.path / "history.jsonl").read_bytes()
    assert (original.path / "history.jsonl").read_bytes().startswith(behind)
    assert [row["cycle"] for row in made.history.rows("cycle")] == [1, 2]
    checkpoint = tensors(made.checkpoint).items()
    weights = {name.removeprefix("model/"): value for name, value in checkpoint if name.startswith("model/")}
    kept = tensors(original.snapshot_path("cycle-2"))
    assert weights.keys() == kept.keys()
    assert all(torch.equal(weights[name], kept[name]) for name in kept)
    assert made.state.unfinished


def test_the_original_is_left_as_it_was(original):
    before = {path: path.read_bytes() for path in original.path.rglob("*") if path.is_file()}
    train(branch(original, "cycle-1", Change(lr=(0.02,))))
    assert {path: path.read_bytes() for path in original.path.rglob("*") if path.is_file()} == before


def test_another_rate_within_a_stage_is_the_only_thing_that_differs(original):
    made = branch(original, "cycle-1", Change(lr=(0.03,)))
    train(made)
    step = made.info.origin.step
    mine, theirs = made.history.steps, original.history.steps
    ahead = mine.step > step
    ratio = mine.lr_2[ahead].to_numpy() / theirs.lr_2[ahead].to_numpy()
    of_first = mine.stage[ahead].to_numpy() == 0
    assert ratio[of_first] == pytest.approx(3.0)
    assert ratio[~of_first] == pytest.approx(1.0)
    assert mine[~ahead].drop(columns="images_per_s").equals(theirs[~ahead].drop(columns="images_per_s"))
    assert len(mine) == len(theirs)
    assert mine.loss[ahead].iloc[0] == theirs.loss[ahead].iloc[0], "the first batch meets the same weights"
    assert mine.loss[ahead].iloc[-1] != theirs.loss[ahead].iloc[-1]
    changed = made.state.stages[0]
    assert changed.curve is None, "no range test chose it"
    assert changed.rate_reason == f"Until epoch {made.info.origin.epoch} it was 0.01; the branch changed it there."


@pytest.mark.parametrize(
    ("change", "settings"),
    [
        (Change(freeze_to=-1), {"freeze_to": -1, "cycles": 2, "cycle_len": 2, "cycle_mult": 2}),
        (Change(schedule="constant"), {"schedule": "constant", "cycles": 1, "cycle_len": 6, "cycle_mult": 1}),
        (Change(schedule="cosine"), {"schedule": "cosine", "cycles": 1, "cycle_len": 6, "cycle_mult": 1}),
    ],
)
def test_other_groups_or_another_schedule_cover_what_is_left_of_the_stage(original, change, settings):
    made = branch(original, "cycle-1", change)
    train(made)
    _, rest, last = made.state.stages
    assert {name: getattr(rest.settings, name) for name in settings} == settings
    assert rest.settings.lr == FIRST.lr
    assert last.settings == SECOND
    assert made.history.epochs.epoch.max() == original.history.epochs.epoch.max()


REFROZEN = FIRST.model_copy(update={"freeze_early_after": 1})


@pytest.mark.parametrize("snapshot", ["cycle-1", "cycle-2"])
def test_a_branch_keeps_early_layers_frozen_that_its_run_froze_again(run, snapshot):
    train(run, Plan(stages=(REFROZEN,)))
    made = branch(run, snapshot, Change())
    train(made)
    assert rows(made) == rows(run)
    assert same(made.checkpoint, run.checkpoint)


@pytest.mark.parametrize(
    ("after", "change", "settings"),
    [
        (1, Change(schedule="cosine"), {"freeze_to": 1, "freeze_early_after": None, "cycles": 1}),
        (2, Change(schedule="cosine"), {"freeze_to": 0, "freeze_early_after": None, "cycles": 1}),
        (1, Change(freeze_to=0), {"freeze_to": 0, "freeze_early_after": None, "cycles": 2}),
        (2, Change(freeze_to=1), {"freeze_to": 1, "freeze_early_after": None, "cycles": 2}),
    ],
)
def test_what_is_left_of_a_stage_trains_what_the_stage_would_have(run, after, change, settings):
    """Unless what is trained is the change; one schedule over all that is left has no cycle to freeze after."""
    train(run, Plan(stages=(FIRST.model_copy(update={"freeze_early_after": after}),)))
    made = branch(run, "cycle-1", change)
    train(made)
    rest = made.state.stages[-1].settings
    assert {name: getattr(rest, name) for name in settings} == settings


def test_a_stage_that_a_branch_has_before_it_freezes_early_layers_as_planned(run):
    train(run, Plan(stages=(SECOND, REFROZEN)))
    made = branch(run, "cycle-2", Change(lr=(0.009,)))
    train(made)
    last = made.state.stages[-1].settings
    assert (last.lr, last.freeze_early_after) == ((0.009,), 1)


def test_at_the_end_of_a_stage_the_next_one_is_changed(original):
    made = branch(original, "cycle-3", Change(lr=(0.009,)))
    train(made)
    assert [stage.settings.lr for stage in made.state.stages] == [FIRST.lr, (0.009,)]


def test_another_seed_meets_the_images_in_another_order(original):
    made = branch(original, "cycle-1", Change(seed=5))
    train(made)
    assert made.info.seed == 5
    ahead = made.history.steps.step > made.info.origin.step
    assert (made.history.steps.loss[ahead].to_numpy() != original.history.steps.loss[ahead].to_numpy()).any()
    assert made.data().to_json() == original.data().to_json()


def test_a_branch_can_be_branched(original):
    made = branch(original, "cycle-1", Change())
    again = branch(made, "cycle-1", Change())
    train(again)
    assert same(again.checkpoint, original.checkpoint)


def test_it_says_where_it_began_and_what_was_changed(original):
    made = branch(original, "cycle-2", Change(lr=(0.03,)))
    origin = made.info.origin
    assert (origin.run, origin.snapshot, origin.epoch, origin.change) == (original.id, "cycle-2", 3, "rate 0.03")
    assert made.info.name.endswith("rate 0.03")
    assert branch(original, "cycle-2", Change(), name="Mine").info.name == "Mine"


def test_a_branch_goes_on_after_a_stop_of_the_original(run):
    plan = Plan(stages=(FIRST, SECOND))
    train(run, plan)
    state = run.state
    run.write_state(state.model_copy(update={"stages": state.stages[:1], "next_stage": 1}))
    made = branch(run, "cycle-1", Change())
    train(made)
    assert [stage.settings for stage in made.state.stages] == [FIRST, SECOND]


def test_points_are_the_snapshots_after_which_something_was_left(original):
    save_snapshot(original, "mine")
    ends = [name for name in points(original) if name != "best"]
    assert ends == ["cycle-1", "cycle-2", "cycle-3", "cycle-4"], "nothing was left after the fifth, nor is now"


@pytest.fixture
def best_within_a_cycle(monkeypatch):
    """The fourth epoch is called the best: the first of the four of the third cycle."""
    monkeypatch.setattr(Best, "beaten_by", lambda self, accuracy, valid_loss: self.epoch < 4)


def test_a_branch_from_the_best_within_a_cycle_is_the_original_byte_for_byte(best_within_a_cycle, run):
    train(run, Plan(stages=(FIRST, SECOND)))
    assert "best" in points(run)
    made = branch(run, "best", Change())
    assert (made.info.origin.snapshot, made.info.origin.epoch) == ("best", 4)
    train(made)
    assert rows(made) == rows(run)
    for kept in run.snapshots():
        assert same(made.snapshot_path(kept.name), kept.path), kept.name
    assert same(made.checkpoint, run.checkpoint)


def test_within_a_cycle_another_schedule_covers_the_epochs_that_are_left(best_within_a_cycle, run):
    train(run, Plan(stages=(FIRST,)))
    made = branch(run, "best", Change(schedule="cosine"))
    train(made)
    assert made.state.stages[-1].settings.epochs == 3
    assert made.history.epochs.epoch.max() == run.history.epochs.epoch.max()
    again = branch(run, "best", Change(freeze_to=-1))
    assert again.state.planned().stages[-1].cycle_lengths == (4,), "the cycle under way begins again"


@pytest.mark.parametrize("stop_at", [4, 14])
def test_a_branch_from_where_a_run_was_stopped_is_what_the_run_becomes(run, work, stop_at):
    work(TrainSpec(plan=Plan(stages=(FIRST,))), stop_at=stop_at)
    save_snapshot(run, "mine")
    assert {"mine", "latest"} <= set(points(run))
    latest = branch(run, "latest", Change())
    assert latest.info.origin.step == stop_at
    train(run)
    saved = branch(run, "mine", Change())
    for made in (latest, saved):
        train(made)
        assert rows(made) == rows(run)
        assert same(made.checkpoint, run.checkpoint)
    assert "latest" not in points(run)


def test_the_latest_weights_of_a_run_at_work_are_no_place_to_branch_from(run, work):
    with pytest.raises(RunError, match="nothing to branch"):
        branch(run, "latest", Change())
    work(TrainSpec(plan=Plan(stages=(FIRST,))), stop_at=4)
    job = queue.submit(run.workspace, run.id, TrainSpec(), here=True)
    with pytest.raises(RunError, match="at work, so its latest weights change"):
        branch(run, "latest", Change())
    queue.stop(run.workspace, job.id)


def test_the_latest_weights_of_a_stage_that_diverged_are_no_place_to_branch_from(original):
    meta = read_meta(original.checkpoint)
    meta.stages[-1].status = "diverged"
    join_checkpoint(original.snapshot_path("cycle-5"), None, original.checkpoint, meta)
    with pytest.raises(RunError, match="did not end in order"):
        branch(original, "latest", Change())


def test_weights_that_the_optimiser_kept_beside_them_is_not_of_are_refused(original):
    shutil.copy(original.restart_path("cycle-1"), original.restart_path("cycle-2"))
    with pytest.raises(RunError, match=r"Branch from another one: .*cycle-1, cycle-3"):
        branch(original, "cycle-2", Change())


def test_how_the_groups_learn_is_measured_against_the_same_first_weights(original):
    made = branch(original, "cycle-1", Change(seed=5))
    again = branch(made, "cycle-1", Change())
    for one in (made, again):
        train(one)
    step = made.info.origin.step
    for one in (made, again):
        mine, theirs = one.history.groups, original.history.groups
        first = mine.step[mine.step > step].min()
        moved = mine.moved[mine.step == first].to_numpy()
        assert (moved > 0).all()
        assert moved == pytest.approx(theirs.moved[theirs.step == first].to_numpy(), rel=0.2), "one batch apart"


def test_a_branch_has_a_best_though_its_run_became_better_later(original):
    kept = {one.name: one for one in original.snapshots()}
    state = original.state
    later = state.best.model_copy(update={"accuracy": 1.0, "epoch": kept["cycle-5"].epoch})
    original.write_state(state.model_copy(update={"best": later}))
    shutil.copy(kept["cycle-5"].path, original.snapshot_path("best"))
    made = branch(original, "cycle-2", Change(lr=(0.03,)))
    figures = {name: (kept[name].accuracy, -kept[name].valid_loss) for name in ("cycle-1", "cycle-2")}
    best = max(figures, key=figures.__getitem__)
    assert made.state.best.epoch == kept[best].epoch
    assert made.snapshot_path("best").read_bytes() == kept[best].path.read_bytes()


def test_a_snapshot_that_is_not_there_is_said_so(original):
    with pytest.raises(RunError, match="no weights called nope in this run"):
        branch(original, "nope", Change())


def test_snapshots_of_an_earlier_version_are_no_points_however_many_there_are(original):
    for name in ("cycle-1", "cycle-2", "cycle-3"):
        original.restart_path(name).unlink()
    assert not {"cycle-1", "cycle-2", "cycle-3"} & set(points(original))
    with pytest.raises(RunError, match="cycle-1 does not hold the optimiser's state") as refusal:
        branch(original, "cycle-1", Change())
    others = str(refusal.value).partition("Branch from another one: ")[2]
    assert "cycle-4" in others
    assert "cycle-2" not in others


def test_what_cannot_be_branched_is_said(original, workspace):
    shutil.copy(original.snapshot_path("cycle-1"), original.snapshot_path("averaged"))
    with pytest.raises(RunError, match="averaged does not hold the optimiser's state"):
        branch(original, "averaged", Change())
    with pytest.raises(RunError, match="Nothing of the plan was left after cycle-5"):
        branch(original, "cycle-5", Change())
    assert len(list(workspace.runs.glob("*"))) == 1, "nothing half-made is left"


def test_a_change_that_contradicts_the_stage_is_said_and_leaves_nothing(run, workspace):
    train(run, Plan(stages=(Stage(precompute=True, lr=(0.01,), cycles=2, size=16, batch_size=16),)))
    with pytest.raises(PlanError, match="Precomputed activations are of the images as they are"):
        branch(run, "cycle-1", Change(augmentation=SIDE_ON))
    assert len(list(workspace.runs.glob("*"))) == 1


def test_a_history_cut_short_is_said(original):
    (original.path / "history.jsonl").write_text("")
    with pytest.raises(RunError, match="shorter than it was at the snapshot"):
        branch(original, "cycle-1", Change())


def test_two_changes_at_once_are_refused():
    with pytest.raises(ValidationError) as caught:
        Change(lr=(0.1,), seed=3)
    said = refused(caught.value.errors()[0]["ctx"]["error"])
    assert str(said) == "A branch changes one thing, and lr and seed were given. Choose one."


def test_a_snapshot_that_was_loaded_and_trained_on_can_be_branched(original):
    load_snapshot(original, "cycle-1")
    train(original, Plan(stages=(SECOND,)))
    made = branch(original, "cycle-6", Change())
    train(made)
    assert same(made.checkpoint, original.checkpoint)
