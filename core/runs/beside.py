"""A branch beside the run that it began from. Importing this module imports no torch."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.errors import AnnealError
from core.results.compare import Comparison, compare
from core.results.predictions import Predictions
from core.runs.folder import RunFolder, run_path
from core.runs.state import BranchOrigin

if TYPE_CHECKING:
    import pandas as pd

ORIGINAL, BRANCH = "the original", "this branch"
"""What the two are called in charts and sentences."""


@dataclass(frozen=True)
class Beside:
    """A branch, its origin, and the run that it began from; `original` is None where that is gone or damaged."""

    branch: RunFolder
    origin: BranchOrigin
    original: RunFolder | None

    def epochs(self) -> "pd.DataFrame":
        """Both from the branching point on, with the epoch before it.

        Columns run (`ORIGINAL` or `BRANCH`), epoch, accuracy (0..1), valid_loss and train_loss (nats).
        """
        import pandas as pd

        parts = []
        for name, run in ((ORIGINAL, self.original), (BRANCH, self.branch)):
            if run is not None:
                rows = run.history.epochs
                rows = rows[rows.epoch >= self.origin.epoch]
                parts.append(rows.assign(run=name)[["run", "epoch", "accuracy", "valid_loss", "train_loss"]])
        return pd.concat(parts, ignore_index=True)

    def comparison(self) -> Comparison | None:
        """The original's present weights and then the branch's on the validation images.

        None until both were evaluated.
        """
        if self.original is None:
            return None
        try:
            first = Predictions.load(self.original.predictions_path())
            second = Predictions.load(self.branch.predictions_path())
            return compare(first, second)
        except AnnealError:
            return None


def beside(run: RunFolder) -> Beside | None:
    """The branch and its original; None for a run that is no branch. Raises `RunError` for a damaged branch."""
    origin = run.info.origin
    if origin is None:
        return None
    try:
        original = RunFolder(run_path(run.workspace, origin.run), run.workspace)
        _ = original.info
    except AnnealError:
        return Beside(run, origin, None)
    return Beside(run, origin, original)
