"""A cold start's two waits side by side: a child reads and decodes the images while this process imports torch."""

import os
import sys

from core.cli.inspect import opened
from core.cli.network import Network
from core.cli.options import Options
from core.cli.output import Reporter
from core.data.pixels import load_pixels
from core.errors import AnnealError
from core.jobs.worker import MODULES, TORCH
from core.model.catalogue import EFFICIENTNET_LITE0, SMALL_CNN
from core.process.imports import import_modules
from core.workspace import Workspace

NICE = 10
"""How far the child lowers its priority: importing takes longer, and uses one thread."""


def get_ready(options: Options, network: Network, reporter: Reporter) -> None:
    """Have torch imported, and the options' images decoded in the workspace at the network's size.

    Nothing is reported as wrong here: what the child could not do is done again by whoever needs it, and fails there
    with its sentence, at the latest one import after the child has failed.
    """
    if "torch" in sys.modules or not hasattr(os, "fork"):
        return  # a process with torch's threads must not fork; and then there is nothing to import either
    child = _Child(options, network.size, reporter)
    needs_timm = network.backbone not in (SMALL_CNN, EFFICIENTNET_LITE0)
    import_modules(MODULES if needs_timm else TORCH, lambda: not child.failed())
    child.wait()


class _Child:
    """A forked process that fills the workspace's caches."""

    def __init__(self, options: Options, size: int, reporter: Reporter) -> None:
        sys.stderr.flush()
        self._status: int | None = None
        self._pid = os.fork()
        if self._pid == 0:
            status = 1
            os.nice(NICE)
            try:
                load_pixels(opened(options, reporter), size, Workspace.at(options.home), reporter)
                status = 0
            except AnnealError:
                pass
            finally:
                reporter.close()
                os._exit(status)

    def failed(self) -> bool:
        """Whether it has ended without having done its work."""
        return bool(self._ended(os.WNOHANG))

    def wait(self) -> None:
        """Wait for its end."""
        self._ended(0)

    def _ended(self, how: int) -> int | None:
        if self._status is None:
            pid, status = os.waitpid(self._pid, how)
            if pid:
                self._status = os.waitstatus_to_exitcode(status)
        return self._status
