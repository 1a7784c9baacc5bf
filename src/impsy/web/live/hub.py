"""Sends to every page what happens, each as fast as it reads: nobody waits for a slow one.

A page's waiting messages are kept by what they are about, so a newer one takes the place of an older: what waits for
a page that does not read is bounded, and when it reads again it gets how things stand, not how they came about.
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

from impsy.protocol.pages import OutputMessage, ServerMessage

__all__ = ["PageHub", "PageQueue"]

logger = logging.getLogger(__name__)

WAITING_LIMIT = 400
"""Messages that may wait for one page; of those that take nobody's place, the oldest are left out then."""

LINES_LIMIT = 1000
"""Lines of output that may wait for one page."""

HANDED_OVER_LIMIT = 20_000
"""Messages that may wait for the loop; it is far behind then, and newer ones are left out."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """How messages of one type are treated.

    ``every``: seconds between two to one page. ``about``: the key whose value a newer message must share to take an
    older one's place; "": any does; None: none does. Lines of output are added up. ``kept``: a page that comes later
    gets the last one.
    """

    every: float = 0.0
    about: str | None = ""
    kept: bool = False


_KINDS: dict[str, _Kind] = {
    "in": _Kind(0.008, kept=True),
    "out": _Kind(0.008, kept=True),
    "next": _Kind(0.03),
    "session": _Kind(0.1),
    "output": _Kind(0.1),
    "changed": _Kind(about="what"),
    "performer": _Kind(kept=True),
    "playback": _Kind(kept=True),
    "learning": _Kind(kept=True),
    "training": _Kind(0.5, about="run"),
}
_OTHER = _Kind(about=None)
"""Each counts by itself: sentences, pongs, what was touched while learning."""


class _Message:
    """A message on its way to all pages: made into text once."""

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
    """What waits for one page. Only the loop's thread touches it."""

    def __init__(self) -> None:
        self._waiting: dict[Hashable, _Message] = {}
        self._sent: dict[Hashable, float] = {}
        self._wake = asyncio.Event()

    def put(self, content: ServerMessage) -> None:
        """Send this message to this page only."""
        self.add(_Message(content))

    def add(self, message: _Message) -> None:
        """Send this message soon, in the place of an older one about the same."""
        before = self._waiting.get(message.key)
        if before is not None and message.type == "output":
            lines = [line for each in (before, message) for line in cast("OutputMessage", each.content)["lines"]]
            message = _Message({"type": "output", "lines": lines[-LINES_LIMIT:]})
        elif before is None and len(self._waiting) >= WAITING_LIMIT:
            oldest = next((key for key, each in self._waiting.items() if each.kind.about is None), None)
            if oldest is None:
                return
            del self._waiting[oldest]
        self._waiting[message.key] = message
        self._wake.set()

    async def deliver(self, send: Callable[[str], Awaitable[None]]) -> None:
        """Send what waits, each kind no more often than it should be, until cancelled or ``send`` raises."""
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
        """How many pages look."""
        return len(self._pages)

    def attach(self, loop: asyncio.AbstractEventLoop | None) -> None:
        """From now on this loop sends; None: nobody does any more."""
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

    def changed(self, what: str) -> None:
        """Tell every page that it should ask again for ``what``."""
        self.send({"type": "changed", "what": what})

    def _take(self) -> None:
        self._woken = False
        while self._handed_over:
            message = self._handed_over.popleft()
            if message.kind.kept:
                self._kept[message.key] = message
            for page in self._pages:
                page.add(message)

    def join(self, page: PageQueue) -> None:
        """A page that was opened just now; it gets how things stand."""
        self._take()
        for message in self._kept.values():
            page.add(message)
        self._pages.add(page)

    def leave(self, page: PageQueue) -> None:
        """A page that was closed."""
        self._pages.discard(page)
