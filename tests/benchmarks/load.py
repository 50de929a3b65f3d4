"""A server for several people under load: visitors browse while some of them train on digits.

`python -m tests.benchmarks.load` starts the app as a server, lets visitors (real websockets, a cookie each, the pages'
own polling) go from page to page, has some of them queue a training through the pages and watch it, and waits until
every job has ended and every visitor has gone. It prints the seconds of each page, the processor time of the server, of
its jobs and of the visitors themselves, and the memory, open files and processes of the server before, at its height,
after, and once one more visitor has come and gone: Streamlit keeps the sessions of those who left for two minutes, in
case they come back, and lets go of them when the next visitor leaves.
"""

import argparse
import asyncio
import contextlib
import os
import random
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import psutil

from core.hosting.visitors import workspace_of
from core.jobs.store import all_jobs
from core.workspace import Workspace
from tests.addresses import ADDRESSES
from tests.benchmarks.report import show
from tests.benchmarks.visitor import Visitor
from tests.browser.conftest import serve

WANTED_S = 2.0
"""Seconds within which 95 of 100 pages are to be drawn."""


@dataclass
class State:
    """What the server's processes hold: memory (MB, what they share counted once), open files, processes."""

    memory: float = 0.0
    files: int = 0
    processes: int = 0


class Processor:
    """Processor seconds: of the server's own process, of its jobs, and of this thread, in which the visitors live.

    What a process did between the last `look` and its end is not seen.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._visitors = time.thread_time()
        self._seen: dict[tuple[int, float], float] = {}
        self._pages: set[tuple[int, float]] = set()
        self.look()
        self._before = dict(self._seen)

    def look(self) -> None:
        """Read the clocks of all processes that work on the workspace."""
        for process in working_on(self._home):
            with contextlib.suppress(psutil.Error):
                key, used = (process.pid, process.create_time()), process.cpu_times()
                self._seen[key] = used.user + used.system
                if "streamlit" in process.cmdline():
                    self._pages.add(key)

    def spent(self) -> dict[str, float]:
        """Seconds since the beginning: `server`, `jobs`, `visitors`; to be called in the thread that made it."""
        self.look()
        since = {key: used - self._before.get(key, 0.0) for key, used in self._seen.items()}
        server = sum(used for key, used in since.items() if key in self._pages)
        visitors = time.thread_time() - self._visitors
        return {"server": server, "jobs": sum(since.values()) - server, "visitors": visitors}


@dataclass
class Load:
    """Seconds of each page by its name, how the jobs ended, what went wrong, and the server's state.

    `processor` are seconds of processor time by who spent them, as `Processor` has them.
    """

    pages: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    jobs: list[str] = field(default_factory=list)
    waited: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    polls: int = 0
    processor: dict[str, float] = field(default_factory=dict)
    before: State = field(default_factory=State)
    height: State = field(default_factory=State)
    after: State = field(default_factory=State)
    later: State = field(default_factory=State)

    def times(self, page: str | None) -> list[float]:
        """Seconds of a page, or of all pages."""
        return list(self.pages[page]) if page is not None else list(chain.from_iterable(self.pages.values()))

    def percentile(self, share: float, page: str | None = None) -> float:
        """The time below which `share` of all drawings of a page lie, or of all pages; NaN of none."""
        found = sorted(self.times(page))
        return found[min(len(found) - 1, int(share * len(found)))] if found else float("nan")


def working_on(home: Path) -> Iterator[psutil.Process]:
    """All processes that work on a workspace."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get("ANNEAL_HOME") == str(home) and process.status() != psutil.STATUS_ZOMBIE:
                yield process


def state(home: Path) -> State:
    """Of all processes that work on a workspace."""
    found = State()
    for process in working_on(home):
        with contextlib.suppress(psutil.Error):
            found.memory += process.memory_full_info().pss / 1e6
            found.files += process.num_fds()
            found.processes += 1
    return found


async def browse(visitor: Visitor, load: Load, draws: random.Random, until: float, query: str, pause: float) -> None:
    """Go from page to page until it is time, and look at each for a while."""
    while time.monotonic() < until:
        page = draws.choice(ADDRESSES)
        shown = await visitor.open(page, query)
        load.pages[page or "home"].append(shown.seconds)
        load.errors += shown.errors
        polls = await visitor.stay(draws.uniform(0.5, 1.5) * pause)
        load.polls += polls  # not in one line: the sum would be read before the wait, and others' polls be lost
        load.errors += visitor.shown.errors


async def train(visitor: Visitor, load: Load, pause: float) -> str:
    """Make a run on digits, start to train it, through the pages, and watch that for a while; the query of the run."""
    await visitor.open("")
    shown = await visitor.click("Start with digits")
    query = shown.query
    await visitor.open("training", query)
    shown = await visitor.click("Start training")
    load.errors += shown.errors
    polls = await visitor.stay(pause)
    load.polls += polls
    return query


def ended(host: Workspace, cookies: Sequence[str]) -> bool:
    """Whether every job of these visitors has ended."""
    return not any(job.live for cookie in cookies for job in all_jobs(workspace_of(host, cookie)))


async def one(address: str, load: Load, number: int, trains: bool, until: float, pause: float, host: Workspace) -> None:
    """One visitor, from the first page to the last."""
    draws = random.Random(number)
    await asyncio.sleep(draws.uniform(0, pause))
    async with Visitor(address) as visitor:
        query = await train(visitor, load, pause) if trains else ""
        await browse(visitor, load, draws, until, query, pause)
        while trains and not await asyncio.to_thread(ended, host, [visitor.cookie]):
            await browse(visitor, load, draws, time.monotonic() + 1, query, pause)
        if trains:
            jobs = all_jobs(workspace_of(host, visitor.cookie))
            load.jobs += [job.status for job in jobs]
            load.waited += [(job.started or 0.0) - job.created for job in jobs]


async def look(load: Load, home: Path, processor: Processor) -> None:
    """Keep the highest state of the server, and what its processes have computed."""
    while True:
        now = await asyncio.to_thread(state, home)
        await asyncio.to_thread(processor.look)
        load.height.memory = max(load.height.memory, now.memory)
        load.height.files = max(load.height.files, now.files)
        load.height.processes = max(load.height.processes, now.processes)
        await asyncio.sleep(2)


async def visit(address: str, home: Path, visitors: int, trainings: int, seconds: float, pause: float) -> Load:
    """All visitors at once; the first `trainings` of them train."""
    load, host = Load(), Workspace.at(home)
    async with Visitor(address) as first:  # the first visitor of a server waits for imports and the warm process
        for page in ADDRESSES:
            await first.open(page)
        await first.open("")
        await first.click("Start with digits")
    await asyncio.sleep(5)
    load.before = await asyncio.to_thread(state, home)
    processor = Processor(home)
    watching = asyncio.create_task(look(load, home, processor))
    until = time.monotonic() + seconds
    await asyncio.gather(
        *(one(address, load, number, number < trainings, until, pause, host) for number in range(visitors))
    )
    watching.cancel()
    load.processor = processor.spent()
    return load


async def come_and_go(address: str) -> None:
    """One visitor, who looks at one page."""
    async with Visitor(address) as visitor:
        await visitor.open("")


def measure(
    home: Path, visitors: int, trainings: int, seconds: float, pause: float, settle: float, last: float = 0.0
) -> Load:
    """Start a server on `home`, put it under load, and see what is left `settle` seconds after the last visitor.

    With `last`, one more visitor comes and goes then, and what is left so many seconds later is `later`.
    """
    with serve(home, "hosted.py", ANNEAL_HOSTED="1") as address:
        load = asyncio.run(visit(address, home, visitors, trainings, seconds, pause))
        time.sleep(settle)
        load.after = load.later = state(home)
        if last:
            asyncio.run(come_and_go(address))
            time.sleep(last)
            load.later = state(home)
    return load


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", default="", help="write the single values to this file as JSON")
    parser.add_argument("--visitors", type=int, default=50, help="visitors at once (default: 50)")
    parser.add_argument("--trainings", type=int, default=8, help="of them, who train (default: 8)")
    parser.add_argument("--seconds", type=float, default=120, help="for which they browse at least (default: 120)")
    parser.add_argument("--pause", type=float, default=20, help="seconds on each page, on average (default: 20)")
    parser.add_argument("--settle", type=float, default=150, help="seconds until all have left for good (default: 150)")
    parser.add_argument("--last", type=float, default=65, help="seconds from one more visitor to the last look (65)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        load = measure(
            Path(folder), given.visitors, given.trainings, given.seconds, given.pause, given.settle, given.last
        )
    rows = [[page, *_times(load, page)] for page in sorted(load.pages)] + [["all pages", *_times(load, None)]]
    title = f"{given.visitors} visitors, {given.trainings} trainings, {given.pause:g} s on a page"
    result = {"pages": dict(load.pages), "jobs": load.jobs, "waited": load.waited, "errors": load.errors}
    result["processor"] = load.processor
    show(title, ["page", "drawn", "median", "95 of 100"], rows, result, given.out)
    done = load.jobs.count("done")
    print(f"\njobs: {done} of {given.trainings} done; errors: {len(load.errors)}; polls: {load.polls}")
    spent = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in load.processor.items())
    print(f"processor time: {spent}; of the server {load.processor['server'] / len(load.times(None)):.2f} s a page")
    for name, found in (("before", load.before), ("height", load.height), ("after", load.after), ("later", load.later)):
        print(f"{name}: {found.memory:,.0f} MB, {found.files} files, {found.processes} processes")
    met = "met" if load.percentile(0.95) <= WANTED_S else "missed"
    print(f"goal of {WANTED_S:g} s: {met}; load averages of the machine at the end: {os.getloadavg()}")


def _times(load: Load, page: str | None) -> list[str]:
    found = load.times(page)
    return [str(len(found)), f"{statistics.median(found):.2f} s", f"{load.percentile(0.95, page):.2f} s"]


if __name__ == "__main__":
    main()
