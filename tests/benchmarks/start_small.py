"""Start small beside the full size from the start, at equal total time: validation accuracy and loss, seed by seed.

Both begin from ImageNet weights, with an empty workspace. "Start small" is the recipe. Beside it, the head trains
from activations at the full size on all images, then the whole network in one cycle at the full size, for as many
epochs as fit into the time that start small took; one that fits in part is trained in full, in favour of the full
size. Time is that of the processor on one thread, decoding and range tests included: on a shared machine a clock on
the wall would say how busy the others are.
"""

import argparse
import json
import math
import statistics
import time
from pathlib import Path
from typing import Any

import torch

from core.data.index import DataSet
from core.process.threads import prepare_process
from core.training.learner import Learner
from core.training.lr_finder import range_test
from core.training.recipes import enough_batches, lesson2, start_small, suited
from core.training.records import EpochRecord
from core.training.stage import Plan, Stage
from core.training.suggestions import preferred
from tests.benchmarks.learners import epochs, new_learner

SMALL, FULL = "start small", "full size from the start"


def _found(learner: Learner, stage: Stage) -> Stage:
    """The stage at the rate of a range test."""
    found = preferred(range_test(learner, stage).suggestions)
    assert found is not None, "the range test has no suggestion"
    return stage.model_copy(update={"lr": (found[1],)})


def _trained(learner: Learner, stage: Stage, index: int) -> EpochRecord:
    """The last epoch of the stage."""
    return epochs(learner, stage, index)[-1]


def _spent(began: float) -> float:
    return time.process_time() - began


def small_first(photos: Path, backbone: str, size: int, seed: int) -> tuple[dict[str, Any], float]:
    """The recipe; its result, and the processor seconds of one of its epochs at the full size."""
    with new_learner(str(photos), backbone, seed) as learner:
        began = time.process_time()
        *small, last = _fitted(start_small(size, suited(learner.data.classes)), learner.data).stages
        for index, stage in enumerate(small):
            _trained(learner, _found(learner, stage), index)
        stage = _found(learner, last)
        full = time.process_time()
        record = _trained(learner, stage, len(small))
        return _result(record, began, last.epochs), _spent(full) / last.epochs


def full_size(photos: Path, backbone: str, size: int, seed: int, seconds: float, epoch: float) -> dict[str, Any]:
    """The full size on all images for about `seconds` or a little more, where an epoch takes `epoch` seconds."""
    with new_learner(str(photos), backbone, seed) as learner:
        began = time.process_time()
        head, _, whole = _fitted(lesson2(size, suited(learner.data.classes)), learner.data).stages
        _trained(learner, _found(learner, head), 0)
        stage = _found(learner, whole)
        count = max(1, math.ceil((seconds - _spent(began)) / epoch))
        one_cycle = stage.model_copy(
            update={"cycles": 1, "cycle_mult": 1, "cycle_len": count, "freeze_early_after": None}
        )
        return _result(_trained(learner, one_cycle, 1), began, count)


def _fitted(plan: Plan, data: DataSet) -> Plan:
    return enough_batches(plan, len(data.indices("train")))


def _result(last: EpochRecord, began: float, epochs: int) -> dict[str, Any]:
    figures = {"accuracy": last.accuracy, "valid_loss": last.valid_loss}
    return {**figures, "seconds": round(_spent(began), 1), "full_size_epochs": epochs}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--backbone", default="efficientnet_lite0")
    parser.add_argument("--out", type=Path, help="write every result to this file, as one JSON object a line")
    chosen = parser.parse_args()
    prepare_process()
    torch.set_num_threads(1)
    pairs = []
    for seed in range(chosen.seeds):
        small, epoch = small_first(chosen.photos, chosen.backbone, chosen.size, seed)
        full = full_size(chosen.photos, chosen.backbone, chosen.size, seed, small["seconds"], epoch)
        pairs.append((small, full))
        line = json.dumps({"seed": seed, SMALL: small, FULL: full})
        print(line, flush=True)
        if chosen.out:
            with chosen.out.open("a") as file:
                file.write(line + "\n")
    _show(pairs)


def _show(pairs: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    """The means, and the paired difference with its standard error over the seeds."""
    for name, results in zip((SMALL, FULL), zip(*pairs, strict=True), strict=True):
        means = {key: statistics.fmean(one[key] for one in results) for key in ("accuracy", "valid_loss", "seconds")}
        figures = f"accuracy {means['accuracy']:.2%}, validation loss {means['valid_loss']:.3f}"
        print(f"{name:26} {figures}, {means['seconds']:.0f} s of one core")
    gains = [100 * (small["accuracy"] - full["accuracy"]) for small, full in pairs]
    error = statistics.stdev(gains) / math.sqrt(len(gains)) if len(gains) > 1 else math.nan
    print(f"{SMALL} minus {FULL}: {statistics.fmean(gains):+.2f} points, standard error {error:.2f}")


if __name__ == "__main__":
    main()
