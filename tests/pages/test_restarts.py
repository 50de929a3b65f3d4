"""What the restarts did, on the Training page: asked for, answered, and the average kept."""

from pathlib import Path

import pytest

from core.jobs import queue
from core.jobs.execute import run_here
from core.jobs.specs import StudySpec, TrainSpec
from core.results.restarts import AVERAGED
from core.results.studies import Restarts
from core.runs.folder import RunFolder
from core.runs.studies import average_path
from core.training.stage import Plan, Stage
from tests.pages.conftest import open_page
from tests.pages.made import new_run

STAGE = Stage(freeze_to=0, lr=(0.01,), group_ratio=1.0, cycles=3, size=24, batch_size=8)
QUESTION = Restarts(snapshots=("cycle-1", "cycle-2", "cycle-3"))


@pytest.fixture
def run(home: Path, monkeypatch) -> RunFolder:
    made = new_run(home)
    run_here(made.workspace, made.id, TrainSpec(plan=Plan(stages=(STAGE,))))
    return made


def said(at):
    return "\n".join(text.value for text in [*at.markdown, *at.caption])


def test_the_question_is_a_button_that_queues_the_study(run, monkeypatch):
    monkeypatch.setattr(queue, "advance", lambda workspace: None)
    at = open_page("training", run=run.id)
    assert not at.exception
    at = at.button(key="study-restarts").click().run()
    assert not at.exception
    job = queue.live_job(run.workspace, run.id)
    assert job.spec == StudySpec(question=QUESTION)


def test_what_the_worker_measured_is_shown_without_asking(run):
    at = open_page("training", run=run.id)
    assert not at.exception
    lines = run.history.lines
    assert [(line.first, line.second) for line in lines] == [("cycle-1", "cycle-2"), ("cycle-2", "cycle-3")]
    assert lines[-1].sentence() in said(at)
    assert "Measured as each cycle ended, on" in said(at)


def test_what_was_not_measured_is_said_with_its_reason(run):
    line = run.history.lines[-1]
    reason = "cycle-2 to cycle-3: not measured, because the job was stopped meanwhile."
    left_out = line.model_copy(update={"line": None, "skipped": reason})
    history = run.path / "history.jsonl"
    kept = [row for row in history.read_text().splitlines() if '"cycle":3' not in row or '"line"' not in row]
    history.write_text("\n".join([*kept, left_out.model_dump_json()]) + "\n")
    at = open_page("training", run=run.id)
    assert not at.exception
    assert reason in said(at)
    assert "Measured as each cycle ended, on" in said(at), "the line before it is drawn"


def test_the_answer_has_every_line_and_what_all_of_them_together_gain(run):
    run_here(run.workspace, run.id, StudySpec(question=QUESTION))
    at = open_page("training", run=run.id)
    assert not at.exception
    assert "2 steps from snapshot to snapshot" in said(at)
    assert "cycle-1 to cycle-2" in said(at)
    assert "The mean of their predictions has" in said(at)
    at = at.button(key="keep-average").click().run()
    assert not at.exception
    assert AVERAGED in [snapshot.name for snapshot in run.snapshots()]
    assert "is in the list of snapshots" in said(at)


def test_the_snapshots_together_can_be_kept_and_chosen_but_not_loaded(run):
    run_here(run.workspace, run.id, StudySpec(question=QUESTION))
    at = open_page("training", run=run.id).button(key="keep-ensemble").click().run()
    assert not at.exception
    assert "The snapshot ensemble, of cycle-1, cycle-2, cycle-3, is in the list of snapshots" in said(at)
    at = at.run()
    assert any("ensemble" in option for option in at.selectbox(key="export-snapshot").options)
    assert "ensemble" not in at.selectbox(key="snapshot-chosen").options
    at.button_group(key="export-format").set_value("safetensors").run()
    assert "Weights" in at.button_group(key="export-format").options
    at.selectbox(key="export-snapshot").set_value("ensemble").run()
    assert not at.exception
    kinds = at.button_group(key="export-format")
    assert "Weights" not in kinds.options, "a file of weights holds one network"
    assert kinds.value == "onnx"


def test_an_average_that_is_gone_is_said(run):
    run_here(run.workspace, run.id, StudySpec(question=QUESTION))
    average_path(run).unlink()
    at = open_page("training", run=run.id).button(key="keep-average").click().run()
    assert not at.exception
    assert "averaged weights are no longer there" in "\n".join(error.value for error in at.error)


def test_one_cycle_has_no_restart_to_ask_about(home):
    run = new_run(home)
    run_here(run.workspace, run.id, TrainSpec(plan=Plan(stages=(STAGE.model_copy(update={"cycles": 1}),))))
    at = open_page("training", run=run.id)
    assert not at.exception
    assert not [button for button in at.button if button.key == "study-restarts"]
