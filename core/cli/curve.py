"""`curve`: what more images, or larger ones, would bring, told from heads on activations."""

from pathlib import Path

from core.cli.build import built
from core.cli.conflicts import refuse_idle_weights_options
from core.cli.inspect import opened
from core.cli.jobs import answered, run_named
from core.cli.network import network_of
from core.cli.options import Options
from core.cli.output import Answer, Reporter, table
from core.results.learning_curve import LearningCurveAnswer
from core.results.studies import LearningCurve
from core.workspace import Workspace


def curve(options: Options, reporter: Reporter) -> Answer:
    """The learning curve of a run, which keeps it, or of a data set, which keeps nothing."""
    workspace = Workspace.at(options.home)
    name = str(options.data)
    if (workspace.runs / name / "run.json").is_file() or _is_run_folder(name):
        found = answered(run_named(name, workspace), LearningCurve(), LearningCurveAnswer, reporter)
    else:
        found = _of_data(options, workspace, reporter)
    value = found.model_dump(mode="json") | {"sentences": found.sentences()}
    return Answer(value, _text(found))


def _is_run_folder(name: str) -> bool:
    return (Path(name).expanduser() / "run.json").is_file()


def _of_data(options: Options, workspace: Workspace, reporter: Reporter) -> LearningCurveAnswer:
    network = network_of(options, recipe="lesson2")
    refuse_idle_weights_options(options, network)
    data = opened(options, reporter)
    reporter("Loading the network", 0, 0)
    from core.jobs.studies.learning_curve import curves_of

    model = built(network, data.classes, options.seed or 0)
    return curves_of(model, data, network.size, workspace, LearningCurve(), reporter)


def _text(found: LearningCurveAnswer) -> str:
    rows = [["training images", *(f"{one.size} px" for one in found.curves)]]
    for place, point in enumerate(found.curves[0].points):
        shares = [one.points[place] for one in found.curves]
        rows.append([f"{point.images:,}", *(f"{one.mean:.1%}" for one in shares)])
    return "\n".join(
        [f"Accuracy of heads on {found.valid_images:,} validation images:", table(rows), *found.sentences()]
    )
