"""What is interrupted, how it is gone on with, and how it is seen that nothing but unsaved work was lost."""

import io
import os
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image

from core.augment import SIDE_ON
from core.data.index import load_data
from core.data.pixels import load_pixels
from core.jobs import actions, branch, queue, store, worker
from core.jobs.execute import run_here
from core.jobs.restore import model_of
from core.jobs.specs import EvaluateSpec, ExportSpec, FindSpec, Spec, TrainSpec
from core.model.activations import load_activations
from core.process import launch
from core.results.predictions import Predictions
from core.runs.branching import Change
from core.runs.checkpoint import read_meta, read_weights
from core.runs.create import create_run
from core.runs.folder import RunFolder, list_runs
from core.training.stage import Plan, Stage
from core.upkeep.check import check
from core.workspace import Workspace
from tests.faults import taken

SIDE = 16
COLOURS = {"blue": (30, 40, 200), "green": (30, 190, 50), "red": (210, 40, 40)}
HEAD = Stage(name="Head", lr=(0.01,), precompute=True, size=SIDE, batch_size=8)
PLAIN = HEAD.model_copy(update={"precompute": False})
WHOLE = Stage(name="Whole", freeze_to=0, cycles=2, size=SIDE, batch_size=8, augmentation=SIDE_ON)
PLAN = Plan(stages=(HEAD, WHOLE))

SPECS: dict[str, Spec] = {
    "training": TrainSpec(plan=PLAN),
    "lr_finder": FindSpec(stage=PLAIN, lowest=1e-5, highest=1, steps=12, seeds=2),
    "evaluation": EvaluateSpec(snapshot="cycle-1", tta=True),
    "export": ExportSpec(to="safetensors", snapshot=taken.SNAPSHOT),
}
WORKS = (*SPECS, "caches", "branch", "snapshots", "versions", "carried")
BY_A_SERVER = tuple(SPECS)
"""Those that a server starts in a worker of its own."""


def pictures(folder: Path) -> Path:
    """Noisy colours, 10 of each."""
    draws = np.random.default_rng(0)
    for name, colour in COLOURS.items():
        (folder / name).mkdir(parents=True)
        for number in range(10):
            pixels = draws.normal(colour, 60, size=(SIDE, SIDE, 3)).clip(0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{number}.png")
    return folder


def template(home: Path, images: Path, work: str) -> None:
    """A workspace in which the work can begin: with a trained run, or, for training, with a new one."""
    workspace = Workspace.at(home)
    run = create_run(workspace, load_data(str(images), workspace), backbone="small_cnn", size=SIDE, pretrained=False)
    if work != "training":
        run_here(workspace, run.id, SPECS["training"])


def the_run(home: Path) -> RunFolder:
    """The run that the work is on: the first that was made."""
    return list_runs(Workspace.at(home))[-1]


def do(work: str, home: Path) -> None:
    """Do the work from its beginning, in this process."""
    run = the_run(home)
    if work in SPECS:
        run_here(run.workspace, run.id, SPECS[work])
    elif work == "caches":
        build_caches(run)
    elif work == "branch":
        made = branch.branch(run, "cycle-2", Change())
        run_here(run.workspace, made.id, TrainSpec())
    elif work == "versions":
        taken.edit(run)
    elif work == "carried":
        taken.carry(run)
    else:
        actions.save_snapshot(run, "mine")
        actions.load_snapshot(run, "mine")
        actions.rename(run, "Another name")


def build_caches(run: RunFolder) -> None:
    """Pixels of another size, and activations at it."""
    load_pixels(run.data(), 24, run.workspace)
    load_activations(model_of(run), run.data(), 24, run.workspace)


def serve(work: str, home: Path) -> None:
    """What an app does: queue the work and look after it until it has ended, a worker doing it."""
    run = the_run(home)
    launch.start_worker = forked_worker
    queue.submit(run.workspace, run.id, SPECS[work])
    look_after(run.workspace)


def look_after(workspace: Workspace, seconds: float = 200, at_least: int = 0) -> None:
    """Advance the queue until no job is live, and there were at least so many."""
    until = time.monotonic() + seconds
    while queue.live_job(workspace) is not None or len(store.all_jobs(workspace)) < at_least:
        assert time.monotonic() < until, "the job did not end"
        queue.advance(workspace)
        time.sleep(0.02)


def forked_worker(workspace: Workspace, run: Path, job_id: str, log: Path) -> int:
    """A worker as the warm process starts it, without what this process has open."""
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        os.setsid()
        os.closerange(3, 1024)
        out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(out, 1)
        os.dup2(out, 2)
        sys.stdout, sys.stderr = (io.TextIOWrapper(io.FileIO(number, "w"), write_through=True) for number in (1, 2))
        status = worker.main([str(run), "--job", job_id, "--home", str(workspace.root)])
    finally:
        os._exit(status)


def recover(work: str, home: Path, reference: Path) -> str:
    """Open all, go on as a person would, and compare with the uninterrupted work; what was found when it was opened."""
    launch.start_worker = forked_worker
    workspace = Workspace.at(home)
    look_after(workspace)
    for run in list_runs(workspace):
        opened(run)
    damage = [finding.what for finding in check(workspace) if finding.what.startswith("Damaged")]
    assert not damage, damage
    kept = the_run(home)
    was = f"{len(kept.history.steps)} batches, {len(kept.curves())} curves, {len(list_runs(workspace))} runs"
    go_on(work, kept)
    compare(work, home, reference)
    return was


def opened(run: RunFolder) -> None:
    """Read all that there is of a run; and its history reaches as far as its checkpoint at least."""
    _ = run.info, run.data(), run.history.epochs, run.history.steps, run.curves(), run.snapshots(), run.state.unfinished
    meta = read_meta(run.checkpoint)
    assert not [stage for stage in run.state.stages if stage.status == "running"]
    if meta is not None:
        assert (run.path / "history.jsonl").stat().st_size >= meta.history_bytes
        assert run.history.steps["step"].max() >= meta.step
        read_weights(run.checkpoint)
    for snapshot in run.snapshots():
        read_weights(snapshot.path)
    for path in (run.path / "predictions").glob("[!.]*.npz"):
        Predictions.load(path)
    taken.whole_exports(run)


def go_on(work: str, run: RunFolder) -> None:
    """Continue what can be continued, and begin anew what was not yet begun."""
    if work == "training":
        done = len(run.state.stages) == len(PLAN.stages) and not run.state.unfinished
        if not done:
            run_here(run.workspace, run.id, TrainSpec() if run.state.unfinished else SPECS[work])
    elif work == "branch":
        made = [other for other in list_runs(run.workspace) if other.info.origin is not None]
        if made:
            if made[0].state.unfinished:
                run_here(run.workspace, made[0].id, TrainSpec())
        else:
            do(work, run.path.parents[1])
    elif work == "lr_finder" and len(run.curves()) >= 3:
        return
    else:
        do_again(work, run)


def do_again(work: str, run: RunFolder) -> None:
    """The work once more; it may have been done already."""
    if work == "snapshots":
        if not run.snapshot_path("mine").exists():
            actions.save_snapshot(run, "mine")
        actions.load_snapshot(run, "mine")
        actions.rename(run, "Another name")
    else:
        do(work, run.path.parents[1])


def compare(work: str, home: Path, reference: Path) -> None:
    """The same numbers, weights, curves, predictions and caches as without a fault."""
    mine, other = the_run(home), the_run(reference)
    pairs = [(mine, other)]
    if work in ("branch", "carried"):
        pairs.append((list_runs(mine.workspace)[0], list_runs(other.workspace)[0]))
    for one, whole in pairs:
        same_run(one, whole)
    if work == "lr_finder":
        last = [(curve.lrs, curve.losses) for curve in mine.curves()[-2:]]
        assert last == [(curve.lrs, curve.losses) for curve in other.curves()[-2:]]
    if work == "evaluation":
        found, wanted = (Predictions.load(run.predictions_path("cycle-1", tta=True)) for run in (mine, other))
        np.testing.assert_array_equal(found.probabilities, wanted.probabilities)
    if work == "export":
        taken.same_export(mine, other)
    if work == "versions":
        taken.same_edits(mine, other)
    for kind in ("pixels", "activations"):
        for path in (home / kind).glob("[!.]*.npy"):
            assert path.read_bytes() == (reference / kind / path.name).read_bytes(), f"{kind} are wrong"


def same_run(one: RunFolder, whole: RunFolder) -> None:
    """Equal history but for times, and equal weights."""
    for kind in ("step", "epoch", "cycle"):
        rows = [
            [{key: value for key, value in row.items() if key not in ("seconds", "images_per_s")} for row in rows]
            for rows in (one.history.rows(kind), whole.history.rows(kind))
        ]
        first = next((pair for pair in zip(*rows, strict=False) if pair[0] != pair[1]), None)
        assert rows[0] == rows[1], f"another history of each {kind}: {len(rows[0])}, {len(rows[1])} rows, {first}"
    found, wanted = read_weights(one.checkpoint), read_weights(whole.checkpoint)
    assert found.keys() == wanted.keys()
    assert all(bool((found[name] == wanted[name]).all()) for name in found), "other weights"
