"""Options that cannot act together with the others that were given: each is refused with a sentence."""

from typing import Any

from core.cli.network import Network
from core.cli.options import Options
from core.data.index import DataSet
from core.errors import DataError, PlanError

STAGE_OPTIONS = (
    "lr",
    "cycles",
    "cycle_len",
    "cycle_mult",
    "precompute",
    "unfreeze",
    "freeze_to",
    "schedule",
    "gentle_start",
    "optimiser",
    "weight_decay",
    "label_smoothing",
    "class_weights",
    "stop_overfitting",
    "share",
)
"""Each of these describes a stage, which is trained instead of a recipe or plan."""

SHARED_OPTIONS = ("augment", "size", "batch_size", "grow_from", "freeze_early_after", "no_measure_after_cycle")
"""These change a recipe's stages as well as a stage described by options."""

NEW_RUN_OPTIONS = (
    *("data", "name", "backbone", "seed", "valid_share", "fit", "mended", "scratch", "unfolded"),
    *("classes_from", "folder", "labels", "columns", "pattern"),
)


def refuse_conflicts(options: Options) -> None:
    """Raise `PlanError` for the first option of `train` that the others leave without effect or contradict."""
    if (options.data is None) == (options.resume is None):
        raise PlanError("Give either DATA, to train a new run on it, or --continue RUN, to go on with one.")
    if options.moved_to is not None and options.resume is None:
        raise PlanError("--data says where the images of a run lie now. Give the run too: --continue RUN.")
    if options.recipe and options.plan:
        raise PlanError("Both --recipe and --plan were given. Choose one.")
    if options.recipe and (given := first_given(options, STAGE_OPTIONS)):
        raise PlanError(f"A recipe has stages of its own. Leave out {given}, or --recipe.")
    if options.plan and (given := first_given(options, (*STAGE_OPTIONS, *SHARED_OPTIONS))):
        raise PlanError(f"A plan has stages of its own. Leave out {given}, or --plan.")
    if options.unfreeze and options.freeze_to is not None:
        raise PlanError("Both --unfreeze and --freeze-to were given. Choose one.")
    if (options.cycle_mult or 1) > 1 and (options.cycles or 1) == 1:
        raise PlanError("There is one cycle, so --cycle-mult would change nothing. Add --cycles 2 or more.")
    if options.resume is not None:
        _refuse_conflicts_with_continue(options)
    elif options.start is not None:
        raise PlanError("A new run has no snapshots yet. Leave out --from, or give --continue RUN.")


def refuse_idle_add(options: Options) -> None:
    """Raise `PlanError` when images are to be added to no run."""
    if options.add is not None and options.resume is None:
        raise PlanError("--add gives a run more images. Give the run too: --continue RUN.")


def _refuse_conflicts_with_continue(options: Options) -> None:
    if given := first_given(options, NEW_RUN_OPTIONS):
        raise PlanError(f"A run keeps what it began with. Leave out {given}, or begin a new run on DATA.")
    says_what = options.recipe or options.plan or first_given(options, STAGE_OPTIONS)
    if not says_what and options.start is not None:
        raise PlanError(
            "What is left of a run's plan goes on from its last checkpoint. Leave out --from, or say what to train "
            "from the snapshot, such as --unfreeze --lr 1e-3 or --recipe."
        )
    if not says_what and (given := first_given(options, SHARED_OPTIONS)):
        raise PlanError(
            f"What is left of a run's plan is trained with its own settings. Leave out {given}, or say what to train "
            "with it instead, such as --cycles 2 or --recipe."
        )


def refuse_idle_weights_options(options: Options, network: Network) -> None:
    """Raise `PlanError` for --scratch and --unfolded where the network has random weights without them."""
    if options.scratch and not network.has_weights:
        raise PlanError(f"The network {network.backbone} always begins with random weights. Leave out --scratch.")
    if options.unfolded and not network.pretrained:
        raise PlanError(
            "Batch norm is only folded in a pretrained network, and this one begins with random weights. "
            "Leave out --unfolded."
        )


def refuse_idle_share(options: Options, data: DataSet) -> None:
    """Raise `DataError` for --valid-share where the data set has a split of its own."""
    if options.valid_share is not None and data.split_origin.startswith("as given"):
        raise DataError("This data set has validation images of its own. Leave out --valid-share.")


def first_given(options: Options, names: tuple[str, ...]) -> str:
    """The first of these options that was given, as it is typed; empty when none was."""
    given = (name for name in names if is_given(getattr(options, name)))
    return next(("DATA" if name == "data" else f"--{name.replace('_', '-')}" for name in given), "")


def is_given(value: Any) -> bool:
    """Whether this is the value of an option that was typed."""
    return value is not None and value is not False
