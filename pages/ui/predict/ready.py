"""The network of the run in hand, kept ready between reruns."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from core.errors import WorkspaceError
from core.hosting.usage import MB, free_memory
from core.runs.folder import RunFolder
from core.runs.weights import written_at
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.jobs.predictor import Predictor

NETWORKS = 2
"""Networks in memory, shared by all visitors."""

NEEDED_MB = 800
"""Memory that must be free before a server loads a network itself: torch, and a network of usual size."""


@dataclass(frozen=True)
class Ready:
    """A network that answers, the name of its snapshot, and one for its weights: other weights have another."""

    predictor: "Predictor"
    snapshot: str
    weights: str


def ready_network(run: RunFolder, snapshot: str) -> Ready:
    """The network with a snapshot's weights, from memory where they have not changed.

    Raises `RunError`, and `WorkspaceError` where a server has no memory free for it.
    """
    written = written_at(run, snapshot)
    with st.spinner("Loading the network", show_time=False):
        predictor = _loaded(run.path, run.workspace.root, snapshot, written)
    return Ready(predictor, snapshot, f"{run.path} {snapshot} {written}")


@st.cache_resource(max_entries=NETWORKS, show_spinner=False)
def _loaded(path: Path, home: Path, snapshot: str, written: int) -> "Predictor":
    workspace = Workspace(home)
    if workspace.host is not None and free_memory() < NEEDED_MB * MB:
        raise WorkspaceError(
            "This server has no memory free to answer images now. Try again when the jobs that run have ended."
        )
    from core.jobs.predictor import Predictor  # imports torch, which the other pages do not wait for

    del written
    return Predictor(RunFolder(path, workspace), snapshot)
