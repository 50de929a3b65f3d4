"""A page that runs again where nothing has changed reads no file again; where one has, it reads that one."""

import json
import os
from pathlib import Path

import pytest
import torch

from core import kept
from core.runs.checkpoint import CheckpointMeta, SnapshotMeta, write_weights
from core.runs.draft import Draft
from core.runs.folder import RunFolder
from core.runs.threshold import keep_threshold
from core.training.stage import Stage

from . import made
from .conftest import open_page
from .opened import opened

PAGES = ["", "training", "runs", "lr_finder", "confusion_matrix", "mend"]


@pytest.fixture
def run(home: Path, quiet: None, monkeypatch: pytest.MonkeyPatch) -> RunFolder:
    """A run with every kind of file, none of which counts as written just now."""
    monkeypatch.setattr(kept, "FRESH_NS", -(10**18))
    run = made.new_run(home)
    stage = made.train(run)
    for name in ("0001", "0002"):
        made.range_tested(run, name, suggested=True)
    made.evaluate(run)
    place = {"stage": 0, "epoch": 5, "cycle": 1, "step": 50}
    learner = {"version": 1, "seed": 0, "position": place, "stage": stage.model_dump(mode="json")}
    point = CheckpointMeta.model_validate({"learner": learner, "size": 24, "figures": {"accuracy": 0.9}})
    about = {"backbone": "small_cnn", "classes": run.info.classes, "size": 24, "epoch": 5, "step": 50, "accuracy": 0.9}
    weights = {"head.1.bias": torch.zeros(3)}
    write_weights(run.checkpoint, weights, point)
    for name in ("best", "cycle-1"):
        write_weights(run.snapshot_path(name), weights, SnapshotMeta.model_validate({**about, "learner": learner}))
        write_weights(run.restart_path(name), weights, point)
    keep_threshold(run, 0.4)
    draft = Draft.load(run.path)
    draft.add(Stage(lr=(0.001,), size=24))
    draft.save()
    kept.forget(home)
    return run


@pytest.mark.parametrize("page", PAGES)
def test_nothing_is_read_again(run: RunFolder, page: str) -> None:
    with opened(run.workspace.root) as first:
        at = open_page(page, **({"run": run.id} if page not in ("", "runs") else {}))
    assert not at.exception
    assert first, "what is read is seen"
    at.run()
    with opened(run.workspace.root) as again:
        at.run()
    assert not at.exception
    assert not again


def test_what_has_changed_is_read_again(run: RunFolder) -> None:
    at = open_page("training", run=run.id)
    at.run()
    path = run.path / "run.json"
    values = json.loads(path.read_text())
    path.write_text(json.dumps({**values, "name": "another name"}))
    before = path.stat()
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 10**9))
    with (run.path / "history.jsonl").open("a") as file:
        file.write(json.dumps({**run.history.rows("step")[-1], "kind": "step", "step": 51, "lrs": [0, 0, 1e-3]}) + "\n")
    with opened(run.workspace.root) as again:
        at.run()
    assert sorted(Path(name).name for name in again) == ["history.jsonl", "run.json"]
    assert RunFolder(run.path, run.workspace).info.name == "another name"
    assert run.history.rows("step")[-1]["step"] == 51
