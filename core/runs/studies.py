"""The answers of studies that are kept in a run's folder. Importing this module imports no torch."""

import hashlib
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from core.results.studies import Question
from core.runs.folder import RunFolder
from core.workspace import read_json, write_json

FOLDER = "studies"

Answer = TypeVar("Answer", bound=BaseModel)


def answer_path(folder: RunFolder, question: Question) -> Path:
    """Where the answer to this very question is kept: `studies/NAME-DIGEST.json`; there may be none yet."""
    asked = question.model_dump_json()
    name = str(getattr(question, "name", "study"))
    return folder.path / FOLDER / f"{name}-{hashlib.blake2b(asked.encode(), digest_size=6).hexdigest()}.json"


def kept_answer(folder: RunFolder, question: Question, kind: type[Answer]) -> Answer | None:
    """The answer to the question; None when it was not asked, or the file is damaged."""
    try:
        return kind.model_validate(read_json(answer_path(folder, question)))
    except (OSError, ValueError, ValidationError):
        return None


def keep_answer(folder: RunFolder, question: Question, answer: BaseModel) -> None:
    """Write the answer to a question, whole or not at all."""
    write_json(answer_path(folder, question), answer.model_dump(mode="json"))


def average_path(folder: RunFolder) -> Path:
    """Where a study of restarts keeps the averaged weights, until they are made a snapshot; there may be none."""
    return folder.path / FOLDER / "averaged.safetensors"
