"""Tells the web interface, or whoever listens on this machine, what goes on."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import Any

from impsy.codecs.osc import encode_message, encode_vector

__all__ = ["STATE_SECONDS", "Monitor"]

STATE_SECONDS = 1.0
"""The state is sent at least this often."""

SETTLE_SECONDS = 0.03
"""Changes that come together make one message."""

WAITING_LIMIT = 2000
"""Vectors that may wait to be mirrored; more are left out, as whoever watches could not see them anyway."""


class Monitor:
    """Sends every input and output vector, and the state, to UDP ``127.0.0.1:port`` by OSC.

    ``/monitor/in f…``, ``/monitor/out f…``, ``/monitor/state s`` (JSON), the last at least once a second and whenever
    ``changed`` is called.
    """

    def __init__(self, port: int, state: Callable[[], dict[str, Any]]) -> None:
        self._address = ("127.0.0.1", port)
        self._socket: socket.socket | None = None
        self._state = state
        self._queue: SimpleQueue[tuple[str, Sequence[float]] | None] = SimpleQueue()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.left_out = 0

    def open(self) -> None:
        """Start the thread."""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._stop.clear()
        self._thread = threading.Thread(target=self._run, name="impsy monitor", daemon=True)
        self._thread.start()

    def mirror(self, address: str, values: Sequence[float]) -> None:
        """Send this vector soon. Returns at once."""
        if self._queue.qsize() < WAITING_LIMIT:
            self._queue.put((address, values))
        else:
            self.left_out += 1

    def changed(self) -> None:
        """Send the state soon."""
        self._queue.put(None)

    def close(self) -> None:
        """Send the state for the last time, and stop."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._stop.set()
        self._queue.put(None)
        thread.join(0.2)
        if self._socket is not None:
            self._socket.close()

    def _run(self) -> None:
        due = time.monotonic()
        while not self._stop.is_set():
            try:
                item = self._queue.get(timeout=max(0.0, due - time.monotonic()))
            except Empty:
                self._send_state()
                due = time.monotonic() + STATE_SECONDS
                continue
            if item is None:
                due = min(due, time.monotonic() + SETTLE_SECONDS)
            else:
                self._send(encode_vector(*item))
        self._send_state()

    def _send_state(self) -> None:
        self._send(encode_message("/monitor/state", "s", [json.dumps(self._state())]))

    def _send(self, packet: bytes) -> None:
        try:
            if self._socket is not None:
                self._socket.sendto(packet, self._address)
        except OSError:  # nobody need be listening, and a full buffer is no loss worth a word
            self.left_out += 1
