"""`python -m tests.faults.soak --jobs 200`: jobs in a row in one process, as a notebook does them; nothing may grow.

Memory, open files, processes and disk are noted after a quarter of the jobs and at the end; 1 when one of them grew.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import psutil

from core.jobs.execute import run_here
from core.jobs.specs import EvaluateSpec
from tests.faults import works

MOST = {"memory (MB)": 30.0, "open files": 0.0, "processes": 0.0, "disk (MB)": 1.0}
"""By how much each may grow. The files of ended jobs are kept up to 200, each of one block."""


def main() -> int:
    """Do the jobs and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=200, metavar="N")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="anneal-soak-") as folder:
        home = Path(folder) / "home"
        works.template(home, works.pictures(Path(folder) / "pictures"), "evaluation")
        run = works.the_run(home)
        early: dict[str, float] = {}
        for number in range(1, options.jobs + 1):
            spec = works.SPECS["lr_finder"] if number % 10 == 0 else EvaluateSpec(tta=number % 2 == 0)
            run_here(run.workspace, run.id, spec)
            for path in (run.path / "finder").glob("*.json") if number % 10 == 0 else ():
                path.unlink()  # curves are results, and are meant to be kept
            if number == max(1, options.jobs // 4):
                early = measured(home)
        late = measured(home)
    grown = {name: late[name] - early[name] for name in early}
    for name in grown:
        print(f"{name}: {early[name]:.1f}, then {late[name]:.1f}")
    return int(any(change > MOST[name] for name, change in grown.items()))


def measured(home: Path) -> dict[str, float]:
    """Memory, open files and processes of this process, and the disk that its workspace takes."""
    own = psutil.Process()
    blocks = sum(path.stat().st_blocks for path in home.rglob("*"))
    return {
        "memory (MB)": own.memory_info().rss / 2**20,
        "open files": float(own.num_fds()),
        "processes": float(len(own.children(recursive=True))),
        "disk (MB)": blocks * 512 / 2**20,
    }


if __name__ == "__main__":
    sys.exit(main())
