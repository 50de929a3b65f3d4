"""`train --branch`: what it changes, what it says beside the original, and what it refuses."""

import pytest

from core.runs.folder import RunFolder
from core.workspace import Workspace


@pytest.fixture(scope="module")
def original(home, pictures, tmp_path_factory):
    """The id of a run of 3 cycles."""
    import json
    import subprocess
    import sys

    command = [sys.executable, "-m", "core", "train", str(pictures), "--backbone", "small_cnn", "--scratch"]
    command += ["--unfreeze", "--lr", "0.003", "--cycles", "3", "--size", "16", "--home", str(home), "--json"]
    command.remove("--scratch")
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(ended.stdout)["id"]


def run_of(said, home):
    return RunFolder(said.json["run"], Workspace.at(home))


def test_what_if_the_rate_had_been_three_times_as_high_at_restart_2(anneal, original, home):
    made = run_of(anneal("train", "--branch", original, "--from", "cycle-2", "--lr", "0.009", "--json"), home)
    assert made.info.origin.change == "rate 9e-3"
    assert made.state.stages[-1].settings.lr == (0.009,)
    steps = made.history.steps
    behind = steps[steps.step <= made.info.origin.step]
    assert behind.lr_2.max() == pytest.approx(0.003)
    assert steps.lr_2.max() == pytest.approx(0.009)


def test_the_answer_compares_the_two_on_the_validation_images(anneal, original):
    said = anneal("train", "--branch", original, "--from", "cycle-1")
    assert said.status == 0, said.err
    assert f"Beside run {original}" in said.out
    assert "No image changed between right and wrong" in said.out


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ([], "Say from which snapshot: --from NAME. This run can be branched from cycle-1, cycle-2."),
        (["--from", "latest"], "Nothing of the plan was left after latest"),
        (["--from", "cycle-3"], "Nothing of the plan was left after cycle-3"),
        (["--from", "cycle-9"], "There are no weights called cycle-9 in this run."),
        (["--from", "cycle-1", "--lr", "0.1", "--seed", "3"], "A branch changes one thing, and lr and seed were given"),
        (["--from", "cycle-1", "--batch-size", "8"], "Leave out --batch-size."),
        (["--from", "cycle-1", "--recipe", "quick"], "Leave out --recipe."),
        (["--from", "cycle-1", "--unfreeze", "--freeze-to", "1"], "Both --unfreeze and --freeze-to were given"),
        (["--from", "cycle-1", "--continue", "x"], "Leave out DATA and --continue, or --branch."),
        (["--from", "../cycle-1"], "A snapshot's name has letters"),
    ],
)
def test_what_is_refused(anneal, original, options, sentence, home):
    before = sorted(Workspace.at(home).runs.glob("*"))
    said = anneal("train", "--branch", original, *options)
    assert said.status == 2
    assert sentence in " ".join(said.err.split())
    assert sorted(Workspace.at(home).runs.glob("*")) == before


def test_a_run_that_is_not_there(anneal):
    assert "There is no run nowhere" in anneal("train", "--branch", "nowhere", "--from", "cycle-1").err
