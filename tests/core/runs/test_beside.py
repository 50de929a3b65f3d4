"""A branch beside its original."""

import pytest

from core.jobs.actions import delete
from core.jobs.branch import branch
from core.jobs.execute import run_here
from core.jobs.specs import TrainSpec
from core.runs.beside import BRANCH, ORIGINAL, beside
from core.runs.branching import Change
from core.training.stage import Plan, Stage

STAGE = Stage(freeze_to=0, lr=(0.005,), cycles=3, size=16, batch_size=16)


@pytest.fixture
def original(run):
    run_here(run.workspace, run.id, TrainSpec(plan=Plan(stages=(STAGE,))))
    return run


def test_a_run_that_is_no_branch_stands_beside_nothing(run):
    assert beside(run) is None


def test_both_are_shown_from_the_branching_point_on(original):
    made = branch(original, "cycle-2", Change(lr=(0.02,)))
    pair = beside(made)
    assert pair.comparison() is None
    run_here(made.workspace, made.id, TrainSpec())
    rows = beside(made).epochs()
    assert rows.groupby("run").epoch.apply(list).to_dict() == {ORIGINAL: [2, 3], BRANCH: [2, 3]}
    first = rows[rows.epoch == 2]
    assert first.valid_loss.nunique() == 1
    found = beside(made).comparison()
    assert found.images == len(made.data().indices("valid"))
    assert found.second_accuracy == pytest.approx(made.state.figures["accuracy"])


def test_a_branch_outlives_its_original(original):
    made = branch(original, "cycle-1", Change())
    delete(original)
    pair = beside(made)
    assert pair.original is None
    assert pair.comparison() is None
    assert set(pair.epochs().run) == {BRANCH}
