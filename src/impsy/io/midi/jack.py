"""JACK: its server comes and goes, and its ports are connected by name.

The port library carries the messages (JACK wants that done in a thread of its own, which may not wait for Python).
All else is asked of JACK directly. The library keeps the interpreter to itself for 15 ms to open a port, and for up
to a second to close one when the server is gone; it cannot tell that the server is gone; and it waits forever to send
when the server has stopped. So each port is made once, and from then on connected and disconnected.
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
from impsy.io.midi.portnames import Way
from impsy.io.midi.ports import MidiInPort, MidiOutPort, Receive
from impsy.io.worker import Worker

__all__ = ["JackMidi"]

T = TypeVar("T")

logger = logging.getLogger(__name__)

CALL_SECONDS = 3.0
CLOSE_SECONDS = 0.3

RING_BYTES = 6000
"""What may be sent between two signs of life of the server: the library's buffer holds 16 KiB, and it waits forever
for room in it. Twice as much may lie there, as the sign may come just before the buffer is emptied."""

OVERHEAD_BYTES = 4
"""What the buffer holds beside each message."""

LABEL_BYTES = 40
"""JACK's names of clients may have 63 bytes, of which it needs three to tell them apart."""


class JackMidi:
    """JACK's MIDI. Raises ``DeviceError`` if there is no server (now).

    Args:
        library: the port library.
    """

    name = "JACK"

    def __init__(self, library: Library) -> None:
        self._library = library
        self._worker = Worker(self.name)
        self._parked: dict[tuple[Way, str], _End] = {}
        self._ends: list[_End] = []
        self._server: JackServer | None = None
        self._worker.call(self._connected, CALL_SECONDS)

    def ports(self, way: Way) -> tuple[str, ...]:
        """The names of the devices' ports: ``client:port``."""
        return self.ask(lambda: self._list(way))

    def open_input(self, port: str, receive: Receive, label: str) -> MidiInPort:
        """Hear a device."""
        return self.ask(lambda: self._open("in", label, receive).connect(port))

    def open_output(self, port: str, label: str) -> MidiOutPort:
        """Play to a device."""
        return self.ask(lambda: self._open("out", label).connect(port))

    def open_virtual_input(self, label: str, receive: Receive) -> MidiInPort:
        """Make a port that other programs may play to: ``IMPSY label in:label``."""
        return self.ask(lambda: self._open("in", label, receive))

    def open_virtual_output(self, label: str) -> MidiOutPort:
        """Make a port that other programs may hear: ``IMPSY label out:label``."""
        return self.ask(lambda: self._open("out", label))

    def close(self) -> None:
        """Destroy all ports; where the server does not answer, leave them be."""
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
        """The server, connected to anew where it was gone."""
        server = self._server
        if server is not None and not server.gone:
            return server
        self._abandon()
        self._server = JackServer("IMPSY")
        return self._server

    def _abandon(self) -> None:
        """Forget all that belonged to a server that is gone.

        The next connection makes JACK's library destroy what the last one had, the port library's clients with it; to
        destroy them once more would end the process. They are kept from that for as long as it lives.
        """
        for end in self._ends:
            end.lost = True
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(end.handle))
        self._ends.clear()
        self._parked.clear()
        if self._server is not None:
            self._server.forget()
            self._server = None

    def _list(self, way: Way) -> tuple[str, ...]:
        server = self._connected()
        own = {end.port for end in self._ends}
        return tuple(name for name in server.ports(hears=way == "out") if name not in own)

    def _open(self, way: Way, label: str, receive: Receive | None = None) -> _End:
        server = self._connected()
        label = label.replace(":", " ").encode()[:LABEL_BYTES].decode(errors="ignore").strip()
        end = self._parked.pop((way, label), None)
        if end is None:
            client = f"IMPSY {label} {way}"
            before = set(server.ports(hears=way == "in"))
            end = _End(self, way, label, server)
            make = self._library.make_input
            end.handle = make(JACK, client, end.heard) if way == "in" else self._library.make_output(JACK, client)
            self._ends.append(end)
            end.handle.open_virtual_port(label)
            new = [name for name in server.ports(hears=way == "in") if name not in before and name.startswith(client)]
            if not new:
                raise DeviceError("JACK did not make a port")
            end.port = new[0]
        end.open(receive)
        return end

    def park(self, end: _End) -> None:
        """Keep a port for when its device is back; others cannot use a virtual one any more."""
        self._worker.call(lambda: self._park(end), CLOSE_SECONDS)

    def _park(self, end: _End) -> None:
        if end.lost or end not in self._ends:
            return
        if end.device is None:
            self._ends.remove(end)
            self._destroy([end])
            return
        # If its device has gone, there is nothing to disconnect, and the server may still be busy with that.
        for device in end.server.connections(end.port):
            end.server.disconnect(*end.pair(device))
        self._parked[end.way, end.label] = end

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
    def _destroy(ends: Sequence[_End]) -> None:
        for end in ends:
            for device in end.server.connections(end.port):  # so that nothing more comes
                end.server.disconnect(*end.pair(device))
        library_call(lambda: close_handles([end.handle for end in ends]))


class _End:
    """A port of ours, and the device's port that it is connected with (None: a virtual one)."""

    handle: Handle

    def __init__(self, system: JackMidi, way: Way, label: str, server: JackServer) -> None:
        self._system = system
        self.way = way
        self.label = label
        self.server = server
        self.port = ""
        self.device: str | None = None
        self.lost = False
        self._receive: Receive | None = None
        self._is_open = False
        self._signs = 0
        self._bytes = 0
        self._flow = threading.Lock()

    def pair(self, device: str) -> tuple[str, str]:
        """The port that plays and the port that hears."""
        return (device, self.port) if self.way == "in" else (self.port, device)

    def open(self, receive: Receive | None) -> None:
        self.device = None
        self._receive = receive
        self._is_open = True

    def connect(self, device: str) -> _End:
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
        # Someone may have connected us otherwise in a patch bay, and will not want that undone.
        if self.device is not None and not self.server.connections(self.port):
            raise DeviceError(f"{self.device} is gone")

    def send(self, messages: Sequence[bytes]) -> None:
        if not self._is_open or self.lost or self.server.gone:
            raise DeviceError(NO_SERVER if self._is_open else "the port is closed")
        with self._flow:
            signs = self.server.signs_of_life()
            if signs != self._signs:
                self._signs, self._bytes = signs, 0
            for message in messages:
                self._bytes += len(message) + OVERHEAD_BYTES
                if self._bytes > RING_BYTES and self.server.seen_alive:
                    raise DeviceError("the JACK server takes no messages; has it stopped?")
                library_call(partial(self.handle.send_message, message))

    def close(self) -> None:
        if not self._is_open:
            return
        # What was sent last has to get out. And a server that has stopped would not answer.
        answers = not self.lost and self.server.answers(2)
        self._is_open = False
        try:
            if answers:
                self._system.park(self)
        except DeviceError as error:
            logger.warning("a JACK port did not close: %s", error)
