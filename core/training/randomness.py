"""Random numbers that depend on what they are for, not on what was drawn before."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import torch


def seed_of(*parts: int | str) -> int:
    """A seed (0..2**63-1) of its own for every combination of `parts`, the same on every machine."""
    digest = hashlib.blake2b(repr(parts).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def generator(*parts: int | str) -> torch.Generator:
    """A CPU generator seeded by `parts`, such as the run's seed, a purpose and the batch's number.

    Because nothing is carried from batch to batch, a resumed run draws what an uninterrupted one would have.
    """
    return torch.Generator().manual_seed(seed_of(*parts))


@contextmanager
def isolated(device: torch.device, seed: int) -> Iterator[None]:
    """Let layers that draw from torch's global generators draw as seeded here, and put those back afterwards."""
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.default_generator.manual_seed(seed)
        if device.type == "cuda":
            torch.cuda.manual_seed(seed)
        yield
