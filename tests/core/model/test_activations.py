"""Activations on disk are the network's own features, under a name that changes with all that makes them."""

import dataclasses
import json
import os

import numpy as np
import pytest
import torch

from core.data import row_file
from core.data.batches import gather
from core.data.pixels import load_pixels
from core.errors import ModelError, WorkspaceError
from core.model import activations
from core.model.activations import activations_key, backbone_digest, load_activations
from core.model.backbones import build
from core.workspace import Workspace
from tests.core.model.conftest import CLASSES

SIZE = 32


def _features(model, data, size, workspace):
    batch = gather(load_pixels(data, size, workspace), np.arange(len(data.items)))
    with torch.inference_mode():
        return model.features(batch.float() / 255).numpy()


@pytest.mark.parametrize("size", [32, 64])
def test_activations_equal_the_networks_own_features(lite0, data, workspace, size):
    expected = _features(lite0, data, size, workspace)
    lite0.train()
    given = load_activations(lite0, data, size, workspace)
    lite0.eval()
    assert given.dtype == np.float32
    assert given.shape == (70, 1280)
    assert np.abs(given - expected).max() <= 1e-4 * np.abs(expected).max()
    assert not given.flags.writeable


def test_the_second_use_reads_what_the_first_wrote(small, data, workspace, monkeypatch):
    first = load_activations(small, data, SIZE, workspace)
    monkeypatch.setattr(activations, "_compute", lambda *_: pytest.fail("computed again"))
    monkeypatch.setattr(activations, "load_pixels", lambda *_: pytest.fail("decoded again"))
    assert np.array_equal(load_activations(small, data, SIZE, workspace), first)


def test_computing_leaves_the_model_as_it_was(small, data, workspace):
    small.train()
    before = {name: value.clone() for name, value in small.state_dict().items()}
    load_activations(small, data, SIZE, workspace)
    assert small.training
    assert all(torch.equal(value, before[name]) for name, value in small.state_dict().items())


def test_a_trained_head_changes_nothing_and_the_backbone_everything(small, data):
    key = activations_key(small, data, SIZE)
    with torch.no_grad():
        small.head[1].weight.add_(1)
    assert activations_key(small, data, SIZE) == key
    assert activations_key(small, data, SIZE + 1) != key
    keys = {key}
    for tensor in [*small.backbone.parameters(), *small.backbone.buffers(), small.mean, small.std]:
        with torch.no_grad():
            tensor[(0,) * tensor.ndim] += 1
        keys.add(activations_key(small, data, SIZE))
    assert len(keys) == 1 + len([*small.backbone.parameters(), *small.backbone.buffers()]) + 2


def test_other_images_or_another_order_have_another_name(small, data):
    key = activations_key(small, data, SIZE)
    turned = dataclasses.replace(data, items=data.items[::-1])
    fewer = dataclasses.replace(data, items=data.items[:-1])
    assert len({key, activations_key(small, turned, SIZE), activations_key(small, fewer, SIZE)}) == 3


def test_another_split_of_the_same_images_shares_them(small, data):
    moved = dataclasses.replace(data, items=tuple(dataclasses.replace(i, split="train") for i in data.items), seed=9)
    assert activations_key(small, moved, SIZE) == activations_key(small, data, SIZE)


def test_the_digest_does_not_depend_on_the_layout_in_memory(small):
    digest = backbone_digest(small)
    assert backbone_digest(small.to(memory_format=torch.contiguous_format)) == digest
    assert backbone_digest(build("small_cnn", CLASSES, seed=1)) == digest
    assert backbone_digest(build("small_cnn", CLASSES, seed=2)) != digest


def test_a_stop_is_gone_on_with_and_progress_counts_images(small, data, workspace, tmp_path, monkeypatch):
    monkeypatch.setattr(row_file, "CHUNK_ROWS", 32)
    whole = Workspace.at(tmp_path / "whole")
    load_activations(small, data, SIZE, whole)
    seen, computed = [], []

    def progress(what, done, total):
        seen.append((what, done, total))

    def stop(what, done, total):
        if (what, done, total) == ("Computing activations", 64, 70):
            raise InterruptedError

    with pytest.raises(InterruptedError):
        load_activations(small, data, SIZE, workspace, progress=stop)
    assert list(workspace.activations.glob("*.npy")) == []
    once = activations.gather
    monkeypatch.setattr(activations, "gather", lambda pixels, rows: computed.append(list(rows)) or once(pixels, rows))
    load_activations(small, data, SIZE, workspace, progress=progress)
    assert computed == [list(range(64, 70))]
    assert seen[-1] == ("Computing activations", 6, 6)
    name = f"{activations_key(small, data, SIZE)}.npy"
    assert (workspace.activations / name).read_bytes() == (whole.activations / name).read_bytes()


def test_a_kill_is_gone_on_with(small, data, workspace, monkeypatch):
    monkeypatch.setattr(row_file, "CHUNK_ROWS", 32)
    load_pixels(data, SIZE, workspace)

    def kill(what, done, total):
        if done == 32:
            os.kill(os.getpid(), 9)

    pid = os.fork()
    if not pid:
        torch.set_num_threads(1)
        load_activations(small, data, SIZE, workspace, progress=kill)
    assert os.waitpid(pid, 0)[1] == 9
    seen = []
    load_activations(small, data, SIZE, workspace, progress=lambda *step: seen.append(step))
    assert seen == [("Computing activations", 32, 38), ("Computing activations", 38, 38)]


def test_those_of_the_same_images_of_another_set_are_taken_over(small, data, workspace, tmp_path):
    fewer = dataclasses.replace(data, items=data.items[3:60])
    first = np.array(load_activations(small, fewer, SIZE, workspace))
    seen = []
    turned = dataclasses.replace(data, items=data.items[::-1])
    found = load_activations(small, turned, SIZE, workspace, progress=lambda *step: seen.append(step))
    assert seen[-1] == ("Computing activations", 13, 13)
    assert np.array_equal(found[::-1][3:60], first)
    afresh = load_activations(small, turned, SIZE, Workspace.at(tmp_path / "other"))
    np.testing.assert_allclose(found, afresh, atol=1e-4 * np.abs(afresh).max())


@pytest.mark.parametrize("damage", [b"", b"\x93NUMPY", b"nonsense that is long enough to be looked at"])
def test_a_damaged_file_is_computed_again(small, data, workspace, damage):
    first = np.array(load_activations(small, data, SIZE, workspace))
    path = workspace.activations / f"{activations_key(small, data, SIZE)}.npy"
    path.write_bytes(damage)
    assert np.array_equal(load_activations(small, data, SIZE, workspace), first)


def test_a_file_that_is_cut_off_or_of_another_kind_is_computed_again(small, data, workspace):
    first = np.array(load_activations(small, data, SIZE, workspace))
    path = workspace.activations / f"{activations_key(small, data, SIZE)}.npy"
    path.write_bytes(path.read_bytes()[:-100])
    assert np.array_equal(load_activations(small, data, SIZE, workspace), first)
    np.save(path, first.astype(np.float64))
    assert np.array_equal(load_activations(small, data, SIZE, workspace), first)


def test_what_they_are_is_written_beside_them(small, data, workspace):
    load_activations(small, data, SIZE, workspace)
    (facts,) = workspace.activations.glob("*.json")
    described = json.loads(facts.read_text())
    assert facts.with_suffix(".npy").stat().st_size == described.pop("bytes")
    assert described == {
        "data": data.title,
        "fingerprint": data.fingerprint,
        "size": SIZE,
        "backbone": "small_cnn",
        "images": 70,
    }


def test_a_full_disk_is_a_sentence_and_leaves_nothing(small, data, workspace, monkeypatch):
    load_pixels(data, SIZE, workspace)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(activations.np.lib.format, "write_array_header_1_0", full)
    with pytest.raises(WorkspaceError, match="is full"):
        load_activations(small, data, SIZE, workspace)
    assert list(workspace.activations.iterdir()) == []


def test_a_disk_that_gives_back_something_else_is_a_sentence(small, data, workspace, monkeypatch):
    load_pixels(data, SIZE, workspace)
    monkeypatch.setattr(row_file.RowFile, "make", lambda *_: None)
    with pytest.raises(ModelError, match="cannot be read back"):
        load_activations(small, data, SIZE, workspace)
