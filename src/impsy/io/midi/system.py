"""What MIDI ports need of the machine: names, inputs, outputs. And choosing the machine's MIDI system by name.

Behind it stand a port library and, for JACK, its server; nothing of them is imported until a port is opened.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from impsy.errors import DeviceError
from impsy.io.midi.portnames import Claims, Way

__all__ = [
    "MidiInPort",
    "MidiOutPort",
    "MidiSystem",
    "Receive",
    "SharedMidi",
    "open_midi_system",
    "virtual_name",
]

Receive = Callable[[bytes], None]
"""Called with each complete message, in a thread of the system; it must be quick and must not raise."""

VIRTUAL = "virtual:"


class MidiInPort(Protocol):
    """An open input."""

    def check(self) -> None:
        """Raise ``DeviceError`` if the device at the far end is gone."""
        ...

    def close(self) -> None:
        """Hear no more. Twice is fine; raises nothing."""
        ...


class MidiOutPort(MidiInPort, Protocol):
    """An open output."""

    def send(self, messages: Sequence[bytes]) -> None:
        """Send complete messages in order. Never waits.

        Raises:
            DeviceError: they could not be sent.
        """
        ...


class MidiSystem(Protocol):
    """One of the machine's MIDI systems. All methods raise ``DeviceError``, but for ``close``."""

    @property
    def name(self) -> str:
        """Such as ``ALSA``."""
        ...

    def ports(self, way: Way) -> tuple[str, ...]:
        """The names of the devices' ports, our own left out."""
        ...

    def open_input(self, port: str, receive: Receive, label: str) -> MidiInPort:
        """Hear a device. Clock, active sensing and system exclusive messages are left out.

        ``label`` is the short name that others see our end by, where the system shows it.
        """
        ...

    def open_output(self, port: str, label: str) -> MidiOutPort:
        """Play to a device."""
        ...

    def open_virtual_input(self, label: str, receive: Receive) -> MidiInPort:
        """Make a port that other programs may play to."""
        ...

    def open_virtual_output(self, label: str) -> MidiOutPort:
        """Make a port that other programs may hear."""
        ...

    def close(self) -> None:
        """Let go of everything, within a short time."""
        ...


def virtual_name(configured: str) -> str | None:
    """``NAME`` of ``virtual:NAME``; None: it names a device."""
    return configured[len(VIRTUAL) :].strip() or "IMPSY" if configured.startswith(VIRTUAL) else None


def open_midi_system(api: str | None = None) -> MidiSystem:
    """The MIDI system of this name in any case; without one, the first that works here.

    Raises:
        DeviceError: there is no such system, it is not running, or no port library is installed.
    """
    from impsy.io.midi.jack import JackMidi
    from impsy.io.midi.library import API_NAMES, JACK, api_number, check_api, load_library
    from impsy.io.midi.rtmidi import RtMidiSystem

    library = load_library()
    wanted = library.apis if api is None else (api_number(api, library),)
    problems = []
    for number in wanted:
        try:
            if number == JACK:
                return JackMidi(library)
            check_api(number)
            return RtMidiSystem(library, number)
        except DeviceError as error:
            problems.append(f"{API_NAMES[number]}: {error}")
    if not problems:
        raise DeviceError(f"{library.name} was built without any MIDI system")
    if api is not None or len(problems) == 1:
        raise DeviceError(problems[0])
    raise DeviceError(f"no MIDI system works here ({'; '.join(problems)})")


class SharedMidi:
    """The MIDI system that the ports of a configuration share: opened by the first to need it, closed by the last.

    ``claims`` says which of them has which port of it.

    Args:
        opener: opens it; by default the system that ``api`` names.
        api: as for ``open_midi_system``.
    """

    def __init__(self, api: str | None = None, opener: Callable[[str | None], MidiSystem] = open_midi_system) -> None:
        self._api = api
        self._opener = opener
        self._users = 0
        self._system: MidiSystem | None = None
        self._lock = threading.Lock()
        self.claims = Claims()

    def enter(self) -> None:
        """Count one more port that may need it."""
        with self._lock:
            self._users += 1

    def leave(self) -> None:
        """Count one less; with the last, the system is closed."""
        with self._lock:
            self._users -= 1
            if self._users > 0:
                return
            system, self._system = self._system, None
        if system is not None:
            system.close()

    def get(self) -> MidiSystem:
        """The open system.

        Raises:
            DeviceError: it cannot be opened (now).
        """
        with self._lock:
            if self._system is None:
                self._system = self._opener(self._api)
            return self._system
