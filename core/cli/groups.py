"""Options that several commands share, or that belong together."""

import argparse

from core.cli.values import columns, rates, side, valid_share, whole
from core.data.decode import FITS

AUGMENTATIONS = ("side-on", "top-down", "without-flips", "none")
WHOLE_HELP = "train every layer group (default: the head only; everything where the weights are not pretrained)"


def network(parser: argparse.ArgumentParser) -> None:
    """The network of a new run."""
    parser.add_argument(
        "--backbone",
        metavar="B",
        help="small_cnn, efficientnet_lite0, resnet18, resnet34, resnet50 or any timm name (default: "
        "efficientnet_lite0; small_cnn for digits and shapes, unless the recipe is lesson2 or start-small)",
    )
    parser.add_argument(
        "--size",
        type=side,
        metavar="S",
        help="side of the images in pixels, 8 to 1024 (default: 128; for small_cnn 32 on digits, 64 elsewhere)",
    )
    parser.add_argument("--scratch", action="store_true", help="begin with random weights instead of pretrained ones")
    parser.add_argument(
        "--unfolded",
        action="store_true",
        help="keep batch norm as layers that go on learning (default: folded into the convolutions of a pretrained "
        "network, which trains a little faster and from a small data set at least as well)",
    )


def splitting(parser: argparse.ArgumentParser) -> None:
    """How the data set is split and read."""
    parser.add_argument("--seed", type=whole, metavar="N", help="seed of everything that is random (default: 0)")
    parser.add_argument(
        "--fit",
        choices=FITS,
        help="how pictures that are not square become so: the centre cut out (crop, the default), both sides scaled "
        "(squash), or the surroundings filled (pad)",
    )
    parser.add_argument(
        "--valid-share",
        type=valid_share,
        metavar="S",
        help="share of the images held out for validation where the data set has no split (default: 0.2)",
    )
    parser.add_argument(
        "--mended",
        action="store_true",
        help="with the edits that version made: labels changed, images left out",
    )
    reading = parser.add_argument_group("how the data set is read")
    reading.add_argument(
        "--classes-from",
        choices=("folder", "names", "csv"),
        help="where the classes come from: the folders, the names of the files (cat.0.jpg), or a table of files and "
        "labels (default: the folders, or a table where the folders are no classes)",
    )
    reading.add_argument(
        "--folder",
        action="append",
        metavar="PATH=PART",
        help="what a folder inside the data set is: class, train, valid, test, wrapper (its folders count) or ignored; "
        "may be given several times",
    )
    reading.add_argument("--labels", metavar="FILE", help="the table: a CSV, TSV, JSON lines or Excel file")
    reading.add_argument(
        "--columns",
        type=columns,
        metavar="file=A,label=B[,split=C]",
        help="the columns of the table, if they have other names",
    )
    reading.add_argument(
        "--pattern",
        metavar="P",
        help="how file names hold the class: {class}.{number}, {class}_{number}, ... (default: detected)",
    )


def stage(parser: argparse.ArgumentParser) -> None:
    """The options of one stage."""
    stage = parser.add_argument_group("the options of one stage")
    stage.add_argument(
        "--lr",
        type=rates,
        metavar="R[,R...] or R:R",
        help="highest learning rate: one for the last layer group (each earlier group gets a third of the next "
        "group's in a pretrained network, and the same in one from scratch); one for each group, stem to head; or the "
        "first and the last group's with a colon, 1e-5:1e-3, and the others evenly between them "
        "(default: found by a range test)",
    )
    stage.add_argument("--cycles", type=whole, metavar="N", help="cycles of annealing, 1 to 50 (default: 1)")
    stage.add_argument("--cycle-len", type=whole, metavar="N", help="epochs of the first cycle (default: 1)")
    stage.add_argument(
        "--cycle-mult", type=whole, metavar="N", help="each cycle is N times as long as the one before (default: 1)"
    )
    stage.add_argument("--precompute", action="store_true", help="train the head from precomputed activations")
    stage.add_argument(
        "--unfreeze",
        action="store_true",
        help=WHOLE_HELP,
    )
    stage.add_argument(
        "--freeze-to", type=int, metavar="N", help="train from layer group N on, as Python counts: -1 is the head"
    )
    stage.add_argument(
        "--augment",
        choices=AUGMENTATIONS,
        help="random transforms of each image (default: none; in recipes side-on, without flips where the names of the "
        "classes say that a flip does not keep the labels)",
    )
    stage.add_argument(
        "--schedule", choices=("cosine", "one-cycle", "constant"), help="how the rate changes (default: cosine)"
    )
    stage.add_argument("--gentle-start", action="store_true", help="the first 1/20 of the first cycle at rate/100")
    stage.add_argument("--optimiser", choices=("sgd", "adamw"), help="default: adamw")
    stage.add_argument("--weight-decay", type=float, metavar="D", help="0 to 10 (default: 0.01)")
    stage.add_argument("--label-smoothing", type=float, metavar="E", help="0 to below 1 (default: 0)")
    stage.add_argument("--class-weights", action="store_true", help="rarer classes count more in the loss")
    stage.add_argument(
        "--stop-overfitting",
        action="store_true",
        help="end the stage once validation loss has stayed above its lowest while training loss lies below it",
    )
    stage.add_argument(
        "--no-measure-after-cycle",
        action="store_true",
        help="do not measure after each cycle what its restart did; the training is the same with it and without",
    )
    stage.add_argument("--batch-size", type=whole, metavar="N", help="images per batch, 1 to 4096 (default: 32)")
    stage.add_argument("--share", type=float, metavar="S", help="share of the training images, up to 1 (default: 1)")
    stage.add_argument(
        "--grow-from",
        type=whole,
        metavar="PX",
        help="side of the first training images, which grow to --size over the first 70%% of the batches; in a recipe, "
        "where more than the head is trained",
    )
    stage.add_argument(
        "--freeze-early-after",
        type=whole,
        metavar="N",
        help="freeze the first trained layer group again after cycle N, which takes less time; 0 for never (default: "
        "never; in the recipe lesson2 after cycle 1, unless its images grow)",
    )


def moved(parser: argparse.ArgumentParser) -> None:
    """Where the images of a run lie now."""
    parser.add_argument(
        "--data",
        dest="moved_to",
        metavar="FOLDER",
        help="where the images of the run lie now, if they have moved: a folder or archive, compared image by image",
    )


def snapshot(parser: argparse.ArgumentParser) -> None:
    """Which of a run's weights are used."""
    parser.add_argument(
        "--snapshot", default="latest", metavar="NAME", help="latest, best, cycle-N or a saved name (default: latest)"
    )
