"""Image files as they are asked for in numbers: single files, folders, archives and patterns."""

import glob
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.data.archives import is_archive
from core.data.folder_names import in_order
from core.data.paths import typed_path
from core.data.sources import open_source
from core.data.tree import may_be_image
from core.errors import DataError
from core.workspace import Progress, Workspace, no_progress


@dataclass(frozen=True)
class Asked:
    """One file to look at: what to call it, and where it lies; or the reason why there is nothing to look at."""

    name: str
    path: Path | None
    reason: str = ""


def asked_files(texts: Sequence[str], workspace: Workspace, progress: Progress = no_progress) -> list[Asked]:
    """The files that `texts` mean, each a file, a folder, an archive or a pattern with * and ?; in natural order.

    Inside folders and archives only files that may be images count. A text that means nothing gives an `Asked` with
    the reason.
    """
    return [asked for text in texts for asked in _of_text(text, workspace, progress)]


def _of_text(text: str, workspace: Workspace, progress: Progress) -> Iterator[Asked]:
    path = typed_path(text)
    if os.path.lexists(path):
        yield from _of_path(text, path, workspace, progress)
        return
    matches = sorted(glob.glob(str(path), recursive=True), key=in_order) if glob.has_magic(str(path)) else []
    if not matches:
        none = "No file fits this pattern." if glob.has_magic(text) else f"There is no image file {path}."
        yield Asked(text, None, none)
    for match in matches:
        yield from _of_path(match, Path(match), workspace, progress)


def _of_path(text: str, path: Path, workspace: Workspace, progress: Progress) -> Iterator[Asked]:
    if not path.is_dir() and not is_archive(path.name):
        yield Asked(text, path)
        return
    try:
        source = open_source(str(path), workspace, progress)
    except DataError as error:
        yield Asked(text, None, str(error))
        return
    files = [file for file in source.files if may_be_image(file.name)]
    for file in sorted(files, key=lambda file: in_order(file.name)):
        yield Asked(f"{text.rstrip('/')}/{file.name}", file.path)
    for name, reason in source.refused:
        yield Asked(f"{text.rstrip('/')}/{name}", None, reason)
    if not files and not source.refused:
        yield Asked(text, None, "There is no image in it.")
