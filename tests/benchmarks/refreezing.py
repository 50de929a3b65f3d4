"""The early layers frozen again after the first unfrozen cycle, beside trained to the end: accuracy and time, by seed.

`python -m tests.benchmarks.refreezing photos/` or `... shapes:hard`. The head is trained as lesson 2 does; from there
the stage of the whole network is trained both ways, with the same batches. A network of shapes is also judged on 2,000
shapes that were drawn anew, which says more than the 160 held out. Time is that of the processor on one thread: of the
stage, its validations included, without the range test.
"""

import argparse
import copy
import json
import math
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from core.data.index import DataSet, load_data
from core.data.shapes import draw
from core.process.threads import prepare_process
from core.training.found_rate import lr_find
from core.training.learner import Learner
from core.training.recipes import enough_batches, lesson2, suited
from core.training.schedules import steps_per_epoch
from core.training.stage import Stage
from core.training.suggest import going_on
from tests.benchmarks.learners import epochs, new_learner

AGAIN, TO_THE_END = "frozen again", "trained to the end"

SHAPES = "shapes:"
DRAWN, DRAWN_SEED = 250, 12345
"""New shapes of each class, and the seed that they are drawn with, which no run has."""


def found(learner: Learner, stage: Stage) -> Stage:
    """The stage at the rate that a range test suggests."""
    suggestion = lr_find(learner, stage).suggestion
    assert suggestion is not None, "the range test has no suggestion"
    return stage.model_copy(update={"lr": (suggestion.lr,)})


def compared(spec: str, backbone: str, size: int, seed: int) -> dict[str, dict[str, Any]]:
    """What the whole network reaches from one trained head, both ways."""
    with new_learner(spec, backbone, seed) as learner:
        data = learner.data
        plan = enough_batches(lesson2(size, suited(data.classes)), len(data.indices("train")))
        head, augmented, whole = plan.stages
        head = found(learner, head)
        epochs(learner, head, 0)
        assert head.lr is not None
        steps = augmented.epochs * steps_per_epoch(augmented, data)
        customary = going_on(head.lr[-1], steps=steps, only_the_head=True).lr
        epochs(learner, augmented.model_copy(update={"lr": (customary,)}), 1)
        whole, start = found(learner, whole), learner.state()
        drawn = _drawn(spec, data, learner) if spec.startswith(SHAPES) else None
        results = {}
        for name, after in ((TO_THE_END, None), (AGAIN, whole.freeze_early_after)):
            learner.load_state(copy.deepcopy(start))
            began = time.process_time()
            last = epochs(learner, whole.model_copy(update={"freeze_early_after": after}), 2)[-1]
            seconds = round(time.process_time() - began, 1)
            results[name] = {"accuracy": last.accuracy, "valid_loss": last.valid_loss, "seconds": seconds}
            if drawn is not None:
                results[name]["drawn"] = _accuracy(learner, drawn, size)
        return results


def _drawn(spec: str, data: DataSet, learner: Learner) -> DataSet:
    """Shapes of the same kind that no run has seen, in the learner's workspace."""
    folder, difficulty = Path(tempfile.mkdtemp(dir=learner.workspace.root)), spec.removeprefix(SHAPES)
    for label in data.classes:
        (folder / label).mkdir()
        for number in range(DRAWN):
            draw(label, difficulty, DRAWN_SEED, number).save(folder / label / f"{number}.png")
    return load_data(str(folder), learner.workspace)


def _accuracy(learner: Learner, data: DataSet, size: int) -> float:
    other = Learner(learner.model, data, learner.workspace)
    probabilities, _ = other.evaluate(np.arange(len(data.items)), size)
    return float((probabilities.argmax(axis=1) == data.labels).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", help="a folder of images, or shapes:easy, shapes:medium, shapes:hard")
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--backbone", default="efficientnet_lite0")
    chosen = parser.parse_args()
    prepare_process()
    torch.set_num_threads(1)
    pairs = []
    for seed in range(chosen.seeds):
        pairs.append(compared(chosen.data, chosen.backbone, chosen.size, seed))
        print(json.dumps({"seed": seed, **pairs[-1]}), flush=True)
    for key in pairs[0][AGAIN]:
        again, to_the_end = ([pair[name][key] for pair in pairs] for name in (AGAIN, TO_THE_END))
        differences = [one - other for one, other in zip(again, to_the_end, strict=True)]
        error = statistics.stdev(differences) / math.sqrt(len(differences)) if len(differences) > 1 else math.nan
        print(
            f"{key}: {statistics.fmean(again):.4g} {AGAIN}, {statistics.fmean(to_the_end):.4g} {TO_THE_END}; "
            f"difference {statistics.fmean(differences):+.4f}, standard error {error:.4f}"
        )


if __name__ == "__main__":
    main()
