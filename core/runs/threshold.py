"""The probability below which a run's model says "not sure"; kept with the run. Imports no torch."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from core.kept import read_model
from core.runs.folder import RunFolder
from core.workspace import write_json

NOT_SURE = "not sure"
"""What is said of an image whose highest probability lies below the threshold."""


class Threshold(BaseModel):
    """`threshold.json`: images whose highest probability is below `probability` (0..1) are not answered."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    probability: float = Field(default=0.0, ge=0, lt=1, allow_inf_nan=False)


def threshold_path(folder: RunFolder) -> Path:
    """Where it is kept; there may be none."""
    return folder.path / "threshold.json"


def threshold_of(folder: RunFolder) -> float:
    """The run's threshold; 0 where none was chosen or the file is damaged."""
    try:
        return read_model(threshold_path(folder), Threshold).probability
    except (OSError, ValueError):
        return 0.0


def keep_threshold(folder: RunFolder, probability: float) -> None:
    """Keep a threshold with the run; raises `ValidationError` for one out of range."""
    write_json(threshold_path(folder), Threshold(probability=probability).model_dump(mode="json"))
