"""A run's script and notebook: run by themselves, they give the run's figures again."""

import ast
import json
import os
import runpy
import subprocess
import sys
from pathlib import Path

import nbclient
import nbformat
import pytest
import torch

from core.augment import SIDE_ON, Augmentation
from core.data.index import load_data
from core.errors import ExportError
from core.export.lesson.cells import lesson
from core.export.lesson.notebook import notebook
from core.export.lesson.script import script
from core.export.records import RECORDS
from core.jobs.execute import run_here
from core.jobs.records import write_record
from core.jobs.specs import TrainSpec
from core.runs.create import create_run
from core.runs.folder import RunFolder
from core.training.stage import Plan, Stage
from core.workspace import Workspace
from tests.pages.made import pictures

MARKUP = '"""\nimport os; os.remove("x") # <b>'

LIMITS = {"train": 1e-5, "valid": 1e-5, "accuracy": 1e-9}
"""Nats, nats and a share. Where nothing is frozen or folded the training losses are equal; a folded or frozen backbone
is computed in another order in the app, which rounding shows: 5e-7 was measured."""

TURNED = Augmentation(rotate=20, zoom=1.2, shift=0.1, warp=0.2, crop=0.6, horizontal_flip=True, contrast=0.2)
FLIPPED = Augmentation(horizontal_flip=True, vertical_flip=True, quarter_turns=True, brightness=0.1)

SMALL: list[Stage] = [
    Stage(freeze_to=0, lr=(0.01,), group_ratio=1, cycles=2, cycle_mult=2, size=16, batch_size=16),
    Stage(freeze_to=0, lr=(0.01,), schedule="one-cycle", cycle_len=2, size=20, augmentation=TURNED, class_weights=True),
    Stage(freeze_to=1, lr=(0.001, 0.002, 0.01), schedule="constant", size=16, augmentation=FLIPPED, share=0.5),
    Stage(freeze_to=-1, lr=(0.01,), size=16, optimiser="sgd", label_smoothing=0.1, gentle_start=True, batch_size=2),
    Stage(freeze_to=-1, lr=(0.01,), size=16, precompute=True, cycles=2),
    Stage(freeze_to=0, lr=(0.001,), size=16, freeze_norm=True, augmentation=SIDE_ON),
    Stage(freeze_to=0, lr=(0.001,), size=36, grow_from=16, cycles=2, batch_size=16, augmentation=SIDE_ON),
    Stage(freeze_to=0, lr=(0.001,), size=16, batch_size=16, cycles=3, cycle_mult=2, freeze_early_after=2),
    Stage(freeze_to=0, lr=(0.001,), size=36, grow_from=20, batch_size=16, augmentation=FLIPPED),
    Stage(freeze_to=-1, lr=(0.001,), size=40, grow_from=8, batch_size=16),
]


def trained(
    home: Path,
    folder: Path,
    stages: list[Stage],
    *,
    backbone: str = "small_cnn",
    pretrained: bool = False,
    seed: int = 7,
) -> RunFolder:
    workspace = Workspace.at(home)
    data = load_data(str(folder), workspace)
    run = create_run(workspace, data, backbone=backbone, size=16, pretrained=pretrained, seed=seed, name="A try")
    assert run_here(workspace, run.id, TrainSpec(plan=Plan(stages=tuple(stages)))).status == "done"
    return run


def repeated(code: str, folder: Path, place: Path) -> tuple[str, dict[str, float]]:
    """What a script printed, run in an interpreter that finds no `core`, and how far it is from the run."""
    (place / "it.py").write_text(code, encoding="utf-8")
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    command = [sys.executable, "it.py", str(folder)]
    done = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout, json.loads(done.stdout.splitlines()[-1].partition(": ")[2])


@pytest.fixture(scope="module")
def small(squares, tmp_path_factory):
    return trained(tmp_path_factory.mktemp("home"), squares, SMALL)


def test_the_script_gives_the_figures_of_the_run_again(small, squares, tmp_path):
    """Every kind of stage: cycles, other schedules, augmentation, frozen groups, a share, features kept, growth."""
    said, apart = repeated(script(small), squares, tmp_path)
    assert said.count("\nEpoch ") == len(small.history.epochs) == 21
    assert all(apart[name] <= limit for name, limit in LIMITS.items()), apart


def test_a_pretrained_network_that_is_folded(squares, tmp_path):
    stages = [
        Stage(freeze_to=-1, lr=(0.01,), size=32, precompute=True),
        Stage(freeze_to=0, lr=(0.001,), size=32, augmentation=SIDE_ON, batch_size=16),
    ]
    run = trained(tmp_path / "home", squares, stages, backbone="efficientnet_lite0", pretrained=True)
    assert run.info.folded
    _, apart = repeated(script(run), squares, tmp_path)
    assert all(apart[name] <= limit for name, limit in LIMITS.items()), apart


def test_it_needs_nothing_of_anneal_and_holds_no_place_of_this_machine(small, squares):
    code = script(small)
    tree = ast.parse(code)
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    others = {name.partition(".")[0] for name in names} - set(sys.stdlib_module_names)
    assert others == {"numpy", "torch", "PIL"}
    assert str(squares) not in code
    assert str(small.workspace.root) not in code
    assert "type: ignore" not in code
    assert "only:" not in code


def test_names_are_data_and_never_code(tmp_path, monkeypatch, capsys):
    folder = pictures(tmp_path / "pictures", ("cat", "'); raise SystemExit(3)  #", '"""'))
    run = trained(tmp_path / "home", folder, [SMALL[0]])
    path = run.path / "run.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "name": MARKUP}))
    code = script(run)
    assert 'os.remove("x")' not in {line.strip() for line in code.splitlines()}
    monkeypatch.chdir(tmp_path)
    Path("it.py").write_text(code)
    with torch.random.fork_rng():
        runpy.run_path("it.py", run_name="lesson")["main"](str(folder))
    last = capsys.readouterr().out.splitlines()[-1]
    assert json.loads(last.partition(": ")[2])["train"] == 0


def test_images_that_are_missing_are_a_sentence(small, tmp_path):
    (tmp_path / "it.py").write_text(script(small))
    with pytest.raises(SystemExit, match=r"^nowhere lacks 60 of the 60 images, such as "):
        runpy.run_path(str(tmp_path / "it.py"), run_name="lesson")["main"]("nowhere")


def test_what_it_leaves_out_is_said_in_its_head(small, tmp_path):
    state = small.state
    before = state.model_copy(deep=True)
    try:
        state.stages[-1].status, state.stages[-1].epochs = "stopped", 0
        small.write_state(state)
        head = script(small).partition("# %%\n")[0]
        assert "broken off after 0 of 1 epochs" in " ".join(head.replace("#", " ").split())
    finally:
        small.write_state(before)
    assert "python -m core train DATA --backbone small" in script(small)


def test_a_run_that_has_not_trained_is_refused(squares, tmp_path):
    workspace = Workspace.at(tmp_path / "home")
    run = create_run(workspace, load_data(str(squares), workspace), backbone="small_cnn", size=16, pretrained=False)
    with pytest.raises(ExportError, match="Nothing has been trained in this run yet"):
        write_record(run, RECORDS["script"], tmp_path / "it.py")


def test_the_notebook_is_valid_and_gives_the_figures_again(squares, tmp_path):
    run = trained(tmp_path / "home", squares, SMALL[:1])
    book = nbformat.reads(notebook(run), as_version=4)
    nbformat.validate(book)
    assert [cell.cell_type for cell in book.cells][:4] == ["markdown", "code", "markdown", "code"]
    assert "".join(cell.source for cell in book.cells if cell.cell_type == "code") == "".join(
        cell.text for cell in lesson(run) if cell.kind == "code"
    )
    book.cells[3].source = book.cells[3].source.replace('"photos"', repr(str(squares)))
    nbclient.NotebookClient(book, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    printed = "".join(output.text for output in book.cells[-1].outputs)
    assert printed.count("\nEpoch ") == 3
    assert json.loads(printed.splitlines()[-1].partition(": ")[2])["train"] == 0
