"""Files made to look like carried runs, to attack whoever opens them: each is refused, and nothing of it stays."""

import io
import json
import pickle
import stat
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from core.export.carry_out import carry_out
from core.results.predictions import Predictions
from tests.core.export.carrying import changed, parts, refused, written


@pytest.mark.parametrize("content", [b"", b"PK\3\4", b"GIF89a", pickle.dumps({})])
def test_what_is_no_zip_is_refused(content, tmp_path, elsewhere):
    (tmp_path / "it.zip").write_bytes(content)
    assert "no carried run" in refused(tmp_path / "it.zip", elsewhere)


def test_a_file_that_is_not_there_is_refused(tmp_path, elsewhere):
    assert "There is no file" in refused(tmp_path / "none.zip", elsewhere)


@pytest.mark.parametrize(
    "name",
    [
        "../../run.json",
        "/etc/passwd",
        "snapshots/../../x.safetensors",
        "snapshots\\x.safetensors",
        "C:/run.json",
        "log.txt",
        "checkpoint.pkl",
        "snapshots/model.pt",
        "studies/x.py",
        ".lock",
        "snapshots/.safetensors",
        "images/../000000.png",
        "finder/٠٠٠١.json",
    ],
)
def test_parts_that_no_run_has_are_refused(name, carried, tmp_path, elsewhere):
    path = written(tmp_path / "it.zip", {**parts(carried), name: b"x"})
    assert "is no part of a carried run" in refused(path, elsewhere)
    assert not (tmp_path / "run.json").exists()


def test_a_link_is_refused(carried, tmp_path, elsewhere):
    path = written(tmp_path / "it.zip", parts(carried))
    with zipfile.ZipFile(path, "a") as archive:
        link = zipfile.ZipInfo(
            "threshold.json" if "threshold.json" not in parts(carried) else "snapshots/x.safetensors"
        )
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    assert "is a link or a device" in refused(path, elsewhere)


def test_a_part_that_comes_twice_is_refused(carried, tmp_path, elsewhere):
    path = written(tmp_path / "it.zip", parts(carried))
    with zipfile.ZipFile(path, "a") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        archive.writestr("run.json", b"{}")
    assert "twice" in refused(path, elsewhere)


@pytest.mark.parametrize("name", ["carried.json", "run.json", "data.json", "state.json"])
def test_a_file_that_lacks_a_part_is_refused(name, carried, tmp_path, elsewhere):
    content = parts(carried)
    del content[name]
    assert f"it has no {name}" in refused(written(tmp_path / "it.zip", content), elsewhere)


def test_a_part_that_was_taken_out_or_exchanged_is_noticed(carried, tmp_path, elsewhere):
    content = parts(carried)
    del content["snapshots/best.safetensors"]
    path = written(tmp_path / "it.zip", content, honest=False)
    assert "missing or were changed" in refused(path, elsewhere)


def test_a_bomb_is_refused_by_what_it_says_it_unpacks_to(carried, tmp_path, elsewhere):
    content = {**parts(carried), "snapshots/x.safetensors": bytes(80 * 2**20)}
    assert "more than 100 times its size" in refused(written(tmp_path / "it.zip", content), elsewhere)


def test_a_bomb_that_lies_about_its_size_is_not_unpacked(carried, tmp_path, elsewhere):
    """Its headers say 1,000 bytes; no more are read, and their checksum is not that of the part."""
    content = {**parts(carried), "snapshots/x.safetensors": bytes(80 * 2**20)}
    path = written(tmp_path / "it.zip", content)
    raw = path.read_bytes().replace((80 * 2**20).to_bytes(4, "little"), (1000).to_bytes(4, "little"))
    about = json.loads(content["carried.json"])
    path.write_bytes(raw)
    with zipfile.ZipFile(path) as archive:
        assert archive.getinfo("snapshots/x.safetensors").file_size == 1000
    about["bytes"] = {}
    assert "changed" in refused(path, elsewhere) or "is not what a carried run holds" in refused(path, elsewhere)


def test_predictions_that_are_a_bomb_inside_are_refused(carried, tmp_path, elsewhere):
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("probabilities.npy", bytes(50 * 2**20))
    content = {**parts(carried), "predictions/latest-valid.npz": inner.getvalue()}
    assert "predictions/latest-valid.npz" in refused(written(tmp_path / "it.zip", content), elsewhere)


def test_a_pickle_in_predictions_is_refused_and_not_run(carried, tmp_path, elsewhere):
    class Attack:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "ran",))

    inner = io.BytesIO()
    whole = np.load(io.BytesIO(parts(carried)["predictions/latest-valid.npz"]))
    np.savez(inner, **{**whole, "losses": np.array([Attack()], dtype=object)})
    content = {**parts(carried), "predictions/latest-valid.npz": inner.getvalue()}
    assert "is not what a carried run holds" in refused(written(tmp_path / "it.zip", content), elsewhere)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "name", ["checkpoint.safetensors", "snapshots/best.safetensors", "restarts/cycle-1.safetensors"]
)
def test_a_pickle_in_place_of_weights_is_refused(name, carried, tmp_path, elsewhere):
    content = {**parts(carried), name: pickle.dumps({"a": 1})}
    assert "no file of weights" in refused(written(tmp_path / "it.zip", content), elsewhere)


@pytest.mark.parametrize(
    "name", ["run.json", "data.json", "state.json", "carried.json", "finder/0001.json", "draft.json"]
)
@pytest.mark.parametrize(
    "content",
    [b"[" * 100_000, b'{"a":' * 100_000, b"null", b"[]", b"\xff\xfe", b"", b'{"name": 1' + b"0" * 5000 + b"}"],
    ids=["deep list", "deep object", "null", "list", "no text", "empty", "endless number"],
)
def test_text_that_is_too_deep_or_of_a_wrong_type_is_refused(name, content, carried, tmp_path, elsewhere):
    path = written(tmp_path / "it.zip", {**parts(carried), name: content}, honest=name != "carried.json")
    assert "is not what a carried run holds" in refused(path, elsewhere)


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data["items"][0].update(name="../../x.png"),
        lambda data: data["items"][0].update(name="/etc/passwd"),
        lambda data: data["items"][0].update(label=99),
        lambda data: data["items"][0].update(label="0"),
        lambda data: data["items"][0].update(label=-1),
        lambda data: data["items"][0].update(split="../train"),
        lambda data: data["items"][0].update(digest="../../x"),
        lambda data: data["items"][0].update(path="/etc/passwd"),
        lambda data: data["items"][0].update(width=10**12),
        lambda data: data["items"].append(data["items"][0]),
        lambda data: data.update(classes=["red", "red", "green"]),
        lambda data: data.update(classes="red"),
        lambda data: data.update(fingerprint="../x"),
        lambda data: data.update(grown_from=[10**6]),
        lambda data: data.update(fit="stretch"),
        lambda data: data.update(spec="/etc"),
        lambda data: data.update(reading={"folders": 3}),
    ],
)
def test_a_data_set_of_wrong_types_or_places_is_refused(change, carried, tmp_path, elsewhere):
    content = parts(carried)
    path = written(tmp_path / "it.zip", {**content, "data.json": changed(content["data.json"], change)})
    assert "data.json in this file is not what" in refused(path, elsewhere)


@pytest.mark.parametrize(
    "change",
    [
        lambda info: info.update(classes=["cat", "dog", "emu"]),
        lambda info: info.update(images=7),
        lambda info: info.update(fingerprint="0" * 32),
        lambda info: info.update(backbone="hf-hub:someone/network"),
        lambda info: info.update(size=5000),
    ],
)
def test_a_run_that_is_not_that_of_its_data_is_refused(change, carried, tmp_path, elsewhere):
    content = parts(carried)
    path = written(tmp_path / "it.zip", {**content, "run.json": changed(content["run.json"], change)})
    assert "not of one run" in refused(path, elsewhere)


def header_changed(content: bytes, change) -> bytes:
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    meta = json.loads(header["__metadata__"]["anneal"])
    change(meta)
    header["__metadata__"]["anneal"] = json.dumps(meta)
    new = json.dumps(header).encode()
    return len(new).to_bytes(8, "little") + new + content[8 + length :]


@pytest.mark.parametrize(
    "change",
    [lambda meta: meta.update(classes=["cat", "dog", "emu"]), lambda meta: meta.update(backbone="resnet18")],
)
def test_weights_of_other_classes_are_refused(change, carried, tmp_path, elsewhere):
    content = parts(carried)
    name = "snapshots/best.safetensors"
    path = written(tmp_path / "it.zip", {**content, name: header_changed(content[name], change)})
    assert "of another network or other classes" in refused(path, elsewhere)


def test_weights_with_a_head_for_other_classes_are_refused(carried, tmp_path, elsewhere):
    content = parts(carried)
    length = int.from_bytes(content["checkpoint.safetensors"][:8], "little")
    words = json.loads(content["checkpoint.safetensors"][8 : 8 + length])["__metadata__"]
    other = save({"model/head.1.weight": np.zeros((7, 384), dtype=np.float32)}, words)
    path = written(tmp_path / "it.zip", {**content, "checkpoint.safetensors": other})
    assert "of another network or other classes" in refused(path, elsewhere)


@pytest.mark.parametrize(
    "line",
    [b"[1]\n", b"x" * 70_000 + b"\n", b"[" * 60_000 + b"\n", b'{"kind": "step"\n'],
    ids=["list", "long", "deep", "cut"],
)
def test_a_history_that_is_none_is_refused(line, carried, tmp_path, elsewhere):
    content = parts(carried)
    path = written(tmp_path / "it.zip", {**content, "history.jsonl": content["history.jsonl"] + line})
    assert "history.jsonl in this file is not what" in refused(path, elsewhere)


def test_an_image_that_was_exchanged_is_refused(to_carry, tmp_path, elsewhere):
    carry_out(to_carry, tmp_path / "with.zip", images=True)
    content = parts(tmp_path / "with.zip")
    path = written(tmp_path / "it.zip", {**content, "images/000003.png": content["images/000004.png"]})
    assert "is not the image that the run was made with" in refused(path, elsewhere)
    del content["images/000003.png"]
    assert "Images of this run are missing" in refused(written(tmp_path / "it.zip", content), elsewhere)


def test_predictions_of_other_images_are_refused(to_carry, carried, tmp_path, elsewhere):
    found = Predictions.load(to_carry.predictions_path())
    names = ("x.png", *found.names[1:])
    other = io.BytesIO()
    type(found)(**{**vars(found), "names": names}).write(other)
    content = {**parts(carried), "predictions/latest-valid.npz": other.getvalue()}
    assert "is not what a carried run holds" in refused(written(tmp_path / "it.zip", content), elsewhere)


def test_a_file_of_a_later_version_is_named_as_one(carried, tmp_path, elsewhere):
    content = parts(carried)
    about = changed(content["carried.json"], lambda value: value.update(anneal_run=99))
    assert "later version of Anneal" in refused(
        written(tmp_path / "it.zip", {**content, "carried.json": about}), elsewhere
    )
