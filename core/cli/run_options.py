"""The options of the commands that ask a trained run: evaluate, compare, predict."""

from core.cli.groups import moved, snapshot
from core.cli.parser import Commands, add_command

RUN_HELP = "a run's id, or the path of its folder"


def evaluate_options(commands: Commands) -> None:
    """Those of `evaluate`."""
    parser = add_command(
        commands,
        "evaluate",
        "a run's accuracy and confusion matrix",
        "Predicts the validation images with a run's weights, and keeps the predictions with the run.",
        "an object of accuracy (0..1), loss (nats), images, classes, confusion_matrix (rows are true classes), "
        "per_class (precision, recall, f1: null where there is nothing to check)",
    )
    parser.add_argument("run", metavar="RUN", help=RUN_HELP)
    moved(parser)
    snapshot(parser)
    parser.add_argument("--split", choices=("valid", "test", "train"), default="valid", help="default: valid")
    parser.add_argument("--tta", action="store_true", help="average the plain and 4 augmented views of each image")


def compare_options(commands: Commands) -> None:
    """Those of `compare`."""
    parser = add_command(
        commands,
        "compare",
        "two runs or snapshots on the same validation images",
        "What the second one mends and breaks, image by image, and whether chance alone explains the difference "
        "(McNemar's exact test).",
        "an object of images, first_accuracy, second_accuracy (0..1), fixed, broken (names of images), p, real, cells",
    )
    parser.add_argument("run", metavar="RUN[@SNAPSHOT]", help=RUN_HELP)
    parser.add_argument("other", metavar="RUN[@SNAPSHOT]", help="another run, or another snapshot of it")


def predict_options(commands: Commands) -> None:
    """Those of `predict`."""
    parser = add_command(
        commands,
        "predict",
        "what a run predicts for image files",
        "The most probable class of each image file, with the probability of every class. Images that cannot be read "
        "are named and skipped; the exit status is then 1, or 2 if none can be.",
        "a list of objects of image, class, sure (whether the run's threshold is reached), probabilities "
        "(class -> 0..1), or of image, error",
    )
    parser.add_argument("run", metavar="RUN", help=RUN_HELP)
    parser.add_argument(
        "images", metavar="IMAGE", nargs="+", help="image files, folders, zips, or patterns such as '*.jpg'"
    )
    snapshot(parser)
