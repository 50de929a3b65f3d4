"""How sure the figures are, on the Confusion matrix page."""

from pathlib import Path

import pytest

from core.jobs import queue
from core.jobs.specs import StudySpec
from core.results.studies import SplitLuck
from core.runs.threshold import keep_threshold, threshold_of
from tests.pages import made
from tests.pages.conftest import open_page


@pytest.fixture
def run(home: Path):
    run = made.new_run(home)
    made.train(run)
    made.evaluate(run)
    return run


def said(at):
    return "\n".join(text.value for text in [*at.markdown, *at.caption])


def test_the_accuracy_has_its_interval_and_classes_count_alike(run):
    at = open_page("confusion_matrix", run=run.id)
    assert not at.exception
    assert "95% interval, from" in said(at)
    assert "balanced accuracy" in said(at)
    assert "macro F1" in said(at)
    assert "Expected calibration error" in said(at)
    at = at.toggle(key="class-ranges").set_value(True).run()
    (table,) = [frame.value for frame in at.dataframe if "recall" in frame.value.columns]
    assert len(table) == len(run.info.classes)
    assert all("–" in cell and cell.endswith("%") for cell in table["recall"])


def test_the_threshold_is_kept_with_the_run(run):
    at = open_page("confusion_matrix", run=run.id)
    at.slider(key=f"threshold-{run.id}").set_value(80).run()
    assert not at.exception
    assert threshold_of(run) == 0.8
    assert "At 80%" in said(at)
    again = open_page("confusion_matrix", run=run.id)
    assert again.slider(key=f"threshold-{run.id}").value == 80


def test_looking_at_the_page_or_using_an_older_tab_changes_nothing(run):
    keep_threshold(run, 0.855)
    older = open_page("confusion_matrix", run=run.id)
    assert threshold_of(run) == 0.855
    keep_threshold(run, 0.7)
    older.toggle(key="class-ranges").set_value(True).run()
    assert threshold_of(run) == 0.7


def test_a_network_from_scratch_is_not_asked_for_split_luck(run):
    at = open_page("confusion_matrix", run=run.id)
    assert "study-split_luck" not in [button.key for button in at.button]


def test_split_luck_is_asked_of_a_pretrained_network(home, monkeypatch):
    monkeypatch.setattr(queue, "advance", lambda workspace: None)
    run = made.new_run(home, backbone="efficientnet_lite0", pretrained=True)
    made.train(run)
    made.evaluate(run)
    at = open_page("confusion_matrix", run=run.id).button(key="study-split_luck").click().run()
    assert not at.exception
    assert queue.live_job(run.workspace, run.id).spec == StudySpec(question=SplitLuck())
