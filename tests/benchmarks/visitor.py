"""A visitor without a browser: a cookie, a websocket and Streamlit's own messages, as its frontend sends them."""

import asyncio
import time
import urllib.request
from dataclasses import dataclass, field
from typing import Any

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from pages.ui.hosting.cookie import COOKIE, brought_by

LONGEST_S = 120.0
"""Seconds after which a page counts as one that never came."""


@dataclass
class Shown:
    """What a page showed: its texts and errors, the ids of its buttons by label, and how often its parts ask again."""

    texts: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    buttons: dict[str, str] = field(default_factory=dict)
    polls: dict[str, float] = field(default_factory=dict)
    query: str = ""
    seconds: float = 0.0


class Visitor:
    """One browser's worth of requests: `async with Visitor(address) as visitor`."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.cookie = ""
        self.shown = Shown()
        self._hash = ""
        self._pages: dict[str, str] = {}
        self._asked: dict[str, float] = {}
        self._socket: Any = None

    async def __aenter__(self) -> "Visitor":
        """Open the first page, which brings the cookie, and the websocket with it."""
        request = urllib.request.Request(self.address, headers={"Accept": "text/html"})
        with await asyncio.to_thread(urllib.request.urlopen, request, timeout=LONGEST_S) as answer:
            self.cookie = brought_by(answer.headers.get("Set-Cookie", "").split(";")[0])
        self._socket = await websockets.connect(
            f"{self.address.replace('http', 'ws', 1)}/_stcore/stream",
            additional_headers={"Cookie": f"{COOKIE}={self.cookie}"},
            subprotocols=[websockets.Subprotocol("streamlit")],
            max_size=None,
            open_timeout=LONGEST_S,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._socket.close()

    async def open(self, page: str, query: str = "") -> Shown:
        """Go to a page ("" is Home), and wait until its script has run to its end."""
        self._hash = self._pages.get(page, "")
        if self._hash:
            return await self._run(ClientState(query_string=query, page_script_hash=self._hash))
        await self._run(ClientState(query_string=query, page_name=page))
        self._hash = self._pages.get(page, "")
        return self.shown

    async def click(self, label: str) -> Shown:
        """Press a button of the page; where it leads to another page, that one's end is waited for."""
        state = ClientState(query_string=self.shown.query, page_script_hash=self._hash)
        state.widget_states.widgets.add(id=self.shown.buttons[label], trigger_value=True)
        return await self._run(state)

    async def stay(self, seconds: float) -> int:
        """Look at the page for a while; its parts that ask again are asked for, as often as the frontend would."""
        until, asked = time.monotonic() + seconds, 0
        due = {part: time.monotonic() + every for part, every in self.shown.polls.items()}
        while due and min(due.values()) < until:
            part = min(due, key=lambda one: due[one])
            await asyncio.sleep(max(0.0, due[part] - time.monotonic()))
            state = ClientState(query_string=self.shown.query, page_script_hash=self._hash, fragment_id=part)
            state.is_auto_rerun = True
            await self._run(state, keep=True)
            asked += 1
            due = {part: due.get(part, 0.0) for part in self.shown.polls}
            due = {one: max(when, time.monotonic()) for one, when in due.items()}
            due[part] = time.monotonic() + self.shown.polls.get(part, seconds)
        await asyncio.sleep(max(0.0, until - time.monotonic()))
        return asked

    async def _run(self, state: ClientState, *, keep: bool = False) -> Shown:
        """Ask for a run of the script, and read until it has ended; with `keep` only a part of the page is drawn."""
        started = time.monotonic()
        if not keep:
            self.shown = Shown(query=state.query_string)
        message = BackMsg()
        message.rerun_script.CopyFrom(state)
        await self._socket.send(message.SerializeToString())
        try:
            async with asyncio.timeout(LONGEST_S):
                while not self._take(ForwardMsg.FromString(await self._socket.recv())):
                    pass
        except TimeoutError:
            self.shown.errors.append(f"{'A part of the page' if keep else 'The page'} did not come in {LONGEST_S:g} s")
        self.shown.seconds = time.monotonic() - started
        return self.shown

    def _take(self, message: ForwardMsg) -> bool:
        """Take one message; whether the script has ended with it."""
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self._hash = message.new_session.page_script_hash or self._hash
            self._asked = {}
        elif kind == "navigation":
            pages = message.navigation.app_pages
            self._pages = {"" if page.is_default else page.page_name: page.page_script_hash for page in pages}
        elif kind == "page_info_changed":
            self.shown.query = message.page_info_changed.query_string
        elif kind == "auto_rerun":
            self._asked[message.auto_rerun.fragment_id] = message.auto_rerun.interval
        elif kind == "stop_auto_rerun":
            self._asked.pop(message.stop_auto_rerun.fragment_id, None)
            self.shown.polls.pop(message.stop_auto_rerun.fragment_id, None)
        elif kind == "delta":
            self._draw(message)
        return kind == "script_finished" and self._ended(message.script_finished)

    def _ended(self, how: int) -> bool:
        """Whether this was the end; of a whole page, only the parts that it has now ask again."""
        if how == ForwardMsg.FINISHED_EARLY_FOR_RERUN:
            return False
        whole = how != ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY
        self.shown.polls = dict(self._asked) if whole else {**self.shown.polls, **self._asked}
        return True

    def _draw(self, message: ForwardMsg) -> None:
        element = message.delta.new_element
        kind = element.WhichOneof("type")
        if kind == "button":
            self.shown.buttons[element.button.label] = element.button.id
        elif kind == "exception":
            self.shown.errors.append(f"{element.exception.type}: {element.exception.message}")
        elif kind == "alert":
            self.shown.texts.append(element.alert.body)
        elif kind in ("markdown", "text", "heading"):
            self.shown.texts.append(getattr(element, kind).body)
