"""The demonstration on Home that overfits on purpose."""

from core.jobs import queue
from core.jobs.execute import run_here
from core.jobs.specs import TrainSpec
from core.results.diagnosis import diagnose
from core.runs.folder import list_runs
from core.training.recipes import OVERFIT_IMAGES
from core.workspace import Workspace
from tests.pages.conftest import open_page


def test_one_click_makes_the_run_and_starts_it(home, monkeypatch):
    monkeypatch.setattr(queue, "advance", lambda workspace: None)
    at = open_page().button(key="overfit").click().run()
    assert not at.exception
    (run,) = list_runs(Workspace.at(home))
    (stage,) = queue.live_job(run.workspace, run.id).spec.plan.stages
    assert len(run.data().train_indices(stage.share)) == OVERFIT_IMAGES
    assert at.query_params["run"] in (run.id, [run.id])


def test_it_does_overfit_and_the_verdict_says_that_it_costs(home, monkeypatch):
    monkeypatch.setattr(queue, "advance", lambda workspace: None)
    open_page().button(key="overfit").click().run()
    monkeypatch.undo()
    (run,) = list_runs(Workspace.at(home))
    job = queue.live_job(run.workspace, run.id)
    plan = job.spec.plan
    queue.stop(run.workspace, job.id)
    run_here(run.workspace, run.id, TrainSpec(plan=plan))
    found = diagnose(run.history.epochs, run.state.readable_stages)
    assert found.verdict == "costly"
    last = run.history.epochs.iloc[-1]
    assert last.train_loss < 0.1 < last.valid_loss
