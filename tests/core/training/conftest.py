"""Three classes of small noisy pictures that differ in colour, and a network small enough to train in a test."""

import numpy as np
import pytest
import torch
from PIL import Image

from core.data.index import load_data
from core.model.backbones import build
from core.training.learner import Learner
from core.training.task import BatchLoss
from core.workspace import Workspace

SIZE = 16
PER_CLASS = 15
COLOURS = {"blue": (40, 60, 190), "green": (50, 170, 60), "red": (190, 50, 60)}


@pytest.fixture(scope="session")
def workspace(tmp_path_factory):
    return Workspace.at(tmp_path_factory.mktemp("workspace"))


@pytest.fixture(scope="session")
def data(tmp_path_factory, workspace):
    folder = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(0)
    for name, colour in COLOURS.items():
        (folder / name).mkdir()
        for number in range(PER_CLASS):
            pixels = rng.normal(colour, 60, size=(SIZE, SIZE, 3)).clip(0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{number}.png")
    return load_data(str(folder), workspace, valid_share=0.2, seed=0)


@pytest.fixture
def new_learner(data, workspace):
    """Makes learners that start from the same weights."""

    def new(seed=0):
        return Learner(build("small_cnn", data.classes, seed=1), data, workspace, seed=seed)

    return new


@pytest.fixture
def learner(new_learner):
    return new_learner()


def bytes_of(tensors):
    """Name -> dtype, shape and bytes of every tensor in a mapping, for exact comparison."""
    return {
        name: (value.dtype, tuple(value.shape), value.detach().contiguous().numpy().tobytes())
        for name, value in tensors.items()
    }


def weights(learner):
    model = learner.model
    return bytes_of({**dict(model.named_parameters()), **dict(model.named_buffers())})


def loss_of(value):
    """What a batch gives whose losses are `value`."""
    return BatchLoss(torch.tensor(value), torch.tensor(value))


def timeless(record):
    """A record's row without what depends on the clock."""
    return {key: value for key, value in record.row().items() if key not in {"images_per_s", "seconds"}}


@pytest.fixture(autouse=True)
def _process_randomness_is_left_alone():
    import random

    before = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()
    yield
    assert torch.equal(torch.get_rng_state(), before[0])
    assert (np.random.get_state()[1] == before[1]).all()
    assert random.getstate() == before[2]
