"""Files to take away: read without Anneal they say what the app says, and one that does not is not kept."""

import errno
import json
import os
import subprocess
import sys
import zipfile

import numpy as np
import onnx
import onnxruntime
import pytest
import timm
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from core.data.index import load_data
from core.errors import ExportError, RunError, WorkspaceError
from core.export import formats, making
from core.export.description import Check, Description
from core.export.formats import FORMATS
from core.export.kept import export_path, kept_export, kept_exports
from core.export.making import Answers, checked
from core.export.torch_file import TorchFile
from core.jobs.execute import run_here
from core.jobs.restore import model_of
from core.jobs.specs import ExportSpec
from core.results.restarts import ENSEMBLE
from core.runs.create import create_run
from core.runs.threshold import keep_threshold
from tests.core.export.conftest import validation


def export(run, to, snapshot="latest"):
    assert run_here(run.workspace, run.id, ExportSpec(to=to, snapshot=snapshot)).status == "done"
    found = kept_export(run, FORMATS[to], snapshot)
    assert found is not None
    return found


def files(run):
    return sorted(path.name for path in (run.path / "exports").glob("*")) if (run.path / "exports").exists() else []


@pytest.mark.parametrize("which", ["small", "lite0_run"])
def test_onnxruntime_says_what_the_app_says_for_any_number_of_images(which, request):
    run = request.getfixturevalue(which)
    found = export(run, "onnx")
    _, pixels, expected = validation(run)
    session = onnxruntime.InferenceSession(found.path, providers=["CPUExecutionProvider"])
    assert [(one.name, one.shape[0], one.type) for one in session.get_inputs()] == [
        ("pixels", "batch", "tensor(uint8)")
    ]
    assert [(one.name, one.shape[0]) for one in session.get_outputs()] == [("probabilities", "batch")]
    for count in (1, 3, len(pixels)):
        np.testing.assert_allclose(session.run(None, {"pixels": pixels[:count]})[0], expected[:count], atol=1e-4)
    onnx.checker.check_model(onnx.load(found.path), full_check=True)
    assert not [node for node in onnx.load(found.path).graph.node if node.op_type == "BatchNormalization"]


def test_the_onnx_file_itself_says_how_to_use_it_and_how_it_was_checked(small):
    keep_threshold(small, 0.4)
    found = export(small, "onnx")
    session = onnxruntime.InferenceSession(found.path, providers=["CPUExecutionProvider"])
    said = Description.model_validate_json(session.get_modelmeta().custom_metadata_map["anneal"])
    assert said == found.description
    assert said.classes == small.info.classes
    assert said.threshold == 0.4
    assert (said.preprocessing.size, said.preprocessing.fit, said.preprocessing.in_file) == (32, "pad", True)
    assert said.check is not None
    assert said.check.passed
    assert said.check.images == len(small.data().indices("valid"))
    assert 0 <= said.check.largest_difference < 1e-3
    assert said.versions["torch"] == torch.__version__.split("+")[0]
    keep_threshold(small, 0)


def test_torch_alone_opens_the_program(lite0_run, tmp_path):
    found = export(lite0_run, "torch")
    _, pixels, expected = validation(lite0_run)
    np.save(tmp_path / "pixels.npy", pixels)
    script = (
        "import sys, json, numpy as np, torch\n"
        "extra = {'anneal.json': ''}\n"
        "network = torch.export.load(sys.argv[1], extra_files=extra).module()\n"
        "with torch.inference_mode(): said = network(torch.from_numpy(np.load('pixels.npy'))).tolist()\n"
        "assert not [name for name in sys.modules if name.split('.')[0] in ('core', 'timm')]\n"
        "print(json.dumps([said, json.loads(extra['anneal.json'])['classes']]))\n"
    )
    known = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-c", script, str(found.path)]
    done = subprocess.run(command, cwd=tmp_path, env=known, capture_output=True, text=True, check=True)
    said, classes = json.loads(done.stdout)
    np.testing.assert_allclose(said, expected, atol=1e-4)
    assert tuple(classes) == lite0_run.info.classes


def test_the_weights_fill_timms_own_network(lite0_run):
    """Also where batch norm was folded, which timm's network does not know."""
    found = export(lite0_run, "safetensors")
    assert lite0_run.info.folded
    with safe_open(found.path, "pt") as file:
        said = Description.model_validate_json(file.metadata()["anneal"])
    assert (said.names, said.network, said.preprocessing.in_file) == ("timm", "tf_efficientnet_lite0", False)
    network = timm.create_model(said.network, num_classes=len(said.classes)).eval()
    network.load_state_dict(load_file(found.path))
    _, pixels, expected = validation(lite0_run)
    mean, std = (torch.tensor(colour).view(3, 1, 1) for colour in (said.preprocessing.mean, said.preprocessing.std))
    with torch.inference_mode():
        images = (torch.from_numpy(pixels).permute(0, 3, 1, 2) / 255 - mean) / std
        np.testing.assert_allclose(network(images).softmax(1), expected, atol=1e-4)


def test_the_weights_of_a_network_that_timm_lacks_have_our_names(small):
    found = export(small, "safetensors")
    assert found.description.names == "anneal"
    assert set(load_file(found.path)) == set(model_of(small).state_dict())


def test_the_description_lies_beside_the_file_and_tells_of_the_data(small):
    found = export(small, "torch", "cycle-1")
    said = json.loads((found.path.parent / "cycle-1.pt2.json").read_text())
    assert said["snapshot"] == "cycle-1"
    assert said["measured"]["images"] == len(small.data().indices("valid"))
    assert said["measured"]["low"] <= said["measured"]["accuracy"] <= said["measured"]["high"]
    assert [(row["name"], row["train"]) for row in said["per_class"]] == [("blue", 8), ("green", 8), ("red", 8)]
    assert [one.form.name for one in kept_exports(small, "cycle-1")] == ["torch"]


def test_an_ensemble_in_one_graph_gives_the_mean_of_its_members(small, together):
    pixels, mean = together
    onnx_file, torch_file, archive = (export(small, to, ENSEMBLE) for to in ("onnx", "torch", "zip"))
    session = onnxruntime.InferenceSession(onnx_file.path, providers=["CPUExecutionProvider"])
    np.testing.assert_allclose(session.run(None, {"pixels": pixels})[0], mean, atol=1e-4)
    program = torch.export.load(torch_file.path).module()
    np.testing.assert_allclose(program(torch.from_numpy(pixels)).detach().numpy(), mean, atol=1e-4)
    with zipfile.ZipFile(archive.path) as inner:
        (graph,) = [name for name in inner.namelist() if name.endswith(".onnx")]
        (card,) = [name for name in inner.namelist() if name.endswith(".md")]
        session = onnxruntime.InferenceSession(inner.read(graph), providers=["CPUExecutionProvider"])
        assert "An ensemble: its probabilities are the mean of those of 2 snapshots" in inner.read(card).decode()
    np.testing.assert_allclose(session.run(None, {"pixels": pixels})[0], mean, atol=1e-4)
    for made in (onnx_file, torch_file, archive):
        assert made.description.members == ("cycle-1", "cycle-2")
        assert made.description.check.passed


def test_a_file_of_weights_holds_no_ensemble(small, together):
    with pytest.raises(ExportError, match="a file of weights holds those of one"):
        export(small, "safetensors", ENSEMBLE)


class Other(TorchFile):
    """A file that is a little too sure of the first class."""

    def opened(self, content, description):
        predict = super().opened(content, description)
        return lambda pixels: predict(pixels) + np.eye(3, dtype=np.float32)[0] * 0.01


def test_an_export_that_says_something_else_is_not_kept(small, monkeypatch):
    before = files(small)
    monkeypatch.setattr(making, "_maker", lambda name: Other)
    with pytest.raises(ExportError, match=r"does not say what the app says: over 6 .* differ by up to 0\.01"):
        export(small, "torch", "best")
    assert files(small) == before


def test_a_network_that_cannot_be_written_is_a_sentence(small, monkeypatch):
    def fails(exported):
        raise RuntimeError("no such operator")

    monkeypatch.setattr(making, "_maker", lambda name: fails)
    with pytest.raises(ExportError, match=r"small_cnn cannot be written as ONNX \(RuntimeError: no such operator\)"):
        export(small, "onnx", "best")


def test_a_run_that_has_not_trained_has_nothing_to_export(photos_folder, workspace):
    run = create_run(workspace, load_data(str(photos_folder), workspace), backbone="small_cnn", size=32)
    with pytest.raises(RunError, match="Nothing has been trained in this run yet"):
        export(run, "torch")
    assert files(run) == []


def test_a_snapshot_that_is_gone_is_a_sentence(small):
    with pytest.raises(RunError, match="There is no snapshot monday"):
        export(small, "torch", "monday")


@pytest.mark.parametrize("fails_at", [1, 2])
def test_a_full_disk_leaves_nothing_half_written(small, monkeypatch, fails_at):
    """Neither the file nor its description; the second one to be written is the description."""
    path = export_path(small, FORMATS["torch"], "cycle-2")
    real, calls = os.fsync, []

    def fsync(handle):
        if "exports" in os.readlink(f"/proc/self/fd/{handle}"):
            calls.append(handle)
            if len(calls) == fails_at:
                raise OSError(errno.ENOSPC, "No space left on device")
        real(handle)

    before = files(small)
    monkeypatch.setattr("core.workspace.os.fsync", fsync)
    with pytest.raises(WorkspaceError, match=r"is full\. Free some space"):
        export(small, "torch", "cycle-2")
    assert files(small) == before
    assert not path.exists()


def test_what_is_not_installed_is_named_with_the_command(small, monkeypatch):
    monkeypatch.setattr(formats, "find_spec", lambda name: None if name == "onnxruntime" else True)
    said = r"This export needs onnxruntime, not installed here\. Run pip install -r requirements-export\.txt"
    with pytest.raises(ExportError, match=said):
        export(small, "onnx", "best")


def test_without_validation_images_there_is_nothing_to_check_on(small, monkeypatch):
    monkeypatch.setattr("core.data.dataset.DataSet.indices", lambda self, split: np.zeros(0, dtype=np.int64))
    with pytest.raises(ExportError, match="this data set has none"):
        export(small, "torch")


KNOWN = np.array([[0.5, 0.5, 0.0], [0.1, 0.2, 0.7]], dtype=np.float32)


@pytest.mark.parametrize(
    ("given", "others", "passed"),
    [
        (KNOWN, 0, True),
        (KNOWN[:, [1, 0, 2]] + np.float32([[-1e-6, 1e-6, 0], [-0.1, 0.1, 0]]), 0, True),
        (KNOWN + np.float32([[0, 5e-4, 0], [0, 0, 0]]), 0, True),
        (KNOWN + np.float32([[0, 2e-3, 0], [0, 0, 0]]), 0, False),
        (KNOWN[::-1], 2, False),
        (KNOWN * np.nan, 2, False),
        (KNOWN[:, :2], 2, False),
    ],
)
def test_the_check_compares_classes_and_probabilities(given, others, passed):
    """Two classes that are equally likely may be answered either way."""
    answers = Answers(np.zeros((2, 8, 8, 3), np.uint8), np.arange(2), KNOWN)
    found = checked(lambda pixels: np.asarray(given), answers)
    assert (found.images, found.others, found.passed) == (2, others, passed)


def test_no_images_are_no_check():
    assert not Check(images=0, largest_difference=0, others=0).passed
