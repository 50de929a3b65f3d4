"""The files that say what a run is and did, beside those of its model. Importing this module imports no torch."""

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Literal, get_args

from core.errors import ExportError
from core.export.formats import EXTRA

RecordName = Literal["report", "script", "notebook", "run"]


@dataclass(frozen=True)
class RecordForm:
    """One kind of file: what it is called, how its name ends, what it is good for, and the modules that it `needs`."""

    name: RecordName
    title: str
    suffix: str
    use: str
    needs: tuple[str, ...] = ()


RECORDS: dict[RecordName, RecordForm] = {
    "report": RecordForm(
        "report",
        "Report",
        ".report.html",
        "To read, print and send: one page with the data, the plan, the curves, the figures and the worst errors.",
        needs=("vl_convert",),
    ),
    "script": RecordForm(
        "script",
        "Script",
        ".py",
        "To learn from and to change: the whole training written out in Python, without Anneal.",
    ),
    "notebook": RecordForm(
        "notebook",
        "Notebook",
        ".ipynb",
        "The same for Jupyter: the lesson's words between cells of code that can be run one by one.",
    ),
    "run": RecordForm(
        "run",
        "Whole run",
        ".run.zip",
        "For another machine or a colleague: `import` makes it a run there.",
    ),
}
"""The forms by name, in the order in which they are offered."""

assert set(RECORDS) == set(get_args(RecordName))


def file_name(run_name: str, form: RecordForm) -> str:
    """What a run's file is called by itself: its name in letters that every system takes, and the form's ending."""
    kept = "".join(sign if sign.isascii() and (sign.isalnum() or sign in "-_") else " " for sign in run_name)
    return f"{'-'.join(kept.split())[:60] or 'run'}{form.suffix}"


def refuse_missing_parts(form: RecordForm) -> None:
    """Raise `ExportError` with the command that installs what this form needs and what is missing."""
    lacking = [name for name in form.needs if find_spec(name) is None]
    if lacking:
        raise ExportError(
            f"A {form.title.lower()} needs {', '.join(lacking)}, not installed here. Run {EXTRA} and try again."
        )
