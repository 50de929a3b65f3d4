"""`restarts`: what the restarts of a run did, and what its snapshots gain together."""

from core.cli.jobs import answered, run_named
from core.cli.options import Options
from core.cli.output import Answer, Reporter
from core.jobs.actions import keep_average, keep_ensemble
from core.results.restarts import ENSEMBLE, RestartsAnswer
from core.runs.studies import last_cycles
from core.workspace import Workspace


def restarts(options: Options, reporter: Reporter) -> Answer:
    """The loss between the snapshots of the last cycles, and an ensemble and an average of them; the run keeps it.

    With `--keep` the one or the other becomes a snapshot.
    """
    run = run_named(options.run, Workspace.at(options.home))
    found = answered(run, last_cycles(run.snapshots()), RestartsAnswer, reporter)
    said = [*(line.sentence() for line in found.lines), *(gain.sentence() for gain in found.gains)]
    value = found.model_dump(mode="json") | {"sentences": said}
    if options.keep is None:
        return Answer(value, "\n".join(said))
    kept = keep_ensemble(run, found.gain(ENSEMBLE)) if options.keep == ENSEMBLE else keep_average(run)
    said.append(f"Kept as the snapshot {kept.name}: --snapshot {kept.name} takes it.")
    return Answer(value | {"snapshot": kept.name}, "\n".join(said))
