"""A weights file brings a network back, or says in a sentence why it does not fit."""

import json

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from core.errors import ModelError
from core.model.backbones import build
from core.model.weights import describe_weights, load_weights, save_weights
from tests.core.model.conftest import CLASSES, images

KEY = "anneal-weights"


@pytest.fixture
def path(small, tmp_path):
    with torch.no_grad():
        small.head[1].weight.normal_(generator=torch.Generator().manual_seed(0))
    save_weights(small, tmp_path / "w.safetensors", size=48, extra={"run": "first"})
    return tmp_path / "w.safetensors"


def _state(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def _rewritten(path, **changes):
    """The same tensors under a header that was tampered with."""
    header = json.loads(describe_weights(path).model_dump_json()) | changes
    save_file(load_file(path), path, {KEY: json.dumps(header)})
    return path


def test_weights_come_back_byte_for_byte(small, path):
    other = build("small_cnn", CLASSES, seed=7)
    info = load_weights(other, path)
    assert (info.backbone, info.classes, info.size, info.extra) == ("small_cnn", CLASSES, 48, {"run": "first"})
    assert (info.mean, info.std) == ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    assert all(torch.equal(value, _state(small)[name]) for name, value in other.state_dict().items())
    with torch.inference_mode():
        assert torch.equal(other(images()), small(images()))


@settings(deadline=None, max_examples=20)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), min_size=2, max_size=6, unique=True))
def test_any_class_names_come_back(tmp_path_factory, names):
    path = tmp_path_factory.mktemp("weights") / "w.safetensors"
    model = build("small_cnn", names)
    save_weights(model, path, size=32)
    assert load_weights(model, path).classes == tuple(names)


def _not_ours(path):
    save_file({"weight": torch.zeros(2)}, path)


def _text(path):
    path.write_text("hello")


def _empty(path):
    path.write_bytes(b"")


def _truncated(path):
    path.write_bytes(path.read_bytes()[:-1000])


def _pickled(path):
    torch.save({"weight": torch.zeros(2)}, path)


def _header_is_no_json(path):
    save_file(load_file(path), path, {KEY: "{"})


def _header_is_a_list(path):
    save_file(load_file(path), path, {KEY: "[1]"})


def _header_misses_fields(path):
    save_file(load_file(path), path, {KEY: '{"version": 1}'})


def _other_backbone(path):
    _rewritten(path, backbone="resnet18")


def _other_count(path):
    _rewritten(path, classes=["a", "b", "c"])


def _other_classes(path):
    _rewritten(path, classes=["china", "tree"])


def _other_order(path):
    _rewritten(path, classes=["flower", "china"])


def _newer(path):
    _rewritten(path, version=99)


def _layer_missing(path):
    tensors, header = load_file(path), describe_weights(path).model_dump_json()
    tensors.pop("head.1.bias")
    save_file(tensors, path, {KEY: header})


def _other_shape(path):
    tensors, header = load_file(path), describe_weights(path).model_dump_json()
    save_file(tensors | {"head.1.bias": torch.zeros(3)}, path, {KEY: header})


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_not_ours, "holds weights that were not saved by Anneal"),
        (_text, "is not a weights file, or it is damaged"),
        (_empty, "is not a weights file, or it is damaged"),
        (_truncated, "is not a weights file, or it is damaged"),
        (_pickled, "is not a weights file, or it is damaged"),
        (_header_is_no_json, "is not a weights file, or it is damaged"),
        (_header_is_a_list, "is not a weights file, or it is damaged"),
        (_header_misses_fields, "is not a weights file, or it is damaged"),
        (_other_backbone, "holds weights of resnet18, and this network is small_cnn"),
        (_other_count, "tells 3 classes apart, and this network 2"),
        (_other_classes, "it has tree where this network has flower"),
        (_other_order, "it has flower where this network has china"),
        (_newer, "saved by a newer version of Anneal"),
        (_layer_missing, "does not fit this network"),
        (_other_shape, "does not fit this network"),
    ],
)
def test_a_file_from_elsewhere_is_refused_with_the_reason_and_changes_nothing(small, path, spoil, said):
    spoil(path)
    before = _state(small)
    with pytest.raises(ModelError, match=said):
        load_weights(small, path)
    assert all(torch.equal(value, before[name]) for name, value in small.state_dict().items())


def test_a_file_that_is_not_there_is_named(small, tmp_path):
    with pytest.raises(ModelError, match=r"There is no file .*none\.safetensors"):
        load_weights(small, tmp_path / "none.safetensors")


def test_a_file_that_goes_bad_while_it_is_read_is_a_sentence(small, path, monkeypatch):
    def broken(*_):
        raise OSError

    monkeypatch.setattr("core.model.weights.load_file", broken)
    with pytest.raises(ModelError, match="or it is damaged"):
        load_weights(small, path)
