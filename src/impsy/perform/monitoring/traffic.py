"""Sends the messages that pass the ports, as they are, for as long as somebody asks for them."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from impsy.codecs.osc import encode_text
from impsy.io.adapter import Overhear, Overhearable, Overheard
from impsy.protocol.traffic import TRAFFIC, LeftOut, RawMessage, Way
from impsy.text import one_line
from impsy.threads import Failures, once

__all__ = ["ASKED_SECONDS", "MESSAGES_LIMIT", "Traffic", "fair_shares", "raw_message"]

ASKED_SECONDS = 2.5
"""For so long one request holds."""

BATCH_SECONDS = 1 / 15
"""Between two messages to the page."""

MESSAGES_LIMIT = 48
"""Messages at ports in one to the page; of more, the newest of each port are sent."""

WAITING_LIMIT = 48
"""Messages of one port that are kept for the next one."""

BYTES_LIMIT = 512
"""Of one message at a port."""

CHANGES_LIMIT = 16
TEXT_LIMIT = 160
"""Characters of a port's name, a peer and a remark."""

LONGEST_TEXT = 48_000
LONGEST_COUNTS = 12_000
"""Characters of the messages and of the counts in one to the page, which is one datagram."""

_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


class _Lane:
    """What passes one port one way."""

    def __init__(self) -> None:
        self.waiting: deque[tuple[float, Overheard]] = deque(maxlen=WAITING_LIMIT)
        self.passed = self.taken = 0

    def take(self) -> tuple[list[tuple[float, Overheard]], int]:
        """What waits, oldest first, and how many have passed since this was called last."""
        found = [self.waiting.popleft() for _ in range(len(self.waiting))]
        passed = self.passed
        before, self.taken = self.taken, passed
        return found, max(len(found), passed - before)


class Traffic:
    """Overhears ports while it is asked to: it sends their messages fifteen times a second at most.

    While nobody asks there is no thread, and the ports do not know of this.

    Args:
        ports: returns those that there are; of them, what is an ``Overhearable`` is overheard.
        send: sends a packet to the page, soon.
        now: seconds, monotonic. Any thread may call it.
        date: local date and time of such a moment.
    """

    def __init__(
        self,
        ports: Callable[[], Iterable[object]],
        send: Callable[[bytes], object],
        now: Callable[[], float],
        date: Callable[[float], datetime],
    ) -> None:
        self._ports = ports
        self._send = send
        self._now = now
        self._date = date
        self._lanes: dict[tuple[str, Way], _Lane] = {}
        self._until = float("-inf")
        self._changing = threading.Lock()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._failures = Failures("what shows the messages at the ports")

    def ask(self) -> None:
        """Somebody looks at the ports. Any thread may call it, and it returns at once."""
        self._until = self._now() + ASKED_SECONDS
        with self._changing:
            if self._thread is None and not self._closing.is_set():
                self._lanes = {}
                self._thread = once("impsy traffic", self._run)
                self._thread.start()

    def close(self) -> None:
        """Overhear nothing any more. Twice is fine."""
        self._closing.set()
        thread = self._thread
        if thread is not None:
            thread.join(0.2)

    # --- in the threads of the ports ---------------------------------------------------------------

    def _hear(self, heard: Overheard) -> None:
        key = (heard.port, heard.way)
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes.setdefault(key, _Lane())
        lane.waiting.append((self._now(), heard))
        lane.passed += 1

    # --- in the thread -----------------------------------------------------------------------------

    def _run(self) -> None:
        hear = self._hear
        try:
            while self._now() < self._until and not self._closing.is_set():
                with self._failures:
                    self._overhear(hear)
                    self._send_all()
                self._closing.wait(BATCH_SECONDS)
        finally:
            with self._changing:
                self._overhear(None)
                self._thread = None

    def _overhear(self, hear: Overhear | None) -> None:
        for port in self._ports():
            if isinstance(port, Overhearable) and port.overhear is not hear:
                port.overhear = hear

    def _send_all(self) -> None:
        lanes = [(port, way, *lane.take()) for (port, way), lane in tuple(self._lanes.items())]
        shares = fair_shares([len(found) for _, _, found, _ in lanes], MESSAGES_LIMIT)
        newest = [
            each
            for (_, _, found, _), share in zip(lanes, shares, strict=True)
            for each in found[len(found) - share :]
        ]
        if not newest:
            return
        newest.sort(key=lambda each: each[0])
        raw = [raw_message(heard, self._date(at).timestamp()) for at, heard in reversed(newest)]
        texts = _fitting(raw, LONGEST_TEXT)[::-1]
        sent = newest[len(newest) - len(texts) :]
        counts: list[LeftOut] = []
        for port, way, _, passed in lanes:
            count = passed - sum(heard.port == port and heard.way == way for _, heard in sent)
            if count > 0:
                counts.append({"port": one_line(port, TEXT_LIMIT), "way": way, "count": count})
        left_out = _fitting(counts, LONGEST_COUNTS)
        text = f'{{"messages":[{",".join(texts)}],"left_out":[{",".join(left_out)}]}}'
        self._send(encode_text(TRAFFIC, text))


def _fitting(objects: Iterable[object], most: int) -> list[str]:
    """The JSON of as many of the first of these as ``most`` characters hold."""
    texts: list[str] = []
    for each in objects:
        text = _encode(each)
        most -= len(text) + 1
        if most < 0:
            break
        texts.append(text)
    return texts


def fair_shares(waiting: Sequence[int], most: int) -> list[int]:
    """How many of each may go, of ``most`` in all: where there are too many, those with few keep all of theirs."""
    shares = [0] * len(waiting)
    left = most
    by_size = sorted(range(len(waiting)), key=waiting.__getitem__)
    for place, index in enumerate(by_size):
        shares[index] = min(waiting[index], left // (len(waiting) - place))
        left -= shares[index]
    return shares


def raw_message(heard: Overheard, at: float) -> RawMessage:
    """A message as it is sent, its texts and bytes clipped; ``at``: Unix time."""
    changes = heard.changes
    first = None if changes is None else [(index, round(value, 4)) for index, value in changes[:CHANGES_LIMIT]]
    return {
        "port": one_line(heard.port, TEXT_LIMIT),
        "way": heard.way,
        "at": round(at, 3),
        "data": heard.data[:BYTES_LIMIT].hex(),
        "size": len(heard.data),
        "changes": first,
        "command": changes == (),
        "peer": one_line(heard.peer, TEXT_LIMIT),
        "remark": one_line(heard.remark, TEXT_LIMIT),
    }
