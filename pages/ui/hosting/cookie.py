"""The cookie that a visitor is known by: set by the server, out of reach of scripts, sent by no other site.

Plain ASGI, so that websockets and files pass through untouched.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any

from core.errors import WorkspaceError
from core.hosting.settings import settings_of
from core.hosting.visitors import is_ours, new_id
from core.workspace import Workspace

COOKIE = "anneal_visitor"

LONGEST_S = 400 * 24 * 3600
"""Seconds; browsers keep no cookie for longer."""

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class VisitorCookie:
    """Gives every browser that opens a page an id, and prolongs the one that it has."""

    def __init__(self, app: Application, host: Workspace) -> None:
        self.app = app
        self.host = host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it."""
        if scope["type"] != "http" or scope["method"] != "GET" or b"text/html" not in _header(scope, b"accept"):
            await self.app(scope, receive, send)
            return
        brought = brought_by(_header(scope, b"cookie").decode("latin-1"))
        try:
            visitor = brought if is_ours(self.host, brought) else new_id(self.host)
            cookie = self._set(visitor, secure=_is_https(scope)).encode("latin-1")
        except WorkspaceError:  # wrong settings or a full disk, which the page itself then says
            await self.app(scope, receive, send)
            return

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], (b"set-cookie", cookie)]}
            await send(message)

        await self.app(scope, receive, send_with_cookie)

    def _set(self, visitor: str, *, secure: bool) -> str:
        lasts = min(LONGEST_S, int(settings_of(self.host).idle_hours * 3600))
        return f"{COOKIE}={visitor}; Max-Age={lasts}; Path=/; HttpOnly; SameSite=Lax{'; Secure' if secure else ''}"


def brought_by(header: str) -> str:
    """The visitor's id in a Cookie header; "" where there is none."""
    try:
        cookies = SimpleCookie(header)
    except CookieError:
        return ""
    return cookies[COOKIE].value if COOKIE in cookies else ""


def _header(scope: Scope, name: bytes) -> bytes:
    return next((value for key, value in scope["headers"] if key == name), b"")


def _is_https(scope: Scope) -> bool:
    """Whether the browser came by https, also to a proxy that says so."""
    return scope.get("scheme") == "https" or _header(scope, b"x-forwarded-proto").split(b",")[0].strip() == b"https"
