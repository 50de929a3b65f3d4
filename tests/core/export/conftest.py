"""Trained runs to export and to carry: a network of ours from scratch, EfficientNet-Lite0 with folded batch norm."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from core.data.decode import decode
from core.data.index import load_data
from core.export.carry_out import carry_out
from core.jobs.actions import keep_ensemble
from core.jobs.execute import run_here
from core.jobs.restore import model_of
from core.jobs.specs import EvaluateSpec, FindSpec, TrainSpec
from core.results.predictions import predict_images
from core.results.restarts import ENSEMBLE, Gain
from core.runs.create import create_run
from core.runs.draft import Draft
from core.runs.threshold import keep_threshold
from core.training.stage import Plan, Stage, plan_of
from core.workspace import Workspace

CARRIED_STAGE = Stage(lr=(0.01,), freeze_to=0, cycles=2, batch_size=16, size=16)

HUES = {"blue": (40, 60, 200), "green": (50, 190, 60), "red": (200, 50, 40)}


@pytest.fixture(scope="session")
def photos_folder(tmp_path_factory):
    """3 classes of 10 JPEGs each, of various shapes, some on their side as a phone writes them."""
    folder = tmp_path_factory.mktemp("photos")
    draws = np.random.default_rng(1)
    for name, colour in HUES.items():
        (folder / name).mkdir()
        for number in range(10):
            height, width = draws.integers(40, 260, 2)
            coarse = np.clip(np.array(colour) + draws.normal(0, 90, (6, 6, 3)), 0, 255).astype(np.uint8)
            picture = Image.fromarray(coarse).resize((int(width), int(height)), Image.Resampling.BICUBIC)
            exif = Image.Exif()
            exif[0x0112] = (1, 6, 3, 8, 5)[number % 5]
            picture.save(folder / name / f"{number}.jpg", quality=92, exif=exif)
    return folder


def trained_run(folder, home, *, backbone, fit="crop", **more):
    workspace = Workspace.at(home)
    data = replace(load_data(str(folder), workspace), fit=fit)
    run = create_run(workspace, data, backbone=backbone, size=32, **more)
    stage = Stage(lr=(0.003,), freeze_to=0, cycles=2, size=32, batch_size=8)
    assert run_here(workspace, run.id, TrainSpec(plan=Plan(stages=[stage]))).status == "done"
    return run


@pytest.fixture(scope="session")
def small(photos_folder, tmp_path_factory):
    """A small network from scratch, on padded pictures."""
    home = tmp_path_factory.mktemp("small")
    return trained_run(photos_folder, home, backbone="small_cnn", pretrained=False, fit="pad")


def validation(run):
    """Validation images as files, decoded, and the app's probabilities for them."""
    data = run.data()
    paths = [data.items[i].path for i in data.indices("valid")]
    pixels = np.stack([decode(path, 32, data.fit) for path in paths])
    return paths, pixels, predict_images(model_of(run), paths, 32, fit=data.fit)


def kept_together(run):
    """The two snapshots of a run as one, an ensemble, whose figures are made up."""
    figures = {"single": "cycle-2", "single_accuracy": 0.5, "single_loss": 1.0, "fixed": 0, "broken": 0, "images": 6}
    gain = Gain(kind=ENSEMBLE, members=("cycle-1", "cycle-2"), accuracy=0.5, loss=1.0, loss_p=1.0, **figures)
    return keep_ensemble(run, gain)


@pytest.fixture
def together(small):
    """The small run with its ensemble: validation images, and the mean of what the app says of each for its members."""
    kept = kept_together(small)
    paths, pixels, _ = validation(small)
    each = [predict_images(model_of(small, name), paths, 32, fit=small.data().fit) for name in kept.members]
    yield pixels, np.mean(each, axis=0)
    small.snapshot_path(ENSEMBLE).unlink()


@pytest.fixture(scope="session")
def lite0_run(photos_folder, tmp_path_factory):
    """EfficientNet-Lite0 with batch norm folded."""
    home = tmp_path_factory.mktemp("lite0")
    return trained_run(photos_folder, home, backbone="efficientnet_lite0", folded=True)


@pytest.fixture(scope="module")
def to_carry(squares, tmp_path_factory):
    """A trained, tested and evaluated run, in a home whose name must not leak."""
    home = tmp_path_factory.mktemp("ann") / "secret-home"
    pictures = home.parent / "secret pictures" / "squares"
    shutil.copytree(squares, pictures)
    workspace = Workspace.at(home)
    run = create_run(workspace, load_data(str(pictures), workspace), backbone="small_cnn", size=16, pretrained=False)
    run_here(workspace, run.id, FindSpec(stage=CARRIED_STAGE, lowest=1e-5, highest=1, steps=20))
    run_here(workspace, run.id, TrainSpec(plan=plan_of([CARRIED_STAGE.model_dump()])))
    run_here(workspace, run.id, EvaluateSpec())
    keep_threshold(run, 0.4)
    Draft.load(run.path, [CARRIED_STAGE]).save()
    state = run.state
    state.stages[0].message = f"The folder {pictures} with the images was missing."
    run.write_state(state)
    (run.path / "log.txt").write_text(str(pictures))
    return run


@pytest.fixture(scope="module")
def carried(to_carry, tmp_path_factory):
    """The file of that run."""
    path = tmp_path_factory.mktemp("carried") / "it.run.zip"
    assert carry_out(to_carry, path).left_out == []
    return path


@pytest.fixture
def elsewhere(tmp_path):
    """A workspace on another machine."""
    return Workspace.at(tmp_path / "elsewhere")
