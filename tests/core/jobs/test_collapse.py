"""A stage that undoes what was learned, on a small network: 12 validation images, all right before and 4 after."""

from core.jobs import actions
from core.jobs.specs import FindSpec, TrainSpec
from core.runs.setbacks import setbacks_of
from core.training.stage import stage_of
from tests.core.jobs.test_train import plan, stage

LEARNS, COLLAPSES = stage(cycle_len=4), stage(name="Too high", lr=1.0, schedule="constant")


def test_a_plan_ends_before_the_stage_after_a_collapse_and_says_so(run, work):
    job = work(plan(LEARNS, COLLAPSES, stage(), stage()))
    assert (job.status, "stage 2 collapsed" in job.message) == ("done", True)
    state = run.state
    assert [one.status for one in state.stages] == ["done", "done"]
    assert [one.collapsed_from for one in state.stages] == [None, state.stages[0].accuracy]
    assert [one.accuracy_before for one in state.stages] == [None, state.stages[0].accuracy]
    assert state.unfinished
    (one,) = setbacks_of(run)
    assert (one.stage, one.before, one.after) == (1, state.stages[0].accuracy, state.figures["accuracy"])
    assert one.snapshot.accuracy == state.best.accuracy


def test_continue_goes_on_with_the_plan_all_the_same(run, work):
    work(plan(LEARNS, COLLAPSES, stage(lr=1e-12)))
    assert work(TrainSpec()).message == ""
    state = run.state
    assert [one.status for one in state.stages] == ["done", "done", "done"]
    assert not state.unfinished
    assert [one.stage for one in setbacks_of(run)] == [1]


def test_a_last_stage_that_collapses_ends_the_plan_as_usual(run, work):
    job = work(plan(LEARNS, COLLAPSES))
    assert (job.status, job.message) == ("done", "")
    assert not run.state.unfinished
    assert len(setbacks_of(run)) == 1


def test_from_the_snapshot_of_before_the_run_is_what_it_was(run, work):
    work(plan(LEARNS, COLLAPSES))
    before = run.state.stages[0].accuracy
    actions.load_snapshot(run, setbacks_of(run)[0].snapshot.name)
    assert setbacks_of(run) == []
    work(plan(stage(lr=1e-12, optimiser="sgd", weight_decay=0, freeze_to=-1)))
    assert run.state.stages[-1].accuracy_before == before
    assert run.state.stages[-1].accuracy == before
    assert setbacks_of(run) == []


def test_a_stage_that_is_stopped_after_its_collapse_says_so_too(run, work):
    work(plan(LEARNS))
    steps = int(run.history.steps["step"].max())
    assert work(plan({**COLLAPSES, "cycle_len": 9}), stop_at=steps + 7).status == "stopped"
    assert run.state.stages[-1].status == "stopped"
    assert [one.stage for one in setbacks_of(run)] == [1]
    assert run.state.stages[-1].collapsed_from == run.state.stages[0].accuracy


def test_a_range_test_says_which_weights_it_was_made_with(run, work):
    work(plan(LEARNS))
    test = FindSpec(stage=stage_of(stage(lr=None)), lowest=1e-5, highest=0.1, steps=5)
    work(test)
    actions.load_snapshot(run, "best")
    work(test)
    assert [curve.loaded for curve in run.curves()] == [None, "best"]
