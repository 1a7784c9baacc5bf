"""ALSA, CoreMIDI and Windows' MIDI by the port library; each open port is a client of its own."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from impsy.errors import DeviceError
from impsy.io.midi.library import API_NAMES, WINDOWS_MM, Handle, Library, close_handles, library_call
from impsy.io.midi.portnames import Direction
from impsy.io.midi.ports import MidiInPort, MidiOutPort, Receive
from impsy.io.worker import Worker

__all__ = ["RtMidiSystem"]

T = TypeVar("T")

logger = logging.getLogger(__name__)

CLIENT = "IMPSY"

CALL_SECONDS = 5.0
"""Time limit of a call into the system."""

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
        self._lists: dict[Direction, Handle] = {}
        self._own: set[str] = set()

    def ports(self, direction: Direction) -> tuple[str, ...]:
        """The names of the devices' ports."""
        return self._call(partial(self._list, direction))

    def open_input(self, port: str, receive: Receive, label: str) -> MidiInPort:
        """Open a device's port to receive from it."""
        return self._call(lambda: self._open("in", port, self._make("in", own_client(), receive), label))

    def open_output(self, port: str, label: str) -> MidiOutPort:
        """Open a device's port to send to it."""
        return self._call(lambda: self._open("out", port, self._make("out", own_client()), label))

    def open_virtual_input(self, label: str, receive: Receive) -> MidiInPort:
        """Make a port that other programs can play to."""
        return self._call(lambda: self._open_virtual("in", self._make("in", CLIENT, receive), label))

    def open_virtual_output(self, label: str) -> MidiOutPort:
        """Make a port that other programs can listen to."""
        return self._call(lambda: self._open_virtual("out", self._make("out", CLIENT), label))

    def close(self) -> None:
        """Close the clients that list ports."""
        lists, self._lists = self._lists, {}
        for handle in lists.values():
            self.release(handle)
        self._worker.end()

    def release(self, handle: Handle) -> None:
        """Close a handle; a driver that hangs is not waited for."""
        try:
            self._worker.call(partial(close_handles, [handle]), CLOSE_SECONDS)
        except DeviceError as error:
            logger.warning("a MIDI port did not close: %s", error)

    # --- in the worker's thread --------------------------------------------------------------------

    def _call(self, function: Callable[[], T]) -> T:
        return self._worker.call(partial(library_call, function), CALL_SECONDS)

    def _make(self, direction: Direction, client: str, receive: Receive | None = None) -> Handle:
        if direction == "in":
            return self._library.make_input(self._api, client, receive)
        return self._library.make_output(self._api, client)

    def _list(self, direction: Direction) -> tuple[str, ...]:
        if direction not in self._lists:
            self._lists[direction] = self._make(direction, own_client())
        return tuple(name for name in self._lists[direction].get_ports() if not self._ours(name))

    def _ours(self, name: str) -> bool:
        return name.startswith(f"{own_client()}:") or any(own in name for own in self._own)

    def _open(self, direction: Direction, port: str, handle: Handle, label: str) -> _Port:
        names = handle.get_ports()
        if port not in names:
            handle.delete()
            raise DeviceError(f"{port} is no longer there")
        handle.open_port(names.index(port), label)
        return _Port(self, handle, direction, port)

    def _open_virtual(self, direction: Direction, handle: Handle, label: str) -> _Port:
        if self._api == WINDOWS_MM:
            handle.delete()
            raise DeviceError("Windows has no virtual MIDI ports; a driver such as loopMIDI makes some")
        handle.open_virtual_port(label)
        self._own.add(f"{CLIENT}:{label} ")
        return _Port(self, handle, direction, None)


class _Port:
    """An open port. ``port``: the device's name; None: a virtual port."""

    def __init__(self, system: RtMidiSystem, handle: Handle, direction: Direction, port: str | None) -> None:
        self._system = system
        self._handle: Handle | None = handle
        self._direction = direction
        self._port = port

    def check(self) -> None:
        if self._port is not None and self._port not in self._system.ports(self._direction):
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
            self._system.release(handle)


def own_client() -> str:
    """The unique name of our clients that are not for other programs, so that lists of ports can leave them out."""
    return f"{CLIENT} {os.getpid()}"
