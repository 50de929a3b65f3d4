"""What a run's files hold, read as validated values; what another version wrote is kept as it is."""

import json

import pytest

from core.errors import RunError
from core.jobs.specs import FindSpec, TrainSpec
from core.jobs.store import Job
from core.runs.state import Curve, RunState, StageState, UnreadableStage
from core.training.stage import Stage

LATER = {"lr": [0.1], "invented_later": 3}


def test_a_stage_in_a_file_is_a_stage():
    state = StageState.model_validate({"index": 0, "stage": {"lr": 0.01, "size": 64, "cycles": 3}})
    assert state.settings == Stage(lr=(0.01,), size=64, cycles=3)


@pytest.mark.parametrize("stage", [LATER, {"size": "large"}, {}, {"precompute": True, "freeze_to": 0}])
def test_a_stage_is_written_as_it_was_read(stage):
    """Also one that cannot be read: a newer version may."""
    text = StageState.model_validate({"index": 0, "stage": stage}).model_dump(mode="json")["stage"]
    assert {name: text[name] for name in stage} == stage


def test_a_stage_of_another_version_says_so_where_it_is_used():
    state = RunState.model_validate(
        {"stages": [{"index": 0, "stage": {}}, {"index": 1, "stage": LATER}], "plan": [LATER]}
    )
    assert state.readable_stages == [Stage()]
    assert isinstance(state.stages[1].stage, UnreadableStage)
    with pytest.raises(RunError, match="Stage 2 of this run cannot be read: Invented_later: is not a setting"):
        _ = state.stages[1].settings
    with pytest.raises(RunError, match="Stage 1 of the plan under way cannot be read"):
        state.planned()


def test_a_curve_of_another_version_keeps_its_points():
    curve = Curve.model_validate({"name": "0001", "created": "", "stage": LATER, "lrs": [0.1], "losses": [1.0]})
    assert curve.lrs == [0.1]
    assert isinstance(curve.stage, UnreadableStage)


@pytest.mark.parametrize(
    ("kind", "spec", "read"),
    [
        ("train", {"resume": True}, TrainSpec()),
        ("train", {"plan": {"stages": [{"lr": [0.1]}]}, "from": "best"}, None),
        ("find_lr", {"stage": {"size": 64}, "lowest": 1e-6, "highest": 1.0, "steps": 50}, None),
    ],
)
def test_a_job_of_an_earlier_version_can_be_read(kind, spec, read):
    job = Job.model_validate_json(json.dumps({"id": "1", "run": "r", "kind": kind, "spec": spec, "status": "done"}))
    if read is not None:
        assert job.spec == read
    elif isinstance(job.spec, TrainSpec):
        assert (job.spec.start, job.spec.plan.stages) == ("best", (Stage(lr=(0.1,)),))
    else:
        assert job.spec == FindSpec(stage=Stage(size=64), lowest=1e-6, highest=1.0, steps=50)
    assert Job.model_validate_json(job.model_dump_json()) == job
