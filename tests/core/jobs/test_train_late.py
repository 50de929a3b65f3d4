"""A training job whose batches are ahead of their records, as on a GPU: what is kept is what is kept without that."""

import math
from itertools import count

import pytest

from core.errors import DivergedError
from core.jobs.checkpointer import Checkpointer
from core.jobs.specs import TrainSpec
from core.runs.checkpoint import read_meta
from core.training import late
from core.training.task import Task
from tests.core.jobs.test_train import plan, same_numbers, same_weights, stage
from tests.core.training.conftest import loss_of

LAG, EPOCH = 8, 24
PLAN = plan(stage(batch_size=2, cycle_len=2))


@pytest.fixture
def lag(monkeypatch):
    """From its call on, records come 8 batches later."""

    def set_to():
        monkeypatch.setattr(late, "LAG_S", 1e9)
        monkeypatch.setitem(late.LAG, "cpu", LAG)

    return set_to


@pytest.fixture
def diverges(monkeypatch):
    """From its call on, the loss of the batch with that number (from 0) is no number."""

    def at(step):
        train = Task.train
        monkeypatch.setattr(
            Task, "train", lambda self, i, now, *more: loss_of(math.nan) if now == step else train(self, i, now, *more)
        )

    return at


@pytest.fixture
def other(more_runs):
    return more_runs[0]


@pytest.mark.parametrize("stop_at", [7, EPOCH + 3])
def test_stopped_and_continued_gives_the_same_numbers(run, work, other, lag, stop_at):
    work(PLAN, of=other)
    lag()
    assert work(PLAN, stop_at=stop_at).status == "stopped"
    last = run.history.steps["step"].max()
    assert stop_at < last <= stop_at + LAG
    assert read_meta(run.checkpoint).step == last
    assert work(TrainSpec()).status == "done"
    same_numbers(run.history, other.history)
    same_weights(run, other)


def test_no_checkpoint_is_ahead_of_the_history(run, work, other, lag, monkeypatch):
    work(PLAN, of=other)
    lag()
    due, kept, keep = count(), [], Checkpointer.keep

    def checked(self, *args):
        keep(self, *args)
        meta = read_meta(run.checkpoint)
        assert meta.history_bytes == (run.path / "history.jsonl").stat().st_size
        assert meta.step == run.history.steps["step"].max()
        kept.append(meta.step)

    monkeypatch.setattr(Checkpointer, "keep", checked)
    monkeypatch.setattr(Checkpointer, "is_due", lambda self, *, at_epoch: next(due) % 5 == 4)
    work(PLAN)
    assert len([step for step in kept if step % EPOCH]) >= 2
    same_numbers(run.history, other.history)
    same_weights(run, other)


def test_divergence_keeps_what_it_keeps_without(run, work, other, lag, diverges):
    step = EPOCH + 5
    diverges(step)
    for one in (other, run):
        with pytest.raises(DivergedError):
            work(PLAN, of=one)
        lag()
    same_numbers(run.history, other.history)
    same_weights(run, other)
    assert run.state.stages[-1].message == other.state.stages[-1].message
    assert run.history.steps["step"].max() == step


def test_a_stop_says_when_a_batch_has_diverged_meanwhile(run, work, lag, diverges):
    diverges(6)
    lag()
    with pytest.raises(DivergedError):
        work(PLAN, stop_at=2)
    assert run.state.stages[-1].status == "diverged"
    assert run.history.steps["step"].tolist() == [1, 2, 3, 4, 5, 6]
