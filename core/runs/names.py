"""Names that people give to runs and snapshots, and the ones that Anneal gives."""

import re
import secrets
import unicodedata
from datetime import datetime
from pathlib import Path

from core.errors import RunError

LATEST = "latest"
"""Stands for the weights of the checkpoint wherever a snapshot is named."""

BEST = "best"
"""The snapshot with the highest validation accuracy."""

CYCLE = "cycle-"
"""What the snapshots at the ends of cycles are called, before their number."""

LONGEST_NAME = 80
LONGEST_SNAPSHOT = 60
LONGEST_ID = 200
"""Bytes; file systems allow 255, and temporary files add some of their own."""

_SNAPSHOT = re.compile(r"\w(?:[\w .+-]*[\w+-])?")
_OURS = re.compile(r"latest|best|cycle-\d+|averaged|ensemble", re.IGNORECASE)


def new_id() -> str:
    """A run's id: the time of day it was made and four random hexadecimal digits."""
    return f"{datetime.now():%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def checked_id(run_id: str) -> str:
    """`run_id` if it can be the name of a run's folder, also one that a person renamed; raises `RunError`."""
    single = Path(run_id).name == run_id and not run_id.startswith(".")
    if not (single and run_id.isprintable() and 0 < len(run_id.encode()) <= LONGEST_ID):
        raise RunError("That is not the name of a run. Choose one on the Runs page.")
    return run_id


def checked_name(name: str) -> str:
    """A run's name without control characters and outer spaces; raises `RunError` when nothing is left or it is long.

    It is shown and stored, never used as a path.
    """
    kept = "".join(" " if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"} else c for c in name)
    kept = " ".join(kept.split())
    if not kept:
        raise RunError("A run needs a name. Type one and try again.")
    if len(kept) > LONGEST_NAME:
        raise RunError(f"That name has {len(kept)} characters. Give one of at most {LONGEST_NAME}.")
    return kept


def checked_snapshot(name: str) -> str:
    """`name` if it can be a snapshot's file name; raises `RunError` with what it may contain."""
    name = unicodedata.normalize("NFC", name.strip())
    if not _SNAPSHOT.fullmatch(name) or ".." in name or len(name.encode()) > LONGEST_SNAPSHOT:
        raise RunError(
            f"A snapshot's name has letters, digits, spaces, dots, dashes and underscores, {LONGEST_SNAPSHOT} at most. "
            "Choose another name."
        )
    return name


def checked_new_snapshot(name: str) -> str:
    """`name` if a person may give it to a snapshot; raises `RunError` also for the names that Anneal gives."""
    name = checked_snapshot(name)
    if _OURS.fullmatch(name):
        raise RunError(f"Anneal itself keeps a snapshot called {name}. Choose another name.")
    return name
