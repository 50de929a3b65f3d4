"""How fast images are looked at and decoded beside Pillow alone: the decoder's own limit, ours, and their ratio.

`python -m tests.benchmarks.decoder FOLDER --size 32`. Pillow alone reads the same files with as many threads and makes
the same squares, but checks nothing, keeps no digest and writes nothing. They take turns, as the machine may be busy.
"""

import argparse
import io
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from core.data.index import DataSet, load_data
from core.data.parallel import workers
from core.data.pixels import load_pixels
from core.workspace import Workspace
from tests.benchmarks.report import median, show

SLICE = 16
"""Images that a thread takes at once, as `core.data.parallel` hands them out."""


def pillow_square(path: str, size: int) -> np.ndarray:
    """The centre of an image as a square, by Pillow alone."""
    with open(path, "rb") as file:
        image = Image.open(io.BytesIO(file.read()))
    image.draft(None, (size, size))
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    square = image.resize((size, size), Image.Resampling.BICUBIC, (left, top, left + side, top + side), 3.0)
    return np.asarray(square)


def pillow_look(path: str) -> tuple[int, int]:
    """The size of an image that was decoded at the smallest scale, by Pillow alone."""
    with open(path, "rb") as file:
        image = Image.open(io.BytesIO(file.read()))
    size = image.size
    image.draft(None, (1, 1))
    image.load()
    return size


Spent = tuple[float, float]
"""Wall and processor seconds."""


def spent(work: Callable[[], object]) -> Spent:
    """What `work` takes."""
    began = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - began[0], time.process_time() - began[1]


def in_pool(work: Callable[[str], object], paths: Sequence[str]) -> Spent:
    """What `work` on all paths takes in as many threads as the machine has processors."""
    slices = [paths[at : at + SLICE] for at in range(0, len(paths), SLICE)]

    def all_of_them() -> None:
        with ThreadPoolExecutor(workers()) as pool:
            for _ in pool.map(lambda some: [work(path) for path in some] and None, slices):
                pass

    return spent(all_of_them)


def ours(folder: Path, size: int) -> tuple[Spent, Spent, DataSet]:
    """What indexing takes, and decoding, in a workspace that has seen nothing."""
    with tempfile.TemporaryDirectory() as home:
        workspace, found = Workspace.at(home), list[DataSet]()
        looked = spent(lambda: found.append(load_data(str(folder), workspace)))
        return looked, spent(lambda: load_pixels(found[0], size, workspace)), found[0]


def compared(folder: Path, size: int, runs: int) -> dict[str, list[Spent]]:
    """What each takes: `pillow_look`, `index`, `pillow_decode`, `decode`, a value a run, in turns."""
    found: dict[str, list[Spent]] = {"pillow_look": [], "index": [], "pillow_decode": [], "decode": []}
    for path in folder.rglob("*"):  # so that all files are in the system's memory for everybody
        if path.is_file():
            path.read_bytes()
    for _ in range(runs):
        index, decode, data = ours(folder, size)
        paths = list(data.items.paths())
        found["index"].append(index)
        found["decode"].append(decode)
        found["pillow_look"].append(in_pool(pillow_look, paths))
        found["pillow_decode"].append(in_pool(lambda path: pillow_square(path, size), paths))
    return found


def rows(found: dict[str, list[Spent]], images: int) -> list[list[str]]:
    """Images a second of Pillow and of Anneal, and what share of the first the second is, by either clock."""
    pairs = (("look, index", ("pillow_look",), ("index",)), ("decode", ("pillow_decode",), ("decode",)))
    both = (("both", ("pillow_look", "pillow_decode"), ("index", "decode")),)
    lines = []
    for name, theirs, mine in (*pairs, *both):
        cells = []
        for clock in (0, 1):
            limit, taken = (
                sum(median([run[clock] for run in found[one]]) for one in group) for group in (theirs, mine)
            )
            cells += [f"{images / limit:,.0f}", f"{images / taken:,.0f}", f"{limit / taken:.2f}"]
        lines.append([name, *cells])
    return lines


HEADER = ("images/s", "Pillow alone", "Anneal", "ratio", "Pillow, of a processor", "Anneal", "ratio (at least 0.85)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="a folder of class folders")
    parser.add_argument("--size", type=int, default=32, help="pixels to decode to (default: 32)")
    parser.add_argument("--runs", type=int, default=3, help="runs of each (default: 3)")
    parser.add_argument("--out", default="", help="write the result to this file as JSON")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        images = len(load_data(str(chosen.folder), Workspace.at(home)).items)
    found = compared(chosen.folder, chosen.size, chosen.runs)
    show(f"{images:,} images, {workers()} threads", HEADER, rows(found, images), {"seconds": found}, chosen.out)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
