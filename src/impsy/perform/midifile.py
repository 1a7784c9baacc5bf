"""Standard MIDI Files <-> what was played, by a mapping.

A file that we write has two tracks besides that of the tempo, "IMPSY performer" and "IMPSY model", at 120 beats a
minute and 480 ticks a beat, so that a tick is 1/960 s. In any other file all tracks are the performer's. Formats of
files: "Standard MIDI Files 1.0" (MIDI Manufacturers Association).
"""

from __future__ import annotations

import math
import struct
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO

import mido
import numpy as np
from numpy.typing import NDArray

from impsy.errors import DataError
from impsy.mapping.entries import ControlChange, Mapping
from impsy.mapping.input import InputMapping
from impsy.mapping.output import OutputMapping
from impsy.mapping.wire import message_size
from impsy.mapping.words import describe_message

__all__ = ["LAST_NOTE", "TICKS_A_SECOND", "Part", "default_mapping", "read_midi", "write_midi"]

TICKS_A_BEAT, BEATS_A_MINUTE = 480, 120
TICKS_A_SECOND = TICKS_A_BEAT * BEATS_A_MINUTE // 60
LAST_NOTE = 0.5
"""Seconds that the last note of a part sounds, and that the last value of any other kind is held."""

LONGEST = 7 * 24 * 3600.0
"""Seconds of the longest file that is read."""
MOST_ROWS = 2_000_000

_TRACKS = {"performer": "IMPSY performer", "model": "IMPSY model"}
_FIRST_CONTROLLER = 20
_USUAL_TEMPO = 500_000
"""Microseconds a beat, where a file does not say."""

_DAMAGE = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    TypeError,
    ValueError,
    mido.KeySignatureError,
    struct.error,
)
"""All that mido raises when a file is no MIDI file or is damaged."""


@dataclass(frozen=True, eq=False, slots=True)
class Part:
    """What one of the two played.

    times: (R,) seconds since the beginning, not falling. values: (R, n) in [0, 1], all values after each event.
    """

    times: NDArray[np.float64]
    values: NDArray[np.float64]

    def __len__(self) -> int:
        """How many events."""
        return len(self.times)


def default_mapping(controls: int) -> Mapping:
    """For those that have none: x_1, x_2, … are the controllers 20, 21, … of channel 1, beyond 119 of channel 2 …

    Raises:
        DataError: there are more controls than 16 channels have such controllers.
    """
    each = 120 - _FIRST_CONTROLLER
    if controls > 16 * each:
        raise DataError(f"{controls} controls are more than the {16 * each} that MIDI controllers can stand for")
    return tuple(ControlChange(1 + i // each, _FIRST_CONTROLLER + i % each) for i in range(controls))


# --- out -----------------------------------------------------------------------------------------------------------


def write_midi(file: IO[bytes], entries: Mapping, performer: Part, model: Part) -> None:
    """Write what was played as a MIDI file that plays it on the outputs so mapped.

    Each part ends its own notes, the last :data:`LAST_NOTE` seconds after they began. An event that changes nothing
    that MIDI can tell sends a controller again, so that a file read by the same mapping has all events again.

    Args:
        file: open for writing, in binary.
        entries: one for each of the n values.

    Raises:
        DataError: the mapping does not fit, or never sends anything.
    """
    parts = {_TRACKS["performer"]: performer, _TRACKS["model"]: model}
    for part in parts.values():
        if len(part) and part.values.shape[1] != len(entries):
            raise DataError(
                f"a mapping of {len(entries)} entries does not fit a take of {part.values.shape[1]} values"
            )
    midi = mido.MidiFile(type=1, ticks_per_beat=TICKS_A_BEAT, charset="utf-8")
    midi.tracks.append(mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(BEATS_A_MINUTE), time=0)]))
    for name, part in parts.items():
        midi.tracks.append(_track(name, entries, part))
    if (len(performer) or len(model)) and all(len(track) <= 1 for track in midi.tracks[1:]):
        raise DataError("this mapping sends no messages by itself: a velocity takes a note on its channel")
    midi.save(file=file)


def _track(name: str, entries: Mapping, part: Part) -> mido.MidiTrack:
    track = mido.MidiTrack([mido.MetaMessage("track_name", name=name, time=0)])
    now = 0
    for tick, messages in _timed(entries, part):
        for message in messages:
            made = mido.Message.from_bytes(message)
            made.time = tick - now
            track.append(made)
            now = tick
    return track


def _timed(entries: Mapping, part: Part) -> Iterator[tuple[int, list[bytes]]]:
    """Ticks, and the messages of each event; at the end the note-offs."""
    mapping = OutputMapping(entries)
    end = 0
    # In order, whatever the clock did; and as plain floats, a piece at a time.
    ticks = np.maximum.accumulate(np.rint(part.times * TICKS_A_SECOND).astype(np.int64)) if len(part) else part.times
    for begin in range(0, len(part), 4096):
        rows = part.values[begin : begin + 4096].tolist()
        for tick, values in zip(ticks[begin : begin + 4096].tolist(), rows, strict=True):
            messages = mapping.encode(values)
            if not messages:
                messages = mapping.resend()[-1:]  # the last of them says something by itself, even of 14 bits
            yield tick, messages
            end = tick
    yield end + round(LAST_NOTE * TICKS_A_SECOND), mapping.all_notes_off()


# --- in ------------------------------------------------------------------------------------------------------------


def read_midi(file: IO[bytes], entries: Mapping) -> tuple[Part, Part]:
    """What a MIDI file plays on an instrument whose inputs are so mapped: the performer's part, and the model's.

    Messages at the same moment are one event, as long as each changes something else; so a chord is several. A
    control that is not heard of at first stands where it will be when it is. The model's part is empty but for
    files that :func:`write_midi` wrote.

    Args:
        file: open for reading, in binary.
        entries: one for each of the n values.

    Raises:
        DataError: it is no MIDI file, is damaged, or nothing in it fits the mapping; the message says what it holds.
    """
    try:
        midi = mido.MidiFile(file=file, clip=True)
        if midi.type == 2 and len(midi.tracks) > 1:
            raise DataError("this MIDI file is of type 2, whose tracks are pieces by themselves: save it as type 1")
        tracks = [_absolute(track) for track in midi.tracks]
        seconds = _Clock(midi.ticks_per_beat, tracks)
        modelled = [_is_models(track) for track in midi.tracks]
        performer = _part(tracks, [not each for each in modelled], entries, seconds)
        model = _part(tracks, modelled, entries, seconds)
    except _DAMAGE as error:
        what = f" ({str(error)[:80]})" if str(error) else ""
        raise DataError(f"this is no MIDI file, or it is damaged or cut off{what}") from error
    if not len(performer) and not len(model):
        raise DataError(f"nothing in this MIDI file fits the mapping: {_kinds(midi.tracks)}")
    return performer, model


_Timed = list[tuple[int, mido.Message | mido.MetaMessage]]


def _absolute(track: Iterable[mido.Message | mido.MetaMessage]) -> _Timed:
    """A track's messages with the ticks since the beginning."""
    now = 0
    timed = []
    for message in track:
        now += message.time
        timed.append((now, message))
    return timed


def _is_models(track: Sequence[mido.Message | mido.MetaMessage]) -> bool:
    return any(message.type == "track_name" and message.name == _TRACKS["model"] for message in track[:8])


class _Clock:
    """Ticks -> seconds, by the tempo changes of all tracks."""

    def __init__(self, ticks_per_beat: int, tracks: Sequence[_Timed]) -> None:
        if ticks_per_beat < 0:  # SMPTE: frames a second (negative) and ticks a frame
            frames, ticks = -(ticks_per_beat >> 8), ticks_per_beat & 0xFF
            self._ticks, self._seconds, self._paces = [0], [0.0], [1.0 / max(1, frames * ticks)]
            return
        changes = sorted(
            ((tick, message.tempo) for track in tracks for tick, message in track if message.type == "set_tempo"),
            key=lambda change: change[0],
        )
        beat = 1e-6 / max(1, ticks_per_beat)
        self._ticks, self._seconds, self._paces = [0], [0.0], [_USUAL_TEMPO * beat]
        for tick, tempo in changes:
            self._seconds.append(self(tick))
            self._ticks.append(tick)
            self._paces.append(tempo * beat)

    def __call__(self, tick: int) -> float:
        at = bisect_right(self._ticks, tick) - 1
        return self._seconds[at] + (tick - self._ticks[at]) * self._paces[at]


def _part(tracks: Sequence[_Timed], chosen: Sequence[bool], entries: Mapping, seconds: _Clock) -> Part:
    mapping = InputMapping(entries)
    together = [each for track, wanted in zip(tracks, chosen, strict=True) if wanted for each in track]
    together.sort(key=lambda each: each[0])
    values: list[float] = [math.nan] * len(entries)
    times: list[float] = []
    rows: list[list[float]] = []
    changed: set[int] = set()
    last = -1
    for tick, message in together:
        if message.is_meta or message.type == "sysex":
            continue
        changes = mapping.decode(bytes(message.bytes()))
        if changes is None:
            continue
        indices = {index for index, _ in changes}
        if tick != last or changed & indices:
            if len(rows) >= MOST_ROWS:
                raise DataError(f"this MIDI file holds more than {MOST_ROWS:,} events: cut it into pieces")
            times.append(seconds(tick))
            rows.append(values := values.copy())
            changed = set()
            last = tick
        changed |= indices
        for index, value in changes:
            values[index] = value
    if times and not (0 <= times[-1] <= LONGEST):
        raise DataError("this MIDI file goes on for more than a week: something is wrong with its times")
    array = np.array(rows, np.float64).reshape(-1, len(entries))
    return Part(np.array(times, np.float64), _filled(array))


def _filled(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """With what is unknown at first put where it will first be; 0 where that never comes."""
    for column in values.T:
        known = np.flatnonzero(~np.isnan(column))
        column[: known[0] if len(known) else len(column)] = column[known[0]] if len(known) else 0.0
    return values


def _kinds(tracks: Iterable[Iterable[mido.Message | mido.MetaMessage]]) -> str:
    """What is in a file, in words."""
    counts: Counter[str] = Counter()
    for track in tracks:
        for message in track:
            if message.is_meta or message.type == "sysex":
                continue
            content = bytes(message.bytes())
            if content and len(content) == message_size(content[0]):
                what = describe_message(content).partition(", ")
                number = what[2].partition(",")[0] if what[0].endswith("control change") else ""
                counts[f"{what[0]} {number}".strip()] += 1
    if not counts:
        return "it holds no notes and no controllers at all"
    shown = [f"{name} ({count:,}×)" for name, count in counts.most_common(5)]
    more = f" and {len(counts) - 5} kinds more" if len(counts) > 5 else ""
    return f"it holds {', '.join(shown)}{more}; map these as inputs, or choose another file"
