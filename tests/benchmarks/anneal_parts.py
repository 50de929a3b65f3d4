"""Anneal's parts of a training, one by one, beside what the network alone needs for the same.

Run by `tests.benchmarks.parts` in a process of its own, with a worker's environment; prints one JSON object.
"""

import argparse
import json
import resource
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch

from core.augment import SIDE_ON
from core.data.batches import gather
from core.data.index import load_data
from core.data.pixels import load_pixels
from core.model.activations import BATCH, load_activations
from core.model.backbones import build
from core.model.classifier import kept_modes
from core.model.fold import folded
from core.process.threads import prepare_process
from core.training.learner import Learner
from core.training.lr_finder import FASTAI, range_test
from core.training.records import EpochRecord, StepRecord
from core.training.stage import Stage
from core.workspace import Workspace


def measure(photos: Path, workspace: Workspace, size: int, batch_size: int, *, fold: bool) -> dict[str, Any]:
    """Seconds of each part."""
    data = load_data(str(photos), workspace)
    pixels = load_pixels(data, size, workspace)
    model = build("efficientnet_lite0", data.classes, folded=fold)
    learner = Learner(model, data, workspace)
    seconds: dict[str, Any] = {"images": len(pixels), "train": len(data.indices("train"))}
    images = gather(pixels, np.arange(max(BATCH, batch_size))).float().div_(255)
    before = _bare_pass(model, images[:BATCH], len(pixels))
    started = time.perf_counter()
    load_activations(model, data, size, workspace)
    seconds["feature pass"] = time.perf_counter() - started
    seconds["bare pass"] = median([before, _bare_pass(model, images[:BATCH], len(pixels))])
    common = {"size": size, "batch_size": batch_size}
    head = Stage(precompute=True, lr=(1e-3,), cycle_len=5, **common)
    seconds["head epoch, activations"] = median(_epochs(learner, head))
    seconds["range test, precomputed"] = _range_test(learner, Stage(precompute=True, **common))
    whole = Stage(freeze_to=0, augmentation=SIDE_ON, freeze_norm=True, lr=(1e-4,), **common)
    seconds["range test, unfrozen"] = _range_test(learner, whole)
    frozen = Stage(augmentation=SIDE_ON, lr=(1e-4,), **common)
    seconds["frozen epoch"] = min(_epochs(learner, frozen))
    seconds["unfrozen epoch"], seconds["loop"], seconds["bare steps"] = _whole(learner, whole, images[:batch_size])
    seconds["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return seconds


def _bare_pass(model: Any, batch: torch.Tensor, images: int) -> float:
    """Seconds of the folded network alone for so many images, in memory and as the network wants them."""
    fast = folded(model)
    taken = []
    with torch.inference_mode():
        for _ in range(-(-images // len(batch)) + 1):
            started = time.perf_counter()
            fast.features(batch)
            taken.append(time.perf_counter() - started)
    return sum(taken[1:]) * images / (len(batch) * (len(taken) - 1))


def _epochs(learner: Learner, stage: Stage) -> list[float]:
    return [record.seconds for record in learner.fit(stage) if isinstance(record, EpochRecord)]


def _range_test(learner: Learner, stage: Stage) -> float:
    started = time.perf_counter()
    range_test(learner, stage, FASTAI)
    return time.perf_counter() - started


def _whole(learner: Learner, stage: Stage, batch: torch.Tensor) -> tuple[float, float, float]:
    """An unfrozen epoch with its validation; its training loop; and as many bare steps, taken in turn with it."""
    task = learner.task(stage)
    task.set_training()
    labels = torch.arange(len(batch)) % len(learner.data.classes)
    sizes = [len(indices) for indices in task.batches(0)]

    def bare(images: int) -> float:
        started = time.perf_counter()
        task.optimiser.zero_grad(set_to_none=True)
        loss = task.objective(learner.model(batch[:images]), labels[:images])
        loss.backward()  # type: ignore[no-untyped-call]
        task.optimiser.step()
        return (time.perf_counter() - started) / images

    whole = 0.0
    loop: list[float] = []
    steps: list[float] = []
    bare(len(batch))
    for record in learner.fit(stage):
        if isinstance(record, StepRecord):
            loop.append(1 / record.images_per_s)
            with kept_modes(learner.model):
                steps.append(bare(sizes[len(steps)]))
        elif isinstance(record, EpochRecord):
            whole = record.seconds
    count = len(learner.data.indices("train"))
    return whole, median(loop) * count, median(steps) * count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--unfolded", action="store_true", help="with batch norm as layers of its own")
    chosen = parser.parse_args()
    prepare_process()
    with tempfile.TemporaryDirectory() as home:
        workspace = Workspace.at(home)
        result = measure(chosen.photos, workspace, chosen.size, chosen.batch_size, fold=not chosen.unfolded)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
