"""``/ws``: what happens goes to each page at once, and what a page does goes to the session at once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from time import monotonic
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from starlette.websockets import WebSocket, WebSocketDisconnect

from impsy import __version__
from impsy.codecs.osc import COMMAND_ADDRESSES, Argument
from impsy.settings import SETTINGS
from impsy.web.live.hub import PageHub, PageQueue
from impsy.web.live.link import SessionLink

__all__ = ["COMMANDS", "serve_page"]

logger = logging.getLogger(__name__)

PAGES_LIMIT = 64
MESSAGE_LIMIT = 1 << 16
"""Characters of a message at most."""

MERGE_SECONDS = 0.004
"""What a page does within this time of what was sent on goes on together, the newest of each."""

MESSAGES_A_SECOND = 2000
SLOW_DOWN_SECONDS = 0.005
"""Between the messages of a page that sends more than that."""

LARGEST_NUMBER = 1e9
"""Of a command's; OSC's numbers have 32 bits, and no setting has need of more."""

COMPLAIN_SECONDS = 2.0
"""That there is nobody to play to is said no more often."""


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Play(_Message):
    """``changes``: pairs of a control (from 0) and its value in [0, 1]."""

    type: Literal["play"]
    changes: Annotated[
        list[tuple[Annotated[int, Field(ge=0, le=4095)], Annotated[float, Field(ge=0, le=1)]]],
        Field(min_length=1, max_length=4096),
    ]


class Command(_Message):
    """``name`` is a row of ``COMMANDS``."""

    type: Literal["command"]
    name: str
    value: bool | float | Annotated[str, Field(max_length=500)] | None = None


class Ping(_Message):
    """``t`` comes back."""

    type: Literal["ping"]
    t: float | Annotated[str, Field(max_length=100)] | None = None


_MESSAGES: TypeAdapter[Play | Command | Ping] = TypeAdapter(
    Annotated[Play | Command | Ping, Field(discriminator="type")]
)

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
    address.rpartition("/")[2]: (address, _ARGUMENTS[row.argument]) for address, row in COMMAND_ADDRESSES.items()
}
"""By a command's name: the session's OSC address, and how its value is sent. The session checks what it means."""

_RANGES = {row.command: row for row in SETTINGS.values() if row.kind == "number"}


class _Hands:
    """What one page does, merged where it is too much, on its way to the session."""

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
        """Send on what waits."""
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
    websocket: WebSocket, hub: PageHub, link: SessionLink, standing: Callable[[], Iterable[dict[str, Any]]]
) -> None:
    """One page's connection, from its handshake to its end. ``standing``: messages on how things stand."""
    await websocket.accept()
    if hub.pages >= PAGES_LIMIT:
        await websocket.close(1013, "too many pages are open already")
        return
    queue = PageQueue()
    queue.put({"type": "hello", "version": __version__})
    for message in standing():
        queue.put(message)
    hub.join(queue)
    sending = asyncio.create_task(queue.deliver(websocket.send_text))
    reading = asyncio.create_task(_read(websocket, link, queue))
    try:
        await asyncio.wait([sending, reading], return_when=asyncio.FIRST_COMPLETED)
    finally:
        hub.leave(queue)
        for task in (sending, reading):
            task.cancel()
            # However a page's connection ends, it is no news to anybody else.
            with suppress(asyncio.CancelledError, WebSocketDisconnect, RuntimeError, OSError):
                await task


async def _read(websocket: WebSocket, link: SessionLink, queue: PageQueue) -> None:
    page = _Page(link, queue)
    while True:
        event = await websocket.receive()
        if event["type"] != "websocket.receive":
            return
        text = event.get("text")
        page.hear(text if isinstance(text, str) else None)
        # Where many messages wait, reading the next does not give others a turn by itself.
        await asyncio.sleep(SLOW_DOWN_SECONDS if page.too_fast() else 0)


class _Page:
    """Understands what a page says."""

    def __init__(self, link: SessionLink, queue: PageQueue) -> None:
        self._link = link
        self._queue = queue
        self._hands = _Hands(link)
        self._complained = float("-inf")
        self._second = self._count = 0

    def too_fast(self) -> bool:
        """Counts one message; whether more came within this second than are read as fast as they come."""
        second = int(monotonic())
        if second != self._second:
            self._second, self._count = second, 0
        self._count += 1
        if self._count == MESSAGES_A_SECOND:
            self._tell("warning", "This page sends more than can be taken in at once; some of it waits.")
        return self._count >= MESSAGES_A_SECOND

    def hear(self, text: str | None) -> None:
        """One message; None: it was not text. What is wrong with it is told to the page."""
        if text is None or len(text) > MESSAGE_LIMIT:
            self._tell("error", f"A message is JSON text of {MESSAGE_LIMIT} characters at most.")
            return
        try:
            message = _MESSAGES.validate_json(text)
        except ValidationError as error:
            self._tell("error", f"That message is not understood: {_first(error)}")
            return
        match message:
            case Ping():
                self._queue.put({"type": "pong", "t": message.t})
            case Play():
                self._play(message)
            case Command():
                self._command(message)

    def _play(self, message: Play) -> None:
        state = self._link.state
        if state is None:
            if monotonic() - self._complained > COMPLAIN_SECONDS:
                self._complained = monotonic()
                self._tell("warning", "Nothing is played: no session runs. Start one.")
            return
        dimension = state.get("dimension")
        highest = max(index for index, _ in message.changes)
        if isinstance(dimension, int) and highest >= dimension - 1:
            self._tell("error", f"There is no control {highest + 1}: dimension {dimension} means {dimension - 1}.")
            return
        self._hands.play(message)

    def _command(self, message: Command) -> None:
        found = COMMANDS.get(message.name)
        if found is None:
            self._tell("error", f"There is no command “{message.name[:40]}”; there are {', '.join(COMMANDS)}.")
            return
        address, arguments = found
        try:
            row = _RANGES.get(message.name)
            if row is not None and row.fault(message.value):
                raise ValueError(row.wanted)
            wanted = arguments(message.value)
        except ValueError as error:
            self._tell("error", f"{message.name} wants {error}, not {str(message.value)[:40]!r}.")
            return
        if self._link.state is None:
            self._tell("warning", "No session runs that could do this. Start one.")
            return
        self._hands.command(address, wanted)

    def _tell(self, level: str, text: str) -> None:
        self._queue.put({"type": "sentence", "level": level, "text": text})


def _first(error: ValidationError) -> str:
    problem: dict[str, Any] = dict(error.errors(include_url=False, include_input=False)[0])
    where = ".".join(str(part) for part in problem["loc"])
    return f"{where}: {problem['msg']}" if where else str(problem["msg"])
