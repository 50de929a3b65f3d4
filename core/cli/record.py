"""`export` of what a run is and did, and `import`: a run carried from one machine to another."""

from pathlib import Path

from core.cli.jobs import find_moved, run_named
from core.cli.options import Options
from core.cli.output import Answer, Reporter
from core.errors import ExportError
from core.export.carry_in import carry_in
from core.export.records import RECORDS, RecordForm, file_name
from core.jobs.records import write_record
from core.runs.folder import RunFolder
from core.runs.names import LATEST
from core.workspace import Workspace


def record(options: Options, reporter: Reporter) -> Answer:
    """Write the file to where `--out` says, else into the present folder under the run's name."""
    run = run_named(options.run, Workspace.at(options.home))
    form = next(form for form in RECORDS.values() if form.name == options.to)
    if options.snapshot != LATEST:
        raise ExportError(f"{form.title}: this file is about the whole run, not one snapshot. Leave out --snapshot.")
    find_moved(run, options.moved_to, reporter)
    path = _place(options.out, run, form)
    said = write_record(run, form, path, images=options.with_images, progress=reporter)
    size = path.stat().st_size
    value = {"file": str(path), "bytes": size, "format": form.name, "said": said}
    return Answer(value, "\n".join([str(path), f"{size / 1e6:.1f} MB.", *said]))


def _place(out: str | None, run: RunFolder, form: RecordForm) -> Path:
    path = Path(out or ".").expanduser().resolve()
    path = path / file_name(run.info.name, form) if path.is_dir() else path
    if path.exists() and out is None:
        raise ExportError(f"There is a file {path} already. Give another place with --out, or --out {path.name}.")
    return path


def imported(options: Options, reporter: Reporter) -> Answer:
    """Make a run of the file, and say what it is called here and whether its images are here."""
    found = carry_in(Path(options.file).expanduser(), Workspace.at(options.home), reporter)
    run, info = found.run, found.run.info
    value = {"run": str(run.path), "id": run.id, "name": info.name, "images_here": found.images}
    later = (
        "Its images are here."
        if found.images
        else "Its images are not here: give their folder with --data FOLDER to the next command that needs them."
    )
    return Answer(value, f"{info.name}\nRun {run.id} in {run.path}\n{later}")
