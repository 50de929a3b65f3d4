"""A run of 1,000 classes with 40,000 validation images: reruns of the pages that show all of them.

Times are those of the processor, so that a busy machine does not matter.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image
from streamlit.testing.v1 import AppTest

from core.data.index import DataSet, Items
from core.results.predictions import predictions_of
from core.runs.create import create_run
from core.runs.folder import RunFolder
from tests.benchmarks.many_runs import drawn
from tests.benchmarks.report import ROOT, arguments, median, own_workspace, show
from tests.pages.made import train

MOST_MS = 300.0
"""Processor milliseconds of a rerun at most."""

FILES = 60
"""Pictures that the images of the set share: only those on show are opened."""


def data_set(folder: Path, classes: int, each: int) -> DataSet:
    """A set of `classes`, `each` of them with so many validation images and as many to train on."""
    draws = np.random.default_rng(0)
    for number in range(FILES):
        pixels = draws.integers(0, 255, (24, 24, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    labels = np.repeat(np.arange(classes), 2 * each)
    count = len(labels)
    items = Items(
        [f"class {label:04d}/{number}.png" for number, label in enumerate(labels)],
        [str(folder / f"{number % FILES}.png") for number in range(count)],
        labels,
        ["train", "valid"] * (count // 2),
        [f"{number:032x}" for number in range(count)],
        [24] * count,
        [24] * count,
    )
    names = tuple(f"class {label:04d}" for label in range(classes))
    return DataSet(str(folder), "many classes", names, items, (), "f" * 32, "as given", 0)


def predict(run: RunFolder, data: DataSet, seed: int) -> None:
    """Predictions that are right in four of five images; wrong ones are mostly of a neighbouring class."""
    draws = np.random.default_rng(seed)
    valid = data.indices("valid")
    labels, count = data.labels[valid], len(data.classes)
    wrong = draws.random(len(valid)) < 0.2
    shift = np.where(draws.random(len(valid)) < 0.7, 1, draws.integers(1, count, len(valid)))
    said = np.where(wrong, (labels + shift) % count, labels)
    logits = draws.normal(0, 1, (len(valid), count)).astype(np.float32)
    logits[np.arange(len(valid)), said] += draws.uniform(8, 12, len(valid)).astype(np.float32)
    exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities = exponents / exponents.sum(axis=1, keepdims=True)
    path = run.predictions_path()
    path.parent.mkdir(exist_ok=True)
    predictions_of(data, valid, probabilities).save(path)


def opened(page: str, run: RunFolder) -> AppTest:
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=600)
    at.switch_page(f"pages/{page}.py")
    at.query_params["run"] = run.id
    return at


def spent(at: AppTest, times: int) -> list[float]:
    """Processor milliseconds of so many runs of a page."""
    taken = []
    for _ in range(times):
        began = time.process_time()
        at.run()
        taken.append(1000 * (time.process_time() - began))
        assert not at.exception, at.exception
    return taken


def states(run: RunFolder) -> dict[str, tuple[str, Callable[[AppTest], object]]]:
    """What is looked at: the page, and what is chosen on it."""
    key = f"matrix-{run.id}-latest-valid"
    cell = ("class 0000", "class 0001")
    return {
        "Confusion matrix": ("confusion_matrix", lambda at: None),
        "ordered by confusion": (
            "confusion_matrix",
            lambda at: at.session_state.__setitem__(f"{key}-order", "By confusion"),
        ),
        "a class found": ("confusion_matrix", lambda at: at.session_state.__setitem__(f"{key}-find", 7)),
        "a cell clicked": ("confusion_matrix", lambda at: at.session_state.__setitem__(f"{key}-cell", cell)),
        "all images in the gallery": (
            "confusion_matrix",
            lambda at: at.session_state.__setitem__(f"{key}-shown", "Both"),
        ),
        "intervals in the table": ("confusion_matrix", lambda at: at.session_state.__setitem__("class-ranges", True)),
        "Data": ("data", lambda at: None),
        "Mend": ("mend", lambda at: None),
        "Augmentation": ("augmentation", lambda at: None),
        "LR finder": ("lr_finder", lambda at: None),
        "Training": ("training", lambda at: None),
        "Runs": ("runs", lambda at: None),
    }


def main() -> None:
    parser = arguments(__doc__ or "", runs=5)
    parser.add_argument("--classes", type=int, default=1000, metavar="N")
    parser.add_argument("--each", type=int, default=40, metavar="N", help="validation images of each class")
    chosen = parser.parse_args()
    with own_workspace() as (folder, workspace):
        data = data_set(folder, chosen.classes, chosen.each)
        runs = [create_run(workspace, data, backbone="small_cnn", size=24, pretrained=False) for _ in range(2)]
        for seed, run in enumerate(runs):
            train(run)
            predict(run, data, seed)
        rows, result = [], {}
        for name, (page, choose) in states(runs[0]).items():
            at = opened(page, runs[0])
            first = spent(at, 1)[0]
            choose(at)
            again = spent(at, chosen.runs + 1)
            rows.append(
                [name, f"{first:.0f}", f"{again[0]:.0f}", f"{median(again[1:]):.0f}", f"{drawn(at) / 1024:.0f}"]
            )
            result[name] = {"first_ms": first, "chosen_ms": again[0], "again_ms": median(again[1:])}
    header = ["", "first (ms)", "once chosen (ms)", f"again (ms, at most {MOST_MS:.0f})", "charts (KB)"]
    title = f"{chosen.classes:,} classes, {chosen.classes * chosen.each:,} validation images, medians of {chosen.runs}"
    show(title, header, rows, result, chosen.out)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
