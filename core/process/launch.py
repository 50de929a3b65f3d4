"""Starting processes: a worker forked from the workspace's warm process where there is one, else a fresh Python."""

import contextlib
import hashlib
import json
import os
import socket
import stat
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from core.workspace import Workspace

CODE = Path(__file__).parents[2]
"""The folder that `core` lies in."""

LONGEST_SOCKET = 100
"""Bytes that the path of a Unix socket may have, with some room (Linux: 107, macOS: 103)."""

ANSWER_S = 2.0
HUGE_PAGES = "glibc.malloc.hugetlb=1"

SPINS = "10000"
"""Turns for which a thread of an OpenMP team spins while it waits for the others. libgomp's own 300,000 are free on
an idle machine; on a busy one they cost 4 to 8 times the step itself (measured on 2 shared cores)."""

TORCHRUN = ("torch.distributed.run", "--standalone")
"""torchrun as a module, for processes on this machine alone."""

_PLACE = frozenset(
    "WORLD_SIZE RANK LOCAL_RANK LOCAL_WORLD_SIZE GROUP_RANK GROUP_WORLD_SIZE ROLE_NAME ROLE_RANK ROLE_WORLD_SIZE "  # noqa: SIM905
    "MASTER_ADDR MASTER_PORT".split()
)
"""Variables in which torchrun tells a process its place."""

_children: list[subprocess.Popen[bytes]] = []
_children_lock = threading.Lock()


def socket_path(workspace: Workspace) -> Path:
    """Where the warm process of a workspace listens, on a server that of all its visitors.

    In the workspace, or, when that path is too long for a socket, in a folder of this user's own among the
    temporary files. Raises `PermissionError` when that folder belongs to somebody else.
    """
    home = workspace.pool.root
    near = home / "warm.sock"
    if len(os.fsencode(near)) <= LONGEST_SOCKET:
        return near
    user = os.getuid()
    folder = Path(tempfile.gettempdir()) / f"anneal-{user}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != user or found.st_mode & 0o077:
        raise PermissionError(f"{folder} is not a private folder of this user")
    return folder / f"{hashlib.sha256(os.fsencode(home)).hexdigest()[:20]}.sock"


def code_version() -> str:
    """Changes whenever a module of `core`, or the Python that runs it, does: an outdated warm process is not used."""
    facts = [sys.executable, str(CODE)]
    for path in sorted((CODE / "core").rglob("*.py")):
        with contextlib.suppress(OSError):
            facts.append(f"{path} {path.stat().st_mtime_ns}")
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()


def ask(workspace: Workspace, request: dict[str, Any]) -> dict[str, Any] | None:
    """Send a request to the warm process and wait for its answer; None when there is none, or it runs other code."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(ANSWER_S)
            line.connect(str(socket_path(workspace)))
            line.sendall(json.dumps({**request, "version": code_version()}).encode() + b"\n")
            with line.makefile("rb") as file:
                answer = json.loads(file.readline(10_000))
    except (OSError, ValueError):
        return None
    return answer if isinstance(answer, dict) and answer.get("ok") else None


def environment() -> dict[str, str]:
    """The process's environment with what a worker needs: the path of `core`, huge pages, threads that spin less."""
    known = dict(os.environ)
    if "OMP_WAIT_POLICY" not in known:
        known.setdefault("GOMP_SPINCOUNT", SPINS)
    paths = [str(CODE), *filter(None, known.get("PYTHONPATH", "").split(os.pathsep))]
    known["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(paths))
    known["PYTHONUNBUFFERED"] = "1"
    tunables = [part for part in known.get("GLIBC_TUNABLES", "").split(":") if part]
    if not any(part.startswith("glibc.malloc.hugetlb=") for part in tunables):
        known["GLIBC_TUNABLES"] = ":".join([*tunables, HUGE_PAGES])
    return known


def start_worker(workspace: Workspace, run: Path, job_id: str, log: Path, processes: int = 1) -> int:
    """Start the process that does a job, apart from this one; its pid. Raises `OSError` when none can be started.

    More `processes` than one are started by torchrun, whose pid it then is.
    """
    worker = ["core.jobs.worker", str(run), "--job", job_id, "--home", str(workspace.root)]
    if processes > 1:
        return detached([*TORCHRUN, f"--nproc-per-node={processes}", "-m", *worker], log)
    answer = ask(workspace, {"do": "start", "run": str(run), "job": job_id, "home": str(workspace.root)})
    if answer is not None and isinstance(answer.get("pid"), int):
        return int(answer["pid"])
    return detached(worker, log)


def detached(module: list[str], log: Path, *, anew: bool = False) -> int:
    """Run `python -m MODULE…` in a session of its own, what it prints going to `log`; its pid."""
    reap()
    with log.open("wb" if anew else "ab") as out:
        child = subprocess.Popen(
            [sys.executable, "-m", *module],
            cwd=CODE,
            env={name: value for name, value in environment().items() if not _of_torchrun(name)},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    with _children_lock:
        _children.append(child)
    return child.pid


def _of_torchrun(name: str) -> bool:
    """Whether a variable says which of several processes this one is: what it starts is none of them."""
    return name in _PLACE or name.startswith(("TORCHELASTIC_", "TORCH_NCCL_"))


def reap() -> None:
    """Wait for the children that have ended, so that they are not zombies."""
    with _children_lock:
        _children[:] = [child for child in _children if child.poll() is None]
