"""Who is who on a server: a signed, unguessable id for each visitor, and the workspace that belongs to it."""

import contextlib
import hashlib
import hmac
import os
import re
import secrets
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from core.errors import WorkspaceError
from core.hosting.settings import settings_of
from core.workspace import VISITORS, Workspace, sentences

KEY = ".visitor-key"
"""The file with the key that ids are signed with; only its owner can read it."""

SEEN = ".seen"
"""An empty file in a visitor's workspace; its time is that of the last page."""

SEEN_EVERY_S = 60.0

EMPTY_S = 30 * 60.0
"""Seconds after the last page at which the place of a visitor who keeps nothing is free again."""

_GIVEN = re.compile(r"([A-Za-z0-9_-]{43})\.([0-9a-f]{64})")


def new_id(host: Workspace) -> str:
    """An id for a visitor who has none: 256 random bits and their signature, as a cookie keeps them."""
    own = secrets.token_urlsafe(32)
    return f"{own}.{_signature(host, own)}"


def is_ours(host: Workspace, given: str) -> bool:
    """Whether an id was given out by this server; compared in constant time."""
    match = _GIVEN.fullmatch(given)
    return match is not None and hmac.compare_digest(_signature(host, match[1]), match[2])


def workspace_of(host: Workspace, given: str) -> Workspace:
    """The workspace of the visitor with an id of ours; its name does not tell the id.

    Raises `WorkspaceError` for an id that this server did not give out, and when there are too many visitors.
    """
    if not is_ours(host, given):
        raise WorkspaceError("This visit is not known to the server. Load the page again.")
    workspace = Workspace(host.root / VISITORS / hashlib.sha256(given.encode()).hexdigest()[:32])
    _visited(workspace)
    return workspace


def workspace_of_person(host: Workspace, issuer: str, subject: str) -> Workspace:
    """The workspace of a person whom `issuer` knows as `subject`, the same from every browser; its name tells neither.

    Raises `WorkspaceError` when there are too many visitors.
    """
    name = hmac.new(_key(host), f"{issuer}\0{subject}".encode(), hashlib.sha256).hexdigest()[:32]
    workspace = Workspace(host.root / VISITORS / name)
    _visited(workspace)
    return workspace


def _visited(workspace: Workspace) -> None:
    """Note that a visitor is here, at most once a minute; the first time the workspace is made."""
    seen = workspace.root / SEEN
    try:
        if time.time() - seen.stat().st_mtime < SEEN_EVERY_S:
            return
    except OSError:
        limit = settings_of(workspace).visitors
        if len(visitors(workspace.pool)) >= limit:
            raise WorkspaceError(
                f"This server has room for {limit} visitors, and all places are taken. Try again later."
            ) from None
    with sentences(seen):
        workspace.root.mkdir(parents=True, exist_ok=True)
        seen.touch()


def _signature(host: Workspace, own: str) -> str:
    return hmac.new(_key(host), own.encode(), hashlib.sha256).hexdigest()


def _key(host: Workspace) -> bytes:
    """The server's key, made at its first use; whoever makes it at the same time gets the same one."""
    path = host.root / KEY
    with contextlib.suppress(FileNotFoundError):
        return path.read_bytes()
    with sentences(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{KEY}.{secrets.token_hex(8)}")
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(32))
        try:
            os.link(part, path)  # fails where another process was first
        except FileExistsError:
            pass
        finally:
            part.unlink()
    return path.read_bytes()


@dataclass(frozen=True)
class Visitor:
    """A visitor's workspace and when he was last here (seconds since 1970)."""

    workspace: Workspace
    seen: float

    @property
    def short(self) -> str:
        """Enough of the name to tell visitors apart."""
        return self.workspace.root.name[:8]


def visitors(host: Workspace) -> list[Visitor]:
    """Every visitor who has a workspace, the one seen last first."""
    found = []
    with contextlib.suppress(FileNotFoundError), os.scandir(host.root / VISITORS) as entries:
        for entry in entries:
            workspace = Workspace(Path(entry.path))
            if workspace.host is not None:
                found.append(Visitor(workspace, _seen_at(workspace)))
    return sorted(found, key=lambda visitor: -visitor.seen)


def _seen_at(workspace: Workspace) -> float:
    for path in (workspace.root / SEEN, workspace.root):
        with contextlib.suppress(OSError):
            return path.stat().st_mtime
    return 0.0


def idle(host: Workspace) -> list[Visitor]:
    """Visitors whose data are due to be removed; where there are none, the place is given to others sooner."""
    hours = settings_of(host).idle_hours
    full, empty = time.time() - hours * 3600, time.time() - min(hours * 3600, EMPTY_S)
    return [one for one in visitors(host) if one.seen < full or (one.seen < empty and _is_empty(one.workspace))]


def _is_empty(workspace: Workspace) -> bool:
    """Whether a visitor has neither made a run nor uploaded anything."""
    for name in ("runs", "data"):
        try:
            with os.scandir(workspace.root / name) as entries:
                if any(entries):
                    return False
        except OSError:
            continue
    return True


def remove(workspace: Workspace) -> None:
    """Delete a visitor's workspace with all that is in it; it is gone for pages at once. Refuses any other one."""
    if workspace.host is None:
        raise WorkspaceError("Only a visitor's workspace can be removed.")
    trash = workspace.root.with_name(f".trash-{secrets.token_hex(8)}")
    with contextlib.suppress(FileNotFoundError):
        workspace.root.rename(trash)
    shutil.rmtree(trash, ignore_errors=True)
