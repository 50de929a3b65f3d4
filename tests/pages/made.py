"""Runs made for page tests: real folders with pictures, and a history that nobody had to train for."""

import json
import math
from pathlib import Path

import numpy as np
from PIL import Image

from core.data.index import DataSet, load_data
from core.results.predictions import predictions_of
from core.runs.create import create_run
from core.runs.folder import RunFolder
from core.runs.state import Best, Curve, RunState, StageState
from core.training.stage import Stage
from core.training.suggest import suggest
from core.training.suggestions import suggestions
from core.workspace import Workspace, write_json

HOSTILE = "![x](http://example.org/x.png) $a$ :red[b]"
CLASSES = ("cat", "dog", HOSTILE.replace("/", "_"))


def pictures(folder: Path, classes: tuple[str, ...] = CLASSES, each: int = 8) -> Path:
    """A folder with `each` pictures of every class, no two alike."""
    draws = np.random.default_rng(0)
    for name in classes:
        (folder / name).mkdir(parents=True)
        for number in range(each):
            pixels = draws.integers(0, 255, (24, 24, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{number} *{number}*.png")
    return folder


def new_run(home: Path, *, backbone: str = "small_cnn", pretrained: bool = False, each: int = 8) -> RunFolder:
    """A run on such pictures that has not trained; the pictures lie beside the workspace, which tests may share."""
    workspace = Workspace.at(home)
    folders = (home.parent / f"pictures{number}" for number in ("", *range(2, 99)))
    data = load_data(str(pictures(next(path for path in folders if not path.exists()), each=each)), workspace)
    return create_run(workspace, data, backbone=backbone, size=24, pretrained=pretrained, name=HOSTILE[:60])


def train(run: RunFolder, *, epochs: int = 5, batches: int = 10, rising: bool = False) -> Stage:
    """Write what a stage of training leaves behind, without training. With `rising` it overfits."""
    stage = Stage(name=HOSTILE[:40], freeze_to=0, lr=(0.01,), cycle_len=epochs, size=24)
    rows: list[dict[str, object]] = []
    for step in range(1, epochs * batches + 1):
        loss = math.exp(-step / batches)
        lr = 0.01 * (1 + math.cos(math.pi * step / (epochs * batches))) / 2
        rows.append({"kind": "step", "stage": 0, "epoch": (step - 1) // batches + 1, "step": step,
                     "lrs": [lr / 9, lr / 3, lr], "momentum": 0.9, "loss": loss, "smoothed": loss,
                     "images_per_s": 200.0})  # fmt: skip
        if step % batches == 0:
            epoch = step // batches
            valid = loss + 0.1 * epoch if rising else loss + 0.02
            rows.append({"kind": "epoch", "stage": 0, "epoch": epoch, "step": step, "train_loss": loss,
                         "valid_loss": valid, "accuracy": 1 - loss / 2, "seconds": 1.5})  # fmt: skip
    with (run.path / "history.jsonl").open("w") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
    done = StageState(
        index=0,
        stage=stage,
        status="done",
        epochs=epochs,
        accuracy=0.9,
        valid_loss=0.2,
        seconds=7,
    )
    best = Best(accuracy=0.9, valid_loss=0.2, epoch=epochs)
    plan = [stage]
    run.write_state(RunState(stages=[done], plan=plan, next_stage=1, best=best, seconds=7, figures={"accuracy": 0.9}))
    run.checkpoint.touch()
    return stage


def range_tested(
    run: RunFolder,
    name: str = "0001",
    steps: int = 80,
    *,
    suggested: bool = False,
    shift: float = 0.0,
    **more: object,
) -> Curve:
    """Write a finished range test; with Anneal's suggestion when `suggested`, else as earlier versions did.

    `shift` moves the curve by so many decades to higher rates; `more` are other fields of the curve.
    """
    lrs = np.geomspace(1e-7, 3, steps)
    place = np.log10(lrs) - shift
    smoothed = 2.3 - 1.7 / (1 + np.exp(-2.2 * (place + 2.9))) + 0.35 * np.exp(2.6 * (place - 0.1))
    values = {
        "name": name,
        "created": f"2026-01-02T10:00:{int(name):02d}+00:00",
        "stage": Stage(freeze_to=0, size=24),
        "lrs": lrs.tolist(),
        "losses": smoothed.tolist(),
        "smoothed": smoothed.tolist(),
        "suggestion": suggest(lrs, smoothed, steps=100, classes=10, only_the_head=False) if suggested else None,
        "suggestions": suggestions(lrs, smoothed),
        "complete": True,
    }
    curve = Curve.model_validate({**values, **more})
    (run.path / "finder").mkdir(exist_ok=True)
    write_json(run.path / "finder" / f"{name}.json", curve.model_dump(mode="json"))
    return curve


def evaluate(run: RunFolder, data: DataSet | None = None) -> None:
    """Write predictions of the validation images, of which the first is wrong."""
    data = data or run.data()
    indices = data.indices("valid")
    labels = data.labels[indices]
    probabilities = np.full((len(indices), len(data.classes)), 0.05, dtype=np.float32)
    called = labels.copy()
    called[0] = (labels[0] + 1) % len(data.classes)
    probabilities[np.arange(len(indices)), called] = 0.9
    path = run.predictions_path()
    path.parent.mkdir(exist_ok=True)
    predictions_of(data, indices, probabilities).save(path)
