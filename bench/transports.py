"""Ways to play one performance at once: each sends numbered events, and counts what comes back.

All but OSC are used in a ``with``, from when there shall be such a device until it is taken away.
"""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from types import TracebackType
from typing import Protocol, Self

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from bench.jack import HEARS, PLAYS, MidiDevice
from bench.numbering import full_vector, step_of
from bench.program import ANSWERS, Performance
from bench.wire import LOCALHOST, address_of

__all__ = ["COLUMNS", "PORTS", "Midi", "Osc", "Serial", "Transport", "WebSocket", "sections"]

_OSC, _MIDI, _WEBSOCKET, _SERIAL = range(4)
COLUMNS = 4
"""Transports, each with a column of its own in the vector, in the order of their columns in the log."""

PORTS = frozenset({"osc", f"midi in {PLAYS}", f"midi out {HEARS}", "websocket", "serial"})
"""What the program calls its ports."""

_BEND = 0xE0
_READ_BYTES = 65_536


def sections(controls: int, websocket: int, serial: str) -> str:
    """What the config says beside OSC: bends in on the columns of MIDI and WebSocket; a note out for each prediction.

    Args:
        controls: values in the vector.
        websocket: the port to listen on.
        serial: the path of the serial port.
    """
    # A controller between two equal ends never moves, so it is sent once. Else whoever counts the messages that come
    # back, eight for each prediction, would need the processor more than the program does.
    out = ['["note_on", 1]', '["note_velocity", 1]']
    out += [f'["control_change", 1, {20 + number}, 64, 64]' for number in range(controls - len(out))]
    output = f"[{', '.join(out)}]"
    return f"""
[midi]
api = "JACK"
in_device = ["{PLAYS}"]
out_device = ["{HEARS}"]
input."{PLAYS}" = {_bend_in(_MIDI, controls)}
output."{HEARS}" = {output}

[websocket]
server_ip = "{LOCALHOST}"
server_port = {websocket}
input = {_bend_in(_WEBSOCKET, controls)}
output = {output}

[serial]
port = "{serial}"
baudrate = 115200
"""


def _bend_in(column: int, controls: int) -> str:
    """A mapping that hears the bend of channel 1 in one column, and in the others controllers that nobody moves."""
    entries = [f'["control_change", 16, {number}]' for number in range(controls)]
    entries[column] = '["pitch_bend", 1]'
    return f"[{', '.join(entries)}]"


class Transport(Protocol):
    """One way to play. ``heard`` counts what came back: packets, messages, frames or lines."""

    name: str
    heard: int

    def send(self, number: int) -> None:
        """Play event ``number``, counted from 0."""
        ...


class Osc:
    """Vectors from and to the ear of a performance."""

    name = "OSC"

    def __init__(self, performance: Performance) -> None:
        self._performance = performance
        self._controls = performance.settings.dimension - 1
        self._address = ""
        self.heard = 0

    def send(self, number: int) -> None:
        """Send a vector, and count the answers that wait."""
        self._performance.play(full_vector(_OSC, number, COLUMNS, self._controls))
        for _, packet in self._performance.ear.waiting():
            # Each prediction may go out on two addresses.
            if (address := address_of(packet)) in ANSWERS:
                self._address = self._address or address
                self.heard += address == self._address

    def mark(self) -> None:
        """Send the vector after which counting begins in the log."""
        self._performance.play(full_vector(None, 0, COLUMNS, self._controls))


class Midi:
    """A device under JACK that sends bends."""

    name = "MIDI"

    def __init__(self) -> None:
        self._device = MidiDevice(self._hear)
        self.heard = 0

    def __enter__(self) -> Self:
        self._device.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._device.__exit__(kind, error, trace)

    def send(self, number: int) -> None:
        """Send one bend."""
        step = step_of(number)
        self._device.play(bytes((_BEND, step & 0x7F, step >> 7)))

    def _hear(self, _message: bytes) -> None:
        self.heard += 1


class WebSocket:
    """A page that sends bends to a local port, and reads what it gets in a thread."""

    name = "WebSocket"

    def __init__(self, port: int) -> None:
        self._port = port
        self.heard = 0

    def __enter__(self) -> Self:
        self._connection = connect(f"ws://{LOCALHOST}:{self._port}", compression=None)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()
        self._reader.join(1.0)

    def send(self, number: int) -> None:
        """Send one bend."""
        self._connection.send(f"/channel/1/pitchbend/{step_of(number)}")

    def _read(self) -> None:
        with suppress(ConnectionClosed):
            for _frame in self._connection:
                self.heard += 1


class Serial:
    """A device on a pseudo-terminal at ``path`` that sends lines, and reads what it gets in a thread."""

    name = "serial"

    def __init__(self, controls: int) -> None:
        self._controls = controls
        self.heard = 0

    def __enter__(self) -> Self:
        import tty  # only POSIX systems have it

        self._main, self._far = os.openpty()
        tty.setraw(self._far)
        self.path = os.ttyname(self._far)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # When the far end is closed by all who have it, the reader's wait ends.
        os.close(self._far)
        self._reader.join(2.0)
        os.close(self._main)

    def send(self, number: int) -> None:
        """Send one line."""
        values = full_vector(_SERIAL, number, COLUMNS, self._controls)
        os.write(self._main, (",".join(f"{value:.6f}" for value in values) + "\n").encode())

    def _read(self) -> None:
        with suppress(OSError):
            while data := os.read(self._main, _READ_BYTES):
                self.heard += data.count(b"\n")
