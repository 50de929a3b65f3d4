"""Prints which variables of those that tests set this process has."""

import os

print(
    *sorted(
        name for name in os.environ if name in ("ANNEAL_JOBS", "WORLD_SIZE", "RANK", "MASTER_ADDR") or "ELASTIC" in name
    )
)
