"""Training in several processes: on the GPUs of this machine, and the command for several machines."""

import shlex

import streamlit as st

from core.hosting.settings import is_hosted
from core.jobs.gpus import known_gpus
from core.runs.folder import RunFolder
from core.workspace import Workspace

CHOSEN = "all-gpus"


def gpus_choice(workspace: Workspace) -> None:
    """Whether the next training uses all GPUs, where this machine has more than one; nothing elsewhere."""
    count = _offered(workspace)
    if count > 1:
        st.toggle(
            f"Train on all {count} GPUs",
            value=True,
            key=CHOSEN,
            help="One process for each GPU. They share each batch and make the updates that one process makes, so the "
            "batch size and the rates keep their meaning. A larger batch keeps more GPUs busy.",
        )


def processes(workspace: Workspace) -> int:
    """How many processes the next training is to have: one, or as many as there are GPUs where that was chosen."""
    count = _offered(workspace)
    return count if count > 1 and st.session_state.get(CHOSEN, True) else 1


def _offered(workspace: Workspace) -> int:
    return 0 if is_hosted() or workspace.host is not None else known_gpus(workspace)


def several_machines(run: RunFolder) -> None:
    """The command, with this run's folder; nothing on a server for several people, whose folders are not shown."""
    if is_hosted():
        return
    with st.expander("On several machines", icon=":material/lan:", type="compact"):
        st.caption(
            "Run this on each machine, with the number of machines for M, that of their GPUs for N and the name of "
            "one of them for HEAD. It goes on with what is left of the plan, and this page shows it. The run, its "
            "images and the workspace must lie on a disk that all of them see. README.md in the folder of Anneal has "
            "the form for Slurm."
        )
        folder = shlex.quote(str(run.path))
        st.code(
            "torchrun --nnodes=M --nproc-per-node=N --rdzv-backend=c10d --rdzv-endpoint=HEAD:29500 \\\n"
            f"    -m core.jobs.worker {folder}",
            language=None,  # the colours of a shell's words are too pale on light paper
        )
