"""`health`: whether jobs run, for a server's watcher."""

from core.cli.options import Options
from core.cli.output import Answer, Reporter
from core.upkeep.health import Health
from core.upkeep.health import health as look
from core.workspace import Workspace

NOT_WELL = 1
"""Exit status where jobs do not run."""


def health(options: Options, reporter: Reporter) -> Answer:
    """Jobs at work and waiting, free disk and memory, and what keeps jobs from running."""
    del reporter  # it takes no time
    found = look(Workspace.at(options.home))
    return Answer(found.to_json(), _text(found), 0 if found.ok else NOT_WELL)


def _text(found: Health) -> str:
    about = (
        f"{found.running} running, {found.waiting} waiting; {found.free_disk / 1e9:,.1f} GB of disk and "
        f"{found.free_memory / 1e9:,.1f} GB of memory are free."
    )
    return "\n".join(["Jobs run." if found.ok else "Jobs do not run.", *found.problems, about])
