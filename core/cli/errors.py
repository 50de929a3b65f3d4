"""`errors`: the images that a run errs on, or is least sure of, one by one."""

from core.cli.compare import predictions_of_run
from core.cli.jobs import run_named
from core.cli.options import Options
from core.cli.output import Answer, Reporter, one_line
from core.errors import PlanError
from core.results.listing import Order, Wanted, listed, ranked
from core.results.predictions import Predictions
from core.workspace import Workspace

ORDERS: dict[str, Order] = {"loss": "worst", "confident": "confident", "unsure": "unsure"}
SHOWN = 20
"""Images that the text names; JSON has all of them unless a number is given."""


def errors(options: Options, reporter: Reporter) -> Answer:
    """Validation images with what they are, what they were taken for, and the most probable classes of each."""
    run = run_named(options.run, Workspace.at(options.home))
    predictions = predictions_of_run(run, options.snapshot, reporter)
    for name in (options.true_class, options.taken_for):
        if name is not None and name not in predictions.classes:
            raise PlanError(f"There is no class {name}. The classes are: {', '.join(predictions.classes)}.")
    wanted = Wanted(
        true=options.true_class,
        predicted=options.taken_for,
        right=None if options.right_too else False,
        order=ORDERS[options.order],
    )
    rows = listed(predictions, wanted)
    value = [
        {
            "image": row["name"],
            "path": str(run.data().items[row["item"]].path),
            "true": row["true"],
            "predicted": row["predicted"],
            "loss": float(row["loss"]),
            "probabilities": dict(ranked(predictions, row["position"])),
        }
        for row in (rows if options.limit is None else rows.head(options.limit)).to_dict("records")
    ]
    return Answer(value, _text(value, len(rows), predictions))


def _text(value: list[dict[str, object]], count: int, predictions: Predictions) -> str:
    wrong = int((predictions.predicted != predictions.labels).sum())
    said = [f"{wrong:,} of {len(predictions):,} validation images are wrong; {count:,} were asked for."]
    for row in value[:SHOWN]:
        found = row["probabilities"]
        shares = ", ".join(f"{one_line(name)} {p:.0%}" for name, p in found.items()) if isinstance(found, dict) else ""
        said.append(f"{one_line(str(row['image']))}: {one_line(str(row['true']))}, said {shares}")
    if len(value) > SHOWN:
        said.append(f"... and {len(value) - SHOWN:,} more; --json has them all.")
    return "\n".join(said)
