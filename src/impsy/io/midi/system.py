"""Opening the machine's MIDI system, by name or the first that works, and sharing it between ports.

The modules of the systems are imported when one is opened: a performance without MIDI ports starts sooner.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from impsy.errors import DeviceError
from impsy.io.link import RETRY_SECONDS
from impsy.io.midi.portnames import Claims
from impsy.io.midi.ports import MidiSystem

__all__ = ["SharedMidi", "open_midi_system"]

REFUSED_SECONDS = 0.9 * RETRY_SECONDS
"""For so long a system that did not open is not tried again, however many ports ask."""


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
        self._refused_until, self._refusal = float("-inf"), ""
        self.claims = Claims()

    def enter(self) -> None:
        """Count one more user."""
        with self._lock:
            self._users += 1

    def leave(self) -> None:
        """Count one user less; after the last, the system is closed."""
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
                now = time.monotonic()
                if now < self._refused_until:
                    raise DeviceError(self._refusal)
                try:
                    self._system = self._opener(self._api)
                except DeviceError as error:
                    self._refused_until, self._refusal = now + REFUSED_SECONDS, str(error)
                    raise
            return self._system
