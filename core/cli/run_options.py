"""The options of the commands that ask a run: evaluate, errors, curve, compare, suspects, predict, export, import."""

from core.cli.groups import moved, network, snapshot, splitting
from core.cli.parser import Commands, add_command
from core.cli.values import whole
from core.export.formats import EXTRA, FORMATS
from core.export.records import RECORDS

RUN_HELP = "a run's id, or the path of its folder"


def evaluate_options(commands: Commands) -> None:
    """Those of `evaluate`."""
    parser = add_command(
        commands,
        "evaluate",
        "a run's accuracy and confusion matrix",
        "Predicts the validation images with a run's weights, and keeps the predictions with the run.",
        "an object of accuracy (0..1), loss (nats), images, classes, confusion_matrix (rows are true classes), "
        "per_class (precision, recall, f1: null where there is nothing to check); with --tta without_tta (accuracy, p, "
        "real), where these weights were evaluated without it",
    )
    parser.add_argument("run", metavar="RUN", help=RUN_HELP)
    moved(parser)
    snapshot(parser)
    parser.add_argument("--split", choices=("valid", "test", "train"), default="valid", help="default: valid")
    parser.add_argument("--tta", action="store_true", help="average the plain and 4 augmented views of each image")


def errors_options(commands: Commands) -> None:
    """Those of `errors`."""
    parser = add_command(
        commands,
        "errors",
        "the validation images that a run errs on, one by one",
        "The images that were taken for another class, the highest loss first, with the most probable classes of each.",
        "a list of objects of image, path, true, predicted, loss, probabilities (class -> 0..1, the most probable)",
    )
    parser.add_argument("run", metavar="RUN", help=RUN_HELP)
    snapshot(parser)
    parser.add_argument("--class", dest="true_class", metavar="NAME", help="only images of this class")
    parser.add_argument("--taken-for", metavar="NAME", help="only images that were taken for this class")
    parser.add_argument(
        "--order",
        choices=("loss", "confident", "unsure"),
        default="loss",
        help="the highest loss first (default), what the model is most sure of first, or least",
    )
    parser.add_argument("--right-too", action="store_true", help="also the images that are right")
    parser.add_argument("--limit", type=whole, metavar="N", help="only the first N images")


def curve_options(commands: Commands) -> None:
    """Those of `curve`."""
    parser = add_command(
        commands,
        "curve",
        "what more images, or larger ones, would bring",
        "A learning curve: heads on shares of the images, from activations of a pretrained backbone, judged on the "
        "validation images, and what twice as many images point to.",
        "an object of curves (size, points: share, images, accuracies), classes, twice, valid_images, sentences",
    )
    parser.add_argument("data", metavar="RUN or DATA", help=f"{RUN_HELP}, which keeps the answer; or a data set")
    network(parser)
    splitting(parser)


def restarts_options(commands: Commands) -> None:
    """Those of `restarts`."""
    parser = add_command(
        commands,
        "restarts",
        "what the restarts of a run did",
        "The validation loss on the straight line from each snapshot of a cycle to the next, and what an ensemble and "
        "an average of the snapshots gain, each with whether it is more than chance. The run keeps the answer.",
        "an object of lines (first, second, losses, accuracies, ridge, error), map, gains, images, size, sentences; "
        "with --keep also snapshot (its name)",
    )
    parser.add_argument("run", metavar="RUN", help=RUN_HELP)
    parser.add_argument(
        "--keep",
        choices=("ensemble", "average"),
        help="make the snapshots together (the mean of their predictions), or the mean of their weights, a snapshot, "
        "which --snapshot of evaluate, predict and export takes",
    )


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


def suspects_options(commands: Commands) -> None:
    """Those of `suspects`."""
    parser = add_command(
        commands,
        "suspects",
        "images of a run's data set that are probably labelled wrong, there twice, or odd",
        "Probable label errors (heads on the activations, cross-validated), copies with several labels, "
        "near-duplicates, those across the split first, and images unlike their class. What was decided (see version) "
        "is left out.",
        "an object of agreed (0..1), doubtful, images, size, not_judged, seconds, decided, suspects (kind, image, "
        "split, given, said, given_p, said_p, beside, amount)",
    )
    parser.add_argument("run", metavar="RUN", help=RUN_HELP)
    moved(parser)


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
    parser.add_argument(
        "--csv",
        metavar="FILE",
        help="also write a table: image, class, probability (0..1), sure, error, and each class's probability",
    )


def export_options(commands: Commands) -> None:
    """Those of `export`."""
    parser = add_command(
        commands,
        "export",
        "a run's model, or the run itself, as a file to take away",
        "Writes a run's network as a file, and keeps it only if it says of the run's validation images what the app "
        f"says: the same classes, and probabilities within 0.001. What some formats need is installed by {EXTRA}. "
        f"Or, with --to {' or '.join(RECORDS)}, writes what the run is and did.",
        "an object of file, bytes, format; of a model also checked (whether it says what the app says), images, "
        "largest_difference, snapshot; else said (what to know of it)",
    )
    parser.add_argument("run", metavar="RUN", help=RUN_HELP)
    forms = [(form.name, form.use) for form in FORMATS.values()] + [(form.name, form.use) for form in RECORDS.values()]
    uses = "; ".join(f"{name}: {use[0].lower()}{use[1:-1]}" for name, use in forms)
    parser.add_argument("--to", choices=(*FORMATS, *RECORDS), required=True, help=uses)
    parser.add_argument(
        "--out",
        metavar="FILE",
        help=f"where to write it, a file or a folder; for {', '.join(RECORDS)} (default: the present folder, under the "
        "run's name)",
    )
    parser.add_argument("--with-images", action="store_true", help="--to run: with the images of the data set")
    moved(parser)
    snapshot(parser)


def import_options(commands: Commands) -> None:
    """Those of `import`."""
    parser = add_command(
        commands,
        "import",
        "open a run that was carried here as a file",
        "Makes a run of a file that `export RUN --to run` wrote, on this machine or another. A file that holds "
        "anything else than a run is refused.",
        "an object of run (its folder), id, name, images_here",
    )
    parser.add_argument("file", metavar="FILE", help="the file")
