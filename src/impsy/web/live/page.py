"""``/ws``: messages to each page, and what a page plays and commands to the session, at once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import Any

from pydantic import TypeAdapter, ValidationError
from starlette.websockets import WebSocket, WebSocketDisconnect

from impsy.codecs.osc import COMMAND_ADDRESSES, Argument
from impsy.protocol.monitor import Level
from impsy.protocol.pages import Command, Hello, PageMessage, Ping, Play, ServerMessage, ShowPorts, Touch
from impsy.settings import SETTINGS
from impsy.version import __version__
from impsy.web.guests.roles import OWNER, Guest
from impsy.web.live.hub import PageHub, PageQueue
from impsy.web.live.link import SessionLink
from impsy.web.live.traffic import ask_for_traffic

__all__ = ["COMMANDS", "serve_page"]

logger = logging.getLogger(__name__)

PAGES_LIMIT = 64
MESSAGE_LIMIT = 1 << 16
"""Characters of a message at most."""

MERGE_SECONDS = 0.004
"""What a page sends within this time is sent on together, the newest of each."""

MESSAGES_A_SECOND = 2000
SLOW_DOWN_SECONDS = 0.005
"""Between the messages of a page that sends more than that."""

LARGEST_NUMBER = 1e9
"""In a command; OSC's numbers have 32 bits."""

REPORT_SECONDS = 2.0
"""That no session is running is reported no more often."""


_Said = Play | Touch | Command | ShowPorts | Ping
_MESSAGES: TypeAdapter[_Said] = TypeAdapter(PageMessage)

_Arguments = tuple[str, tuple[float | str, ...]]
"""OSC type tags and values."""


def _number(value: object) -> _Arguments:
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > LARGEST_NUMBER:
        raise ValueError("a number")
    return "f", (float(value),)


def _flag(value: object) -> _Arguments:
    if not isinstance(value, bool | int | float):
        raise ValueError("true or false")
    return "i", (int(bool(value)),)


def _word(value: object) -> _Arguments:
    if not isinstance(value, str) or not value.isprintable():
        raise ValueError("a text")
    return "s", (value,)


_ARGUMENTS: dict[Argument, Callable[[object], _Arguments]] = {
    "number": _number,
    "flag": _flag,
    "word": _word,
    "nothing": lambda _value: ("", ()),
}

COMMANDS = {
    **{address.rpartition("/")[2]: (address, _ARGUMENTS[row.argument]) for address, row in COMMAND_ADDRESSES.items()},
}
"""By a command's name: the session's OSC address, and how its value is sent. The session checks what it means."""

_RANGES = {row.command: row for row in SETTINGS.values() if row.kind == "number"}


class _Merger:
    """Sends what one page plays and commands to the session, merged where it is too much."""

    def __init__(self, link: SessionLink) -> None:
        self._link = link
        self._plays: dict[int, float] = {}
        self._commands: dict[str, _Arguments] = {}
        self._free_at = 0.0
        self._planned = False

    def play(self, message: Play) -> None:
        self._plays.update(message.changes)
        self._soon()

    def command(self, address: str, arguments: _Arguments) -> None:
        self._commands.pop(address, None)  # the newest of each, in the order of the newest
        self._commands[address] = arguments
        self._soon()

    def _soon(self) -> None:
        if self._planned:
            return
        loop = asyncio.get_running_loop()
        now = loop.time()
        if now >= self._free_at:
            self.flush()
        else:
            self._planned = True
            loop.call_at(self._free_at, self.flush)

    def flush(self) -> None:
        """Send what is waiting."""
        self._planned = False
        self._free_at = asyncio.get_running_loop().time() + MERGE_SECONDS
        commands, self._commands = self._commands, {}
        plays, self._plays = self._plays, {}
        for address, (types, values) in commands.items():
            self._link.send(address, types, values)
        if plays:
            arguments = [part for index, value in plays.items() for part in (index + 1, value)]
            self._link.send("/impsy/control", "if" * len(plays), arguments)


async def serve_page(
    websocket: WebSocket,
    hub: PageHub,
    link: SessionLink,
    standing: Callable[[], Iterable[ServerMessage]],
    guest: Guest = OWNER,
) -> None:
    """One page's connection, from its handshake to its end.

    Args:
        websocket: the connection.
        hub: sends to all pages.
        link: leads to the session.
        standing: messages on the present state.
        guest: whose page it is; it ends when they are let in no more.
    """
    await websocket.accept()
    if hub.pages >= PAGES_LIMIT:
        await websocket.close(1013, "too many pages are open already")
        return
    ports = _Ports(link)
    queue = PageQueue(lambda kind: guest.rights.is_told(kind) and (kind != "traffic" or ports.shown))
    hello: Hello = {"type": "hello", "version": __version__}
    queue.put(hello if guest is OWNER else {**hello, "guest": guest.facts()})
    for message in standing():
        queue.put(message)
    hub.join(queue)
    sending = asyncio.create_task(queue.deliver(websocket.send_text))
    reading = asyncio.create_task(_read(websocket, _Page(link, queue, guest, ports)))
    ended = asyncio.Event()
    ending = asyncio.create_task(ended.wait())
    tell = partial(_tell, asyncio.get_running_loop(), ended)
    guest.watchers.add(tell)
    if guest.ended:  # between the handshake and now
        ended.set()
    try:
        await asyncio.wait([sending, reading, ending], return_when=asyncio.FIRST_COMPLETED)
    finally:
        guest.watchers.discard(tell)
        hub.leave(queue)
        ports.show(False)
        for task in (sending, reading, ending):
            task.cancel()
            # However a connection ends, it concerns no other page.
            with suppress(asyncio.CancelledError, WebSocketDisconnect, RuntimeError, OSError):
                await task
        if ended.is_set():
            with suppress(WebSocketDisconnect, RuntimeError, OSError):
                await websocket.close(1008, "this invitation was revoked")


def _tell(loop: asyncio.AbstractEventLoop, ended: asyncio.Event) -> None:
    with suppress(RuntimeError):  # the loop has ended, and with it the page
        loop.call_soon_threadsafe(ended.set)


async def _read(websocket: WebSocket, page: _Page) -> None:
    while True:
        event = await websocket.receive()
        if event["type"] != "websocket.receive":
            return
        text = event.get("text")
        page.receive(text if isinstance(text, str) else None)
        # Where many messages wait, reading the next does not yield to other tasks by itself.
        await asyncio.sleep(SLOW_DOWN_SECONDS if page.too_fast() else 0)


class _Ports:
    """Whether one page shows what passes the session's ports: the session is asked for it meanwhile."""

    def __init__(self, link: SessionLink) -> None:
        self._link = link
        self._asking: asyncio.Task[None] | None = None

    @property
    def shown(self) -> bool:
        return self._asking is not None

    def show(self, on: bool) -> None:
        if on and self._asking is None:
            self._asking = asyncio.create_task(ask_for_traffic(self._link))
        elif not on and self._asking is not None:
            self._asking.cancel()
            self._asking = None


class _Page:
    """Handles the messages of one page."""

    def __init__(self, link: SessionLink, queue: PageQueue, guest: Guest, ports: _Ports) -> None:
        self._link = link
        self._queue = queue
        self._guest = guest
        self._ports = ports
        self._merger = _Merger(link)
        self._reported = self._refused = float("-inf")
        self._second = self._count = 0

    def too_fast(self) -> bool:
        """Count one message; whether this second had more than are read at full speed."""
        second = int(monotonic())
        if second != self._second:
            self._second, self._count = second, 0
        self._count += 1
        if self._count == MESSAGES_A_SECOND:
            self._send("warning", "This page sends more than can be handled at once; some of it waits.")
        return self._count >= MESSAGES_A_SECOND

    def receive(self, text: str | None) -> None:
        """Handle one message; None: it was not text. The page receives a sentence about what is wrong with it."""
        if text is None or len(text) > MESSAGE_LIMIT:
            self._send("error", f"A message is JSON text of {MESSAGE_LIMIT} characters at most.")
            return
        try:
            message = _MESSAGES.validate_json(text)
        except ValidationError as error:
            self._send("error", f"That message is not understood: {_first(error)}")
            return
        if not self._may(message):
            return
        match message:
            case Ping():
                self._queue.put({"type": "pong", "t": message.t})
            case Play():
                self._play(message)
            case Touch(controls=controls) if self._link.state is not None:
                self._link.send("/impsy/touch", "i" * len(controls), [control + 1 for control in controls])
            case ShowPorts(on=on):
                self._ports.show(on)
            case Command():
                self._command(message)

    def _may(self, message: _Said) -> bool:
        """Whether this guest may say so; what they move must be theirs. They are told why not, now and then."""
        guest, rights = self._guest, self._guest.rights
        match message:
            case Command(name=name) if name in COMMANDS and not rights.may_command(name):
                said = "You were invited to play here: settings are for who invited you."
            case Play(changes=changes) if not guest.may_move([index for index, _ in changes]):
                said = "That is somebody else's: play the controls that are yours."
            case Touch(controls=controls) if not guest.may_move(controls):
                return False
            case ShowPorts() if not rights.may_say("ports"):
                said = "You were invited to play here: what passes the ports is for who invited you."
            case _ if not rights.may_say(message.type):
                said = "You were invited to watch: playing is for others."
            case _:
                return True
        if monotonic() - self._refused > REPORT_SECONDS:
            self._refused = monotonic()
            self._send("warning", said)
        return False

    def _play(self, message: Play) -> None:
        state = self._link.state
        if state is None:
            if monotonic() - self._reported > REPORT_SECONDS:
                self._reported = monotonic()
                self._send("warning", "Nothing is played: no session runs. Start one.")
            return
        dimension = state.get("dimension")
        highest = max(index for index, _ in message.changes)
        if isinstance(dimension, int) and highest >= dimension - 1:
            self._send("error", f"There is no control {highest + 1}: dimension {dimension} means {dimension - 1}.")
            return
        self._merger.play(message)

    def _command(self, message: Command) -> None:
        found = COMMANDS.get(message.name)
        if found is None:
            self._send("error", f"There is no command “{message.name[:40]}”; there are {', '.join(COMMANDS)}.")
            return
        address, arguments = found
        try:
            row = _RANGES.get(message.name)
            if row is not None and row.fault(message.value):
                raise ValueError(row.wanted)
            wanted = arguments(message.value)
        except ValueError as error:
            self._send("error", f"{message.name} wants {error}, not {str(message.value)[:40]!r}.")
            return
        # A session that cannot be heard may hear: panic, pause and the like are sent all the same.
        if self._link.state is None:
            self._send("warning", "No session runs that could do this. Start one.")
        self._merger.command(address, wanted)

    def _send(self, level: Level, text: str) -> None:
        self._queue.put({"type": "sentence", "level": level, "text": text})


def _first(error: ValidationError) -> str:
    problem: dict[str, Any] = dict(error.errors(include_url=False, include_input=False)[0])
    where = ".".join(str(part) for part in problem["loc"])
    return f"{where}: {problem['msg']}" if where else str(problem["msg"])
