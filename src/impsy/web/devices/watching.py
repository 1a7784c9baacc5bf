"""The devices of this machine: listed when asked for, and watched for a while afterwards."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from impsy.errors import DeviceError
from impsy.io.midi.ports import MidiSystem
from impsy.io.midi.system import open_midi_system
from impsy.perform.diagnostics.devices import FoundMidi, FoundSerial, find_serial_ports
from impsy.threads import lasting

__all__ = ["DevicesWatcher", "Found", "is_ours"]

POLL_SECONDS = 0.7
"""So that a device that is unplugged disappears within a second."""

ASKED_SECONDS = 10.0
"""A page that shows devices asks again more often than this; when none does, the watching ends."""

CLOSE_SECONDS = 2.0

_OURS = re.compile(r"IMPSY[ :]")
_ALSA_CLIENT = re.compile(r" ([0-9]+):[0-9]+$")
ALSA_PROGRAMS = 128
"""ALSA's clients from this number on are programs; those below are the kernel's: sound cards, USB devices."""


def is_ours(port: str) -> bool:
    """Whether a MIDI port is one that IMPSY made, be it in another process: to hear it is to hear oneself.

    A Raspberry Pi whose USB socket is a MIDI device of IMPSY's name is none, where the system tells (ALSA).
    """
    client = _ALSA_CLIENT.search(port)
    if client is not None and int(client[1]) < ALSA_PROGRAMS:
        return False
    return _OURS.match(port) is not None


@dataclass(frozen=True, slots=True)
class Found:
    """What there is: MIDI ports (IMPSY's own left out) and serial ports."""

    midi: FoundMidi
    serial: FoundSerial


class DevicesWatcher:
    """Lists the ports, and calls ``changed`` when they are not those any more. For several threads.

    The MIDI system stays open from one look to the next: to open it anew each time disturbs JACK's clients.

    Args:
        changed: called in the watcher's thread; it must not ask the watcher to close.
        open_system: opens the MIDI system of a name, or the first that works.
        list_serial: lists the serial ports.
    """

    def __init__(
        self,
        changed: Callable[[], None],
        open_system: Callable[[str | None], MidiSystem] = open_midi_system,
        list_serial: Callable[[], FoundSerial] = find_serial_ports,
    ) -> None:
        self._changed = changed
        self._open_system = open_system
        self._list_serial = list_serial
        self._lock = threading.Lock()
        self._system: MidiSystem | None = None
        self._api: str | None = None
        self._last: Found | None = None
        self._asked = 0.0
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()

    def look(self, api: str | None = None) -> Found:
        """The ports as they are now; they are watched from now on, for ten seconds. Raises nothing.

        Args:
            api: the MIDI system's name; None: the first that works here.
        """
        with self._lock:
            self._asked = time.monotonic()
            if api != self._api:
                self._let_go()
                self._api = api
            found = self._last = self._find()
            if self._thread is None and not self._stop.is_set():
                self._thread = lasting("impsy devices", self._watch, self._stop.is_set)
                self._thread.start()
            return found

    def close(self) -> None:
        """Watch no more. Twice is fine."""
        self._stop.set()
        thread = self._thread
        if thread is not None:
            thread.join(CLOSE_SECONDS)
        with self._lock:
            self._let_go()

    def _watch(self) -> None:
        while not self._stop.wait(POLL_SECONDS):
            with self._lock:
                if time.monotonic() - self._asked > ASKED_SECONDS:
                    break
                found = self._find()
                changed, self._last = found != self._last, found
            if changed:
                self._changed()
        with self._lock:
            self._let_go()
            self._thread = None

    # --- with the lock held ------------------------------------------------------------------------

    def _find(self) -> Found:
        return Found(self._find_midi(), self._list_serial())

    def _find_midi(self) -> FoundMidi:
        try:
            if self._system is None:
                self._system = self._open_system(self._api)
            system = self._system
            inputs, outputs = (
                tuple(port for port in system.ports(way) if not is_ours(port)) for way in ("in", "out")
            )
            return FoundMidi(system.name, inputs, outputs)
        except DeviceError as error:
            self._let_go()
            return FoundMidi(error=str(error))

    def _let_go(self) -> None:
        system, self._system = self._system, None
        if system is not None:
            system.close()
