"""A run carried to another workspace as one file: what comes across, and what does not."""

import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from core.data.index import load_data
from core.data.moved import missing_of
from core.data.versions.ledger import ledger_of
from core.data.versions.version import as_given
from core.errors import DataError, RunError, WorkspaceError
from core.export.carry_in import carry_in
from core.export.carry_out import carry_out
from core.export.records import RECORDS
from core.jobs import queue
from core.jobs.actions import point_to, use_version
from core.jobs.execute import run_here
from core.jobs.records import write_record
from core.jobs.restore import model_of
from core.jobs.specs import EvaluateSpec, TrainSpec
from core.results.inference import probabilities_of
from core.results.predictions import Predictions, predict_images
from core.results.restarts import ENSEMBLE
from core.runs.create import create_run
from core.runs.draft import Draft
from core.runs.threshold import threshold_of
from core.training.stage import plan_of
from core.workspace import Workspace, read_json
from tests.core.conftest import COLOURS
from tests.core.export.carrying import parts
from tests.core.export.conftest import CARRIED_STAGE


def test_a_run_comes_across_with_all_that_it_shows(to_carry, carried, elsewhere):
    found = carry_in(carried, elsewhere)
    run = found.run
    assert not found.images
    assert run.id != to_carry.id
    assert run.info.model_copy(update={"data_spec": to_carry.info.data_spec}) == to_carry.info
    assert run.history.steps.equals(to_carry.history.steps)
    assert run.history.epochs.equals(to_carry.history.epochs)
    assert [one.name for one in run.snapshots()] == [one.name for one in to_carry.snapshots()]
    assert [curve.losses for curve in run.curves()] == [curve.losses for curve in to_carry.curves()]
    assert threshold_of(run) == 0.4
    assert Draft.load(run.path).cards == Draft.load(to_carry.path).cards
    ours, theirs = Predictions.load(run.predictions_path()), Predictions.load(to_carry.predictions_path())
    assert np.array_equal(ours.probabilities, theirs.probabilities)
    assert ours.names == theirs.names
    assert [(item.name, item.split) for item in run.data().items] == [
        (item.name, item.split) for item in to_carry.data().items
    ]


def test_it_predicts_there_to_the_same_probabilities(to_carry, carried, elsewhere):
    run = carry_in(carried, elsewhere).run
    paths = [item.path for item in to_carry.data().items[:5]]
    for snapshot in ("latest", "best", "cycle-1"):
        here, there = (predict_images(model_of(one, snapshot), paths, 16) for one in (run, to_carry))
        assert np.array_equal(here, there)


def test_an_ensemble_is_carried_too(small, together, elsewhere, tmp_path):
    pixels, mean = together
    carry_out(small, tmp_path / "it.run.zip")
    model = model_of(carry_in(tmp_path / "it.run.zip", elsewhere).run, ENSEMBLE)
    with torch.inference_mode():
        found = probabilities_of(model, torch.from_numpy(pixels).permute(0, 3, 1, 2))
    np.testing.assert_allclose(found, mean, atol=1e-6)


def test_it_asks_for_its_images_and_goes_on_to_the_same_numbers_with_them(to_carry, carried, elsewhere, tmp_path):
    run = carry_in(carried, elsewhere).run
    assert missing_of(run.data()) is not None
    with pytest.raises(DataError, match="images-not-carried with the images is missing"):
        run_here(elsewhere, run.id, TrainSpec(plan=plan_of([CARRIED_STAGE.model_dump() | {"size": 24}])))
    point_to(run, to_carry.info.data_spec)
    home = tmp_path / "copy" / "runs" / to_carry.id
    shutil.copytree(to_carry.path, home)
    copy = type(to_carry)(home, Workspace.at(tmp_path / "copy"))
    for one in (run, copy):
        assert run_here(one.workspace, one.id, TrainSpec(plan=plan_of([CARRIED_STAGE.model_dump()]))).status == "done"
    assert run.history.steps.loss.tolist() == copy.history.steps.loss.tolist()
    assert len(run.history.epochs) == 4


def test_with_its_images_nothing_is_missing(to_carry, tmp_path, elsewhere):
    path = tmp_path / "with.run.zip"
    assert carry_out(to_carry, path, images=True).images == 60
    found = carry_in(path, elsewhere)
    assert found.images
    data = found.run.data()
    assert missing_of(data) is None
    assert data.fingerprint == load_data(data.spec, elsewhere).fingerprint == to_carry.info.fingerprint
    assert run_here(elsewhere, found.run.id, EvaluateSpec()).status == "done"
    again = carry_in(path, elsewhere)
    assert again.run.data().spec == data.spec, "the images are kept once"


def test_the_edits_of_its_data_travel_with_it(squares, tmp_path, elsewhere):
    workspace = Workspace.at(tmp_path / "home")
    data = load_data(str(squares), workspace)
    run = create_run(workspace, data, backbone="small_cnn", size=16, pretrained=False)
    ledger = ledger_of(workspace, data)
    ledger.decide(data, data.items[0].name, "exclude")
    ledger.decide(data, data.items[1].name, "relabel", data.classes[1])
    version = use_version(run)
    carry_out(run, tmp_path / "it.zip", images=True)
    found = carry_in(tmp_path / "it.zip", elsewhere).run
    assert found.data().edits == version.edits
    assert found.data().fingerprint == version.fingerprint == found.info.fingerprint
    assert found.info.images == len(data.items) - 1
    given = as_given(found.data())
    assert [(item.name, item.label, item.split) for item in given.items] == [
        (item.name, item.label, item.split) for item in data.items
    ]
    assert ledger_of(elsewhere, found.data()).edits() == version.edits, "they can be taken back there"


def test_a_set_that_comes_with_anneal_is_found_by_itself(tmp_path, elsewhere):
    workspace = Workspace.at(tmp_path / "home")
    run = create_run(workspace, load_data("digits", workspace), backbone="small_cnn", size=32, pretrained=False)
    carry_out(run, tmp_path / "it.zip")
    found = carry_in(tmp_path / "it.zip", elsewhere)
    assert found.images
    assert found.run.info.data_spec == "digits"
    assert missing_of(found.run.data()) is None


def test_places_of_the_machine_are_not_in_the_file(to_carry, tmp_path):
    path = tmp_path / "with.run.zip"
    carry_out(to_carry, path, images=True)
    for name, content in parts(path).items():
        assert b"secret" not in content, name
        assert str(Path.home()).encode() not in content, name
        assert b"with the images was missing" in content or name not in ("state.json",)
    assert not any(name.startswith(("log", "exports", ".")) for name in parts(path))


def test_a_damaged_part_is_left_out_and_named(to_carry, tmp_path):
    home = tmp_path / "copy" / "runs" / to_carry.id
    shutil.copytree(to_carry.path, home)
    (home / "snapshots" / "cycle-1.safetensors").write_bytes(b"damaged")
    (home / "finder" / "0001.json").write_text("{")
    (home / "predictions" / "latest-valid.npz").write_bytes(b"damaged")
    run = type(to_carry)(home, Workspace.at(tmp_path / "copy"))
    said = write_record(run, RECORDS["run"], tmp_path / "it.zip")
    assert said[1] == (
        "Left out, because damaged: finder/0001.json, predictions/latest-valid.npz, snapshots/cycle-1.safetensors."
    )


def test_an_image_that_changed_is_named_and_no_file_is_left(to_carry, squares, tmp_path):
    workspace = Workspace.at(tmp_path / "home")
    pictures = tmp_path / "pictures"
    shutil.copytree(squares, pictures)
    run = create_run(workspace, load_data(str(pictures), workspace), backbone="small_cnn", size=16, pretrained=False)
    (pictures / "red" / "3.png").write_bytes(b"another")
    with pytest.raises(DataError, match=r"red/3.png is no longer as it was .* without its images"):
        carry_out(run, tmp_path / "it.zip", images=True)
    shutil.rmtree(pictures)
    with pytest.raises(DataError, match="with the images is missing"):
        carry_out(run, tmp_path / "it.zip", images=True)
    assert not list(tmp_path.glob("*it.zip*"))


def test_a_full_disk_leaves_no_file(to_carry, tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(zipfile.ZipFile, "writestr", full)
    with pytest.raises(WorkspaceError, match="is full"):
        carry_out(to_carry, tmp_path / "it.zip")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_no_run(carried, elsewhere, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("core.export.carry_in.write_json", full)
    with pytest.raises(WorkspaceError, match="is full"):
        carry_in(carried, elsewhere)
    assert list(elsewhere.runs.iterdir()) == []


def test_a_run_at_work_is_left_alone(to_carry, tmp_path, monkeypatch):
    monkeypatch.setattr(queue, "live_job", lambda *_: object())
    with pytest.raises(RunError, match="cannot be carried away now"):
        write_record(to_carry, RECORDS["run"], tmp_path / "it.zip")


def test_names_that_are_markup_come_across_as_they_are(to_carry, tmp_path, elsewhere):
    hostile = "<img src=x onerror=alert(1)> ![x](http://example.org/x.png)"
    run_json = to_carry.path / "run.json"
    before = read_json(run_json)
    try:
        run_json.write_text(json.dumps({**before, "name": hostile}))
        carry_out(to_carry, tmp_path / "it.zip")
    finally:
        run_json.write_text(json.dumps(before))
    assert carry_in(tmp_path / "it.zip", elsewhere).run.info.name == hostile
    assert len(COLOURS) == len(to_carry.info.classes)
