"""Pictures that are not square: cropped, squashed or padded, alike in training, validation and prediction."""

import numpy as np
import pytest
from PIL import Image

from core.data.dataset import DataSet
from core.data.decode import FILLED, FITS, checked_fit, decode
from core.data.index import load_data
from core.data.pixels import load_pixels, pixels_key
from core.errors import DataError
from core.workspace import Workspace

RED, GREEN, BLUE = (220, 20, 20), (20, 220, 20), (20, 20, 220)


@pytest.fixture
def striped(tmp_path):
    """A picture of 120 x 40: a red, a green and a blue square side by side."""
    picture = np.zeros((40, 120, 3), np.uint8)
    for place, colour in enumerate((RED, GREEN, BLUE)):
        picture[:, 40 * place : 40 * place + 40] = colour
    path = tmp_path / "striped.png"
    Image.fromarray(picture).save(path)
    return path


def near(pixel, colour):
    return np.abs(pixel.astype(int) - colour).max() <= 12


def test_crop_keeps_the_middle(striped):
    found = decode(striped, 30)
    assert found.shape == (30, 30, 3)
    assert all(near(found[y, x], GREEN) for y in (3, 15, 26) for x in (3, 15, 26))


def test_squash_keeps_all_of_it_and_changes_its_shape(striped):
    found = decode(striped, 30, "squash")
    assert near(found[15, 5], RED)
    assert near(found[15, 15], GREEN)
    assert near(found[15, 25], BLUE)
    assert near(found[1, 5], RED)


def test_pad_keeps_all_of_it_and_its_shape(striped):
    found = decode(striped, 30, "pad")
    assert near(found[15, 5], RED)
    assert near(found[15, 25], BLUE)
    assert near(found[2, 5], FILLED)
    assert near(found[28, 25], FILLED)
    rows = [y for y in range(30) if not near(found[y, 15], FILLED)]
    assert len(rows) == 10, "40 of 120 pixels high"


def test_a_picture_on_its_side_is_padded_upright(striped, tmp_path):
    image = Image.open(striped)
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(tmp_path / "turned.png", exif=exif)
    found = decode(tmp_path / "turned.png", 30, "pad")
    assert near(found[5, 15], RED)
    assert near(found[25, 15], BLUE)
    assert near(found[15, 2], FILLED)


@pytest.mark.parametrize("fit", FITS)
def test_a_square_is_the_same_in_every_way(tmp_path, fit):
    draws = np.random.default_rng(0).integers(0, 255, (32, 32, 3), dtype=np.uint8)
    Image.fromarray(draws).save(tmp_path / "square.png")
    assert (decode(tmp_path / "square.png", 16, fit) == decode(tmp_path / "square.png", 16)).all()


@pytest.fixture
def data(striped, tmp_path):
    for name in ("a", "b"):
        (tmp_path / "set" / name).mkdir(parents=True)
        for number in range(4):
            picture = np.array(Image.open(striped))
            picture[0, 0] = number + (100 if name == "a" else 0)
            Image.fromarray(picture).save(tmp_path / "set" / name / f"{number}.png")
    workspace = Workspace.at(tmp_path / "home")
    return load_data(str(tmp_path / "set"), workspace), workspace


def with_fit(data, fit):
    return DataSet.from_json(data.to_json() | {"fit": fit})


def test_the_pixels_of_a_data_set_are_fitted_as_it_says_and_kept_apart(data):
    found, workspace = data
    arrays = {fit: np.array(load_pixels(with_fit(found, fit), 30, workspace)) for fit in FITS}
    assert len({pixels_key(with_fit(found, fit), 30) for fit in FITS}) == 3
    for fit, pixels in arrays.items():
        assert (pixels[0] == decode(found.items[0].path, 30, fit)).all()


def test_pixels_of_before_are_those_of_the_crop(data):
    found, _ = data
    assert "fit" not in found.to_json()
    assert pixels_key(found, 30) == pixels_key(with_fit(found, "crop"), 30)


def test_another_way_is_damage(data):
    found, _ = data
    with pytest.raises(DataError, match="damaged"):
        with_fit(found, "stretch")
    with pytest.raises(ValueError, match="fitted by crop, squash, pad"):
        checked_fit("stretch")


def test_a_run_predicts_as_it_was_trained(data, tmp_path):
    from dataclasses import replace

    from core.jobs.execute import run_here
    from core.jobs.restore import model_of
    from core.jobs.specs import TrainSpec
    from core.results.predictions import Predictions, predict_images
    from core.runs.create import create_run
    from core.training.stage import Plan, Stage

    found, workspace = data
    run = create_run(workspace, replace(found, fit="pad"), backbone="small_cnn", size=24, pretrained=False)
    assert run.data().fit == "pad"
    stage = Stage(freeze_to=0, lr=(0.01,), size=24, batch_size=4)
    run_here(workspace, run.id, TrainSpec(plan=Plan(stages=(stage,))))
    kept = Predictions.load(run.predictions_path())
    paths = [run.data().items[i].path for i in kept.indices]
    again = predict_images(model_of(run), paths, 24, fit=run.data().fit)
    assert np.allclose(again, kept.probabilities, atol=1e-5)
    assert not np.allclose(predict_images(model_of(run), paths, 24), kept.probabilities, atol=1e-5)
