"""A JACK server of our own, which needs no sound card, and a MIDI device that plays and hears through it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from bench.program import Unanswered
from impsy.io.midi.library import JACK, load_library

__all__ = ["HEARS", "PLAYS", "MidiDevice", "jack_is_installed", "jack_server", "period_ms"]

PLAYS, HEARS = "bench-keys", "bench-synth"
"""The names of the device's ports: programs hear the first and play to the second."""

_RATE = 48_000
_START_SECONDS = 10.0
_END_SECONDS = 5.0

_NAME = "impsy-bench"
# Always the same name: JACK remembers those of servers that were killed, and eight of them fill its memory.
_ENVIRONMENT = {"JACK_DEFAULT_SERVER": _NAME, "JACK_NO_START_SERVER": "1", "JACK_NO_AUDIO_RESERVATION": "1"}


def jack_is_installed() -> bool:
    """Whether there is a ``jackd`` to be started."""
    return shutil.which("jackd") is not None


def period_ms(frames: int) -> float:
    """How long a cycle of ``frames`` takes at 48 kHz, in milliseconds: JACK hands messages over once in each."""
    return frames / _RATE * 1000


@contextmanager
def jack_server(frames: int, *, realtime: bool = False) -> Iterator[None]:
    """JACK's dummy server with cycles of ``frames``, as the MIDI system of this process and its children.

    ``realtime``: with real-time scheduling. Without it, a client that comes too late for a cycle loses messages.

    Raises ``Unanswered`` if it does not start.
    """
    before = {key: os.environ.get(key) for key in _ENVIRONMENT}
    os.environ.update(_ENVIRONMENT)
    # So that it ends with this process, however that ends.
    guard = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
    command = [
        *guard,
        "jackd",
        "-n",
        _NAME,
        "--realtime" if realtime else "--no-realtime",
        "--no-mlock",
        "-d",
        "dummy",
    ]
    command += ["-r", str(_RATE), "-p", str(frames)]
    quiet = subprocess.DEVNULL
    try:
        with subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True) as server:
            try:
                _wait_for(server)
                yield
            finally:
                _end(server)
    finally:
        for key, value in before.items():
            if value is None:
                os.environ.pop(key, None)
            else:
                os.environ[key] = value


def _wait_for(server: subprocess.Popen[bytes]) -> None:
    end = time.perf_counter() + _START_SECONDS
    while not any(Path("/dev/shm").glob(f"jack_{_NAME}_*")):
        if server.poll() is not None or time.perf_counter() > end:
            raise Unanswered("jackd did not start. While no JACK server runs, this may help: rm -r /dev/shm/jack*")
        time.sleep(0.01)


def _end(server: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        server.send_signal(signal.SIGTERM)
    try:
        server.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()


class MidiDevice:
    """A device with two ports of its own, ``PLAYS`` and ``HEARS``, between entering and leaving.

    ``heard`` is called with each message that arrives, in a thread of the port library.
    """

    def __init__(self, heard: Callable[[bytes], None]) -> None:
        self._heard = heard

    def __enter__(self) -> Self:
        library = load_library()
        self._plays = library.make_output(JACK, "bench plays")
        self._hears = library.make_input(JACK, "bench hears", self._heard)
        self._plays.open_virtual_port(PLAYS)
        self._hears.open_virtual_port(HEARS)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._hears.cancel_callback()
        for handle in (self._plays, self._hears):
            handle.close_port()
            handle.delete()

    def play(self, message: bytes) -> None:
        """Send one message in JACK's next cycle."""
        self._plays.send_message(message)
