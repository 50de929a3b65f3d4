"""`suspects`: which images of a run's data set a person should look at."""

from core.cli.jobs import answered, find_moved, run_named
from core.cli.options import Options
from core.cli.output import Answer, Reporter, one_line, table
from core.data.versions.ledger import ledger_of
from core.results.studies import Suspects
from core.results.suspects import KINDS, Kind, Suspect, SuspectsAnswer, still_open
from core.workspace import Workspace

SHOWN = 10
"""Suspects of a kind that the text names; JSON has them all."""


def suspects(options: Options, reporter: Reporter) -> Answer:
    """What is suspicious in the data set as the run has it, and not decided yet; the answer is kept with the run."""
    run = run_named(options.run, Workspace.at(options.home))
    find_moved(run, options.moved_to, reporter)
    data = run.data()
    found = answered(run, Suspects(), SuspectsAnswer, reporter)
    left = still_open(found.suspects, ledger_of(run.workspace, data).edits())
    value = {
        **found.model_dump(mode="json", exclude={"suspects"}),
        "decided": len(found.suspects) - len(left),
        "suspects": [suspect.model_dump(mode="json") for suspect in left],
    }
    return Answer(value, _text(found, left))


def _text(found: SuspectsAnswer, left: list[Suspect]) -> str:
    said = [found.sentence()]
    for kind, title in KINDS.items():
        mine = [suspect for suspect in left if suspect.kind == kind]
        if mine:
            said += [f"{title}: {len(mine):,}", table([_row(kind, suspect) for suspect in mine[:SHOWN]], right=False)]
        if len(mine) > SHOWN:
            said.append(f"  ... and {len(mine) - SHOWN:,} more; --json lists them all")
    if not left:
        said.append("Nothing is left to decide.")
    return "\n".join(said)


def _row(kind: Kind, suspect: Suspect) -> list[str]:
    row = [f"  {one_line(suspect.image)}", suspect.split, suspect.given]
    if kind == "label" and suspect.given_p is not None and suspect.said_p is not None:
        return [*row, f"{suspect.given_p:.1%}", f"heads say {suspect.said}", f"{suspect.said_p:.1%}"]
    if kind == "unlike" and suspect.amount is not None:
        return [*row, f"{suspect.amount:.1f} robust standard deviations"]
    return [*row, "like " + ", ".join(one_line(name) for name in suspect.beside)]
