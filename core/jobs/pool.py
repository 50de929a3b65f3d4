"""Whose turn it is: the jobs of one workspace in their order, or those of all visitors of a server in fair turns.

On a server each visitor has a list of jobs of his own, and one worker pool does them all. Visitors take turns: next
comes a job of the visitor whose last job began longest ago, and none has two jobs running.
"""

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.jobs.specs import Kind
from core.jobs.store import Job, all_jobs, replace_json
from core.kept import read_json, read_once
from core.workspace import VISITORS, Workspace, sentences

BUSY = "busy"
"""Folder in a server's `jobs/` with an empty file for each visitor who has a job that waits or runs."""

LENGTHS = "lengths"
"""File in a server's `jobs/`: how many seconds the last jobs of each kind took."""

REMEMBERED = 20


@dataclass(frozen=True)
class Turn:
    """A job that waits or runs, and the workspace that it is in."""

    workspace: Workspace
    job: Job


def members(workspace: Workspace) -> list[Workspace]:
    """The workspaces whose jobs the worker pool of `workspace` does: itself, or a server's visitors who have any."""
    pool = workspace.pool
    try:
        busy = sorted(path.name for path in (pool.root / "jobs" / BUSY).iterdir())
    except OSError:
        busy = []
    visitors = [Workspace(pool.root / VISITORS / name) for name in busy]
    there = [visitor for visitor in visitors if visitor.host is not None and visitor.root.is_dir()]
    own = [workspace] if workspace.host is None else []
    return [*own, *there]


def mark_busy(workspace: Workspace) -> None:
    """Have the server's pool look at a visitor's jobs; the caller holds the lock on jobs."""
    if workspace.host is not None:
        mark = workspace.pool.jobs / BUSY / workspace.root.name
        with sentences(mark):
            mark.parent.mkdir(exist_ok=True)
            mark.touch()


def forget_idle(workspace: Workspace) -> None:
    """Have the pool no longer look at visitors without a live job; the caller holds the lock on jobs."""
    folder = workspace.pool.root / "jobs" / BUSY
    for path in folder.iterdir() if folder.is_dir() else ():
        visitor = Workspace(workspace.pool.root / VISITORS / path.name)
        if not visitor.root.is_dir() or not any(job.live for job in all_jobs(visitor)):
            path.unlink(missing_ok=True)


def live(workspace: Workspace) -> list[Turn]:
    """Every job of the pool that runs, then those that wait in the order in which they will start."""
    found = [(member, all_jobs(member)) for member in members(workspace)]
    running = [Turn(member, job) for member, jobs in found for job in jobs if job.status == "running"]
    waiting = {member: [job for job in jobs if job.status == "queued"] for member, jobs in found}
    began = {member: max((job.started or 0.0 for job in jobs), default=0.0) for member, jobs in found}
    return [*running, *in_turns(waiting, began)]


def in_turns(waiting: dict[Workspace, list[Job]], began: dict[Workspace, float]) -> Iterator[Turn]:
    """Jobs of several workspaces in fair turns: each time the first one of whoever began one longest ago.

    `began` says when that was, 0.0 for never; where it is the same, the job that has waited longest comes first.
    """
    left = {member: list(jobs) for member, jobs in waiting.items() if jobs}
    turn = max(began.values(), default=0.0)
    last = dict(began)
    while left:
        member = min(left, key=lambda one: (last[one], left[one][0].created, left[one][0].id))
        yield Turn(member, left[member].pop(0))
        turn += 1.0
        last[member] = turn
        if not left[member]:
            del left[member]


def next_to_run(turns: Sequence[Turn], slots: int) -> Turn | None:
    """The job to start now, of `live`; None when none waits or no slot is free.

    A visitor whose job runs is passed over.
    """
    running = [turn for turn in turns if turn.job.status == "running"]
    if len(running) >= slots:
        return None
    busy = {turn.workspace for turn in running if turn.workspace.host is not None}
    return next((turn for turn in turns if turn.job.status == "queued" and turn.workspace not in busy), None)


def place_of(job: Job, turns: Sequence[Turn]) -> int:
    """Which one a waiting job is of those that wait in the whole pool, from 1; 0 for one that does not wait."""
    waiting = [turn.job.id for turn in turns if turn.job.status == "queued"]
    return waiting.index(job.id) + 1 if job.id in waiting else 0


def expected_wait(workspace: Workspace, job: Job, turns: Sequence[Turn], slots: int) -> float | None:
    """Seconds until a waiting job starts, from what running ones say they need and what such jobs took lately.

    None where nothing is known of one of the jobs before it.
    """
    usual = _usual(workspace)
    free_at: list[tuple[float, Workspace | None]] = [(0.0, None)] * slots
    for turn in turns:
        if turn.job.status == "running":
            left = _left(turn.job, usual)
            if left is None:
                return None
            free_at = [*sorted(free_at, key=lambda slot: slot[0])[1:], (left, turn.workspace)]
    for turn in turns:
        if turn.job.status != "queued":
            continue
        own = max((when for when, whose in free_at if whose == turn.workspace), default=0.0)
        free_at.sort(key=lambda slot: slot[0])
        begins = max(free_at[0][0], own)
        if turn.job.id == job.id:
            return begins
        takes = usual.get(turn.job.kind)
        if takes is None:
            return None
        free_at[0] = (begins + takes, turn.workspace)
    return None


def _left(job: Job, usual: dict[Kind, float]) -> float | None:
    if job.progress.eta_s is not None:
        return job.progress.eta_s
    return max(0.0, usual[job.kind] - job.seconds) if job.kind in usual else None


def remember_length(workspace: Workspace, job: Job) -> None:
    """Note how long a server's job took, for the waits that are expected of others; the caller holds the lock."""
    if workspace.host is None or job.status != "done" or not job.started:
        return
    lengths = _lengths(workspace)
    kept = [*lengths.get(job.kind, ()), round(job.seconds, 1)][-REMEMBERED:]
    replace_json(workspace.pool.jobs / LENGTHS, {**lengths, job.kind: kept})


def _usual(workspace: Workspace) -> dict[Kind, float]:
    return {kind: sum(seconds) / len(seconds) for kind, seconds in _lengths(workspace).items() if seconds}


def _lengths(workspace: Workspace) -> dict[Kind, list[float]]:
    path: Path = workspace.pool.root / "jobs" / LENGTHS
    with contextlib.suppress(OSError, ValueError, TypeError, AttributeError):
        return {kind: _numbers(values) for kind, values in read_once(path, read_json).items()}
    return {}


def _numbers(values: Iterable[float]) -> list[float]:
    return [float(value) for value in values]
