"""The options of `version`: what to do with the edits of a data set."""

from core.cli.groups import splitting
from core.cli.parser import Commands, add_command
from core.cli.run_options import RUN_HELP

ACTIONS = ("list", "relabel", "exclude", "confirm", "undo", "use", "export")


def version_options(commands: Commands) -> None:
    """Those of `version`."""
    parser = add_command(
        commands,
        "version",
        "relabel images or leave them out, as edits of which each can be taken back",
        "The edits of a data set: list (the default); relabel IMAGE... --to CLASS; exclude IMAGE...; confirm IMAGE...; "
        "undo ID... (or last, unfit, all); use, so that a run goes on with them; export FILE.csv or FOLDER. No file of "
        "yours is altered. Every run on the same files shares the edits.",
        "an object of edits (id, when, image, digest, action, was, to, split); list: also data, file, images, unfit, "
        "in_use; undo: taken_back; use: run, train, valid, fingerprint, edits; export: written, images, fingerprint",
    )
    parser.add_argument("data", metavar="DATA|RUN", help=f"a data set, or {RUN_HELP}")
    parser.add_argument("action", choices=ACTIONS, nargs="?", default="list", help="default: list")
    parser.add_argument("arguments", nargs="*", metavar="IMAGE|ID|PLACE", help="names as the data set has them")
    parser.add_argument("--to", metavar="CLASS", help="the class of the images that are relabelled")
    parser.add_argument("--copies", action="store_true", help="export copies into the folder (default: symbolic links)")
    splitting(parser)
