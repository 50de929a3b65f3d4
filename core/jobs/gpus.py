"""How many GPUs this machine has, for pages, which import no torch: a process that has it counts them into a file."""

import os
import socket

from core.errors import WorkspaceError
from core.kept import read_json, read_once
from core.workspace import Workspace, write_json

FILE = "gpus.json"
MOST = 64


def known_gpus(workspace: Workspace) -> int:
    """GPUs that torch could use when they were last counted on this machine; 0 where they were not."""
    try:
        value = read_once(workspace.pool.root / FILE, read_json)
        count = value["gpus"] if value["host"] == socket.gethostname() else 0
    except (OSError, ValueError, KeyError, TypeError):
        return 0
    return min(MOST, count) if isinstance(count, int) and not isinstance(count, bool) and count > 0 else 0


def count_gpus(workspace: Workspace) -> int:
    """Count the GPUs and write the number down, in a child: a process that has asked for a GPU must fork no workers.

    Imports torch. Does not wait, and does nothing where the workspace cannot be written to. The child's pid: whoever
    does not ignore SIGCHLD, as the warm process does, has to wait for it once it has ended.
    """
    child = os.fork()
    if child:
        return child
    try:
        import torch

        write_json(workspace.pool.root / FILE, {"gpus": torch.cuda.device_count(), "host": socket.gethostname()})
    except (WorkspaceError, OSError, RuntimeError):
        pass
    finally:
        os._exit(0)
