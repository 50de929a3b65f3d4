"""What a model says of many images, as a table that can be saved. Importing this module imports no torch."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float32]

PROBABILITY_OF = "probability of "
"""Begins the name of each class's column, so that no class can be taken for another column."""


@dataclass(frozen=True)
class Classified:
    """The answer for one image: the `probabilities` (C,) of its classes, or, where there are none, why (`error`)."""

    name: str
    probabilities: Floats | None
    error: str = ""


def answers_table(answers: Sequence[Classified], classes: Sequence[str], least: float) -> "pd.DataFrame":
    """One row an image: image, class, probability (0..1), sure (at least `least`), error, and each class's probability.

    A row of an image that could not be read has its error and is otherwise empty.
    """
    import pandas as pd

    rows = np.full((len(answers), len(classes)), np.nan)
    for at, answer in enumerate(answers):
        if answer.probabilities is not None:
            rows[at] = answer.probabilities
    there = np.array([answer.probabilities is not None for answer in answers], dtype=bool)
    best = np.where(there[:, None], rows, 0).argmax(axis=1) if len(answers) else np.zeros(0, dtype=np.int64)
    highest = rows[np.arange(len(answers)), best]
    table = pd.DataFrame(
        {
            "image": [answer.name for answer in answers],
            "class": [classes[place] if read else None for place, read in zip(best, there, strict=True)],
            "probability": highest,
            "sure": pd.array(
                [bool(p >= least) if read else None for p, read in zip(highest, there, strict=True)], "boolean"
            ),
            "error": [answer.error or None for answer in answers],
        }
    )
    shares = pd.DataFrame(rows, columns=[f"{PROBABILITY_OF}{name}" for name in classes])
    return pd.concat([table, shares], axis=1)


def as_csv(table: "pd.DataFrame") -> bytes:
    """The table as CSV in UTF-8, with a mark by which spreadsheets know it; probabilities with six digits."""
    written: str = table.to_csv(index=False, float_format="%.6g", lineterminator="\n")
    return written.encode("utf-8-sig")
