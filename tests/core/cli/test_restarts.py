"""`restarts`: what the restarts of a run did."""

import json
import subprocess
import sys

import pytest


def trained(home, pictures, cycles):
    command = [sys.executable, "-m", "core", "train", str(pictures), "--backbone", "small_cnn", "--unfreeze"]
    command += ["--lr", "0.005", "--cycles", cycles, "--size", "16", "--home", str(home), "--json"]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)["id"]


def test_each_line_and_each_gain_is_a_sentence(anneal, home, pictures):
    run = trained(home, pictures, "3")
    found = anneal("restarts", run, "--json").json
    assert [line["second"] for line in found["lines"]] == ["cycle-2", "cycle-3"]
    assert len(found["sentences"]) == len(found["lines"]) + len(found["gains"])
    assert anneal("restarts", run).out.strip().splitlines() == found["sentences"]


def test_one_cycle_has_no_restart(anneal, home, pictures):
    said = anneal("restarts", trained(home, pictures, "1"))
    assert said.status == 2
    assert "needs two snapshots at the ends of cycles" in said.err


def test_what_is_kept_is_a_snapshot_that_predicts_and_is_evaluated(anneal, home, pictures):
    run = trained(home, pictures, "2")
    found = anneal("restarts", run, "--keep", "ensemble", "--json").json
    assert found["snapshot"] == "ensemble"
    accuracy = anneal("evaluate", run, "--snapshot", "ensemble", "--json").json["accuracy"]
    assert accuracy == pytest.approx(found["gains"][0]["accuracy"])
    picture = str(next(pictures.rglob("*.png")))
    (whole, *each) = (
        anneal("predict", run, picture, "--snapshot", name, "--json").json[0]["probabilities"]
        for name in ("ensemble", "cycle-1", "cycle-2")
    )
    for name, probability in whole.items():
        assert probability == pytest.approx(sum(one[name] for one in each) / 2, abs=1e-5)
    said = anneal("restarts", run, "--keep", "average").out
    assert "Kept as the snapshot averaged: --snapshot averaged takes it." in said
