"""Sends messages to every page, each as fast as it reads; a slow page delays no other.

Messages that wait for a page are kept by subject, and a newer one replaces an older one: their number is bounded, and
a page that reads again receives the present state, not its history.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from typing import cast

from impsy.protocol.monitor import Level
from impsy.protocol.pages import OutputMessage, ServerMessage, Topic, TrafficMessage
from impsy.web.live.traffic import joined

__all__ = ["PageHub", "PageQueue"]

logger = logging.getLogger(__name__)

WAITING_LIMIT = 400
"""Messages that may wait for one page; beyond, the oldest of those without a subject are dropped."""

LINES_LIMIT = 1000
"""Lines of output that may wait for one page."""

HANDED_OVER_LIMIT = 20_000
"""Messages that may wait for the loop; beyond, new ones are dropped."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """How messages of one type are delivered.

    ``every``: seconds between two to one page. ``about``: the key of the subject: a newer message with the same value
    replaces an older one; "": any newer one does; None: none does. Lines of output and what passed the ports are
    joined. ``kept``: a page that is opened later receives the last one.
    """

    every: float = 0.0
    about: str | None = ""
    kept: bool = False


_KINDS: dict[str, _Kind] = {
    "in": _Kind(0.008, kept=True),
    "start": _Kind(),
    "out": _Kind(0.008, kept=True),
    "next": _Kind(0.03),
    "session": _Kind(0.1),
    "output": _Kind(0.1),
    "changed": _Kind(about="what"),
    "performer": _Kind(kept=True),
    "playback": _Kind(kept=True),
    "learning": _Kind(kept=True),
    "training": _Kind(0.5, about="run"),
    "own_model": _Kind(0.1),
    "workshop": _Kind(0.1, kept=True),
    "traffic": _Kind(0.05),
}


def _joined_lines(before: Mapping[str, object], after: Mapping[str, object]) -> ServerMessage:
    lines = [line for each in (before, after) for line in cast("OutputMessage", each)["lines"]]
    return {"type": "output", "lines": lines[-LINES_LIMIT:]}


def _joined_traffic(before: Mapping[str, object], after: Mapping[str, object]) -> ServerMessage:
    return {**joined(cast("TrafficMessage", before), cast("TrafficMessage", after)), "type": "traffic"}


_JOINED = {"output": _joined_lines, "traffic": _joined_traffic}

_OTHER = _Kind(about=None)
"""Without a subject: sentences, pongs, controls that are moved while a mapping is learnt."""


class _Message:
    """A message to all pages; its JSON text is made once."""

    __slots__ = ("_text", "content", "key", "kind", "type")
    _serial = count()

    def __init__(self, content: ServerMessage) -> None:
        self.content: Mapping[str, object] = content
        self.type: str = content["type"]
        self.kind = _KINDS.get(self.type, _OTHER)
        self.key: Hashable = (self.type, self._subject())
        self._text: str | None = None

    def _subject(self) -> Hashable:
        if self.kind.about is None:
            return next(self._serial)
        subject = self.content.get(self.kind.about)
        return str(subject.get("id")) if isinstance(subject, dict) else str(subject)

    def text(self) -> str:
        if self._text is None:
            self._text = json.dumps(self.content, separators=(",", ":"))
        return self._text


class PageQueue:
    """The messages that wait for one page. Only the loop's thread uses it.

    Args:
        wants: whether messages of a type reach this page; others are left out.
    """

    def __init__(self, wants: Callable[[str], bool] = lambda _type: True) -> None:
        self._wants = wants
        self._waiting: dict[Hashable, _Message] = {}
        self._sent: dict[Hashable, float] = {}
        self._wake = asyncio.Event()

    def put(self, content: ServerMessage) -> None:
        """Send this message to this page only."""
        self.add(_Message(content))

    def add(self, message: _Message) -> None:
        """Send this message soon; it replaces an older one on the same subject."""
        if not self._wants(message.type):
            return
        before = self._waiting.get(message.key)
        if before is not None and message.type in _JOINED:
            message = _Message(_JOINED[message.type](before.content, message.content))
        elif before is None and len(self._waiting) >= WAITING_LIMIT:
            oldest = next((key for key, each in self._waiting.items() if each.kind.about is None), None)
            if oldest is None:
                return
            del self._waiting[oldest]
        self._waiting[message.key] = message
        self._wake.set()

    async def deliver(self, send: Callable[[str], Awaitable[None]]) -> None:
        """Send waiting messages, each type no more often than its ``every``, until cancelled or ``send`` raises."""
        loop = asyncio.get_running_loop()
        while True:
            await self._wake.wait()
            self._wake.clear()
            due = self._due(loop.time())
            for text in due:
                await send(text)
            if self._waiting and not self._wake.is_set():
                loop.call_later(max(0.0, self._next() - loop.time()), self._wake.set)

    def _due(self, now: float) -> list[str]:
        texts = []
        for key, message in list(self._waiting.items()):
            every = message.kind.every
            if every:
                if self._sent.get(key, -every) + every > now:
                    continue
                self._sent[key] = now
            del self._waiting[key]
            texts.append(message.text())
        return texts

    def _next(self) -> float:
        return min(self._sent.get(key, 0.0) + message.kind.every for key, message in self._waiting.items())


class PageHub:
    """Sends to every page. ``send`` and ``changed`` may be called by any thread and return at once."""

    def __init__(self) -> None:
        self._pages: set[PageQueue] = set()
        self._handed_over: deque[_Message] = deque()
        self._woken = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._kept: dict[Hashable, _Message] = {}

    @property
    def pages(self) -> int:
        """How many pages are connected."""
        return len(self._pages)

    def attach(self, loop: asyncio.AbstractEventLoop | None) -> None:
        """From now on this loop sends; None: none does."""
        self._loop = loop
        self._woken = False

    def send(self, message: ServerMessage) -> None:
        """Send a JSON message, which has a ``type``, to every page."""
        loop = self._loop
        made = _Message(message)
        if len(self._handed_over) >= HANDED_OVER_LIMIT:
            return
        self._handed_over.append(made)
        if loop is not None and not self._woken:
            self._woken = True
            with suppress(RuntimeError):  # it closed just now
                loop.call_soon_threadsafe(self._take)

    def changed(self, what: Topic) -> None:
        """Announce to every page that ``what`` is out of date."""
        self.send({"type": "changed", "what": what})

    def say(self, level: Level, text: str) -> None:
        """Show a sentence on every page."""
        self.send({"type": "sentence", "level": level, "text": text})

    def _take(self) -> None:
        self._woken = False
        while self._handed_over:
            message = self._handed_over.popleft()
            if message.kind.kept:
                self._kept[message.key] = message
            for page in self._pages:
                page.add(message)

    def join(self, page: PageQueue) -> None:
        """Add a page; it receives the last messages of the kinds that are kept."""
        self._take()
        for message in self._kept.values():
            page.add(message)
        self._pages.add(page)

    def leave(self, page: PageQueue) -> None:
        """Remove a page."""
        self._pages.discard(page)
