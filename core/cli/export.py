"""`export`: a run's model as a file to take away."""

from core.cli.jobs import find_moved, run_named, work
from core.cli.options import Options
from core.cli.output import Answer, Reporter
from core.cli.record import record
from core.errors import ExportError
from core.export.formats import FORMATS, refuse_missing
from core.export.kept import kept_export
from core.export.records import RECORDS
from core.jobs.specs import ExportSpec
from core.workspace import Workspace


def export(options: Options, reporter: Reporter) -> Answer:
    """Write the file, a model's into the run's folder; say where it is and how far it agrees with the app."""
    if options.to in RECORDS:
        return record(options, reporter)
    run = run_named(options.run, Workspace.at(options.home))
    form = next(form for form in FORMATS.values() if form.name == options.to)
    refuse_missing(form)
    find_moved(run, options.moved_to, reporter)
    work(run, ExportSpec(to=form.name, snapshot=options.snapshot), reporter)
    found = kept_export(run, form, options.snapshot)
    if found is None or found.description.check is None:
        raise ExportError("The file is gone already. Export it again.")
    check = found.description.check
    value = {
        "file": str(found.path),
        "bytes": found.bytes,
        "checked": check.passed,
        "images": check.images,
        "largest_difference": check.largest_difference,
        "format": form.name,
        "snapshot": options.snapshot,
    }
    return Answer(value, f"{found.path}\n{found.bytes / 1e6:.1f} MB. {check.sentence()}")
