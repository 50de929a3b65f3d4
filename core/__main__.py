"""`python -m core`: Anneal without a browser."""

import os
import sys

from core.cli.main import main
from core.jobs.together import together
from core.process.launch import environment

COMPUTING = {"find-lr", "try-rates", "train", "evaluate", "compare", "predict", "export", "benchmark"}


def _as_a_worker() -> None:
    """Begin this process anew with the environment of a worker, which is read when a process begins."""
    wanted = environment()
    if sys.platform == "linux" and COMPUTING & set(sys.argv[1:2]) and wanted != dict(os.environ):
        os.execve(sys.executable, sys.orig_argv, wanted)


if __name__ == "__main__":
    _as_a_worker()
    sys.exit(together(main) if COMPUTING & set(sys.argv[1:2]) else main())
