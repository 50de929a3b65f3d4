"""A hundred runs, one of 200,000 steps: reruns of the Runs page and of the long run's, and what they read again.

Times are those of the processor, so that a busy machine does not matter.
"""

import json
import time
from pathlib import Path

import torch
from streamlit.testing.v1 import AppTest

from core.data.index import load_data
from core.jobs.specs import EvaluateSpec
from core.jobs.store import Job, write
from core.kept import FRESH_NS
from core.runs.checkpoint import CheckpointMeta, SnapshotMeta, write_weights
from core.runs.create import create_run
from core.runs.folder import RunFolder
from tests.benchmarks.report import ROOT, arguments, median, own_workspace, show
from tests.pages.made import pictures, train
from tests.pages.opened import opened

FEW = 500
"""Steps of the run that the long one is compared with."""


def reruns(home: Path, page: str, times: int, **query: str) -> tuple[list[float], int, AppTest]:
    """Processor milliseconds of a page: its first run, that of another session, and a rerun (median).

    And the files that the last rerun opened, and the page.
    """
    taken: list[float] = []
    for _ in range(2):
        at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=300)
        at.switch_page(f"pages/{page}.py")
        for name, value in query.items():
            at.query_params[name] = value
        taken.append(timed(at))
    again = []
    for _ in range(times):
        with opened(home) as read:
            again.append(timed(at))
    return [*taken, median(again)], sum(read.values()), at


def timed(at: AppTest) -> float:
    """Processor milliseconds of a run of a page."""
    started = time.process_time()
    at.run()
    assert not at.exception, at.exception
    return 1000 * (time.process_time() - started)


def keep_weights(run: RunFolder) -> None:
    """Weights that no network has, as a checkpoint, a snapshot, and what a branch from it needs."""
    learner = {"version": 1, "seed": 0, "position": {"epoch": 10, "cycle": 1, "step": FEW}}
    about = {"backbone": "small_cnn", "classes": run.info.classes, "size": 24, "learner": learner}
    place = CheckpointMeta.model_validate({"learner": learner, "size": 24})
    weights = {"model/head.1.bias": torch.zeros(3)}
    write_weights(run.checkpoint, weights, place)
    write_weights(run.snapshot_path("cycle-1"), weights, SnapshotMeta.model_validate(about))
    write_weights(run.restart_path("cycle-1"), weights, place)


def drawn(at: AppTest) -> int:
    """Bytes that the charts of a page send to the browser."""
    charts = [*at.get("vega_lite_chart"), *at.get("arrow_vega_lite_chart")]
    return sum(len(chart.proto.SerializeToString()) for chart in charts)


def main() -> None:
    parser = arguments(__doc__ or "", runs=9)
    parser.add_argument("--folders", type=int, default=100, metavar="N", help="runs (default: 100)")
    parser.add_argument("--steps", type=int, default=200_000, metavar="N", help="of the long run (default: 200,000)")
    chosen = parser.parse_args()
    with own_workspace() as (folder, workspace):
        data = load_data(str(pictures(folder / "pictures", each=8)), workspace)
        runs: list[RunFolder] = []
        for number in range(chosen.folders):
            run = create_run(workspace, data, backbone="small_cnn", size=24, pretrained=False, name=f"run {number}")
            train(run, epochs=10, batches=FEW // 10)
            moment = time.time()
            write(workspace, Job(id=f"2026-{number:04d}", run=run.id, spec=EvaluateSpec(), status="done",
                                 created=moment, started=moment, ended=moment))  # fmt: skip
            runs.append(run)
        few, many = runs[0], runs[-1]
        train(many, epochs=200, batches=chosen.steps // 200)
        for run in (few, many):
            keep_weights(run)
        time.sleep(FRESH_NS / 1e9)
        rows, result = [], {}
        for name, page, query in (
            (f"Runs, {chosen.folders} of them", "runs", {}),
            (f"Training, {FEW} steps", "training", {"run": few.id}),
            (f"Training, {chosen.steps:,} steps", "training", {"run": many.id}),
        ):
            (first, other, again), read, at = reruns(workspace.root, page, chosen.runs, **query)
            rows.append([name, f"{first:.0f}", f"{other:.0f}", f"{again:.0f}", f"{read}", f"{drawn(at) / 1024:.0f}"])
            result[name] = {"first_ms": first, "new_session_ms": other, "again_ms": again, "files": read,
                            "chart_bytes": drawn(at)}  # fmt: skip
        for steps, run in ((FEW, few), (chosen.steps, many)):
            rows.append([f"A step more than {steps:,}, read and charted", "", "", f"{live(run):.1f}", "", ""])
    header = ["", "first (ms)", "new session (ms)", "again (ms)", "files read again", "charts (KB)"]
    show(f"Many runs and many steps, medians of {chosen.runs}", header, rows, result, chosen.out)


def live(run: RunFolder) -> float:
    """Milliseconds that a poll of the page takes to read a batch that was just trained, and to build its charts."""
    from core.charts import training as charts
    from pages.ui.training.moment import read

    taken, steps = [], len(run.history.rows("step"))
    data = run.data()
    for number in range(5):
        row = {"kind": "step", "stage": 0, "epoch": 200, "step": steps + number + 1, "lrs": [0.0, 0.0, 1e-3],
               "momentum": 0.9, "loss": 0.1, "smoothed": 0.1, "images_per_s": 200.0}  # fmt: skip
        with (run.path / "history.jsonl").open("a") as file:
            file.write(json.dumps(row) + "\n")
        started = time.process_time()
        now = read(run, data, None)
        charts.loss(now.steps, now.epochs, now.spans, log=False, live=True).to_dict()
        charts.rate(now.steps, now.spans).to_dict()
        taken.append(1000 * (time.process_time() - started))
    return median(taken)


if __name__ == "__main__":
    main()
