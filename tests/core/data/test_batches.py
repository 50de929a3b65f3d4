"""Batches: stateless order, even lengths, channels last."""

import sys

import numpy as np
import psutil
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from core.data import mapped as module
from core.data.batches import epoch_order, gather, split_batches
from core.data.split import batch_count


@given(st.integers(0, 300), st.integers(1, 64), st.integers(-(2**31), 2**31), st.integers(0, 1000))
def test_every_index_once_an_epoch(images: int, batch_size: int, seed: int, epoch: int) -> None:
    indices = np.arange(images, dtype=np.int64) * 3
    order = epoch_order(indices, seed, epoch)
    assert sorted(order) == indices.tolist()
    np.testing.assert_array_equal(order, epoch_order(indices, seed, epoch))
    batches = split_batches(order, batch_size)
    lengths = [len(batch) for batch in batches]
    assert len(batches) == batch_count(images, batch_size)
    assert batch_size == 2 or len(batches) == -(-images // batch_size)
    assert not lengths or (max(lengths) <= max(batch_size, 3) and max(lengths) - min(lengths) <= 1)
    assert batch_size in (1, 2) or not lengths or max(lengths) <= batch_size
    assert batch_size == 1 or images == 1 or 1 not in lengths
    assert np.concatenate([*batches, np.zeros(0, np.int64)]).tolist() == order.tolist()


def test_epochs_and_seeds_differ() -> None:
    indices = np.arange(50)
    orders = {tuple(epoch_order(indices, seed, epoch)) for seed in range(5) for epoch in range(5)}
    assert len(orders) == 25


@pytest.mark.parametrize("images", [1, 5])
def test_gather_copies_rows_channels_last(images: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (9, 4, 4, 3), dtype=np.uint8)
    pixels.flags.writeable = False
    indices = np.array([7, 0, 7, 2, 8])[:images]
    batch = gather(pixels, indices)
    assert (batch.shape, batch.dtype) == ((images, 3, 4, 4), torch.uint8)
    assert batch.is_contiguous(memory_format=torch.channels_last)
    np.testing.assert_array_equal(batch.permute(0, 2, 3, 1).numpy(), pixels[indices])
    batch.zero_()
    assert pixels.any()


@pytest.mark.skipif(sys.platform != "linux", reason="where a map's pages are is said by /proc")
def test_a_large_map_does_not_collect_in_memory(tmp_path, monkeypatch):
    path = tmp_path / "pixels.npy"
    np.save(path, np.random.default_rng(0).integers(0, 255, (256, 64, 64, 3), dtype=np.uint8))
    held = {}
    for name, most in (("all", 2**40), ("large", 0)):
        monkeypatch.setattr(module, "MAPPED", most)
        pixels = np.load(path, mmap_mode="r")
        rows = [gather(pixels, np.arange(first, first + 32)) for first in range(0, 256, 32)]
        assert np.array_equal(torch.cat(rows).permute(0, 2, 3, 1).numpy(), pixels)
        del rows
        if name == "large":
            gather(pixels, np.arange(1))
        held[name] = sum(part.rss for part in psutil.Process().memory_maps() if part.path == str(path))
        del pixels
    assert held["large"] < held["all"] / 4
