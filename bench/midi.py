"""MIDI in -> MIDI out through JACK: of a program, and of a bare Python process that only echoes."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue

from bench.jack import HEARS, PLAYS, MidiDevice, jack_server
from bench.measure import FASTEST, distance
from bench.program import Performance, Program, Settings, Unanswered

__all__ = [
    "FRAMES",
    "MidiReply",
    "Played",
    "bare_midi",
    "is_note_on",
    "mapping_toml",
    "messages",
    "midi_reply",
    "midi_toml",
]

FRAMES = 64
"""Frames in one of JACK's cycles."""

_START_SECONDS = 30.0
_REPLY_SECONDS = 0.5
_SETTLE_SECONDS = 1.0

_NOTE_ON, _CONTROL_CHANGE = 0x90, 0xB0
_FIRST_CONTROLLER = 20
# Full velocity, as a note has it where a mapping is too short to say another.
_VELOCITY = 127

# Programs that know no `api` may play through mido, which takes it from here. And a wheel of python-rtmidi brings a
# copy of JACK's library that does not find this machine's server; what is loaded first is used instead.
_ENVIRONMENT = {"MIDO_BACKEND": "mido.backends.rtmidi/UNIX_JACK"} | (
    {"LD_PRELOAD": "libjack.so.0"} if sys.platform == "linux" else {}
)

_ECHO = f"""
import time
from impsy.io.midi.library import JACK, load_library
library = load_library()
plays = library.make_output(JACK, "echo plays")
hears = library.make_input(JACK, "echo hears", plays.send_message)
for handle, name in ((plays, "{HEARS}"), (hears, "{PLAYS}")):
    handle.open_port(next(number for number, port in enumerate(handle.get_ports()) if name in port), "echo")
while True:
    time.sleep(60)
"""


def mapping_toml(controls: int) -> str:
    """A mapping of ``controls`` values: a note, its velocity, then controllers from 20 on, all of channel 1."""
    entries = ['["note_on", 1]', '["note_velocity", 1]']
    entries += [f'["control_change", 1, {_FIRST_CONTROLLER + number}]' for number in range(controls - 2)]
    return f"[{', '.join(entries[:controls])}]"


def midi_toml(controls: int) -> str:
    """The section ``[midi]`` of a configuration that a JACK device of this module plays and hears."""
    mapping = mapping_toml(controls)
    return f"""
[midi]
api = "JACK"
in_device = ["{PLAYS}"]
out_device = ["{HEARS}"]
input."{PLAYS}" = {mapping}
output."{HEARS}" = {mapping}
"""


def messages(controls: int, rng: random.Random) -> Iterator[bytes]:
    """Note-ons and control changes that ``midi_toml`` knows, in turn and without end.

    None is what was last sent to its place, so that whoever passes it on has something new to send.
    """
    last: dict[int, int] = {}

    def fresh(place: int) -> int:
        choice = rng.randrange(127)
        last[place] = choice + (choice >= last.get(place, 127))
        return last[place]

    while True:
        yield bytes((_NOTE_ON, fresh(0), _VELOCITY))
        if controls > 2:
            controller = _FIRST_CONTROLLER + rng.randrange(controls - 2)
            yield bytes((_CONTROL_CHANGE, controller, fresh(controller)))


def is_note_on(message: bytes) -> bool:
    """Whether it begins a note, as each prediction does that ``midi_toml`` plays."""
    return len(message) == 3 and message[0] == _NOTE_ON and message[2] > 0


@dataclass(frozen=True, slots=True)
class Played:
    """A way to play: the mode, and which message answers the one that was sent."""

    mode: str
    input_thru: bool
    answers: Callable[[bytes, bytes], bool]


THRU = Played("callresponse", True, lambda sent, heard: heard == sent)
"""In this mode, since the released version hears MIDI in no other. The model has no time to answer in between."""

POLYPHONY = Played("polyphony", False, lambda _sent, heard: is_note_on(heard))


@dataclass(frozen=True, slots=True)
class MidiReply:
    """Milliseconds of each round trip, and how many messages had no answer."""

    replies: list[float]
    lost: int


class _Trips:
    """Sends messages and takes the time until the one that answers each."""

    def __init__(self, played: Played, controls: int, rng: random.Random) -> None:
        self._played = played
        self._messages = messages(controls, rng)
        self._rng = rng
        self._heard: SimpleQueue[tuple[float, bytes]] = SimpleQueue()
        self.device = MidiDevice(lambda message: self._heard.put((time.perf_counter(), message)))

    def once(self, patience: float) -> float | None:
        """One round trip in milliseconds; ``None`` if it takes longer than ``patience`` seconds."""
        self._drain()
        message = next(self._messages)
        sent = time.perf_counter()
        self.device.play(message)
        while (left := sent + patience - time.perf_counter()) > 0:
            try:
                arrived, heard = self._heard.get(timeout=left)
            except Empty:
                break
            if self._played.answers(message, heard):
                return (arrived - sent) * 1000
        return None

    def begin(self, check: Callable[[], object], who: str) -> None:
        """Play until there is an answer, then let all be quiet. Raises ``Unanswered`` if there is none."""
        end = time.perf_counter() + _START_SECONDS
        while self.once(0.05) is None:
            check()
            if time.perf_counter() > end:
                raise Unanswered(f"{who} answered no MIDI message in {_START_SECONDS:.0f} s")
        time.sleep(_SETTLE_SECONDS)

    def all(self, count: int, check: Callable[[], object]) -> MidiReply:
        """``count`` round trips, one at a time, at irregular distances."""
        replies: list[float] = []
        lost = 0
        for _ in range(count):
            time.sleep(distance(self._rng))
            trip = self.once(_REPLY_SECONDS)
            if trip is None:
                check()
                lost += 1
            else:
                replies.append(trip)
        return MidiReply(replies, lost)

    def _drain(self) -> None:
        for _ in range(self._heard.qsize()):
            self._heard.get()


def midi_reply(
    program: Program, model: Path, dimension: int, played: Played, count: int, rng: random.Random
) -> MidiReply:
    """Start the program between a device's two ports under JACK, and play ``count`` messages one by one.

    Raises ``Unanswered`` if it answers none.
    """
    settings = Settings(
        model,
        dimension,
        played.mode,
        timescale=FASTEST,
        input_thru=played.input_thru,
        sections=midi_toml(dimension - 1),
        environment=_ENVIRONMENT,
    )
    trips = _Trips(played, dimension - 1, rng)
    with jack_server(FRAMES), trips.device, Performance(program, settings) as performance:
        trips.begin(performance.check, f"{program.name} in {played.mode} mode")
        return trips.all(count, performance.check)


def bare_midi(controls: int, count: int, rng: random.Random) -> MidiReply:
    """``count`` round trips to a process that echoes in its port library's callback."""
    trips = _Trips(THRU, controls, rng)
    with jack_server(FRAMES), trips.device, _echo():
        trips.begin(lambda: None, "a process that echoes")
        return trips.all(count, lambda: None)


@contextmanager
def _echo() -> Iterator[None]:
    with subprocess.Popen([sys.executable, "-c", _ECHO]) as process:
        try:
            yield
        finally:
            process.kill()
