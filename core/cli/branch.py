"""`train --branch`: a new run that goes on from a snapshot of another one with one thing changed."""

from pydantic import ValidationError

from core.augment import NAMED
from core.cli.conflicts import NEW_RUN_OPTIONS, SHARED_OPTIONS, STAGE_OPTIONS, first_given
from core.cli.jobs import run_named
from core.cli.options import Options
from core.errors import PlanError
from core.jobs.branch import branch, points
from core.jobs.specs import TrainSpec
from core.runs.branching import Change, Shape, refused
from core.runs.folder import RunFolder
from core.workspace import Workspace

CHANGES = ("lr", "augment", "freeze_to", "unfreeze", "schedule", "seed")
"""The options that a branch may change, one at a time."""

SHAPES: tuple[Shape, ...] = ("cosine", "constant", "one-cycle")


def branched(options: Options) -> tuple[RunFolder, TrainSpec]:
    """The new run and its job; everything that can be refused is refused before there is a folder."""
    _refuse(options)
    run = run_named(str(options.branch), Workspace.at(options.home))
    if options.start is None:
        names = ", ".join(points(run)) or "none: no snapshot has more of the plan ahead"
        raise PlanError(f"Say from which snapshot: --from NAME. This run can be branched from {names}.")
    return branch(run, options.start, _change(options), name=options.name or ""), TrainSpec()


def _refuse(options: Options) -> None:
    if options.data is not None or options.resume is not None:
        raise PlanError("A branch goes on from a run. Leave out DATA and --continue, or --branch.")
    others = tuple(
        name
        for name in (*NEW_RUN_OPTIONS, *STAGE_OPTIONS, *SHARED_OPTIONS, "recipe", "plan")
        if name not in (*CHANGES, "name", "data")
    )
    if given := first_given(options, others):
        raise PlanError(
            f"A branch is like its run but for one of --lr, --augment, --unfreeze, --freeze-to, --schedule and --seed. "
            f"Leave out {given}."
        )
    if options.unfreeze and options.freeze_to is not None:
        raise PlanError("Both --unfreeze and --freeze-to were given. Choose one.")


def _change(options: Options) -> Change:
    """The change that the options describe; raises `PlanError` for several."""
    try:
        return Change(
            lr=tuple(options.lr) if options.lr else None,
            augmentation=NAMED[options.augment] if options.augment else None,
            freeze_to=0 if options.unfreeze else options.freeze_to,
            schedule=next((shape for shape in SHAPES if shape == options.schedule), None),
            seed=options.seed,
        )
    except ValidationError as error:
        found = error.errors()[0]
        cause = found.get("ctx", {}).get("error")
        raise refused(cause if isinstance(cause, ValueError) else ValueError(found["msg"])) from error
