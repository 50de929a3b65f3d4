"""Branches on the Training page: what is offered, what is made, and how it is shown beside its original."""

from pathlib import Path

import pytest

from core.jobs import queue
from core.jobs.execute import run_here
from core.jobs.specs import TrainSpec
from core.runs.folder import RunFolder, list_runs
from core.training.stage import Plan, Stage
from core.workspace import Workspace
from tests.pages.conftest import open_page
from tests.pages.made import new_run, train

STAGE = Stage(freeze_to=0, lr=(0.01,), group_ratio=1.0, cycles=3, size=24, batch_size=8)


@pytest.fixture
def original(home: Path, monkeypatch) -> RunFolder:
    run = new_run(home)
    run_here(run.workspace, run.id, TrainSpec(plan=Plan(stages=(STAGE,))))
    monkeypatch.setattr(queue, "advance", lambda workspace: None)
    return run


def said(at):
    return "\n".join(text.value for text in [*at.markdown, *at.caption])


def the_branch(original):
    (made,) = [run for run in list_runs(original.workspace) if run.id != original.id]
    return made


def ask(at, what, snapshot="cycle-1"):
    at.selectbox(key="branch-from").select(snapshot).run()
    at.selectbox(key="branch-change").select(what).run()
    return at.button(key="branch-start").click().run()


def test_three_times_the_rate_is_one_click_beside_its_snapshot(original):
    at = open_page("training", run=original.id)
    assert not at.exception
    assert "rate 0.03" in said(at)
    at = ask(at, "3 times the rate", "cycle-2")
    assert not at.exception
    made = the_branch(original)
    assert (made.info.origin.snapshot, made.info.origin.change) == ("cycle-2", "rate 0.03")
    assert queue.live_job(made.workspace, made.id).spec == TrainSpec()
    assert at.query_params["run"] in (made.id, [made.id])


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("A third of the rate", "rate 3.3e-3"),
        ("Another augmentation", "augmentation without-flips"),
        ("Only the head, or everything", "training head"),
        ("One anneal, no restarts", "cosine schedule"),
        ("Another seed", "seed 1"),
        ("Nothing, to see that it repeats", "nothing changed"),
    ],
)
def test_every_change_that_is_offered_can_be_made(original, what, change):
    at = ask(open_page("training", run=original.id), what)
    assert not at.exception
    assert the_branch(original).info.origin.change == change


def test_after_the_last_cycle_nothing_is_left_to_branch(original):
    at = open_page("training", run=original.id)
    offered = at.selectbox(key="branch-from").options
    assert [name for name in offered if name != "best"] == ["cycle-1", "cycle-2"]


def test_a_run_of_an_earlier_version_says_that_it_has_no_place_to_branch_from(home):
    run = new_run(home)
    train(run)
    at = open_page("training", run=run.id)
    assert not at.exception
    assert "with more of the plan ahead. There is none yet." in said(at)


def test_a_branch_is_compared_with_its_original(original, monkeypatch):
    ask(open_page("training", run=original.id), "3 times the rate")
    made = the_branch(original)
    queue.stop(made.workspace, queue.live_job(made.workspace, made.id).id)
    monkeypatch.undo()
    monkeypatch.setenv("ANNEAL_HOME", str(original.workspace.root))
    run_here(made.workspace, made.id, TrainSpec())
    at = open_page("training", run=made.id)
    assert not at.exception
    assert "for the original" in said(at)
    assert "for this branch" in said(at)
    at = at.button(key="branch-original").click().run()
    assert at.query_params["run"] in (original.id, [original.id])


def test_a_branch_whose_original_is_gone_says_so(original):
    ask(open_page("training", run=original.id), "Another seed")
    made = the_branch(original)
    workspace = Workspace.at(original.workspace.root)
    original.path.rename(workspace.root / "elsewhere")
    at = open_page("training", run=made.id)
    assert not at.exception
    assert "no longer there to compare with" in said(at)
