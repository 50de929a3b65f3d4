"""Images reach the network the same way wherever they are kept, and in whatever precision it computes."""

from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from core.augment import SIDE_ON
from core.model import machine
from core.training import feeds
from core.training.feeds import Images
from core.training.records import EpochRecord
from core.training.stage import Stage

CPU = torch.device("cpu")


@pytest.fixture
def pixels():
    return np.random.default_rng(0).integers(0, 255, (12, 16, 16, 3), dtype=np.uint8)


def test_images_held_on_the_device_are_those_of_the_map(pixels, monkeypatch):
    mapped = Images(pixels, CPU)
    monkeypatch.setattr(feeds, "holds", lambda device, count: count == pixels.nbytes)
    held = Images(pixels, CPU)
    indices = np.array([3, 0, 11, 3])
    for how in ("plain", "augmented"):
        more = () if how == "plain" else (SIDE_ON,)
        given = [
            getattr(images, how)(indices, *more, *([torch.Generator().manual_seed(1)] if more else []))
            for images in (mapped, held)
        ]
        assert torch.equal(*given)
        assert given[1].is_contiguous(memory_format=torch.channels_last)


def test_a_cpu_holds_nothing_and_computes_in_full_precision():
    assert not machine.holds(CPU, 1)
    assert isinstance(machine.precision(CPU), nullcontext)


@pytest.mark.parametrize(("free", "kept"), [(199, False), (200, True)])
def test_a_gpu_holds_what_fills_half_of_its_free_memory(monkeypatch, free, kept):
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda where: (free, 1000))
    assert machine.holds(SimpleNamespace(type="cuda"), 100) is kept


def test_a_gpu_with_bf16_computes_in_it(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: True)
    monkeypatch.setattr(torch, "autocast", lambda kind, dtype: (kind, dtype))
    assert machine.precision(SimpleNamespace(type="cuda")) == ("cuda", torch.bfloat16)


@pytest.mark.parametrize("stage", [{"freeze_to": 0}, {"freeze_to": -1, "augmentation": SIDE_ON}])
def test_training_in_bf16_keeps_weights_losses_and_predictions_in_fp32(new_learner, monkeypatch, stage):
    """On the CPU's own bf16, which no user is given, standing for a GPU's."""
    monkeypatch.setattr(feeds, "precision", lambda where: torch.autocast("cpu", dtype=torch.bfloat16))
    stage = Stage(lr=(0.01,), cycle_len=6, size=16, batch_size=9, **stage)
    losses = {}
    for name in ("bf16", "fp32"):
        learner = new_learner()
        epochs = [record for record in learner.fit(stage) if isinstance(record, EpochRecord)]
        assert all(parameter.dtype == torch.float32 for parameter in learner.model.parameters())
        losses[name] = [epoch.valid_loss for epoch in epochs]
        monkeypatch.undo()
    assert losses["bf16"] != losses["fp32"]
    np.testing.assert_allclose(losses["bf16"], losses["fp32"], atol=0.02)
    assert losses["bf16"][-1] < losses["bf16"][0]
