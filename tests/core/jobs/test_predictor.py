"""The network kept ready says what an evaluation of the same weights says, whatever it is given."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from core.errors import DataError, RunError
from core.jobs.execute import run_here
from core.jobs.predictor import MAPS, NEAREST, Predictor
from core.jobs.restore import model_of
from core.jobs.specs import EvaluateSpec, StudySpec, TrainSpec
from core.results.neighbours import nearest_of_items
from core.results.predictions import Predictions
from core.results.studies import NearestImages
from core.runs.create import create_run
from core.runs.weights import written_at
from core.training.stage import Plan, Stage

STAGE = Stage(freeze_to=0, lr=(0.01,), group_ratio=1.0, cycle_len=2, size=16, batch_size=16)


@pytest.fixture
def learnt(run):
    run_here(run.workspace, run.id, TrainSpec(plan=Plan(stages=(STAGE,))))
    return run


def test_it_says_what_the_evaluation_says(learnt):
    run_here(learnt.workspace, learnt.id, EvaluateSpec())
    kept, data, ready = Predictions.load(learnt.predictions_path()), learnt.data(), Predictor(learnt)
    for row, item in enumerate(kept.indices):
        seen = ready.see(data.items[item].path.read_bytes(), ".png")
        assert np.allclose(seen.probabilities, kept.probabilities[row], atol=1e-5)
        assert seen.digest == data.items[item].digest
        assert seen.pixels.shape == (16, 16, 3)


def test_its_maps_are_those_of_the_most_probable_classes(learnt):
    ready, model = Predictor(learnt), model_of(learnt)
    seen = ready.see(learnt.data().items[0].path.read_bytes())
    assert seen.maps.shape == (MAPS, 2, 2)
    with torch.inference_mode():
        logits = model(torch.from_numpy(seen.pixels).permute(2, 0, 1)[None].float() / 255)[0].numpy()
    top = np.argsort(-seen.probabilities)
    means = seen.maps.mean((1, 2)) + model.head[-1].bias.detach().numpy()[top]
    assert np.allclose(means, logits[top], rtol=1e-3, atol=1e-4)


def test_neighbours_are_there_once_the_study_has_been_made(learnt):
    ready, data = Predictor(learnt), learnt.data()
    item = data.indices("valid")[0]
    seen = ready.see(data.items[item].path.read_bytes())
    assert ready.nearest(data, learnt.workspace, seen.features[None]) is None
    question = NearestImages(snapshot="latest", written=written_at(learnt))
    run_here(learnt.workspace, learnt.id, StudySpec(question=question))
    found = ready.nearest(data, learnt.workspace, seen.features[None])
    assert found.indices.shape == (1, NEAREST)
    model = model_of(learnt)
    pixels = np.stack([np.array(Image.open(item.path).convert("RGB")) for item in data.items])
    with torch.inference_mode():
        features = model.features(torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255).numpy()
    wanted = nearest_of_items(data, features, np.array([item]), NEAREST)
    assert np.allclose(found.similarities, wanted.similarities, atol=1e-4)


def test_a_snapshot_is_answered_by_its_own_weights(learnt):
    later, picture = Predictor(learnt), learnt.data().items[0].path.read_bytes()
    run_here(learnt.workspace, learnt.id, TrainSpec(plan=Plan(stages=(STAGE,))))
    first, now = Predictor(learnt, "cycle-1"), Predictor(learnt)
    assert np.allclose(first.see(picture).probabilities, later.see(picture).probabilities, atol=1e-6)
    assert not np.allclose(now.see(picture).probabilities, later.see(picture).probabilities, atol=1e-6)


def test_a_backbone_without_maps_says_so_and_answers(workspace, data):
    run = create_run(workspace, data, backbone="test_convnext", size=32, pretrained=False)
    stage = STAGE.model_copy(update={"size": 32, "lr": (0.001,)})
    run_here(workspace, run.id, TrainSpec(plan=Plan(stages=(stage,))))
    ready = Predictor(run)
    assert "where it looks cannot be drawn" in ready.no_maps
    seen = ready.see(data.items[0].path.read_bytes())
    assert seen.maps.shape == (0, 1, 1)
    assert seen.probabilities.sum() == pytest.approx(1, abs=1e-5)
    assert len(seen.features) == model_of(run).feature_size


def kinds():
    """(name, content) of images as people have them."""
    draws = np.random.default_rng(1)
    picture = Image.fromarray(draws.integers(0, 256, (40, 60, 3), dtype=np.uint8))
    for name, mode, how in (
        ("cmyk.jpg", "CMYK", {"format": "JPEG"}),
        ("grey.png", "L", {"format": "PNG"}),
        ("palette.gif", "P", {"format": "GIF"}),
        ("clear.png", "RGBA", {"format": "PNG"}),
    ):
        file = io.BytesIO()
        picture.convert(mode).save(file, **how)
        yield name, file.getvalue()
    file = io.BytesIO()
    frames = [picture, picture.rotate(90)]
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    yield "animated.gif", file.getvalue()


@pytest.mark.parametrize(("name", "content"), list(kinds()), ids=[name for name, _ in kinds()])
def test_pictures_of_every_kind_are_answered(learnt, name, content):
    seen = Predictor(learnt).see(content, f".{name.rpartition('.')[2]}")
    assert seen.probabilities.sum() == pytest.approx(1, abs=1e-5)


def bomb():
    file = io.BytesIO()
    Image.new("1", (12_000, 12_000)).save(file, "PNG")  # 18 kB
    return file.getvalue()


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"hello", "Not an image"), (bomb(), "144 megapixels; up to 89 are read"), (next(kinds())[1][:300], "cut short")],
    ids=["text", "bomb", "cut short"],
)
def test_what_cannot_be_read_is_a_sentence(learnt, content, sentence):
    with pytest.raises(DataError, match=sentence):
        Predictor(learnt).see(content)


def test_an_untrained_run_has_nothing_to_answer_with(run):
    with pytest.raises(RunError, match="Nothing has been trained in this run yet"):
        Predictor(run)
