"""ALSA, CoreMIDI and Windows' MIDI, by the port library: each open port is a client of its own."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from impsy.errors import DeviceError
from impsy.io.midi.library import API_NAMES, WINDOWS_MM, Handle, Library, close_handles, library_call
from impsy.io.midi.portnames import Way
from impsy.io.midi.ports import MidiInPort, MidiOutPort, Receive
from impsy.io.worker import Worker

__all__ = ["RtMidiSystem"]

T = TypeVar("T")

logger = logging.getLogger(__name__)

CLIENT = "IMPSY"

CALL_SECONDS = 5.0
"""How long the system may take to answer."""

CLOSE_SECONDS = 0.3


class RtMidiSystem:
    """A MIDI system behind the port library.

    Args:
        library: the port library.
        api: which system, by RtMidi's number.
    """

    def __init__(self, library: Library, api: int) -> None:
        self.name = API_NAMES[api]
        self._library = library
        self._api = api
        self._worker = Worker(self.name)
        self._lists: dict[Way, Handle] = {}
        self._own: set[str] = set()

    def ports(self, way: Way) -> tuple[str, ...]:
        """The names of the devices' ports."""
        return self._call(partial(self._list, way))

    def open_input(self, port: str, receive: Receive, label: str) -> MidiInPort:
        """Hear a device."""
        return self._call(lambda: self._open("in", port, self._make("in", own_client(), receive), label))

    def open_output(self, port: str, label: str) -> MidiOutPort:
        """Play to a device."""
        return self._call(lambda: self._open("out", port, self._make("out", own_client()), label))

    def open_virtual_input(self, label: str, receive: Receive) -> MidiInPort:
        """Make a port that other programs may play to."""
        return self._call(lambda: self._open_virtual("in", self._make("in", CLIENT, receive), label))

    def open_virtual_output(self, label: str) -> MidiOutPort:
        """Make a port that other programs may hear."""
        return self._call(lambda: self._open_virtual("out", self._make("out", CLIENT), label))

    def close(self) -> None:
        """Let go of the clients that list ports."""
        lists, self._lists = self._lists, {}
        for handle in lists.values():
            self.let_go(handle)
        self._worker.end()

    def let_go(self, handle: Handle) -> None:
        """Close a handle; a driver that hangs is left to hang by itself."""
        try:
            self._worker.call(partial(close_handles, [handle]), CLOSE_SECONDS)
        except DeviceError as error:
            logger.warning("a MIDI port did not close: %s", error)

    # --- in the worker's thread --------------------------------------------------------------------

    def _call(self, function: Callable[[], T]) -> T:
        return self._worker.call(partial(library_call, function), CALL_SECONDS)

    def _make(self, way: Way, client: str, receive: Receive | None = None) -> Handle:
        if way == "in":
            return self._library.make_input(self._api, client, receive)
        return self._library.make_output(self._api, client)

    def _list(self, way: Way) -> tuple[str, ...]:
        if way not in self._lists:
            self._lists[way] = self._make(way, own_client())
        return tuple(name for name in self._lists[way].get_ports() if not self._ours(name))

    def _ours(self, name: str) -> bool:
        return name.startswith(f"{own_client()}:") or any(own in name for own in self._own)

    def _open(self, way: Way, port: str, handle: Handle, label: str) -> _Port:
        names = handle.get_ports()
        if port not in names:
            handle.delete()
            raise DeviceError(f"{port} has just gone")
        handle.open_port(names.index(port), label)
        return _Port(self, handle, way, port)

    def _open_virtual(self, way: Way, handle: Handle, label: str) -> _Port:
        if self._api == WINDOWS_MM:
            handle.delete()
            raise DeviceError("Windows has no virtual MIDI ports; a driver such as loopMIDI makes some")
        handle.open_virtual_port(label)
        self._own.add(f"{CLIENT}:{label} ")
        return _Port(self, handle, way, None)


class _Port:
    """An open port. ``port``: the device's name; None: a virtual one, whose far end may come and go."""

    def __init__(self, system: RtMidiSystem, handle: Handle, way: Way, port: str | None) -> None:
        self._system = system
        self._handle: Handle | None = handle
        self._way = way
        self._port = port

    def check(self) -> None:
        if self._port is not None and self._port not in self._system.ports(self._way):
            raise DeviceError(f"{self._port} is gone")

    def send(self, messages: Sequence[bytes]) -> None:
        handle = self._handle
        if handle is None:
            raise DeviceError("the port is closed")
        for message in messages:
            library_call(partial(handle.send_message, message))

    def close(self) -> None:
        handle, self._handle = self._handle, None
        if handle is not None:
            self._system.let_go(handle)


def own_client() -> str:
    """The name of our clients that nobody needs to find: unlike anybody else's, so that they can be left out."""
    return f"{CLIENT} {os.getpid()}"
