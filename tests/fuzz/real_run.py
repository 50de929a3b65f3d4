"""A real small run with every kind of file that a run and its workspace can have, made by real jobs."""

import io
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from core.augment import SIDE_ON
from core.data.index import load_data
from core.jobs import actions, branch
from core.jobs.benchmark_state import BenchmarkState, write_state
from core.jobs.execute import run_here
from core.jobs.specs import EvaluateSpec, FindSpec, Spec, StudySpec, TrainSpec, TrialSpec
from core.results.split_luck import SplitLuckAnswer
from core.results.studies import AugmentationGain, Restarts, SplitLuck
from core.runs.branching import Change
from core.runs.create import create_run
from core.runs.draft import Draft, Rate
from core.runs.folder import RunFolder
from core.runs.studies import keep_answer
from core.runs.threshold import keep_threshold
from core.training.benchmark_result import BenchmarkResult
from core.training.stage import Plan, Stage
from core.workspace import Workspace, timestamp

SIDE = 16
COLOURS = {"blue": (30, 40, 200), "green": (30, 190, 50), "red": (210, 40, 40)}

EDITED = "edited"
WHOLE = "whole"
"""Names of the two runs: every file of the first is edited, the second is left alone."""

HEAD = Stage(name="Head", lr=(0.01,), cycles=2, size=SIDE, batch_size=8)


def pictures(path: Path, each: int = 12) -> Path:
    """A zip of noisy colours, `each` of every class."""
    draws = np.random.default_rng(0)
    with zipfile.ZipFile(path, "w") as archive:
        for name, colour in COLOURS.items():
            for number in range(each):
                pixels = draws.normal(colour, 40, size=(SIDE, SIDE, 3)).clip(0, 255).astype(np.uint8)
                content = io.BytesIO()
                Image.fromarray(pixels).save(content, "PNG")
                archive.writestr(f"{name}/{number:02}.png", content.getvalue())
    return path


def make(home: Path, images: Path) -> tuple[RunFolder, RunFolder]:
    """A run that was trained, tested, tried, studied and branched, and one beside it; takes some seconds."""
    workspace = Workspace.at(home)
    data = load_data(str(images), workspace)
    whole = create_run(workspace, data, backbone="small_cnn", size=SIDE, pretrained=False, name=WHOLE)
    done(whole, TrainSpec(plan=Plan(stages=(HEAD,))))
    run = create_run(workspace, data, backbone="small_cnn", size=SIDE, pretrained=False, name=EDITED)
    found = HEAD.model_copy(update={"lr": None, "augmentation": SIDE_ON})
    done(run, TrainSpec(plan=Plan(stages=(HEAD, found))))
    done(run, FindSpec(stage=HEAD, lowest=1e-5, highest=1.0, steps=30, vsgd=True))
    done(run, TrialSpec(stage=HEAD, rates=(0.003, 0.01), length="epoch"))
    done(run, EvaluateSpec(snapshot="best", tta=True))
    luck = SplitLuckAnswer(accuracies=(0.7, 0.8), valid_images=6, size=SIDE)  # a study asks for pretrained weights
    keep_answer(run, SplitLuck(), luck)
    done(run, StudySpec(question=Restarts(snapshots=("cycle-1", "cycle-2"))))
    done(run, StudySpec(question=AugmentationGain(augmentation=SIDE_ON, repeats=1)))
    actions.save_snapshot(run, "mine")
    keep_threshold(run, 0.6)
    draft = Draft.load(run.path, [HEAD, found])
    draft.augmentation = SIDE_ON
    draft.save()
    draft.choose(Rate(lr=0.004))
    branched = branch.branch(run, "cycle-1", Change(lr=(0.003,)))
    done(branched, TrainSpec())
    speed = BenchmarkResult(decode=1, features=1, train=1, small=1, device="a processor", threads=1, torch="2")
    write_state(workspace, BenchmarkState(status="done", when=timestamp(), result=speed))
    return run, whole


def done(run: RunFolder, spec: Spec) -> None:
    """Do a job of the run here, to its end."""
    ended = run_here(run.workspace, run.id, spec)
    assert ended.status == "done", ended
