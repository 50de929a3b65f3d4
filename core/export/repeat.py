"""How a run can be repeated: its stages as they were really trained, and what a repetition cannot have.

Importing this module imports no torch.
"""

import json
import shlex
from dataclasses import dataclass

from core.data.dataset import DataSet
from core.errors import ExportError
from core.runs.folder import RunFolder
from core.runs.state import RunInfo, RunState, StageState
from core.training.stage import Stage

AS_GIVEN = "as given"
"""How the split of a data set is called that came with it."""

SAME = 1e-9
"""Accuracies that differ by less are the same figure."""


@dataclass(frozen=True)
class Trained:
    """A stage with the rates that it had, and the `epochs` that were really trained of it."""

    stage: Stage
    epochs: int


@dataclass(frozen=True)
class Repeat:
    """What was trained, in order; and in sentences what a repetition from the beginning leaves out (`gaps`)."""

    trained: tuple[Trained, ...]
    gaps: tuple[str, ...]

    def plan(self) -> str:
        """The stages as JSON, as `python -m core train --plan` reads them."""
        stages = [one.stage.model_dump(mode="json", exclude_defaults=True) for one in self.trained]
        return json.dumps({"stages": stages}, indent=1, ensure_ascii=False)


def repeat_of(run: RunFolder) -> Repeat:
    """The run's stages and gaps; raises `ExportError` where nothing was trained or a stage cannot be read."""
    state, data = run.state, run.data()
    if not state.stages:
        raise ExportError(
            "Nothing has been trained in this run yet, so there is nothing to repeat. Train a stage first."
        )
    if len(state.readable_stages) < len(state.stages):
        raise ExportError("A stage of this run was written by another version of Anneal and cannot be read.")
    trained = tuple(Trained(own.settings, own.epochs) for own in state.stages)
    return Repeat(trained, (*_of_the_run(run.info, state, data), *_of_stages(state.stages)))


def _of_the_run(info: RunInfo, state: RunState, data: DataSet) -> list[str]:
    found = []
    if info.origin is not None:
        found.append(
            f"This run is a branch: it began with the weights of the snapshot {info.origin.snapshot} of another run "
            f"({info.origin.change}). Repeated, it begins with the network's first weights."
        )
    if state.loaded is not None:
        found.append(f"The weights of the snapshot {state.loaded} were loaded at last. Repeated, the last ones stay.")
    if data.grown_from:
        found.append("Images were added on the way. Repeated, all of them are there from the beginning.")
    if data.seed != info.seed and data.split_origin != AS_GIVEN:
        found.append(f"The split was made with seed {data.seed}, the training with seed {info.seed}.")
    return found


def _of_stages(stages: list[StageState]) -> list[str]:
    found = []
    for number, own in enumerate(stages, start=1):
        planned = own.settings.epochs
        if own.status != "done":
            found.append(
                f"Stage {number} was broken off after {own.epochs} of {planned} epochs. Repeated, it ends with the "
                "last whole epoch, and what was trained of another one is left out."
            )
        elif own.epochs < planned:
            found.append(f"Stage {number} ended after {own.epochs} of {planned} epochs: {own.message}")
        before = stages[number - 2] if number > 1 else None
        ended = None if before is None else before.ends_with
        if ended is not None and own.accuracy_before is not None and abs(own.accuracy_before - ended) > SAME:
            found.append(
                f"Stage {number} did not begin with the weights that the stage before ended with: others were loaded. "
                "Repeated, it goes on with the stage before."
            )
    return found


def command(info: RunInfo, data: DataSet, plan: str = "plan.json") -> str:
    """The command that repeats a run with `core`, its stages in the file `plan`; `DATA` stands for the images."""
    parts = ["python", "-m", "core", "train", info.data_spec if _comes_with_anneal(info) else "DATA"]
    parts += ["--backbone", info.backbone, "--seed", str(info.seed)]
    if data.split_origin != AS_GIVEN:
        parts += ["--valid-share", f"{info.valid_share:.4g}" if "%" not in data.split_origin else _share(data)]
    if data.fit != "crop":
        parts += ["--fit", data.fit]
    if not info.pretrained and info.backbone != "small_cnn":
        parts += ["--scratch"]
    if info.pretrained and not info.folded:
        parts += ["--unfolded"]
    return shlex.join([*parts, "--plan", plan])


def _comes_with_anneal(info: RunInfo) -> bool:
    return info.data_spec == "digits" or info.data_spec.startswith("shapes:")


def _share(data: DataSet) -> str:
    """The share that was held out, from the words that say so: "20% held out, seed 0"."""
    return f"{float(data.split_origin.partition('%')[0]) / 100:g}"
