"""Small data sets and runs for page tests."""

from pathlib import Path

import numpy as np
from PIL import Image

from core.data.index import load_data
from core.runs.create import create_run
from core.runs.folder import RunFolder
from core.runs.state import Best, RunState, StageState
from core.training.stage import Stage
from core.workspace import Workspace, write_json


def picture(seed: int, side: int = 12) -> Image.Image:
    """Noise that no other seed makes."""
    return Image.fromarray(np.random.default_rng(seed).integers(0, 255, (side, side, 3), dtype=np.uint8))


def folder_of(root: Path, classes: dict[str, int]) -> Path:
    """A folder with so many pictures of each class."""
    number = 0
    for name, count in classes.items():
        (root / name).mkdir(parents=True)
        for place in range(count):
            picture(number := number + 1).save(root / name / f"{place}.png")
    return root


def run_on(root: Path, name: str, accuracies: tuple[float, ...] = ()) -> RunFolder:
    """A run on the pictures in `root`, with a stage whose epochs had these accuracies."""
    workspace = Workspace.at()
    run = create_run(workspace, load_data(str(root), workspace), backbone="small_cnn", size=16, name=name)
    if not accuracies:
        return run
    best = Best(accuracy=max(accuracies), valid_loss=0.5, epoch=len(accuracies))
    stage = StageState(index=0, stage=Stage(lr=(0.01,)), status="done", epochs=len(accuracies), seconds=5)
    write_json(run.path / "state.json", RunState(stages=[stage], best=best, seconds=5).model_dump(mode="json"))
    rows = [
        f'{{"kind": "epoch", "stage": 0, "epoch": {epoch}, "step": {epoch}, "train_loss": 1.0, "valid_loss": 0.5, '
        f'"accuracy": {accuracy}, "seconds": 1.0}}\n'
        for epoch, accuracy in enumerate(accuracies, start=1)
    ]
    (run.path / "history.jsonl").write_text("".join(rows))
    return run
