"""Branches: with nothing changed a branch trains to the same bytes as its run, and else only in what was changed."""

import pytest
import torch
from pydantic import ValidationError
from safetensors.torch import load_file

from core.augment import SIDE_ON
from core.errors import PlanError, RunError
from core.jobs.actions import load_snapshot, save_snapshot
from core.jobs.branch import branch, points
from core.jobs.execute import run_here
from core.jobs.specs import TrainSpec
from core.runs.branching import Change, refused
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
    """All that training wrote of numbers: without times, and with the rates of each batch."""
    history = run.history
    timed = ("seconds", "images_per_s")
    found = [row for kind in ("step", "epoch", "cycle") for row in history.rows(kind)]
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


def test_points_are_the_ends_of_cycles(original):
    save_snapshot(original, "mine")
    assert points(original) == ["cycle-1", "cycle-2", "cycle-3", "cycle-4", "cycle-5"]


def test_what_cannot_be_branched_is_said(original, workspace):
    save_snapshot(original, "mine")
    for name in ("mine", "best"):
        with pytest.raises(RunError, match="does not hold the optimiser's state"):
            branch(original, name, Change())
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
