"""The measuring side of OSC: packets to send, and a socket that knows when each datagram arrived."""

from __future__ import annotations

import json
import socket
import struct
import sys
import time
from collections.abc import Iterator, Sequence

from pythonosc.osc_message import OscMessage
from pythonosc.osc_message import ParseError as OscParseError

__all__ = ["LOCALHOST", "Ear", "address_of", "floats_packet", "free_port", "numbers_of", "state_of"]

LOCALHOST = "127.0.0.1"
_LARGEST_DATAGRAM = 65_536
_BUFFER_BYTES = 4 << 20
# From Linux's asm-generic/socket.h; Python's socket module does not name it.
_SO_TIMESTAMPNS = 35
_TIMESPEC = struct.Struct("qq")


def _padded(text: str) -> bytes:
    """An OSC string: zero-terminated, and zeros up to a multiple of four bytes (OSC 1.0, "OSC-string")."""
    data = text.encode("ascii")
    return data + b"\0" * (4 - len(data) % 4)


def floats_packet(address: str, values: Sequence[float]) -> bytes:
    """One OSC message with ``values`` as float32 arguments."""
    count = len(values)
    return _padded(address) + _padded("," + "f" * count) + struct.pack(f">{count}f", *values)


def address_of(packet: bytes) -> str:
    """The address of an OSC message, without looking at its arguments; ``""`` for anything else."""
    end = packet.find(b"\0")
    return packet[:end].decode("ascii", "replace") if packet.startswith(b"/") and end > 0 else ""


def state_of(packet: bytes) -> dict[str, object]:
    """The JSON object that a ``/monitor/state s`` message carries; empty if it carries none."""
    try:
        arguments = list(OscMessage(packet).params)
        state = json.loads(arguments[0]) if arguments and isinstance(arguments[0], str) else None
    except (OscParseError, ValueError, RecursionError):
        return {}
    return state if isinstance(state, dict) else {}


def numbers_of(state: dict[str, object], key: str) -> dict[str, float]:
    """The numbers in the table under ``key`` of a state report; empty if there is no such table."""
    found = state.get(key)
    table = found if isinstance(found, dict) else {}
    return {str(name): float(value) for name, value in table.items() if isinstance(value, int | float)}


def free_port() -> int:
    """A UDP port of this machine that nobody holds right now."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as trial:
        trial.bind((LOCALHOST, 0))
        return int(trial.getsockname()[1])


class Ear:
    """A UDP socket on a free local port. It blocks while it waits, and sends from the same port.

    Arrival times are on ``time.perf_counter``'s clock. On Linux they are the kernel's own, so that the time
    this process needs to wake up is not charged to the program that is measured (``stamped`` says so).
    """

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
        self.stamped = sys.platform == "linux"
        if self.stamped:
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self._socket.bind((LOCALHOST, 0))
        self.port = int(self._socket.getsockname()[1])

    def send(self, packet: bytes, port: int) -> None:
        """Send one datagram to a local port, where somebody may or may not listen."""
        self._socket.sendto(packet, (LOCALHOST, port))

    def receive(self, timeout: float) -> tuple[float, bytes] | None:
        """Wait up to ``timeout`` seconds (0: do not wait) for a datagram: its arrival in seconds, and itself."""
        self._socket.settimeout(timeout)
        try:
            packet, ancillary, _, _ = self._socket.recvmsg(_LARGEST_DATAGRAM, 128)
        except (TimeoutError, BlockingIOError):
            return None
        now = time.perf_counter()
        for level, kind, data in ancillary:
            if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPNS and len(data) >= _TIMESPEC.size:
                seconds, nanoseconds = _TIMESPEC.unpack_from(data)
                # The kernel stamps wall-clock time; how long ago that was is the same on every clock.
                now -= (time.time_ns() - seconds * 1_000_000_000 - nanoseconds) / 1e9
        return now, packet

    def waiting(self) -> Iterator[tuple[float, bytes]]:
        """Everything that has arrived already."""
        while (heard := self.receive(0)) is not None:
            yield heard

    def close(self) -> None:
        """Give the port back."""
        self._socket.close()
