"""The Training page while a job trains: one reading of the run for all that is drawn, and the plan from its start."""

import json
from pathlib import Path

import numpy as np
import pytest

from core.jobs import queue, store
from core.jobs.specs import TrainSpec
from core.jobs.store import JobProgress
from core.results.restarts import CycleLine, Line
from core.runs.folder import RunFolder
from core.runs.state import Curve, RunState
from core.training.stage import Plan, Stage
from core.workspace import write_json
from pages.ui import jobs
from pages.ui.training import moment
from tests.pages.conftest import open_page
from tests.pages.made import new_run, train

NEXT = Stage(name="To come", freeze_to=0, lr=(0.02,), cycle_len=7, size=24)


pytestmark = pytest.mark.usefixtures("quiet")


@pytest.fixture
def live(home: Path) -> RunFolder:
    """A run that trains the first of two stages: 5 epochs are in its history, of which its state knows 1."""
    run = new_run(home)
    stage = train(run)
    state = run.state
    begun = state.stages[0].model_copy(update={"epochs": 1, "accuracy": 0.5, "rate_reason": "It *fits*."})
    best = state.best.model_copy(update={"accuracy": 0.5, "epoch": 1})
    known = state.model_dump() | {"stages": [begun], "best": best, "plan": [stage, NEXT], "next_stage": 0}
    run.write_state(RunState.model_validate(known))
    at_work(run, JobProgress(what="Stage 1 of 2, epoch 5 of 5", done=50, total=120, eta_s=200.0, about=True, part=0.4))
    return run


def at_work(run: RunFolder, progress: JobProgress) -> None:
    plan = Plan(stages=(NEXT,))
    job = queue.submit(run.workspace, run.id, TrainSpec(plan=plan))
    store.write(run.workspace, job.model_copy(update={"status": "running", "here": True, "progress": progress}))


def metrics(at):
    return {metric.label: (metric.value, metric.delta) for metric in at.metric}


def texts(at):
    return [text.value for text in [*at.markdown, *at.caption]]


def specs(at):
    return [json.loads(chart.proto.spec) for chart in at.get("vega_lite_chart")]


def test_figures_and_charts_are_of_one_moment_whatever_the_state_says(live: RunFolder) -> None:
    at = open_page("training", run=live.id)
    assert not at.exception
    last = live.history.epochs.iloc[-1]
    found = metrics(at)
    assert found["Accuracy"][0] == found["Best so far"][0] == f"{last['accuracy']:.1%}"
    assert found["Best so far"][1] == "epoch 5"
    assert found["Training loss"][0] == f"{last['train_loss']:.3f}"
    assert found["Epochs"][0] == "5 of 12"
    assert any(f"{last['accuracy']:.1%} · validation loss {last['valid_loss']:.3f}" in line for line in texts(at))
    assert any(f"5 epochs, accuracy {last['accuracy']:.1%}, training loss" in line for line in texts(at))


def test_every_axis_of_epochs_spans_the_plan_and_names_what_comes(live: RunFolder) -> None:
    at = open_page("training", run=live.id)
    ends = {
        layer["encoding"]["x"]["scale"]["domain"][1]
        for spec in specs(at)
        for layer in spec["layer"]
        if "scale" in layer["encoding"].get("x", {})
    }
    assert len(specs(at)) == 3
    assert list(ends) == [pytest.approx(12 * 1.015)]
    assert any("To come" in chart.proto.spec or "To come" in str(chart.proto) for chart in at.get("vega_lite_chart"))


def test_the_reason_for_a_found_rate_stands_at_its_stage(live: RunFolder) -> None:
    assert any("Why this rate: It \\*fits\\*." in line for line in texts(open_page("training", run=live.id)))


def test_time_left_that_is_estimated_is_marked_about(live: RunFolder) -> None:
    job = queue.live_job(live.workspace, live.id)
    assert job is not None
    assert jobs.how_far(live.workspace, job) == "Stage 1 of 2, epoch 5 of 5 · about 3 min left"
    sure = job.model_copy(update={"progress": job.progress.model_copy(update={"about": False})})
    assert jobs.how_far(live.workspace, sure) == "Stage 1 of 2, epoch 5 of 5 · 3 min left"
    assert job.progress.share == 0.4


def curve(run: RunFolder, for_stage: int | None) -> None:
    rates = np.geomspace(1e-5, 1e-3, 12).tolist()
    under_way = Curve(name="0001", created="2026-01-02T10:00:00+00:00", stage=NEXT.model_copy(update={"lr": None}),
                      lrs=rates, losses=[2.0] * 12, smoothed=[2.0] * 12, for_stage=for_stage)  # fmt: skip
    write_json(run.path / "finder" / "0001.json", under_way.model_dump(mode="json"))


def test_a_range_test_inside_a_plan_draws_its_curve(live: RunFolder) -> None:
    curve(live, for_stage=1)
    at = open_page("training", run=live.id)
    assert not at.exception
    assert len(specs(at)) == 4
    assert any("A range test finds the learning rate of stage 2" in line for line in texts(at))
    assert any(line.startswith("Batch 12 of 45") for line in texts(at))


@pytest.mark.parametrize("stage", [0, None])
def test_a_curve_that_broke_off_before_is_not_taken_for_one_under_way(live: RunFolder, stage: int | None) -> None:
    curve(live, for_stage=stage)
    assert len(specs(open_page("training", run=live.id))) == 3


def test_the_range_test_before_the_first_batch_is_drawn_alone(home: Path) -> None:
    run = new_run(home)
    run.write_state(RunState(plan=[NEXT]))
    at_work(
        run, JobProgress(what="Finding the rate of stage 1 of 1: 12 of 45", done=12, total=45, eta_s=60.0, now_s=9.0)
    )
    curve(run, for_stage=0)
    at = open_page("training", run=run.id)
    assert not at.exception
    assert len(specs(at)) == 1
    assert any("9 s left. The test ends early" in line for line in texts(at))


def test_epochs_that_ended_after_the_batches_were_read_wait_for_the_next_drawing(live: RunFolder) -> None:
    row = {"kind": "epoch", "stage": 0, "epoch": 6, "step": 60, "train_loss": 0.1, "valid_loss": 0.1, "accuracy": 1.0,
           "seconds": 1.0}  # fmt: skip
    with (live.path / "history.jsonl").open("a") as file:
        file.write(json.dumps(row) + "\n")
    now = moment.read(live, live.data(), None)
    assert len(now.epochs) == 5
    assert len(live.history.epochs) == 6
    assert float(now.spans["end"].max()) == 5


def test_before_the_first_epoch_has_ended_the_mean_of_its_batches_is_shown(home: Path) -> None:
    run = new_run(home)
    train(run)
    rows = [json.loads(line) for line in (run.path / "history.jsonl").read_text().splitlines()[:4]]
    (run.path / "history.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    at = open_page("training", run=run.id)
    assert not at.exception
    assert metrics(at)["Training loss"][0] == f"{np.mean([row['loss'] for row in rows]):.3f}"
    assert metrics(at)["Accuracy"][0] == "–"


def measured(run: RunFolder, *losses: float, cycle: int = 2, skipped: str = "") -> CycleLine:
    """Append what the worker writes when a cycle has ended: losses on the way from the snapshot before."""
    names = {"first": f"cycle-{cycle - 1}", "second": f"cycle-{cycle}"}
    ends = max(losses[0], losses[-1]) if losses else 0.0
    height = {"ridge": max(losses[1:-1], default=0.0) - ends, "error": 0.01}
    line = Line(losses=losses, accuracies=(0.5,) * len(losses), **names, **height) if losses else None
    found = CycleLine(stage=0, cycle=cycle, **names, line=line, images=96, size=24, seconds=1.0, skipped=skipped)
    with (run.path / "history.jsonl").open("a") as file:
        file.write(found.model_dump_json() + "\n")
    return found


def test_what_a_restart_did_is_drawn_while_the_run_goes_on(live: RunFolder) -> None:
    before = open_page("training", run=live.id)
    assert not any("What the restarts did" in line for line in texts(before)), "nothing before the second cycle"
    first = measured(live, 0.5, 0.9, 0.4)
    second = measured(live, 0.4, 0.35, 0.3, cycle=3)
    at = open_page("training", run=live.id)
    assert not at.exception
    assert any("What the restarts did" in line for line in texts(at))
    assert second.sentence() in texts(at), "the newest in a sentence"
    assert first.sentence() not in texts(at), "each further one in the chart"
    assert len(specs(at)) == len(specs(before)) + 1
    chart = next(spec for spec in specs(at) if "ridge between two valleys" in json.dumps(spec["title"]))
    assert '["cycle-1", "cycle-2", "cycle-3"][datum.value]' in json.dumps(chart).replace('\\"', '"')
    assert any("on 96 validation images, in 2 s altogether" in line for line in texts(at))


def test_a_cycle_that_was_not_measured_says_why_while_the_run_goes_on(live: RunFolder) -> None:
    why = "cycle-1 to cycle-2: not measured, because the job was stopped meanwhile."
    measured(live, skipped=why)
    at = open_page("training", run=live.id)
    assert not at.exception
    assert why in texts(at)
    assert len(specs(at)) == 3, "there is nothing to draw"
