"""What Streamlit itself is told on a server for several people."""

import math
import threading

from streamlit import config

from core.hosting.settings import settings_of
from core.hosting.usage import MB
from core.workspace import Workspace

_done = threading.Event()


def harden(host: Workspace) -> None:
    """Have uploads end at the server's own limit, and errors of the program show no places of the server; once.

    Raises `WorkspaceError` where the settings are wrong.
    """
    if _done.is_set():
        return
    size = math.ceil(settings_of(host).upload_mb * MB / 2**20)
    config.set_option("server.maxUploadSize", size, "pages/ui/hosting/harden.py")
    config.set_option("client.showErrorDetails", "none", "pages/ui/hosting/harden.py")
    config.set_option("server.enableAgentApi", False, "pages/ui/hosting/harden.py")
    _done.set()
