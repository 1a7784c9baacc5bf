"""The web process's end of the local ports: receives the session's messages, and sends it commands."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from math import isfinite
from typing import Any, Literal, Self, TypedDict, cast

from impsy.codecs.osc import encode_message
from impsy.codecs.oscwire import Value, read_packet
from impsy.config.localports import USUAL
from impsy.errors import DeviceError, PeerError
from impsy.events import Report
from impsy.io.network import Outlet
from impsy.io.udp import UdpListener
from impsy.protocol import monitor, traffic
from impsy.protocol.pages import NextMessage, ServerMessage
from impsy.threads import lasting

__all__ = ["GONE_SECONDS", "LinkMessage", "SessionLink", "decode_monitor"]

logger = logging.getLogger(__name__)

GONE_SECONDS = 2.5
"""A session sends its state every second; after so long without one it is taken as ended."""

LOOK_SECONDS = 0.25
_OTHERS = 64
"""Senders that are kept in mind as sessions of other workspaces."""
VALUES_LIMIT = 16_000
"""A datagram holds no more."""

_VECTORS: dict[str, Literal["in", "start", "out"]] = {
    monitor.INPUT: "in",
    monitor.START: "start",
    monitor.OUTPUT: "out",
}
_OBJECTS: dict[str, Literal["next", "state", "traffic"]] = {
    monitor.NEXT: "next",
    monitor.STATE: "state",
    traffic.TRAFFIC: "traffic",
}


class StateMessage(TypedDict):
    """The session has sent its state, or is gone (None). Its content is not checked."""

    type: Literal["state"]
    state: dict[str, Any] | None


class RawTrafficMessage(TypedDict):
    """What passed the session's ports. Its content is not checked."""

    type: Literal["raw_traffic"]
    content: dict[str, Any]


LinkMessage = ServerMessage | StateMessage | RawTrafficMessage


def decode_monitor(packet: bytes) -> tuple[Literal["in", "start", "out", "next", "state", "traffic"], Any] | None:
    """The content of one packet: ``("in" | "start" | "out", values)`` or ``("next" | "state" | "traffic", object)``.

    None: its address is another.

    Raises:
        PeerError: it is malformed.
    """
    found = read_packet(packet)
    message = found[0] if found else None
    if isinstance(message, PeerError):
        raise message
    if message is None or (message.address not in _VECTORS and message.address not in _OBJECTS):
        return None
    address, values = message.address, message.values
    if len(found) > 1 or message.untagged is not None:
        raise PeerError("tags", f"{address} has no type tags, or something follows it")
    if address in _VECTORS:
        return _VECTORS[address], _floats(values)
    if len(values) != 1 or type(values[0]) is not str:
        raise PeerError("tags", f"{address} wants one text")
    return _OBJECTS[address], _object(address, values[0])


def _floats(values: Sequence[Value]) -> list[float]:
    numbers = [value for value in values if type(value) is float]
    if len(numbers) != len(values) or len(numbers) > VALUES_LIMIT:
        raise PeerError("tags", "a vector's packet holds something else than its floats")
    if not all(map(isfinite, numbers)):
        raise PeerError("range", "a vector's packet holds numbers that are not finite")
    # A float32 has 7 digits.
    return [round(value, 7) for value in numbers]


def _object(address: str, text: str) -> dict[str, Any]:
    try:
        value = json.loads(text, parse_constant=_finite, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise PeerError("json", f"{address} is not JSON ({error})") from error
    if not isinstance(value, dict):
        raise PeerError("json", f"{address} is not a JSON object")
    return value


def _finite(text: str) -> float:
    value = float(text)
    if not isfinite(value):
        raise ValueError(f"{text[:20]} is not a finite number")
    return value


class SessionLink:
    """Listens on UDP ``localhost:monitor_port`` and sends to ``localhost:command_port``.

    Args:
        monitor_port, command_port: as the configuration's ``[webui]`` says; None: the usual one, or where that is
            taken another; the state of the session says where that listens.
        on_message: called with each message, in a thread of the link.
        ours: whether a session with this state is of this workspace; others are not heard.
        alone: whether no other page of this workspace listens; else this one waits for its port.
        on_listening: called with the port at which sessions are heard.
    """

    def __init__(
        self,
        monitor_port: int | None,
        command_port: int | None,
        on_message: Callable[[LinkMessage], None],
        *,
        ours: Callable[[dict[str, Any]], bool] = lambda _state: True,
        alone: Callable[[], bool] = lambda: True,
        on_listening: Callable[[int], None] = lambda _port: None,
    ) -> None:
        self._monitor_port = monitor_port
        self._command_port = command_port
        self._ours = ours
        self._alone = alone
        self._on_listening = on_listening
        self._followed, self._followed_at = "", float("-inf")
        self._others: deque[str] = deque(maxlen=_OTHERS)
        self._on_message = on_message
        self._changing = threading.Lock()
        self._sending = threading.Lock()
        self._listener: UdpListener | None = None
        self._commands = Outlet("localhost", command_port or USUAL.command_port)
        self._stop = threading.Event()
        self._watch: threading.Thread | None = None
        self._received_at = float("-inf")
        self._present = False
        self._ended: int | None = None
        self.last_state: dict[str, Any] | None = None
        """The last state received, even if that session has ended."""
        self.trouble = ""
        """Why nothing can be received, as a sentence, or empty."""
        self.bad = 0
        """How many packets were malformed."""

    def __enter__(self) -> Self:
        """Start to listen. A port in use is reported and tried again."""
        self._stop.clear()
        self._open_commands()
        self._listen()
        self._watch = lasting("impsy link watch", self._look, self._stop.is_set)
        self._watch.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        """Stop. Calling it twice is fine."""
        self._stop.set()
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.join(1.0)
        with self._changing:
            listener, self._listener = self._listener, None
            if listener is not None:
                listener.close()
            self._commands.close()

    @property
    def ports(self) -> tuple[int, int]:
        """Monitor port and command port, as they are now."""
        address = None if self._listener is None else self._listener.address
        monitor = self._monitor_port or (USUAL.monitor_port if address is None else address[1])
        return monitor, self._commands.port

    @property
    def listening(self) -> tuple[int, ...]:
        """The port at which sessions are received; empty while another program has it."""
        heard = self._listener is not None and self._listener.address is not None and not self.trouble
        return self.ports[:1] if heard else ()

    @property
    def state(self) -> dict[str, Any] | None:
        """The session's last state; None: none has been received for ``GONE_SECONDS``."""
        return self.last_state if time.monotonic() - self._received_at <= GONE_SECONDS else None

    def forget(self, pid: int | None = None) -> None:
        """The session has ended: do not wait ``GONE_SECONDS``.

        ``pid``: its process; its packets that arrive later are ignored.
        """
        self._ended = pid
        self._received_at = self._followed_at = float("-inf")

    def send(self, address: str, types: str, values: Sequence[float | str]) -> None:
        """Send a command; ``types`` holds an OSC type tag (``f``, ``i``, ``s``) for each. No session need listen."""
        packet = encode_message(address, types, values)
        try:
            self._commands.send(packet)
        except OSError as error:  # no listener, or a full buffer: the next one may be sent
            logger.debug("a command could not be sent: %s", error)

    def configure(self, monitor_port: int | None, command_port: int | None) -> None:
        """Talk over these ports from now on; None as in the constructor."""
        with self._changing:
            self._command_port = command_port
            self._send_to(command_port or USUAL.command_port)
            if monitor_port == self._monitor_port:
                return
            self._monitor_port = monitor_port
            listener, self._listener = self._listener, None
            if listener is None:
                return
            listener.close()
            self.forget()
            self.trouble = ""
            self._listen()

    def _send_to(self, command_port: int) -> None:
        with self._sending:
            if command_port == self._commands.port:
                return
            former, self._commands = self._commands, Outlet("localhost", command_port)
            former.close()
            if self._watch is not None:
                self._open_commands()

    def _open_commands(self) -> None:
        try:
            self._commands.open()
        except DeviceError as error:  # there is no such port
            logger.debug("commands cannot be sent: %s", error)

    def _listen(self) -> None:
        port, or_any = self._monitor_port or USUAL.monitor_port, self._monitor_port is None and self._alone()
        self._listener = UdpListener("monitor", "localhost", port, self._receive, or_any=or_any)
        self._listener.open(self._report)

    # --- in the threads ----------------------------------------------------------------------------

    def _report(self, report: Report) -> None:
        had = self.trouble
        if report.kind == "monitor:open":
            self.trouble = ""
            self._on_listening(self.ports[0])
            if had:
                text = f"Port {self.ports[0]} is free now: the session can be received."
                self._on_message({"type": "sentence", "level": "info", "text": text})
            return
        other = "End it" if self._monitor_port is None else "End it, or leave monitor_port out of [webui]"
        self.trouble = (
            "Nothing can be received from a session: another program, perhaps a second web interface of this "
            f"workspace or the page of another one, has the UDP port {self.ports[0]} (webui.monitor_port). {other}; "
            "this page tries again every second."
        )
        self._on_message({"type": "sentence", "level": "error", "text": self.trouble})

    def _receive(self, packet: bytes, sender: str) -> None:
        try:
            content = decode_monitor(packet)
        except PeerError as error:
            self.bad += 1
            if self.bad == 1:
                logger.warning(
                    "the monitor port got a malformed packet from %s (%s); more are counted", sender, error
                )
            return
        if content is None:
            return
        kind, value = content
        if kind == "state" and not self._ours(value):
            if sender not in self._others:
                self._others.append(sender)
            return
        if kind != "state" and sender in self._others:
            return
        if kind == "state":
            self.last_state = value
            self._follow(sender, value.get("command_port"))
            if self._ended is not None and value.get("pid") == self._ended:
                return
            self._received_at = time.monotonic()
            self._present = True
            self._on_message({"type": "state", "state": value})
        elif kind == "next":
            self._on_message(cast("NextMessage", {**value, "type": "next"}))
        elif kind == "traffic":
            self._on_message({"type": "raw_traffic", "content": value})
        else:
            self._on_message({"type": kind, "values": value})

    def _follow(self, sender: str, command_port: object) -> None:
        """Send commands to where the session listens, unless the configuration names another port.

        Of two sessions the first is followed, until it has gone.
        """
        now = time.monotonic()
        if sender != self._followed and now - self._followed_at < GONE_SECONDS:
            return
        self._followed, self._followed_at = sender, now
        if not self._command_port and type(command_port) is int and 1024 <= command_port <= 65_535:
            self._send_to(command_port)

    def _look(self) -> None:
        while not self._stop.wait(LOOK_SECONDS):
            if self._present and self.state is None:
                self._present = False
                self._on_message({"type": "state", "state": None})
