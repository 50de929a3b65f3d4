"""Random numbers that depend on their purpose and step, and not on what was drawn before."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import torch


def seed_of(*parts: int | str) -> int:
    """A seed (0..2**63-1) for this combination of `parts`, the same on every machine.

    >>> seed_of(0, "dropout", 1) == seed_of(0, "dropout", 1), seed_of(0, "dropout", 1) == seed_of(0, "dropout", 2)
    (True, False)
    """
    digest = hashlib.blake2b(repr(parts).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def generator(*parts: int | str) -> torch.Generator:
    """A CPU generator seeded by `parts`, such as the run's seed, a purpose and the batch's number.

    Nothing is carried from batch to batch, so a resumed run draws the same numbers as an uninterrupted one.
    """
    return torch.Generator().manual_seed(seed_of(*parts))


@contextmanager
def isolated(device: torch.device, seed: int) -> Iterator[None]:
    """Seed torch's global generators in the block, for layers that draw from them, and put them back afterwards."""
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.default_generator.manual_seed(seed)
        if device.type == "cuda":
            torch.cuda.manual_seed(seed)
        yield
