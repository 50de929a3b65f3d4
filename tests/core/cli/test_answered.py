"""A study that a command asks for: answered once, kept, and a sentence where nothing was kept."""

import io

import pytest

from core.cli import jobs
from core.cli.output import Reporter
from core.errors import RunError
from core.results.split_luck import SplitLuckAnswer
from core.results.studies import SplitLuck
from core.runs.studies import keep_answer

QUESTION = SplitLuck(splits=2)
ANSWER = SplitLuckAnswer(accuracies=(0.5, 0.6), valid_images=10, size=32)


def test_what_is_kept_is_not_asked_again(run, monkeypatch):
    keep_answer(run, QUESTION, ANSWER)
    monkeypatch.setattr(jobs, "work", lambda *_: pytest.fail("asked again"))
    assert jobs.answered(run, QUESTION, SplitLuckAnswer, Reporter(io.StringIO())) == ANSWER


def test_what_is_not_kept_is_asked_once(run, monkeypatch):
    monkeypatch.setattr(jobs, "work", lambda run, spec, reporter: keep_answer(run, spec.question, ANSWER))
    assert jobs.answered(run, QUESTION, SplitLuckAnswer, Reporter(io.StringIO())) == ANSWER


def test_an_answer_that_was_not_kept_is_said(run, monkeypatch):
    monkeypatch.setattr(jobs, "work", lambda *_: None)
    with pytest.raises(RunError, match="The answer was not kept"):
        jobs.answered(run, QUESTION, SplitLuckAnswer, Reporter(io.StringIO()))
