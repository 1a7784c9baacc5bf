"""A client of the JACK server that lists and connects ports, by JACK's own library (C interface, version 0.118).

Why not by the package JACK-Client: docs/decisions/0012-folders.md.
"""

from __future__ import annotations

import ctypes
import threading
import time
from typing import Any

from impsy.errors import DeviceError
from impsy.io.midi.library import load_jack

__all__ = ["NO_SERVER", "JackServer"]

NO_START = 1
HEARS, PLAYS = 0x1, 0x2
MIDI_TYPE = b"8 bit raw midi"
ALREADY_CONNECTED = 17

CYCLES_SECONDS = 0.15
"""How long two of the server's cycles may take (4096 frames at 44.1 kHz are 93 ms)."""

POLL_SECONDS = 0.002

NO_JACK = "JACK is not installed: its library libjack is missing (Debian: sudo apt install jackd2, or pipewire-jack)"
NO_SERVER = "the JACK server is not running; start it"

_SIGNATURES: dict[str, tuple[Any, list[Any]]] = {
    "jack_client_open": (ctypes.c_void_p, [ctypes.c_char_p, ctypes.c_int, ctypes.c_void_p]),
    "jack_client_close": (ctypes.c_int, [ctypes.c_void_p]),
    "jack_on_shutdown": (None, [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]),
    "jack_get_ports": (
        ctypes.POINTER(ctypes.c_char_p),
        [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_ulong],
    ),
    "jack_free": (None, [ctypes.c_void_p]),
    "jack_connect": (ctypes.c_int, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p]),
    "jack_disconnect": (ctypes.c_int, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p]),
    "jack_port_by_name": (ctypes.c_void_p, [ctypes.c_void_p, ctypes.c_char_p]),
    "jack_port_get_all_connections": (ctypes.POINTER(ctypes.c_char_p), [ctypes.c_void_p, ctypes.c_void_p]),
    "jack_last_frame_time": (ctypes.c_uint32, [ctypes.c_void_p]),
    "jack_set_error_function": (None, [ctypes.c_void_p]),
    "jack_set_info_function": (None, [ctypes.c_void_p]),
}

_Shutdown = ctypes.CFUNCTYPE(None, ctypes.c_void_p)

_CALLBACKS: list[object] = []
"""Shutdown callbacks, kept until the process ends: JACK's library may call them after their client is gone."""


class JackServer:
    """A connection to the server that JACK's environment variables name, or the default one.

    Args:
        client: the name to be seen by.

    Raises:
        DeviceError: JACK is not installed, or no server runs.
    """

    def __init__(self, client: str) -> None:
        self._library = _load()
        self._lock = threading.Lock()
        self._client: int | None = self._library.jack_client_open(client.encode(), NO_START, None)
        if self._client is None:
            raise DeviceError(NO_SERVER)
        self.gone = False
        """Whether the server has ended; then every request raises ``DeviceError``."""
        self.seen_alive = False
        """Whether its frame count has changed since; some servers keep none."""
        shutdown = _Shutdown(self._shut_down)
        _CALLBACKS.append(shutdown)
        self._library.jack_on_shutdown(self._client, shutdown, None)
        self._frames: int = self._library.jack_last_frame_time(self._client)

    def ports(self, *, hears: bool) -> tuple[str, ...]:
        """The names of all MIDI ports that receive (``hears``), or of all that send."""
        found = self._library.jack_get_ports(self._asked(), None, MIDI_TYPE, HEARS if hears else PLAYS)
        return self._names(found)

    def connections(self, port: str) -> tuple[str, ...]:
        """The names of the ports that a port is connected with; none if there is no such port."""
        client = self._asked()
        found = self._library.jack_port_by_name(client, port.encode())
        return self._names(self._library.jack_port_get_all_connections(client, found)) if found else ()

    def connect(self, plays: str, hears: str) -> None:
        """Connect two ports, unless they are.

        Raises:
            DeviceError: JACK refused; one of the ports may no longer exist.
        """
        if self._library.jack_connect(self._asked(), plays.encode(), hears.encode()) not in (0, ALREADY_CONNECTED):
            raise DeviceError(f"JACK could not connect {plays} with {hears}")

    def disconnect(self, plays: str, hears: str) -> None:
        """Disconnect two ports, if they are connected."""
        self._library.jack_disconnect(self._asked(), plays.encode(), hears.encode())

    def cycle(self) -> int:
        """A number that changes with each cycle of the server. Fast; any thread may call it."""
        with self._lock:
            if self._client is not None:
                frames: int = self._library.jack_last_frame_time(self._client)
                self.seen_alive = self.seen_alive or frames != self._frames
                self._frames = frames
            return self._frames

    def answers(self, cycles: int = 1) -> bool:
        """Wait for so many cycles, for ``CYCLES_SECONDS`` at most; False: the server has ended or stopped."""
        end = time.monotonic() + CYCLES_SECONDS
        last = self.cycle()
        while not self.gone and time.monotonic() < end:
            time.sleep(POLL_SECONDS)
            now = self.cycle()
            if now != last:
                last = now
                cycles -= 1
                if not cycles:
                    return True
        return not self.seen_alive and not self.gone

    def forget(self) -> None:
        """Do not use the client again: JACK's library frees it after the server has ended."""
        with self._lock:
            self._client = None

    def close(self) -> None:
        """Leave the server."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            self._library.jack_client_close(client)

    def _shut_down(self, _argument: object) -> None:
        self.gone = True

    def _asked(self) -> int:
        if self._client is None or self.gone:
            raise DeviceError(NO_SERVER)
        return self._client

    def _names(self, found: Any) -> tuple[str, ...]:
        """The strings of an array that ends with a null pointer; the array is freed."""
        if not found:
            return ()
        names: list[str] = []
        while (name := found[len(names)]) is not None:
            names.append(name.decode(errors="replace"))
        self._library.jack_free(found)
        return tuple(names)


def _load() -> Any:
    """JACK's library with its functions declared, and its messages on standard error switched off."""
    library = load_jack()
    if library is None:
        raise DeviceError(NO_JACK)
    for name, (result, arguments) in _SIGNATURES.items():
        function = getattr(library, name)
        function.restype = result
        function.argtypes = arguments
    # A C function without arguments or effect: JACK's real-time threads call it and must not wait for Python.
    nothing = ctypes.cast(ctypes.CDLL(None).getpid, ctypes.c_void_p)
    library.jack_set_error_function(nothing)
    library.jack_set_info_function(nothing)
    return library
