"""Whether this process is one of several that torchrun started for one job. Importing this module imports no torch."""

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class World:
    """The `rank` of this process among `count` processes, and its `local_rank` among those of its machine."""

    rank: int
    count: int
    local_rank: int


def world() -> World | None:
    """What torchrun says in the environment; None for a process that computes alone."""
    try:
        count = int(os.environ.get("WORLD_SIZE", "1"))
        rank = int(os.environ.get("RANK", "0"))
        local_rank = int(os.environ.get("LOCAL_RANK", "0"))
    except ValueError:
        return None
    return World(rank, count, local_rank) if count > 1 and "MASTER_ADDR" in os.environ else None
