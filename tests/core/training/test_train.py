"""`Learner.train`: the history as data frames, and a progress bar where somebody sees it."""

import re
import sys

import pytest

from core.errors import PlanError
from core.training.stage import Stage

from .conftest import SIZE, timeless

STAGE = Stage(freeze_to=0, lr=0.01, size=SIZE, batch_size=10, cycles=2)


def test_one_row_an_epoch_and_one_a_batch_as_fit_gives_them(new_learner):
    learner, other = new_learner(), new_learner()
    history = learner.train(STAGE)
    records = [timeless(record) for record in other.fit(STAGE)]
    assert list(history) == ["stage", "epoch", "step", "train_loss", "valid_loss", "accuracy", "seconds", "valid_error"]
    epochs = [row for row in records if row["kind"] == "epoch"]
    assert history.drop(columns="seconds").to_dict("records") == [
        {name: value for name, value in row.items() if name != "kind"} for row in epochs
    ]
    steps = [row for row in records if row["kind"] == "step"]
    assert learner.steps["loss"].tolist() == [row["loss"] for row in steps]
    assert list(zip(*(learner.steps[f"lr_{group}"] for group in range(3)), strict=True)) == [r["lrs"] for r in steps]
    assert list(learner.steps)[:4] == ["stage", "epoch", "step", "lr_0"]


def test_stages_are_numbered_and_the_history_grows(learner):
    learner.train(STAGE)
    again = learner.train(STAGE)
    assert again["epoch"].tolist() == [3, 4]
    assert learner.history["stage"].tolist() == [0, 0, 1, 1]
    assert learner.steps["stage"].nunique() == 2


def test_an_interrupted_stage_goes_on(new_learner, monkeypatch, capsys):
    straight, broken = new_learner(), new_learner()
    straight.train(STAGE)
    fit = broken.fit

    def interrupted(*args, **kwargs):
        for number, record in enumerate(fit(*args, **kwargs)):
            yield record
            if number == 6:
                raise KeyboardInterrupt

    monkeypatch.setattr(broken, "fit", interrupted)
    with pytest.raises(KeyboardInterrupt):
        broken.train(STAGE)
    monkeypatch.setattr(broken, "fit", fit)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert broken.train(STAGE, resume=True)["epoch"].tolist() == [2]
    assert broken.steps["loss"].tolist() == straight.steps["loss"].tolist()
    assert broken.history["stage"].tolist() == [0, 0]
    assert re.search(r"5/8.*8/8", capsys.readouterr().err, flags=re.DOTALL)


def test_before_any_training_both_are_empty_with_their_columns(learner):
    assert learner.history.empty
    assert "accuracy" in learner.history
    assert learner.steps.empty
    assert "loss" in learner.steps


def test_a_terminal_sees_a_bar_and_a_file_does_not(learner, monkeypatch, capsys):
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)  # another test may have run a notebook
    learner.train(STAGE)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    learner.train(STAGE)
    shown = capsys.readouterr().err
    assert "8/8" in shown
    assert "accuracy=" in shown


def test_a_notebook_sees_a_bar(learner, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "ipykernel", sys)
    learner.train(STAGE)
    assert "8/8" in capsys.readouterr().err


def test_errors_are_those_of_fit(learner):
    with pytest.raises(PlanError, match="still to be found"):
        learner.train(Stage(size=SIZE))
