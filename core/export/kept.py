"""The exports that are kept in a run's folder. Importing this module imports no torch."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from core.export.description import Description
from core.export.formats import FORMATS, Format
from core.kept import read_model
from core.runs.folder import RunFolder
from core.runs.names import LATEST, checked_snapshot
from core.runs.threshold import threshold_of

FOLDER = "exports"


@dataclass(frozen=True)
class Kept:
    """An export: its file, what is in it, and how many bytes it has."""

    form: Format
    path: Path
    description: Description
    bytes: int

    def outdated(self, folder: RunFolder) -> str:
        """What has changed since it was made, in a sentence; empty where nothing has."""
        weights = folder.snapshot_path(self.description.snapshot)
        try:
            if weights.stat().st_mtime_ns > self.path.stat().st_mtime_ns:
                return "The weights have changed since this file was made."
        except OSError:
            return "The weights that this file was made of are gone."
        now, then = threshold_of(folder), self.description.threshold
        return f"“Not sure” now begins below {now:.0%}, in this file below {then:.0%}." if now != then else ""


def export_path(folder: RunFolder, form: Format, snapshot: str) -> Path:
    """Where a snapshot's export in that format is kept: `exports/SNAPSHOT.SUFFIX`; there may be none yet."""
    name = snapshot if snapshot == LATEST else checked_snapshot(snapshot)
    return folder.path / FOLDER / f"{name}{form.suffix}"


def description_path(path: Path) -> Path:
    """The description that lies beside an export, as JSON."""
    return path.with_name(f"{path.name}.json")


def kept_export(folder: RunFolder, form: Format, snapshot: str) -> Kept | None:
    """The snapshot's export in that format; None where there is none, or its description is damaged."""
    path = export_path(folder, form, snapshot)
    try:
        description = read_model(description_path(path), Description)
        return Kept(form, path, description, path.stat().st_size)
    except (OSError, ValueError, ValidationError):
        return None


def kept_exports(folder: RunFolder, snapshot: str) -> list[Kept]:
    """All of a snapshot's exports, in the order of `FORMATS`."""
    found = (kept_export(folder, form, snapshot) for form in FORMATS.values())
    return [one for one in found if one is not None]
