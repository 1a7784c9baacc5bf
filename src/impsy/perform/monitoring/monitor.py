"""Sends the state of a session to a port of this machine, for the web interface and other programs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any

from numpy.typing import NDArray

from impsy.codecs.osc import encode_text, encode_vector
from impsy.engine import Forecast
from impsy.engine.plan import Planned
from impsy.errors import DeviceError
from impsy.io.network import Outlet
from impsy.perform.monitoring.fitting import encode_state
from impsy.perform.monitoring.forecast import PlanText, encode_forecast
from impsy.protocol.monitor import NEXT, STATE
from impsy.threads import Failures, lasting

__all__ = ["STATE_SECONDS", "Monitor"]

STATE_SECONDS = 1.0
"""The state is sent at least this often."""

SETTLE_SECONDS = 0.03
"""Changes that come together make one message."""

NEXT_SECONDS = 1 / 30
"""Between two ``/monitor/next`` at least; of what changes meanwhile, the newest is sent."""

SLACK_SECONDS = 0.015
"""How much later it may be sent when no vector is: each waking takes time from the engine's thread."""

WAITING_LIMIT = 2000
"""Vectors that may wait to be sent; more are left out."""

_STATE, _NEXT, _STOP = object(), object(), object()
"""In the queue, beside vectors: the state changed, the forecast did, the end."""


class Monitor:
    """Sends the messages of ``impsy.protocol.monitor`` to UDP ``localhost:port``.

    The forecast at most 30 times a second; forecast and state at least once a second, and when they change.

    Args:
        port: where to send to; a function is asked again before each state.
        state: returns the state.
        now: the clock that the forecast's times refer to.
    """

    def __init__(
        self, port: int | Callable[[], int], state: Callable[[], dict[str, Any]], now: Callable[[], float]
    ) -> None:
        self._port = port if callable(port) else lambda: port
        self._outlet = Outlet("localhost", self._port())
        self._state = state
        self._now = now
        self._queue: SimpleQueue[tuple[str, Sequence[float]] | bytes | object] = SimpleQueue()
        self._forecast: tuple[Forecast, NDArray[Any] | None] | None = None
        self._forecast_waits = False
        self._plan = PlanText()
        self._thread: threading.Thread | None = None
        self._failures = Failures("what is sent to the page")
        self.left_out = 0

    def open(self) -> None:
        """Start the thread."""
        with suppress(DeviceError):  # messages that are not sent are counted, and playing goes on
            self._outlet.open()
        self._thread = lasting("impsy monitor", self._run)
        self._thread.start()

    def mirror(self, address: str, values: Sequence[float]) -> None:
        """Send this vector soon. Returns at once."""
        if self._queue.qsize() < WAITING_LIMIT:
            self._queue.put((address, values))
        else:
            self.left_out += 1

    def pass_on(self, packet: bytes) -> None:
        """Send this packet soon, if not too much waits. Any thread may call it, and it returns at once."""
        if self._queue.qsize() < WAITING_LIMIT:
            self._queue.put(packet)

    def show(self, forecast: Forecast, mixture: NDArray[Any] | None, *, more: bool) -> None:
        """Send this forecast soon, unless a newer one comes first. Returns at once; one thread calls it.

        ``more``: a vector to mirror follows, so the thread need not be woken for this.
        """
        self._forecast = (forecast, mixture)
        if not self._forecast_waits:
            self._forecast_waits = True
            if not more:
                self._queue.put(_NEXT)

    @property
    def is_heard(self) -> bool:
        """Whether somebody listens, as far as is known. Any thread may ask."""
        return self._outlet.is_heard

    def plan(self, events: tuple[Planned, ...]) -> None:
        """These are the model's next events: send them soon. Any thread may call it."""
        self._plan.show(events)
        self._forecast_waits = True
        self._queue.put(_NEXT)

    def interrupted(self) -> None:
        """The plan may have changed: unless it has not been sent yet, what is sent next is without one."""
        self._plan.interrupted()

    def changed(self) -> None:
        """Send the state soon."""
        self._queue.put(_STATE)

    def close(self) -> None:
        """Send the state for the last time, and stop."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._queue.put(_STOP)
        thread.join(0.2)
        self._outlet.close()

    def _run(self) -> None:
        state_due, next_earliest, again = time.monotonic(), 0.0, False
        while True:
            now = time.monotonic()
            if now >= state_due:
                self._send_state()
                state_due = now + STATE_SECONDS
                again = True  # for a program that was started in between
            wanted = again or self._forecast_waits
            if wanted and now >= next_earliest:
                self._send_next()
                next_earliest = now + NEXT_SECONDS
                wanted = again = False
            until = min(state_due, next_earliest + SLACK_SECONDS) if wanted else state_due
            try:
                item = self._queue.get(timeout=max(0.0, until - time.monotonic()))
            except Empty:
                continue
            if item is _STOP:
                break
            if item is _STATE:
                state_due = min(state_due, time.monotonic() + SETTLE_SECONDS)
            elif isinstance(item, tuple):
                self._send(encode_vector(*item))
            elif isinstance(item, bytes):
                self._send(item)
        if self._forecast_waits:
            self._send_next()
        self._send_state()

    def _send_state(self) -> None:
        with self._failures:
            if (port := self._port()) != self._outlet.port:
                self._outlet.close()
                self._outlet = Outlet("localhost", port)
                self._outlet.open()
            self._send(encode_text(STATE, encode_state(self._state())))

    def _send_next(self) -> None:
        self._forecast_waits = False  # first: a newer forecast is then sent, too
        if self._forecast is not None:
            with self._failures:
                now = self._now()
                self._send(encode_text(NEXT, self._plan.added_to(encode_forecast(*self._forecast, now), now)))

    def _send(self, packet: bytes) -> None:
        try:
            if not self._outlet.send(packet):
                self.left_out += 1
        except OSError:  # no listener, or a full buffer
            self.left_out += 1
