"""A plan that is to be trained, written into the run before any of it is. Importing this module imports no torch."""

from core.runs.checkpoint import CheckpointMeta, read_meta
from core.runs.folder import RunFolder
from core.runs.state import RunState
from core.training.stage import Plan


def kept_state(folder: RunFolder, meta: CheckpointMeta | None) -> RunState:
    """The run's state with what must agree with its checkpoint, whose header is `meta`: None before the first stage."""
    kept = RunState() if meta is None else meta
    now = {"stages": kept.stages, "best": kept.best, "seconds": kept.seconds, "figures": kept.figures}
    return folder.state.model_copy(update=now)


def begun(state: RunState, plan: Plan) -> RunState:
    """The state at the beginning of a new plan."""
    stages = [stage.ended() for stage in state.stages]
    new = {"stages": stages, "plan_name": plan.name, "plan_start": len(stages), "next_stage": 0}
    return state.model_copy(update={**new, "plan": list(plan.stages)})


def keep_plan(folder: RunFolder, plan: Plan) -> None:
    """Write that `plan` is the run's plan, so that whoever stops before its first batch can go on with it.

    Raises `RunError` when the run's files are damaged.
    """
    folder.write_state(begun(kept_state(folder, read_meta(folder.checkpoint)), plan))
