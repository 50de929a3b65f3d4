"""A run as it is at one moment: all that a drawing of the page shows comes from one reading of the run's folder."""

from dataclasses import dataclass

import pandas as pd

from core.charts import training as charts
from core.data.index import DataSet
from core.jobs.store import Job
from core.runs.data_changes import changes_of
from core.runs.folder import RunFolder
from core.runs.state import RunState, StageState
from core.training.stage import Stage
from pages.ui.plan.facts import batches_per_epoch


@dataclass(frozen=True)
class Moment:
    """What a run's folder said: its state, its batches (with `position`) and epochs, and where its stages lie.

    `live` says whether a job trains it; the stages that it will still train are then among `spans`, and those of the
    state have the figures of the epochs, which are newer. `planned` is the highest learning rate that is known to
    come, 0 where none is.
    """

    state: RunState
    steps: pd.DataFrame
    epochs: pd.DataFrame
    spans: pd.DataFrame
    live: bool
    planned: float

    @property
    def planned_epochs(self) -> int:
        """Epochs of the run when its plan is done."""
        return round(float(self.spans["end"].max())) if len(self.spans) else 0


def read(run: RunFolder, data: DataSet, job: Job | None) -> Moment:
    """The run as it is now; epochs that ended after the last batch was read are left for the next time."""
    state, history = run.state, run.history
    steps = history.steps
    epochs = history.epochs
    epochs = epochs[epochs["step"] <= (steps["step"].max() if len(steps) else 0)]
    live = job is not None and job.kind == "train"
    stages = state.readable_stages
    steps = charts.on_epochs(steps, epochs, batches_per_epoch(run, data, stages[-1]) if stages else 0)
    if live:
        state = state.model_copy(update={"stages": [_as_of(begun, epochs) for begun in state.stages]})
    ahead = _ahead(state) if live else {}
    changes = changes_of(state, list(ahead.items()))
    spans = charts.stage_spans(steps, _names(state), {place: stage.epochs for place, stage in ahead.items()}, changes)
    planned = max((max(stage.lr) for stage in ahead.values() if stage.lr), default=0.0)
    return Moment(state, steps, epochs, spans, live, planned)


def _as_of(begun: StageState, epochs: pd.DataFrame) -> StageState:
    """The stage with the figures of its last epoch among `epochs`."""
    own = epochs[epochs["stage"] == begun.index]
    if own.empty:
        return begun
    last = own.iloc[-1]
    figures = {name: float(last[name]) for name in ("accuracy", "valid_loss", "train_loss")}
    return begun.model_copy(update={**figures, "epochs": len(own)})


def _ahead(state: RunState) -> dict[int, Stage]:
    """The stage under way and those to come, by their place in the run."""
    first = max(0, len(state.stages) - 1 - state.plan_start)
    return {
        state.plan_start + place: stage
        for place, stage in enumerate(state.plan)
        if place >= first and isinstance(stage, Stage)
    }


def _names(state: RunState) -> list[str]:
    """A name for each stage that was begun or planned, by its place in the run."""
    begun = [stage.stage for stage in state.stages]
    stages = [*begun, *state.plan[max(0, len(begun) - state.plan_start) :]]
    named = [stage.name if isinstance(stage, Stage) else "" for stage in stages]
    return [name or f"Stage {number}" for number, name in enumerate(named, 1)]
