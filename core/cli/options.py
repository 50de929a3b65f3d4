"""The commands and their options, with units, ranges and defaults."""

import argparse

from core.cli.groups import AUGMENTATIONS, WHOLE_HELP, moved, network, splitting, stage
from core.cli.parser import Commands, Parser, add_command
from core.cli.run_options import (
    RUN_HELP,
    compare_options,
    curve_options,
    errors_options,
    evaluate_options,
    export_options,
    import_options,
    predict_options,
    restarts_options,
    suspects_options,
)
from core.cli.values import rates, whole
from core.cli.version_options import version_options
from core.data.reading import ClassesFrom
from core.training.suggestions import MEANINGS

RECIPES = ("lesson2", "start-small", "quick")
LENGTHS = ("short", "epoch", "stage")
DATA_HELP = (
    "a folder (class/image, or train/ and valid/ above the classes), a zip of one, digits, "
    "shapes[:easy|:medium|:hard], or imagenette, pets, cifar10, fashionmnist, flowers102, eurosat (downloaded)"
)


class Options(argparse.Namespace):
    """The options of all commands; one that a command does not have keeps its value here."""

    command: str
    json: bool
    home: str | None
    data: str | None
    run: str
    images: list[str]
    backbone: str | None
    size: int | None
    seed: int | None
    valid_share: float | None
    fit: str | None
    classes_from: ClassesFrom | None
    folder: list[str] | None
    labels: str | None
    columns: dict[str, str] | None
    pattern: str | None
    scratch: bool
    unfolded: bool
    unfrozen: bool
    steps: int | None
    lowest: float | None
    highest: float | None
    rates: list[float] | None
    length: str | None
    epochs: int | None
    repeats: int | None
    seeds: int | None
    vsgd: bool
    name: str | None
    resume: str | None
    start: str | None
    branch: str | None
    moved_to: str | None
    add: str | None
    recipe: str | None
    plan: str | None
    lr: list[float] | None
    cycles: int | None
    cycle_len: int | None
    cycle_mult: int | None
    precompute: bool
    unfreeze: bool
    freeze_to: int | None
    augment: str | None
    schedule: str | None
    optimiser: str | None
    batch_size: int | None
    share: float | None
    grow_from: int | None
    freeze_early_after: int | None
    weight_decay: float | None
    label_smoothing: float | None
    gentle_start: bool
    class_weights: bool
    stop_overfitting: bool
    no_measure_after_cycle: bool
    snapshot: str
    keep: str | None
    csv: str | None
    other: str
    split: str
    tta: bool
    true_class: str | None
    taken_for: str | None
    order: str
    right_too: bool
    limit: int | None
    mended: bool
    action: str
    arguments: list[str]
    to: str | None
    copies: bool
    out: str | None
    with_images: bool
    file: str


def command_line() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    parser = Parser(
        prog="python -m core",
        description="Anneal without a browser: train an image classifier, and see every decision that makes it good.",
        epilog="Progress goes to stderr. Exit status: 0 done, 1 training failed or "
        "some images could not be read, 2 bad input, 130 interrupted.",
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=Parser)
    _inspect(commands)
    _find_lr(commands)
    _try_rates(commands)
    _train(commands)
    evaluate_options(commands)
    errors_options(commands)
    curve_options(commands)
    restarts_options(commands)
    compare_options(commands)
    suspects_options(commands)
    version_options(commands)
    predict_options(commands)
    export_options(commands)
    import_options(commands)
    _benchmark(commands)
    _health(commands)
    return parser


def _inspect(commands: Commands) -> None:
    parser = add_command(
        commands,
        "inspect",
        "what is in a data set, and what is wrong with it",
        "Images per class and split, sizes, broken files with reasons, and duplicates.",
        "an object of classes, splits, sizes, broken, duplicates, fingerprint",
    )
    parser.add_argument("data", metavar="DATA", help=DATA_HELP)
    splitting(parser)


def _find_lr(commands: Commands) -> None:
    parser = add_command(
        commands,
        "find-lr",
        "a learning rate range test with its suggestions",
        "Trains on a few batches at growing rates and says which rate the curve suggests, and where the rates of five "
        "other rules lie on it. Keeps nothing. "
        + " ".join(f"{name.capitalize()}: {meaning[0].lower()}{meaning[1:]}" for name, meaning in MEANINGS.items()),
        "an object of lrs, losses, smoothed (nats), suggestion (lr, low, high, collapse, certain, reason), "
        "suggestions (valley, slide, steep, minimum, lightning), readings (rule -> place, sentence); with several "
        "seeds these are of the first, suggestion is of all, and there are seeds (a list of such objects) and spread; "
        "with --vsgd there is vsgd (rate, low, high, assumes, experimental, ..., or error)",
    )
    parser.add_argument("data", metavar="DATA", help=DATA_HELP)
    network(parser)
    splitting(parser)
    parser.add_argument("--unfrozen", action="store_true", help=WHOLE_HELP)
    parser.add_argument("--precompute", action="store_true", help="train the head from precomputed activations")
    parser.add_argument("--steps", type=whole, metavar="N", help="batches, 2 to 10000 (default: 100; 45 unfrozen)")
    parser.add_argument(
        "--lowest",
        type=float,
        metavar="R",
        help="first rate (default: 1e-5); from 1e-7 to 10 in 100 steps is fastai's test and ends as it does",
    )
    parser.add_argument("--highest", type=float, metavar="R", help="last rate, up to 100 (default: 1; 0.1 unfrozen)")
    parser.add_argument(
        "--seeds",
        type=whole,
        metavar="N",
        help="range tests from the same weights, each with its own order of the images, 1 to 10 (default: 1); each "
        "takes as long as one",
    )
    parser.add_argument(
        "--vsgd",
        action="store_true",
        help="also the rate that vSGD estimates for plain SGD (experimental); takes about as long as 32 steps",
    )
    parser.add_argument("--augment", choices=AUGMENTATIONS, help="random transforms of each image (default: none)")
    parser.add_argument("--batch-size", type=whole, metavar="N", help="images per batch, 1 to 4096 (default: 32)")


def _try_rates(commands: Commands) -> None:
    parser = add_command(
        commands,
        "try-rates",
        "short trainings at several rates, compared",
        "Trains a new network for a short time at each rate, annealed to 0 and undone, and compares loss and accuracy "
        "on training images kept out. Keeps nothing.",
        "an object of rates, length, batches, judged_on (images), before, outcomes (lr, measured: loss, accuracy and "
        "their errors, diverged_at), pairs (first, second, difference, p_loss, p_accuracy), best, findings",
    )
    parser.add_argument("data", metavar="DATA", help=DATA_HELP)
    parser.add_argument(
        "--rates",
        type=rates,
        metavar="R,R[,R...]",
        help="2 to 6 rates (default: the range test's suggestion, a third of it, 3 times it, and its lowest point)",
    )
    parser.add_argument(
        "--length", choices=LENGTHS, help="of a trial: a third of an epoch, 1 epoch, or --epochs (default: epoch)"
    )
    parser.add_argument("--epochs", type=whole, metavar="N", help="epochs of the stage, with --length stage")
    parser.add_argument("--repeats", type=whole, metavar="N", help="trials at each rate, 1 to 5 (default: 1)")
    network(parser)
    splitting(parser)
    parser.add_argument("--unfrozen", action="store_true", help=WHOLE_HELP)
    parser.add_argument("--precompute", action="store_true", help="train the head from precomputed activations")
    parser.add_argument("--augment", choices=AUGMENTATIONS, help="random transforms of each image (default: none)")
    parser.add_argument("--batch-size", type=whole, metavar="N", help="images per batch, 1 to 4096 (default: 32)")


def _train(commands: Commands) -> None:
    parser = add_command(
        commands,
        "train",
        "train on a data set, or go on with a run",
        "Trains a new run on DATA, or goes on with a run: with what is left of its plan, or with the stage, plan or "
        "recipe given. Without --recipe, --plan and options of a stage, the plan that suits the network.",
        "an object of run (its folder), id, accuracy (0..1), accuracy_interval, valid_loss (nats), seconds, stages, "
        "steps, best, collapsed",
    )
    parser.add_argument("data", metavar="DATA", nargs="?", help=DATA_HELP)
    parser.add_argument("--continue", dest="resume", metavar="RUN", help=f"go on with this run: {RUN_HELP}")
    parser.add_argument(
        "--from",
        dest="start",
        metavar="SNAPSHOT",
        help="with --continue, first load best, cycle-N or a saved snapshot; with --branch, the snapshot to begin from",
    )
    parser.add_argument(
        "--branch",
        metavar="RUN",
        help="a new run that goes on from a snapshot of RUN as that did, with one of --lr, --augment, --unfreeze, "
        "--freeze-to, --schedule and --seed changed",
    )
    moved(parser)
    parser.add_argument(
        "--add",
        metavar="FOLDER",
        help="with --continue, first add the images of this folder or archive, of the same classes; what was held out "
        "for validation stays held out",
    )
    parser.add_argument("--name", help="what to call the run (default: after its data and network)")
    network(parser)
    splitting(parser)
    plans = parser.add_argument_group("what to do, one of these or the options of a stage")
    plans.add_argument(
        "--recipe",
        choices=RECIPES,
        help="lesson2: the head from precomputed activations, then augmented, then the whole network, each at a rate "
        "found by a range test; start-small: half of the images at half the size first, then all; quick: a small "
        "network from scratch in one cycle",
    )
    plans.add_argument("--plan", metavar="PLAN.json", help='stages from a file: {"stages": [...]}')
    stage(parser)


def _benchmark(commands: Commands) -> None:
    add_command(
        commands,
        "benchmark",
        "how fast this machine trains, in under a minute",
        "Measures the parts of training for a few seconds each, on generated pictures. The Home page shows it.",
        "an object of decode, features, train, small (images per second), lesson_seconds, device, threads, torch",
    )


def _health(commands: Commands) -> None:
    add_command(
        commands,
        "health",
        "whether jobs run; exit status 1 when they do not",
        "For whoever watches a server: jobs at work and waiting, free disk and memory, and what is wrong.",
        "an object of ok, problems, running, waiting, oldest_s, free_disk, free_memory (seconds and bytes)",
    )
