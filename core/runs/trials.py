"""The trials that are kept in a run's folder. Importing this module does not import torch."""

from pathlib import Path

from core.kept import Seconds, read_model
from core.runs.folder import RunFolder
from core.runs.state import Curve, RunState
from core.training.stage import Stage
from core.training.trial_results import Trials

FOLDER = "trials"


class KeptTrials(Trials):
    """`trials/<name>.json`: trials that ended, were stopped, or are under way (`complete` is then False).

    `seconds` is how long they took.
    """

    name: str
    created: str
    complete: bool = False
    seconds: Seconds = 0.0


def trials_path(folder: RunFolder, name: str) -> Path:
    """Where trials of that name are kept."""
    return folder.path / FOLDER / f"{name}.json"


def kept_trials(folder: RunFolder) -> list[KeptTrials]:
    """The run's trials, oldest first; damaged files are left out."""
    found = []
    for path in sorted((folder.path / FOLDER).glob("[!.]*.json")):
        try:
            trials = read_model(path, KeptTrials)
        except (OSError, ValueError):
            continue
        if trials.name == path.stem:  # they are found again by it
            found.append(trials)
    return found


def trials_beside(curve: Curve, trials: list[KeptTrials]) -> list[KeptTrials]:
    """Those of `trials` that have an outcome, began from the curve's state, and trained the same layer groups."""
    freeze_to = curve.stage.freeze_to if isinstance(curve.stage, Stage) else None
    return [
        found
        for found in trials
        if found.outcomes and (found.epoch, found.step, found.stage.freeze_to) == (curve.epoch, curve.step, freeze_to)
    ]


def stages_of_the_head(state: RunState) -> tuple[Stage, ...]:
    """All stages that a run has trained, where they are whole and trained the head alone; else none.

    Where weights were loaded from a snapshot, or more than the head was trained, they do not lead to its state, or
    take too long to be trained anew.
    """
    stages = state.readable_stages
    whole = all(stage.status == "done" for stage in state.stages) and len(stages) == len(state.stages)
    if not whole or state.loaded is not None or any(stage.freeze_to != -1 for stage in stages):
        return ()
    return tuple(stages)
