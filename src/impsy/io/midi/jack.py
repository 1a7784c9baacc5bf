"""JACK: ports are connected by name, and the server may end and start again at any time.

The port library carries the messages, in a real-time thread of JACK that must not wait for Python. Everything else is
done by JACK's own library. The port library holds the interpreter's lock for 15 ms to open a port, and for up to a
second to close one after the server has ended; it does not detect that the server has ended; and it waits forever to
send while the server is stopped. So each port is made once, and from then on connected and disconnected.
"""

from __future__ import annotations

import ctypes
import logging
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from impsy.errors import DeviceError
from impsy.io.midi.jackclient import NO_SERVER, JackServer
from impsy.io.midi.library import JACK, Handle, Library, close_handles, library_call
from impsy.io.midi.portnames import Direction
from impsy.io.midi.ports import MidiInPort, MidiOutPort, Receive
from impsy.io.worker import Worker

__all__ = ["JackMidi"]

T = TypeVar("T")

logger = logging.getLogger(__name__)

CALL_SECONDS = 3.0
CLOSE_SECONDS = 0.3

RING_BYTES = 6000
"""What may be sent within one cycle of the server. The library's buffer holds 16 KiB, and the library waits forever
for room in it; it may hold twice this, as a cycle may be counted just before it empties the buffer."""

OVERHEAD_BYTES = 4
"""The buffer's own bytes for each message."""

LABEL_BYTES = 40
"""A client's name has 63 bytes at most in JACK, which may append three to make it unique."""


class JackMidi:
    """JACK's MIDI. Raises ``DeviceError`` if there is no server (now).

    Args:
        library: the port library.
    """

    name = "JACK"

    def __init__(self, library: Library) -> None:
        self._library = library
        self._worker = Worker(self.name)
        self._parked: dict[tuple[Direction, str], _JackPort] = {}
        self._ends: list[_JackPort] = []
        self._server: JackServer | None = None
        self._worker.call(self._connected, CALL_SECONDS)

    def ports(self, direction: Direction) -> tuple[str, ...]:
        """The names of the devices' ports: ``client:port``."""
        return self.ask(lambda: self._list(direction))

    def open_input(self, port: str, receive: Receive, label: str) -> MidiInPort:
        """Open a connection from a device."""
        return self.ask(lambda: self._open("in", label, receive).connect(port))

    def open_output(self, port: str, label: str) -> MidiOutPort:
        """Open a connection to a device."""
        return self.ask(lambda: self._open("out", label).connect(port))

    def open_virtual_input(self, label: str, receive: Receive) -> MidiInPort:
        """Make a port that other programs can play to: ``IMPSY label in:label``."""
        return self.ask(lambda: self._open("in", label, receive))

    def open_virtual_output(self, label: str) -> MidiOutPort:
        """Make a port that other programs can listen to: ``IMPSY label out:label``."""
        return self.ask(lambda: self._open("out", label))

    def close(self) -> None:
        """Destroy all ports, unless the server does not respond."""
        try:
            self._worker.call(self._close, CLOSE_SECONDS)
        except DeviceError as error:
            logger.warning("JACK's ports did not close: %s", error)
        self._worker.end()

    # --- in the worker's thread --------------------------------------------------------------------

    def ask(self, function: Callable[[], T]) -> T:
        """Run it in the worker's thread."""
        return self._worker.call(partial(library_call, function), CALL_SECONDS)

    def _connected(self) -> JackServer:
        """The connection to the server; a new one if the server has ended."""
        server = self._server
        if server is not None and not server.gone:
            return server
        self._abandon()
        self._server = JackServer("IMPSY")
        return self._server

    def _abandon(self) -> None:
        """Give up everything that belonged to a server that has ended.

        On the next connection JACK's library frees the clients of the last one, the port library's among them; to
        free one again crashes the process. So their handles are kept until the process ends.
        """
        for end in self._ends:
            end.lost = True
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(end.handle))
        self._ends.clear()
        self._parked.clear()
        if self._server is not None:
            self._server.forget()
            self._server = None

    def _list(self, direction: Direction) -> tuple[str, ...]:
        server = self._connected()
        own = {end.port for end in self._ends}
        return tuple(name for name in server.ports(hears=direction == "out") if name not in own)

    def _open(self, direction: Direction, label: str, receive: Receive | None = None) -> _JackPort:
        server = self._connected()
        label = label.replace(":", " ").encode()[:LABEL_BYTES].decode(errors="ignore").strip()
        end = self._parked.pop((direction, label), None)
        if end is None:
            client = f"IMPSY {label} {direction}"
            before = set(server.ports(hears=direction == "in"))
            end = _JackPort(self, direction, label, server)
            library = self._library
            if direction == "in":
                end.handle = library.make_input(JACK, client, end.heard)
            else:
                end.handle = library.make_output(JACK, client)
            self._ends.append(end)
            end.handle.open_virtual_port(label)
            made = [name for name in server.ports(hears=direction == "in") if name not in before]
            end.port = next((name for name in made if name.startswith(client)), "")
            if not end.port:
                raise DeviceError("JACK did not make a port")
        end.open(receive)
        return end

    def park(self, end: _JackPort) -> None:
        """Keep a device's port for the device's return; destroy a virtual one."""
        self._worker.call(lambda: self._park(end), CLOSE_SECONDS)

    def _park(self, end: _JackPort) -> None:
        if end.lost or end not in self._ends:
            return
        if end.device is None:
            self._ends.remove(end)
            self._destroy([end])
            return
        # None if its device was unplugged: then there is nothing to disconnect.
        for device in end.server.connections(end.port):
            end.server.disconnect(*end.pair(device))
        self._parked[end.direction, end.label] = end

    def _close(self) -> None:
        server = self._server
        if server is None:
            return
        if server.gone or not server.answers():
            self._abandon()
            return
        self._destroy(self._ends)
        self._ends.clear()
        self._parked.clear()
        server.close()
        self._server = None

    @staticmethod
    def _destroy(ends: Sequence[_JackPort]) -> None:
        for end in ends:
            for device in end.server.connections(end.port):  # so that no message arrives while it closes
                end.server.disconnect(*end.pair(device))
        library_call(lambda: close_handles([end.handle for end in ends]))


class _JackPort:
    """One of our ports, and the device's port that it is connected with (None: a virtual port)."""

    handle: Handle

    def __init__(self, system: JackMidi, direction: Direction, label: str, server: JackServer) -> None:
        self._system = system
        self.direction = direction
        self.label = label
        self.server = server
        self.port = ""
        self.device: str | None = None
        self.lost = False
        self._receive: Receive | None = None
        self._is_open = False
        self._cycle = 0
        self._bytes = 0
        self._flow = threading.Lock()

    def pair(self, device: str) -> tuple[str, str]:
        """The source and the destination of the connection."""
        return (device, self.port) if self.direction == "in" else (self.port, device)

    def open(self, receive: Receive | None) -> None:
        self.device = None
        self._receive = receive
        self._is_open = True

    def connect(self, device: str) -> _JackPort:
        self.device = device
        try:
            self.server.connect(*self.pair(device))
        except DeviceError:
            self.close_parked()
            raise
        return self

    def close_parked(self) -> None:
        self._is_open = False
        self._system._park(self)

    def heard(self, message: bytes) -> None:
        receive = self._receive
        if receive is not None and self._is_open:
            receive(message)

    def check(self) -> None:
        self._system.ask(self._check)

    def _check(self) -> None:
        if self.lost or self.server.gone:
            raise DeviceError(NO_SERVER)
        # Any connection counts: a user may have connected the port to something else in a patch bay.
        if self.device is not None and not self.server.connections(self.port):
            raise DeviceError(f"{self.device} is gone")

    def send(self, messages: Sequence[bytes]) -> None:
        if not self._is_open or self.lost or self.server.gone:
            raise DeviceError(NO_SERVER if self._is_open else "the port is closed")
        with self._flow:
            cycle = self.server.cycle()
            if cycle != self._cycle:
                self._cycle, self._bytes = cycle, 0
            for message in messages:
                self._bytes += len(message) + OVERHEAD_BYTES
                if self._bytes > RING_BYTES and self.server.seen_alive:
                    raise DeviceError("the JACK server takes no messages; has it stopped?")
                library_call(partial(self.handle.send_message, message))

    def close(self) -> None:
        if not self._is_open:
            return
        # Two cycles send what was written last. A stopped server would block the calls in ``park``.
        answers = not self.lost and self.server.answers(2)
        self._is_open = False
        try:
            if answers:
                self._system.park(self)
        except DeviceError as error:
            logger.warning("a JACK port did not close: %s", error)
