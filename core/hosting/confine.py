"""What a visitor of a server may not do: name a place on its disk, or leave his own workspace."""

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from core.errors import DataError, ModelError
from core.workspace import SHARED, VISITORS, Workspace

UPLOAD = re.compile(r"upload-[0-9a-f]{32}")
"""What an upload is called on a server, instead of its path."""

NO_PATHS = (
    "On this server data are uploaded, or chosen from the sets on offer: folders and files of the server itself cannot "
    "be named. Upload a zip file."
)


def upload_folder(spec: str, workspace: Workspace) -> Path:
    """The folder of a visitor's own upload. Raises `DataError` for everything else, whether it exists or not."""
    if not UPLOAD.fullmatch(spec):
        raise DataError(NO_PATHS)
    folder = workspace.data / spec
    if folder.is_symlink() or not folder.is_dir():
        raise DataError("That upload is no longer on this server. Upload the data again.")
    return folder


def refuse_outside(paths: Iterable[Path], workspace: Workspace) -> None:
    """Raise `DataError` unless every file lies in the data of the visitor's workspace or of the shared one.

    Nothing to refuse on a person's own machine. Links are followed, and `..` is resolved, before it is decided.
    """
    if workspace.host is None:
        return
    homes = tuple(f"{os.path.realpath(home.root / 'data')}{os.sep}" for home in (workspace, workspace.shared))
    folders: dict[Path, str] = {}
    for path in paths:
        folder = folders.get(path.parent)
        if folder is None:
            folder = folders[path.parent] = os.path.realpath(path.parent) + os.sep
        if not folder.startswith(homes) or path.name in ("", "..") or path.is_symlink():
            raise DataError("These data lie outside your part of this server. Upload them, and begin a new run.")


def without_places(text: str) -> str:
    """`text` with paths as a visitor knows them: in what he is told, the place of his part of the server is left out.

    `/srv/anneal/visitors/0f.../cache/pixels` becomes `cache/pixels`. On a person's own machine nothing is changed.
    """
    if VISITORS not in text and SHARED not in text:
        return text
    part = rf"{re.escape(str(Workspace.at().root))}/(?:{VISITORS}/[0-9a-f]{{32}}|{SHARED})"
    return re.sub(rf"{part}\b", "this part of the server", re.sub(f"{part}/", "", text))


def check_backbone(backbone: str, offered: Sequence[str], workspace: Workspace) -> None:
    """Raise `ModelError` where a visitor asks for a network that is not on offer: any other would be downloaded."""
    if workspace.host is not None and backbone not in offered:
        raise ModelError(f"{backbone[:80]} is not on offer on this server. Choose one of: {', '.join(offered)}.")
