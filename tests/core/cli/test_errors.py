"""`errors` and `curve`: what a run errs on, and what would help more."""

import json
import subprocess
import sys

import numpy as np
import pytest

from core.results.predictions import Predictions
from core.runs.folder import RunFolder
from core.workspace import Workspace


@pytest.fixture(scope="module")
def trained(home, pictures):
    """The id of a run that hardly learned."""
    command = [sys.executable, "-m", "core", "train", str(pictures), "--backbone", "small_cnn", "--unfreeze"]
    command += ["--lr", "1e-5", "--size", "16", "--home", str(home), "--json"]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)["id"]


def predictions(home, trained):
    return Predictions.load(RunFolder(Workspace.at(home).runs / trained, Workspace.at(home)).predictions_path())


def test_every_wrong_image_is_listed_the_highest_loss_first(anneal, trained, home):
    found = anneal("errors", trained, "--json").json
    made = predictions(home, trained)
    assert len(found) == int((made.predicted != made.labels).sum())
    assert [row["loss"] for row in found] == sorted((row["loss"] for row in found), reverse=True)
    for row in found:
        place = made.names.index(row["image"])
        assert row["true"] == made.classes[made.labels[place]]
        assert row["predicted"] == max(row["probabilities"], key=row["probabilities"].get)
        assert row["path"].endswith(row["image"].rsplit("/", 1)[-1])


def test_it_can_be_narrowed_and_cut(anneal, trained, home):
    made = predictions(home, trained)
    name = made.classes[0]
    every = anneal("errors", trained, "--class", name, "--right-too", "--order", "unsure", "--json").json
    assert len(every) == int((made.labels == 0).sum())
    highest = [max(row["probabilities"].values()) for row in every]
    assert highest == sorted(highest)
    assert len(anneal("errors", trained, "--class", name, "--right-too", "--limit", "1", "--json").json) == 1
    taken = anneal("errors", trained, "--taken-for", name, "--json").json
    assert len(taken) == int(((made.predicted == 0) & (made.labels != 0)).sum())


def test_the_text_has_the_count_and_each_image(anneal, trained, home):
    said = anneal("errors", trained)
    made = predictions(home, trained)
    wrong = int((made.predicted != made.labels).sum())
    assert f"{wrong} of {len(made)} validation images are wrong" in said.out
    worst = made.names[int(np.argmax(np.where(made.predicted != made.labels, made.losses, -1)))]
    assert worst in said.out


def test_a_class_that_is_not_there_is_said(anneal, trained):
    said = anneal("errors", trained, "--class", "unicorn")
    assert said.status == 2
    assert "There is no class unicorn. The classes are:" in said.err


def test_the_curve_of_a_data_set_and_of_a_run_are_the_same(anneal, home, pictures):
    of_data = anneal("curve", str(pictures), "--size", "32", "--json").json
    command = [sys.executable, "-m", "core", "train", str(pictures), "--size", "32", "--precompute", "--lr", "0.01"]
    run = json.loads(
        subprocess.run([*command, "--home", str(home), "--json"], capture_output=True, text=True, check=True).stdout
    )["id"]
    assert anneal("curve", run, "--json").json == of_data
    text = anneal("curve", run).out
    assert "validation images" in text
    assert of_data["sentences"][0] in text


def test_a_run_from_scratch_has_no_curve(anneal, trained):
    said = anneal("curve", trained)
    assert said.status == 2
    assert "began with random weights" in said.err


def test_what_averaging_over_views_brings_is_tested_where_both_were_evaluated(anneal, trained, home):
    plain = anneal("evaluate", trained, "--json").json
    averaged = anneal("evaluate", trained, "--tta", "--json").json
    assert "without_tta" not in plain
    assert averaged["without_tta"]["accuracy"] == plain["accuracy"]
    assert averaged["without_tta"]["real"] == (averaged["without_tta"]["p"] < 0.05)
    assert "Without augmented views" in anneal("evaluate", trained, "--tta").out
    RunFolder(Workspace.at(home).runs / trained, Workspace.at(home)).predictions_path().unlink()
    assert "without_tta" not in anneal("evaluate", trained, "--tta", "--json").json
