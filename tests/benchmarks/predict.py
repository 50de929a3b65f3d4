"""Seconds from the bytes of a photo to its classes, its class-activation map and its nearest training images."""

import argparse
import io
import json
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageFilter

from tests.benchmarks.report import ROOT, arguments, median, python, show

SIDES = {"photo of 12 megapixels": (4000, 3000), "photo of 0.5 megapixels": (800, 600)}
IMAGES = 40
EACH = 144
"""Images of each of 10 classes, so that as many training images are compared as in the set of photos of clothing."""


def main() -> None:
    parser = arguments(__doc__ or "", photos=False)
    parser.add_argument("--inside", metavar="FOLDER", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.inside:
        print(json.dumps(measured(Path(chosen.inside))))
        return
    with tempfile.TemporaryDirectory() as home:
        prepare(Path(home))
        command = [python(), "-m", "tests.benchmarks.predict", "--inside", home]
        found = [
            json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)
            for _ in range(chosen.runs)
        ]
    rows = [[name, f"{1000 * median([one[name] for one in found]):.0f} ms"] for name in found[0]]
    title = "From a file's bytes to the answer, efficientnet_lite0 at 128 px"
    show(title, ["what", "median"], rows, {"seconds": found}, chosen.out)


def photo(size: tuple[int, int], seed: int) -> bytes:
    """A JPEG of blurred noise, as large on disk as a photo."""
    noise = np.random.default_rng(seed).integers(0, 256, (size[1] // 8, size[0] // 8, 3), dtype=np.uint8)
    picture = Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(1))
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=90)
    return file.getvalue()


def prepare(home: Path) -> None:
    """A run whose head has trained for an epoch, and the activations of its images."""
    draws = np.random.default_rng(0)
    for name in range(10):
        (home / "data" / "set" / str(name)).mkdir(parents=True)
        for number in range(EACH):
            pixels = draws.integers(0, 256, (32, 32, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(home / "data" / "set" / str(name) / f"{number}.png")
    command = [python(), "-m", "core", "train", str(home / "data" / "set"), "--home", str(home / "home"), "--json"]
    command += ["--size", "128", "--precompute", "--lr", "0.01", "--cycle-len", "1"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)


def measured(home: Path) -> dict[str, float]:
    """Seconds of the first answer, with the imports and the weights, and of one after it, by kind of photo."""
    contents: dict[str, list[bytes]] = {name: [photo(size, seed) for seed in range(4)] for name, size in SIDES.items()}
    started = time.perf_counter()
    from core.jobs.predictor import Predictor
    from core.runs.folder import list_runs
    from core.workspace import Workspace

    workspace = Workspace.at(home / "home")
    run = list_runs(workspace)[0]
    ready, data = Predictor(run), run.data()

    def answer(content: bytes) -> Any:
        seen = ready.see(content, ".jpg")
        assert len(seen.maps)
        found = ready.nearest(data, workspace, seen.features[None])
        assert found is not None
        return found

    answer(contents["photo of 0.5 megapixels"][0])
    times = {"the first answer, imports and weights included": time.perf_counter() - started}
    for name, photos in contents.items():
        each, worked = [], []
        for number in range(IMAGES):
            began, work = time.perf_counter(), time.process_time()
            answer(photos[number % len(photos)])
            each.append(time.perf_counter() - began)
            worked.append(time.process_time() - work)
        times[f"{name}, after the first"] = median(each)
        times[f"{name}, the processor's time for one"] = median(worked)
        times[f"{name}, the slowest of {IMAGES}"] = max(each)
    return times


if __name__ == "__main__":
    main()
