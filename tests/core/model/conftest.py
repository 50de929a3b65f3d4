"""Real photos that come with scikit-learn, a small data set of pieces of them, and networks that are slow to make."""

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_sample_images

from core.data.index import load_data
from core.model.backbones import build
from core.workspace import Workspace

CLASSES = ("china", "flower")
PIECE = 64


@pytest.fixture(scope="session")
def photos():
    """Name -> uint8 (427, 640, 3): a palace by a lake, and a dahlia."""
    return dict(zip(CLASSES, load_sample_images().images, strict=True))


@pytest.fixture
def workspace(tmp_path):
    return Workspace.at(tmp_path / "home")


@pytest.fixture(scope="session")
def data(photos, tmp_path_factory):
    """70 pieces of the two photos: more than a batch of activations, and not a multiple of it."""
    folder = tmp_path_factory.mktemp("pieces")
    for name, photo in photos.items():
        (folder / name).mkdir()
        for number in range(35):
            top, left = 60 * (number // 7), 90 * (number % 7)
            piece = photo[top : top + PIECE, left : left + PIECE]
            Image.fromarray(np.ascontiguousarray(piece)).save(folder / name / f"{number}.png")
    return load_data(str(folder), Workspace.at(tmp_path_factory.mktemp("home")))


@pytest.fixture(scope="session")
def _lite0():
    return build("efficientnet_lite0", CLASSES)


@pytest.fixture
def lite0(_lite0):
    """The pretrained network; its weights are put back after the test."""
    before = {name: tensor.clone() for name, tensor in _lite0.state_dict().items()}
    yield _lite0
    _lite0.load_state_dict(before)
    _lite0.first_trained = 0
    _lite0.eval().requires_grad_(True)
    for parameter in _lite0.parameters():
        parameter.grad = None


@pytest.fixture
def small():
    return build("small_cnn", CLASSES, seed=1)


def images(count=4, side=32, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(count, 3, side, side, generator=generator).contiguous(memory_format=torch.channels_last)
