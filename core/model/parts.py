"""Work in numbered parts whose results are wanted in order: done here, or by all processes of a job in turn."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from core.model.ranks import Numbers, Ranks, leading

Work = Callable[[int], Tensor]
"""Gives the rows (n, width) of a part; for several processes it must be possible to pickle it."""


def in_parts(work: Work, parts: int) -> Iterator[Tensor]:
    """The rows of parts 0 to `parts` - 1 of `work`, in order, each computed once, and as one process alone would do it.

    So the numbers are the same for any number of processes. The caller may leave the loop early.
    """
    ranks = leading()
    if ranks is None or parts < 2:
        yield from map(work, range(parts))
        return
    ranks.order(_Help(work, parts))
    for first in range(0, parts, ranks.count):
        ranks.send(np.array([float(first)]))
        try:
            own = work(first)
        finally:  # the others have begun: what they give is taken, whatever happens here
            others = [ranks.take(rank) for rank in range(1, min(ranks.count, parts - first))]
        yield own
        yield from (rows.to(own.device) for rows in others)


@dataclass
class _Help:
    """In every round of parts, each process does the one that has its rank."""

    work: Work
    parts: int

    def help(self, ranks: Ranks, numbers: Numbers) -> None:
        part = int(numbers[0]) + ranks.rank
        if part < self.parts:
            with torch.inference_mode():
                ranks.give(self.work(part))
