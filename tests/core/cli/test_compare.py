"""`compare`: two runs or snapshots on the same images."""

import pytest

from core.runs.folder import RunFolder
from core.workspace import Workspace


@pytest.fixture(scope="module")
def two(home, pictures):
    """The ids of two runs on the same images: one trained at a usual rate, one hardly at all."""
    import json
    import subprocess
    import sys

    found = []
    for lr in ("0.005", "1e-6"):
        command = [sys.executable, "-m", "core", "train", str(pictures), "--backbone", "small_cnn", "--unfreeze"]
        command += ["--lr", lr, "--cycles", "3", "--size", "16", "--home", str(home), "--json"]
        found.append(json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)["id"])
    return found


def test_what_one_mends_the_other_breaks(anneal, two):
    first, second = anneal("compare", *two, "--json").json, anneal("compare", *reversed(two), "--json").json
    assert first["fixed"] == second["broken"]
    assert first["broken"] == second["fixed"]
    assert first["p"] == second["p"]
    points = (first["second_accuracy"] - first["first_accuracy"]) * first["images"]
    assert round(points) == len(first["fixed"]) - len(first["broken"])
    assert first["broken"], "the untrained one is worse"


def test_the_text_says_it_in_a_sentence(anneal, two):
    said = anneal("compare", *two)
    assert said.status == 0
    assert "On the same" in said.out
    assert "broken:" in said.out


def test_a_run_is_itself(anneal, two):
    assert "No image changed between right and wrong" in anneal("compare", two[0], two[0]).out


def test_snapshots_are_evaluated_when_they_were_not(anneal, two, home):
    run = RunFolder(Workspace.at(home).runs / two[0], Workspace.at(home))
    assert not run.predictions_path("cycle-1").exists()
    assert anneal("compare", f"{two[0]}@cycle-1", two[0], "--json").json["images"] > 0
    assert run.predictions_path("cycle-1").exists()


def test_runs_on_other_images_are_not_compared(anneal, two, home, tmp_path):
    from PIL import Image

    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for number in range(6):
            Image.new("RGB", (16, 16), (number * 20, 0, 90 if name == "a" else 0)).save(
                tmp_path / name / f"{number}.png"
            )
    plan = ("--backbone", "small_cnn", "--unfreeze", "--lr", "0.001", "--size", "16", "--json")
    other = anneal("train", tmp_path, *plan).json["id"]
    said = anneal("compare", two[0], other)
    assert said.status == 2
    assert "predictions are of different images" in said.err


def test_a_run_that_is_not_there(anneal, two):
    assert "There is no run nowhere" in anneal("compare", two[0], "nowhere").err
