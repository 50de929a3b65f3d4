"""The answers of studies that are kept in a run's folder. Importing this module imports no torch."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from core.kept import read_model
from core.results.studies import Question, Restarts
from core.runs.folder import RunFolder
from core.runs.names import CYCLE
from core.runs.snapshots import Snapshot
from core.workspace import write_json

FOLDER = "studies"

MOST_CYCLES = 8
"""Snapshots that a study of restarts is asked about: each takes a few seconds more."""

Answer = TypeVar("Answer", bound=BaseModel)


def answer_path(folder: RunFolder, question: Question) -> Path:
    """Where the answer to this very question is kept: `studies/NAME-DIGEST.json`; there may be none yet.

    Of other images, which a run has once some were added or mended, it is another question.
    """
    asked = f"{question.model_dump_json()} {folder.info.fingerprint}"
    name = str(getattr(question, "name", "study"))
    return folder.path / FOLDER / f"{name}-{hashlib.blake2b(asked.encode(), digest_size=6).hexdigest()}.json"


def kept_answer(folder: RunFolder, question: Question, kind: type[Answer]) -> Answer | None:
    """The answer to the question; None when it was not asked, or the file is damaged."""
    try:
        return read_model(answer_path(folder, question), kind)
    except (OSError, ValueError):
        return None


def keep_answer(folder: RunFolder, question: Question, answer: BaseModel) -> None:
    """Write the answer to a question, whole or not at all."""
    write_json(answer_path(folder, question), answer.model_dump(mode="json"))


def last_cycles(snapshots: Sequence[Snapshot]) -> Restarts:
    """What the restarts did between the snapshots of the last `MOST_CYCLES` cycles, which may be too few."""
    names = [snapshot.name for snapshot in snapshots if snapshot.name.startswith(CYCLE)]
    return Restarts(snapshots=tuple(names[-MOST_CYCLES:]))


def average_path(folder: RunFolder) -> Path:
    """Where a study of restarts keeps the averaged weights, until they are made a snapshot; there may be none."""
    return folder.path / FOLDER / "averaged.safetensors"
