"""From positions to batches of pixels; stateless, so that a resumed epoch meets the same batches."""

import numpy as np
import numpy.typing as npt
import torch

from core.data.items import Indices
from core.data.mapped import let_go
from core.data.split import batch_count

_ORDER = 0x0E90C4
"""Sets the random numbers of the order apart from others drawn from the same seed."""


def epoch_order(indices: Indices, seed: int, epoch: int) -> Indices:
    """`indices` in the random order of epoch `epoch` (0, 1, ...): the same for the same seed and epoch."""
    return np.random.default_rng([_ORDER, abs(seed), epoch]).permutation(indices)


def split_batches(order: Indices, batch_size: int) -> list[Indices]:
    """`order` in `batch_count` consecutive batches of nearly the same length.

    So the last one is not a rest: for batches of 2 or more, none has a single image unless there is only one.
    """
    if len(order) == 0:
        return []
    return np.array_split(order, batch_count(len(order), batch_size))


def gather(pixels: npt.NDArray[np.uint8], indices: Indices) -> torch.Tensor:
    """Rows `indices` of (N, S, S, 3) pixels as uint8 of shape (B, 3, S, S), channels last in memory; a copy."""
    rows = np.take(pixels, indices, axis=0)
    let_go(pixels)
    return torch.from_numpy(rows).permute(0, 3, 1, 2)
