"""Which rates a range test goes over by default, and in how many batches."""

from core.training.curve import RangeSettings

HEAD = RangeSettings(1e-5, 1.0, 100)
"""From activations a batch takes a millisecond. The loss of a head falls from 1e-4 and rises from 3e-2 to 2e-1."""

WHOLE = RangeSettings(1e-5, 1e-1, 45)
"""Whole networks: pretrained ones rise from 5e-4 to 2e-3, those that begin from scratch from 1e-2 to 5e-2."""


def sweep_for(only_the_head: bool) -> RangeSettings:
    """What suits a stage that trains the head alone, or more of the network."""
    return HEAD if only_the_head else WHOLE
