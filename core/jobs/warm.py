"""A process that has torch and what goes with it imported, and forks a worker in milliseconds when a job starts.

One a workspace, listening on a Unix socket that only its user can open. It never computes anything itself: no
thread and no OpenMP region may exist in it when it forks. Importing this module does not import torch.
"""

import contextlib
import json
import os
import signal
import socket
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import Any, Never

from core.jobs import worker
from core.jobs.gpus import count_gpus
from core.process.identity import ProcessId, alive, this_process
from core.process.imports import import_modules
from core.process.launch import ask, code_version, detached, socket_path
from core.process.threads import lower_priority
from core.runs.folder import LOG
from core.workspace import Workspace

IDLE_S = 30 * 60
LOOK_S = 5.0
"""Seconds between two checks whether it is still needed."""

AGAIN_S = 10.0
"""A process asks for its workspace's warm process at most this often."""

_asked: dict[Path, float] = {}
_asked_lock = threading.Lock()


def start_warm(workspace: Workspace) -> None:
    """See to it that the workspace has a warm process that lives as long as this one; returns at once.

    The visitors of a server have one together.

    To be called at every occasion, by as many processes as like: it acts at most every 10 seconds, and one
    warm process is started at most. Where there cannot be one (no Unix sockets, no rights), jobs start slower.
    """
    workspace = workspace.pool
    now = time.monotonic()
    with _asked_lock:
        if now - _asked.get(workspace.root, -AGAIN_S) < AGAIN_S:
            return
        _asked[workspace.root] = now
    if not hasattr(socket, "AF_UNIX") or not hasattr(os, "fork"):
        return
    own = this_process()
    if ask(workspace, {"do": "stay", **own._asdict()}) is not None:
        return
    with contextlib.suppress(OSError):
        lock = _hold(workspace)
        if lock is None:  # another one is just starting
            return
        os.close(lock)
        log = workspace.jobs / "warm.log"
        detached(["core.jobs.warm", str(workspace.root), str(own.pid), str(own.start_time)], log, anew=True)


def is_warm(workspace: Workspace) -> bool:
    """Whether a warm process of this very code answers."""
    return ask(workspace, {"do": "hello"}) is not None


def stop_warm(workspace: Workspace) -> None:
    """Let the warm process end, if there is one; workers that it forked go on."""
    ask(workspace, {"do": "end"})


def _hold(workspace: Workspace) -> int | None:
    """An open file that holds the warm process's lock for as long as it is open; None when another one is open."""
    import fcntl

    handle = os.open(workspace.jobs / ".warm.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle


class _Server:
    """Answers one request at a time: `hello`, `stay` (for a process's life), `start` (a worker), `end`."""

    def __init__(self, workspace: Workspace, owner: ProcessId, lock: int) -> None:
        self.lock = lock
        self.workspace = workspace
        self.owners = {owner}
        self.used = time.monotonic()
        self.version = code_version()
        self.path = socket_path(workspace)
        self.path.unlink(missing_ok=True)
        self.listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        before = os.umask(0o177)
        try:
            self.listening.bind(str(self.path))
        finally:
            os.umask(before)
        self.identity = self._on_disk()
        self.listening.listen(16)
        self.listening.settimeout(LOOK_S)

    def _on_disk(self) -> tuple[int, int] | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def wanted(self) -> bool:
        """Whether its workspace and socket exist, a process that asked for it is alive, and it was used lately."""
        self.owners = {owner for owner in self.owners if alive(*owner)}
        lately = time.monotonic() - self.used < IDLE_S
        return bool(self.owners) and lately and self.workspace.root.is_dir() and self._on_disk() == self.identity

    def serve(self) -> None:
        """Answer requests until it is no longer needed."""
        looked = time.monotonic()
        try:
            while True:
                if time.monotonic() - looked >= LOOK_S:
                    if not self.wanted():
                        return
                    looked = time.monotonic()
                with contextlib.suppress(TimeoutError):
                    line, _ = self.listening.accept()
                    with line:
                        if not self._answer(line):
                            return
        finally:
            if self._on_disk() == self.identity:
                self.path.unlink(missing_ok=True)

    def _answer(self, line: socket.socket) -> bool:
        """Answer one caller; False when the process is to end."""
        line.settimeout(1.0)
        try:
            with line.makefile("rb") as file:
                request = json.loads(file.readline(100_000))
            go_on, said = self._do(request, line)
            line.sendall(json.dumps(said).encode() + b"\n")
        except (OSError, ValueError, KeyError, TypeError):  # a caller that has gone, or sent another kind of message
            return True
        return go_on

    def _do(self, request: dict[str, Any], line: socket.socket) -> tuple[bool, dict[str, Any]]:
        if request["version"] != self.version:
            return False, {"ok": False}
        self.used = time.monotonic()
        what = request["do"]
        if what == "stay":
            self.owners.add(ProcessId(int(request["pid"]), float(request["start_time"])))
        elif what == "start":
            home = Workspace.at(request["home"])
            return True, {"ok": True, "pid": self._fork(Path(request["run"]), str(request["job"]), home, line)}
        return what != "end", {"ok": True}

    def _fork(self, run: Path, job: str, home: Workspace, line: socket.socket) -> int:
        pid = os.fork()
        if pid == 0:
            _become_worker(home, run, job, [self.listening.fileno(), line.fileno(), self.lock])
        return pid


def _become_worker(workspace: Workspace, run: Path, job: str, files: list[int]) -> Never:
    """In the forked child: leave the parent's session, open files and signals behind, and do the job."""
    status = 1
    try:
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for file in files:
            os.close(file)
        log = os.open(run / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        for standard in (1, 2):
            os.dup2(log, standard)
        os.close(log)
        lower_priority()
        status = worker.main([str(run), "--job", job, "--home", str(workspace.root)])
    except SystemExit as asked:
        status = asked.code if isinstance(asked.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def main(arguments: list[str]) -> int:
    """`python -m core.jobs.warm WORKSPACE PID START_TIME`: serve for as long as that process lives."""
    workspace = Workspace.at(arguments[0])
    owner = ProcessId(int(arguments[1]), float(arguments[2]))
    lock = _hold(workspace)
    if lock is None:
        time.sleep(0.5)  # whoever looked whether there is one may have held it for a moment
        lock = _hold(workspace)
    if lock is None:
        return 0
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    import_modules(worker.MODULES)
    count_gpus(workspace)
    _Server(workspace, owner, lock).serve()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
