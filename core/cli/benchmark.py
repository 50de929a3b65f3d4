"""`benchmark`: how fast this machine is, in under a minute."""

from core.cli.options import Options
from core.cli.output import Answer, Reporter, table
from core.training.benchmark_result import BenchmarkResult
from core.workspace import Workspace

ROWS = {
    "decode": "decoding photos of 533x400 px",
    "features": "features by EfficientNet-Lite0 at 128 px",
    "train": "training all of EfficientNet-Lite0 at 128 px",
    "small": "training the small network at 32 px",
}


def benchmark(options: Options, reporter: Reporter) -> Answer:
    """Images a second of each part of training, kept in the workspace for the Home page."""
    from core.jobs.benchmark import run_here

    result = run_here(Workspace.at(options.home), reporter)
    return Answer(result.model_dump(), _text(result))


def _text(result: BenchmarkResult) -> str:
    rows = [["", "images/s"], *([name, f"{getattr(result, key):,.0f}"] for key, name in ROWS.items())]
    return "\n".join(
        [
            table(rows),
            f"Lesson 2 on 1,000 training and 300 validation photos: about {result.lesson_seconds:.0f} s.",
            f"{result.device}, {result.threads} threads, torch {result.torch}",
        ]
    )
