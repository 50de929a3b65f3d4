"""The files that say what a run is and did, written when they are asked for. Importing this module imports no torch."""

from pathlib import Path

from core.export.records import RecordForm, refuse_missing_parts
from core.jobs.carry import carry_away
from core.runs.folder import RunFolder
from core.workspace import Progress, atomic, no_progress


def write_record(
    run: RunFolder, form: RecordForm, path: Path, *, images: bool = False, progress: Progress = no_progress
) -> list[str]:
    """Write the file to `path`, whole or not at all, with the images where the form holds them; what to say of it.

    Raises `RunError` for a run that is damaged or at work, `DataError` when an image that is needed is gone,
    `ExportError` when something is not installed, `WorkspaceError` when the disk is full.
    """
    refuse_missing_parts(form)
    if form.name != "run":
        text, said = _text(run, form, path.name, progress)
        with atomic(path) as file:
            file.write(text.encode())
        return [said]
    done = carry_away(run, path, images=images, progress=progress)
    what = f"With its {done.images:,} images." if images else "Without its images."
    damaged = [f"Left out, because damaged: {', '.join(done.left_out)}."] if done.left_out else []
    return [what, *damaged, f"To open it elsewhere: python -m core import {path.name}, or the Runs page there."]


def _text(run: RunFolder, form: RecordForm, name: str, progress: Progress) -> tuple[str, str]:
    """The content of a file that is text, and how to use it. What writes it takes long to import: not before."""
    progress(f"Writing the {form.title.lower()}", 0, 0)
    if form.name == "report":
        from core.export.report import report

        return report(run, progress), "It opens in any browser, also without a network."
    if form.name == "script":
        from core.export.lesson.script import script

        return script(run), f"To run it: python {name} FOLDER, the folder of the images."
    from core.export.lesson.notebook import notebook

    return notebook(run), "Open it in Jupyter, and put the folder of the images into the settings."
