"""What `train` says of a stage that undoes what was learned, and of a rate that a range test warns of."""

import json

import pytest

from core.jobs.execute import run_here
from core.jobs.specs import FindSpec
from core.runs.folder import RunFolder
from core.training.stage import Stage
from core.workspace import Workspace
from tests.core.cli.conftest import SIDE

LEARNS = {"lr": 0.01, "cycle_len": 4, "freeze_to": 0, "group_ratio": 1, "size": SIDE, "batch_size": 8}
COLLAPSES = LEARNS | {"lr": 1.0, "cycle_len": 1, "schedule": "constant", "name": "Too high"}


@pytest.fixture
def planned(anneal, pictures, tmp_path):
    def call(*stages, options=("--json",)):
        (tmp_path / "plan.json").write_text(json.dumps({"stages": stages}))
        plan = ("--plan", tmp_path / "plan.json")
        return anneal("train", pictures, "--backbone", "small_cnn", "--valid-share", 0.4, *plan, *options)

    return call


def test_json_has_the_collapse_the_snapshot_and_the_rate_to_try(planned, anneal):
    done = planned(LEARNS, COLLAPSES).json
    before, after = (stage["accuracy"] for stage in done["stages"])
    assert done["collapsed"] == [
        {"stage": 2, "before": before, "after": after, "snapshot": "best", "try_lr": 0.1, "why": "a tenth of its rate"}
    ]
    back = ("--continue", done["id"], "--from", "best", "--lr", 1e-12, "--freeze-to", -1, "--json")
    again = anneal("train", *back).json
    assert again["accuracy"] == before
    assert again["collapsed"] == []


def test_text_warns_and_says_how_to_go_back(planned):
    said = planned(LEARNS, COLLAPSES, options=())
    assert said.status == 0
    assert "Warning: Stage 2, Too high, collapsed: accuracy fell from" in said.out
    assert "--from best --lr 0.1, with the stage's other options." in said.out


def test_a_plan_that_ended_early_has_a_status_of_its_own(planned):
    said = planned(LEARNS, COLLAPSES, LEARNS)
    assert said.status == 1
    assert len(json.loads(said.out)["stages"]) == 2
    assert "The plan ended early: stage 2 collapsed" in said.err


def test_divergence_says_which_snapshot_and_rate(planned):
    said = planned(LEARNS, COLLAPSES | {"lr": 100, "optimiser": "sgd", "cycle_len": 20})
    assert (said.status, said.out) == (1, "")
    assert "Stage 2, Too high, diverged at rates up to 1e+02" in said.err
    assert "Load the snapshot best" in said.err


def test_a_good_run_has_no_collapse(train):
    assert train().json["collapsed"] == []


def test_a_rate_beyond_the_collapse_of_a_range_test_is_said_before_training(planned, anneal):
    run = RunFolder(planned(LEARNS).json["run"], Workspace.at())
    stage = Stage.model_validate(LEARNS | {"lr": None})
    run_here(run.workspace, run.id, FindSpec(stage=stage, lowest=1e-3, highest=100, steps=40))
    (curve,) = run.curves()
    assert curve.suggestion.collapse is not None
    on = ("--continue", run.id, "--freeze-to", 0, "--batch-size", 8)
    low = anneal("train", *on, "--lr", 1e-6)
    assert "collapsed in the range test" not in low.err
    high = anneal("train", *on, "--lr", 50)
    assert "Warning: stage 1: From" in high.err
    assert "this stage goes up to 50." in high.err
