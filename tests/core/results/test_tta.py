import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torch import nn

from core.augment import NONE, SIDE_ON, TOP_DOWN, Augmentation
from core.errors import DataError, PlanError, TrainingError
from core.model.classifier import evaluating
from core.results.inference import probabilities_of
from core.results.predictions import predict_images
from core.results.tta import averaged, tta


class Sides(nn.Module):
    """Says how bright the left and the right half of a picture are; dropout only acts while training."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(4.0))
        self.dropout = nn.Dropout(0.5)
        self.classes = ("left", "right")

    def forward(self, images):
        columns = images.mean(dim=(1, 2))
        half = columns.shape[1] // 2
        return self.dropout(self.scale * torch.stack([columns[:, :half].mean(1), columns[:, half:].mean(1)], dim=1))


def pictures(count=10, side=8):
    """Pictures whose left half is bright."""
    pixels = np.random.default_rng(0).integers(0, 60, (count, side, side, 3), dtype=np.uint8)
    pixels[:, :, : side // 2] += 150
    return pixels


def plain(model, pixels):
    with evaluating(model):
        return probabilities_of(model, torch.from_numpy(pixels).permute(0, 3, 1, 2))


@given(st.integers(1, 9), st.integers(0, 99))
def test_averages_are_probabilities_between_the_views(draws, seed):
    random = np.random.default_rng(seed)
    first = random.dirichlet(np.ones(3), 5).astype(np.float32)
    augmented = random.dirichlet(np.ones(3), (draws, 5)).astype(np.float32)
    views = np.concatenate([first[None], augmented])
    found = averaged(first, augmented)
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)
    assert (found >= views.min(axis=0) - 1e-6).all()
    assert (found <= views.max(axis=0) + 1e-6).all()


def test_fastai_0_7_averages_five_views():
    first, augmented = np.full((1, 1), 1.0, np.float32), np.zeros((4, 1, 1), np.float32)
    assert averaged(first, augmented) == pytest.approx(1 / 5)
    assert averaged(first, np.zeros((8, 1, 1), np.float32)) == pytest.approx(2 / 10)


def test_flips_average_left_and_right():
    flips = Augmentation(horizontal_flip=True)
    found = tta(Sides(), pictures(40), np.arange(40), flips, draws=40)
    assert found.shape == (40, 2)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)
    alone = plain(Sides(), pictures(40))
    assert abs(found[:, 0].mean() - 0.5) < abs(alone[:, 0].mean() - 0.5) / 2


def test_the_seed_decides_the_views_and_the_process_does_not():
    indices = np.array([7, 2, 5])
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = tta(Sides(), pictures(), indices, SIDE_ON, seed=3)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(2)
    np.testing.assert_array_equal(first, tta(Sides(), pictures(), indices, SIDE_ON, seed=3))
    assert not np.array_equal(first, tta(Sides(), pictures(), indices, SIDE_ON, seed=4))


def test_batches_do_not_change_the_order_of_the_images():
    dark, bright = np.zeros((1, 8, 8, 3), np.uint8), pictures(1)
    found = tta(Sides(), np.concatenate([dark, bright] * 3), np.arange(6), TOP_DOWN, batch_size=2, draws=1)
    assert (np.ptp(found[::2], axis=1) == 0).all()
    assert (np.ptp(found[1::2], axis=1) > 0).any()


def test_the_model_is_left_in_the_mode_it_was_in():
    model = Sides().train()
    tta(model, pictures(), np.arange(10), SIDE_ON)
    assert model.training
    assert model.dropout.training
    model.dropout.eval()
    plain(model, pictures())
    assert model.training
    assert not model.dropout.training


def test_nothing_to_augment_with_is_refused():
    with pytest.raises(PlanError, match="side-on"):
        tta(Sides(), pictures(), np.arange(3), NONE)


def test_no_images_give_no_rows():
    assert tta(Sides(), pictures(), np.zeros(0, np.int64), SIDE_ON).shape == (0, 2)
    assert predict_images(Sides(), [], 8).shape == (0, 2)


def test_stopping_ends_between_batches():
    answers = iter([False, True])
    found = tta(Sides(), pictures(), np.arange(10), SIDE_ON, batch_size=4, stopped=lambda: next(answers))
    assert len(found) == 4


def test_image_files_are_predicted_like_the_pixels_of_a_data_set(tmp_path):
    paths = [tmp_path / f"{i}.png" for i in range(5)]
    for path, picture in zip(paths, pictures(5), strict=True):
        Image.fromarray(picture).save(path)
    told = []
    found = predict_images(Sides(), paths, 8, batch_size=2, progress=lambda *report: told.append(report))
    np.testing.assert_allclose(found, plain(Sides(), pictures(5)), rtol=1e-6)
    assert told[-1] == ("Predicting images", 5, 5)


def test_a_file_that_is_no_image_is_refused(tmp_path):
    (tmp_path / "a.jpg").write_text("no picture")
    with pytest.raises(DataError):
        predict_images(Sides(), [tmp_path / "a.jpg"], 8)


def test_too_little_memory_is_explained(monkeypatch):
    def full(*args):
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(Sides, "forward", full)
    with pytest.raises(TrainingError, match="too little memory for 64 images of 8 px at once"):
        tta(Sides(), pictures(), np.arange(10), SIDE_ON)
