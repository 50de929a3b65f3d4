"""Many small JPEGs, indexed, decoded, trained on for an epoch of the head and evaluated: seconds and peak memory.

`python -m tests.benchmarks.large --images 200000`. The images are generated into a temporary folder (`--folder` keeps
them), 1,000 classes unless told otherwise. Afterwards 1,000 images are added, and the Data page is opened.
"""

import io
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from core.process.launch import environment
from tests.benchmarks.report import ROOT, Timed, arguments, python, show, timed

SIDE = 64
"""Pixels of an image's side."""

SIZE = 32
"""Pixels that they are decoded to."""

WORKER_MB, APP_MB = 1500.0, 700.0
ADDED = 1000


def generate(folder: Path, first: int, count: int, classes: int) -> None:
    """Write images number `first` to `first + count`, no two alike, `classes` folders in turn."""
    rng = np.random.default_rng(first)
    for label in range(classes):
        (folder / f"class {label:04d}").mkdir(parents=True, exist_ok=True)
    for number in range(first, first + count):
        content = io.BytesIO()
        colours = rng.integers(0, 255, (4, 4, 3), dtype=np.uint8)
        Image.fromarray(colours).resize((SIDE, SIDE)).save(content, "JPEG", quality=80)
        path = folder / f"class {number % classes:04d}" / f"{number}.jpg"
        path.write_bytes(content.getvalue() + number.to_bytes(4))


def command(home: Path, *words: str) -> Timed:
    """A command of Anneal on a workspace."""
    return timed([python(), "-m", "core", *words, "--home", str(home)], environment(), watch=True)


def job(home: Path, run: str, spec: str) -> Timed:
    """A job of a run in a process of its own, as a worker does it."""
    code = f"""
from core.jobs.execute import run_here
from core.jobs.specs import EvaluateSpec, TrainSpec
from core.training.stage import Plan, Stage
from core.workspace import Workspace
run_here(Workspace.at({str(home)!r}), {run!r}, {spec})
"""
    return timed([python(), "-c", code], environment(), watch=True)


def new_run(home: Path, data: str) -> str:
    """A run on an indexed set, made by a process of its own as a page does."""
    code = f"""
from core.data.index import load_data
from core.runs.create import create_run
from core.workspace import Workspace
home = Workspace.at({str(home)!r})
print(create_run(home, load_data({data!r}, home), backbone="small_cnn", size={SIZE}, pretrained=False).id)
"""
    return timed([python(), "-c", code], environment()).output.split()[-1]


def data_page(data: str, home: Path) -> dict[str, Any]:
    """Wall and processor seconds of the Data page of an indexed set, and the peak memory of its process in MB.

    `first`: a server that has not seen the set; `again`: a rerun; `other visitor`: a new session of that server.
    """
    code = f"""
import json, resource, time
from streamlit.testing.v1 import AppTest
import pages.ui.frame, pandas, altair, core.charts.data, pages.ui.data.new_run  # what a server has imported by then
def opened():
    at = AppTest.from_file({str(ROOT / "app.py")!r}, default_timeout=3600)
    at.switch_page("pages/data.py")
    at.session_state["data_in_hand"] = {{"spec": {data!r}}}
    return at
def seconds(at):
    started, spent = time.perf_counter(), time.process_time()
    at.run()
    assert not at.exception, at.exception
    return time.perf_counter() - started, time.process_time() - spent
empty = AppTest.from_file({str(ROOT / "app.py")!r}, default_timeout=3600)
empty.switch_page("pages/data.py")
empty.run()
at = opened()
taken = {{"first": seconds(at), "again": seconds(at), "other visitor": seconds(opened())}}
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({{**taken, "peak_mb": peak}}))
"""
    known = {**environment(), "ANNEAL_HOME": str(home), "ANNEAL_WARM": "0"}
    found = timed([python(), "-c", code], known, watch=True)
    return {**json.loads(found.output.splitlines()[-1]), "anonymous_mb": found.anonymous_mb}


def main() -> None:
    parser = arguments(__doc__ or "", runs=1)
    parser.add_argument("--images", type=int, default=200_000, metavar="N")
    parser.add_argument("--classes", type=int, default=1000, metavar="N")
    parser.add_argument("--folder", type=Path, help="where the images are, or are to be kept")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = chosen.folder or Path(temporary) / "pictures"
        home = Path(temporary) / "home"
        started = time.perf_counter()
        if not folder.exists():
            generate(folder, 0, chosen.images, chosen.classes)
        rows, result = [["generating", f"{time.perf_counter() - started:.1f}", "", "", "", ""]], dict[str, Any]()

        def add(name: str, found: Timed, most: float) -> None:
            result[name] = {fact: getattr(found, fact) for fact in ("seconds", "processor", "peak_mb", "anonymous_mb")}
            memory = (f"{found.peak_mb:,.0f}", f"{found.anonymous_mb:,.0f}", f"{most:,.0f}")
            rows.append([name, f"{found.seconds:.1f}", f"{found.processor:.1f}", *memory])

        add("inspect, first", command(home, "inspect", str(folder)), WORKER_MB)
        add("inspect, again", command(home, "inspect", str(folder)), WORKER_MB)
        run = new_run(home, str(folder))
        stage = f"Stage(size={SIZE}, freeze_to=-1, cycles=1, lr=(0.003,), precompute={{}})"
        for how in (True, False):
            plan = f"TrainSpec(plan=Plan(stages=({stage.format(how)},)))"
            name = f"train an epoch of the head{', activations' if how else ' through the network'}, evaluate"
            add(name, job(home, run, plan), WORKER_MB)
        add("evaluate", job(home, run, "EvaluateSpec()"), WORKER_MB)
        generate(folder, chosen.images, ADDED, chosen.classes)
        add(f"inspect, {ADDED:,} images added", command(home, "inspect", str(folder)), WORKER_MB)
        command(home, "inspect", str(folder))
        page = data_page(str(folder), home)
        for name in ("first", "again", "other visitor"):
            wall, spent = page[name]
            rows.append([f"Data page, {name}", f"{wall:.2f}", f"{spent:.2f}", "", "", ""])
        rows.append(["Data page", "", "", f"{page['peak_mb']:,.0f}", f"{page['anonymous_mb']:,.0f}", f"{APP_MB:.0f}"])
    show(
        f"{chosen.images:,} images",
        ["", "seconds", "processor s", "peak MB", "of it anonymous", "at most MB"],
        rows,
        {**result, "page": page},
        chosen.out,
    )


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
