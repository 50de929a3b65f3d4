"""What a server does by itself every few seconds: jobs begin and end in time, and idle visitors' data are removed."""

import contextlib
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path

from core.data.kept_rows import delete_array
from core.errors import AnnealError
from core.hosting import visitors
from core.hosting.settings import settings_of
from core.hosting.usage import MB, bytes_in, forget_count
from core.jobs import pool, queue, store
from core.kept import forget as forget_files
from core.workspace import VISITORS, Workspace

LATE_S = 60.0
"""Seconds after its time is up at which a worker that does not stop by itself is asked to, and then made to."""

FULL = 0.9
"""Share of the total disk from which shared pixels are cleared while no job runs; they are made again."""


@dataclass(frozen=True)
class Kept:
    """What was done: jobs that were told to stop, visitors whose data were removed (short), bytes of shared pixels."""

    stopped: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    cleared: int = 0


def keep(host: Workspace) -> Kept:
    """Do what is due on the server whose workspace is `host`; quick when nothing is."""
    queue.advance(host)
    done = Kept(_stop_late(host), _remove_idle(host), _clear_shared(host))
    with store.locked(host):
        pool.forget_idle(host)
    return done


def _stop_late(host: Workspace) -> list[str]:
    """Stop jobs whose workers have not noticed that their time is up."""
    most = 60 * settings_of(host).minutes + LATE_S
    late = [turn for turn in pool.live(host) if turn.job.status == "running" and turn.job.seconds > most]
    for turn in late:
        with contextlib.suppress(AnnealError):
            queue.stop(turn.workspace, turn.job.id)
    return [turn.job.id for turn in late]


def _remove_idle(host: Workspace) -> list[str]:
    """Remove the data of visitors who have not been here for long, unless a job of theirs is still at work."""
    for path in (host.root / VISITORS).glob(".trash-*"):
        shutil.rmtree(path, ignore_errors=True)
    removed = []
    for visitor in visitors.idle(host):
        with store.locked(host):
            if any(job.live for job in store.all_jobs(visitor.workspace)):
                continue
            forget(visitor.workspace)
        removed.append(visitor.short)
    return removed


def forget(workspace: Workspace) -> None:
    """Delete a visitor's data, also from this process's memory; the caller holds the lock on jobs."""
    visitors.remove(workspace)
    forget_files(workspace.root)
    forget_count(workspace.root)


def _clear_shared(host: Workspace) -> int:
    """Clear the shared pixels used longest ago while the server is nearly full and no job may be reading them."""
    most = FULL * settings_of(host).total_disk_mb * MB
    folder = host.root / "shared" / "pixels"
    over = bytes_in(host.root, known_s=60.0) - most
    if over <= 0 or not folder.is_dir() or pool.live(host):
        return 0
    freed = 0
    for path in sorted(folder.glob("[!.]*.npy"), key=_used):
        if freed >= over:
            break
        with contextlib.suppress(OSError):
            size = path.stat().st_size
            delete_array(path)
            freed += size
    if freed:
        forget_count(host.root)
    return freed


def _used(path: Path) -> float:
    try:
        return path.stat().st_atime
    except OSError:
        return time.time()
