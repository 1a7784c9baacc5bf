"""The port library: one interface to the two that may be installed.

python-rtmidi is the usual one; its wheels end at Python 3.12. supriya-midi wraps the same C++ library, RtMidi, in
nearly the same way, and has wheels for later Pythons. Neither documents its exceptions, so each call into them raises
``DeviceError`` instead.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import importlib
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from impsy.errors import DeviceError
from impsy.io.midi.ports import Receive

__all__ = [
    "ALSA",
    "API_NAMES",
    "COREMIDI",
    "JACK",
    "WINDOWS_MM",
    "Handle",
    "Library",
    "api_number",
    "check_api",
    "close_handles",
    "library_call",
    "load_jack",
    "load_library",
]

T = TypeVar("T")

# RtMidi's numbers of the systems that have ports of their own.
COREMIDI, ALSA, JACK, WINDOWS_MM = 1, 2, 3, 4

API_NAMES = {COREMIDI: "CoreMIDI", ALSA: "ALSA", JACK: "JACK", WINDOWS_MM: "WindowsMM"}

ALIASES = {"macosxcore": COREMIDI, "core": COREMIDI, "linuxalsa": ALSA, "unixjack": JACK, "winmm": WINDOWS_MM}
"""Other names in use, in small letters and digits only."""

ALSA_SEQUENCER = "/dev/snd/seq"

QUEUE = 1024

CALLBACK_SECONDS = 0.02
"""Within this time a callback that has started ends."""


class Handle(Protocol):
    """What both libraries' ``MidiIn`` and ``MidiOut`` have in common."""

    def get_ports(self) -> list[str]: ...
    def open_port(self, port: int, name: str) -> object: ...
    def open_virtual_port(self, name: str) -> object: ...
    def cancel_callback(self) -> object: ...
    def ignore_types(self, sysex: bool, timing: bool, active_sense: bool) -> object: ...
    def close_port(self) -> object: ...
    def delete(self) -> object: ...
    def send_message(self, message: bytes) -> object: ...


@dataclass(frozen=True, slots=True)
class Library:
    """An installed port library. ``apis``: RtMidi's numbers of the systems it was built for, best first."""

    name: str
    apis: tuple[int, ...]
    make_input: Callable[[int, str, Receive | None], Handle]
    make_output: Callable[[int, str], Handle]


def load_library() -> Library:
    """Import the port library that is installed.

    Raises:
        DeviceError: none is, or it does not load because the system lacks what it needs.
    """
    # A port library built for JACK contains a copy of JACK's own library, which may not fit the server that runs
    # here. The system's, loaded first and with global symbols, is used instead.
    load_jack()
    refused = ""
    for module, load in _LOADERS.items():
        try:
            imported = importlib.import_module(module)
        except ModuleNotFoundError:
            continue
        except ImportError as error:
            refused = refused or str(error)
            continue
        if hasattr(imported, "MidiIn"):  # an older, unrelated package has one of these names too
            return load(imported)
    if refused:
        remedy = (
            "ALSA's library is missing; on Debian, Ubuntu and Raspberry Pi OS: sudo apt install libasound2"
            if "libasound" in refused
            else "install that, or the port library anew: pip install --force-reinstall impsy"
        )
        raise DeviceError(f"the MIDI port library does not load ({refused}): {remedy}")
    newer = sys.version_info >= (3, 13)
    raise DeviceError(
        f"no MIDI port library is installed: pip install {'supriya-midi' if newer else 'python-rtmidi'}"
    )


def load_jack() -> ctypes.CDLL | None:
    """JACK's own library as the system has it; None: it has none."""
    if sys.platform == "win32":
        return None
    # macOS looks for a name without its folder in the current one, too, which may be anybody's workspace.
    places = ("/usr/local/lib", "/opt/homebrew/lib")
    for name in (
        ("libjack.so.0", ctypes.util.find_library("jack"))
        if sys.platform == "linux"
        else tuple(f"{place}/libjack.0.dylib" for place in places)
    ):
        try:
            return ctypes.CDLL(name, mode=ctypes.RTLD_GLOBAL) if name else None
        except OSError:
            continue
    return None


def api_number(name: str, library: Library) -> int:
    """RtMidi's number of the system with this name.

    Raises:
        DeviceError: there is none, or the library was not built for it; the message names those there are.
    """
    key = "".join(letter for letter in name.casefold() if letter.isalnum())
    number = {known.casefold(): number for number, known in API_NAMES.items()}.get(key, ALIASES.get(key))
    available = ", ".join(API_NAMES[number] for number in library.apis) or "none"
    if number is None:
        raise DeviceError(f"there is no MIDI system called “{name}”; midi.api may be one of: {available}")
    if number not in library.apis:
        raise DeviceError(f"{API_NAMES[number]} is not available here; midi.api may be one of: {available}")
    return number


def check_api(number: int) -> None:
    """Check without side effects whether a system works.

    Raises:
        DeviceError: it certainly does not.
    """
    if number == ALSA and not os.path.exists(ALSA_SEQUENCER):
        raise DeviceError(f"this machine has no ALSA sequencer ({ALSA_SEQUENCER}); try: sudo modprobe snd-seq")


def library_call(call: Callable[[], T]) -> T:
    """Call into the library.

    Raises:
        DeviceError: whatever the library raised.
    """
    try:
        return call()
    except DeviceError:
        raise
    except Exception as error:
        raise DeviceError(str(error).rstrip(".") or type(error).__name__) from error


def close_handles(handles: Sequence[Handle]) -> None:
    """Close and destroy handles of the port library.

    The library holds the interpreter's lock while it closes a port, and waits for a callback that is running; the
    callback waits for that lock. So callbacks are cancelled, and given time to end, before ports are closed.
    """
    inputs = [handle for handle in handles if hasattr(handle, "cancel_callback")]
    for handle in inputs:
        library_call(handle.cancel_callback)
    if inputs:
        time.sleep(CALLBACK_SECONDS)
    for handle in handles:
        library_call(handle.close_port)
        library_call(handle.delete)


_IGNORED = (True, False, True)
"""System exclusive messages and active sensing, but no clock."""


def _rtmidi(module: Any) -> Library:
    def make_input(api: int, client: str, receive: Receive | None) -> Handle:
        handle = module.MidiIn(api, client, QUEUE)
        if receive is not None:
            hear = receive
            handle.set_callback(lambda event, _data: hear(bytes(event[0])))
            handle.ignore_types(*_IGNORED)
        return handle  # type: ignore[no-any-return]

    apis = _apis(module.get_compiled_api())
    return Library("python-rtmidi", apis, make_input, module.MidiOut)


def _supriya(module: Any) -> Library:
    def make_input(api: int, client: str, receive: Receive | None) -> Handle:
        handle = module.MidiIn(module.RtMidiAPI(api), client, QUEUE)
        if receive is not None:
            hear = receive
            handle.set_callback(lambda message, _seconds, _data: hear(bytes(message)))
            handle.ignore_types(*_IGNORED)
        return handle  # type: ignore[no-any-return]

    def make_output(api: int, client: str) -> Handle:
        return module.MidiOut(module.RtMidiAPI(api), client)  # type: ignore[no-any-return]

    return Library("supriya-midi", _apis(module.get_compiled_apis()), make_input, make_output)


_LOADERS: dict[str, Callable[[Any], Library]] = {"rtmidi": _rtmidi, "supriya_midi": _supriya}


def _apis(compiled: Sequence[int]) -> tuple[int, ...]:
    """The supported systems; JACK last, as it seldom runs where another system works."""
    return tuple(sorted((int(api) for api in compiled if int(api) in API_NAMES), key=lambda api: api == JACK))
