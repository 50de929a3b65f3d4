"""What stands around Streamlit's own application on a server for several people."""

import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from core.errors import WorkspaceError
from core.hosting.settings import is_hosted
from core.upkeep.health import health
from core.workspace import Workspace
from pages.ui.hosting import keeper
from pages.ui.hosting.cookie import VisitorCookie
from pages.ui.hosting.harden import harden

HEALTH = "/health/jobs"
"""The address that says whether jobs run; `/_stcore/health`, Streamlit's own, only says that pages are served."""


def middleware() -> list[Middleware]:
    """The cookie on a server for several people; nothing on a person's own machine."""
    return [Middleware(VisitorCookie, host=Workspace.at())] if is_hosted() else []


def routes() -> list[Route]:
    """The address that says whether jobs run."""
    return [Route(HEALTH, _health, methods=["GET"])]


async def _health(request: Request) -> JSONResponse:
    """200 or 503, with how many jobs run and wait; what is wrong, and with whom, only the host is told."""
    del request
    found = await anyio.to_thread.run_sync(health, Workspace.at())
    said = {"ok": found.ok, "running": found.running, "waiting": found.waiting}
    return JSONResponse(said, status_code=200 if found.ok else 503, headers={"Cache-Control": "no-store"})


@asynccontextmanager
async def lifespan(app: Any) -> AsyncIterator[None]:
    """Look after a server for several people from its start."""
    del app
    if is_hosted():
        host = Workspace.at()
        with contextlib.suppress(WorkspaceError):  # every page says what is wrong with the settings
            harden(host)
        keeper.start(host)
    yield
