"""Standard MIDI Files <-> what was played, by a mapping.

A file that we write has two tracks besides that of the tempo, "IMPSY performer" and "IMPSY model", at 120 beats a
minute and 480 ticks a beat, so that a tick is 1/960 s. In any other file all tracks are the performer's. Formats of
files: "Standard MIDI Files 1.0" (MIDI Manufacturers Association).
"""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO, NamedTuple

import mido
import numpy as np
from numpy.typing import NDArray

from impsy.codecs.smf import MOST_BYTES, Track, read_smf
from impsy.errors import DataError
from impsy.mapping.entries import ControlChange, Mapping
from impsy.mapping.input import InputMapping
from impsy.mapping.output import OutputMapping
from impsy.mapping.words import describe_message

__all__ = ["LAST_NOTE", "TICKS_A_SECOND", "Part", "Reading", "default_mapping", "read_midi", "write_midi"]

TICKS_A_BEAT, BEATS_A_MINUTE = 480, 120
TICKS_A_SECOND = TICKS_A_BEAT * BEATS_A_MINUTE // 60
LAST_NOTE = 0.5
"""Seconds that the last note of a part sounds, and that the last value of any other kind is held."""

MOST_VALUES = 16_000_000
"""Limit of all values of the events of one file."""
_LONGEST_WAIT = 0x0FFF_FFFF
"""Ticks between two messages of a file."""

_TRACKS = {"performer": "IMPSY performer", "model": "IMPSY model"}
_FIRST_CONTROLLER = 20


@dataclass(frozen=True, eq=False, slots=True)
class Part:
    """What the performer or the model played.

    times: (R,) seconds since the beginning, never decreasing. values: (R, n) in [0, 1], all values after each event.
    """

    times: NDArray[np.float64]
    values: NDArray[np.float64]

    def __len__(self) -> int:
        """How many events."""
        return len(self.times)


class Reading(NamedTuple):
    """The content of a MIDI file. remarks: sentences on what was left out or corrected."""

    performer: Part
    model: Part
    remarks: tuple[str, ...]


def default_mapping(controls: int) -> Mapping:
    """Where none is configured: x_1, x_2, … are the controllers 20, 21, … of channel 1, beyond 119 of channel 2 …

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
        while tick - now > _LONGEST_WAIT:  # three days; a longer wait needs an empty event
            track.append(mido.MetaMessage("text", time=_LONGEST_WAIT))
            now += _LONGEST_WAIT
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
                messages = mapping.resend()[-1:]  # the last one is complete in itself, even of 14 bits
            yield tick, messages
            end = tick
    yield end + round(LAST_NOTE * TICKS_A_SECOND), mapping.all_notes_off()


# --- in ------------------------------------------------------------------------------------------------------------


def read_midi(file: IO[bytes], mappings: Sequence[Mapping]) -> Reading:
    """Read a MIDI file by the mapping that fits most of its messages.

    Messages at the same moment are one event, as long as each changes something else; so a chord is several. A
    control has the first value that it receives from the beginning. The model's part is empty but for
    files that :func:`write_midi` wrote.

    Args:
        file: open for reading, in binary.
        mappings: one at least; each has an entry for each of the n values.

    Raises:
        DataError: it is no MIDI file, too large or too long, or nothing in it fits a mapping; the message names
            what it holds.
    """
    midi = read_smf(file.read(MOST_BYTES + 1))
    tracks: dict[bool, list[Track]] = {True: [], False: []}
    for track in midi.tracks:
        tracks[track.name == _TRACKS["model"].encode()].append(track)
    together = {modelled: _in_order(chosen) for modelled, chosen in tracks.items()}
    found = ((_part(together[False], entries), _part(together[True], entries)) for entries in mappings)
    performer, model = max(found, key=lambda parts: len(parts[0]) + len(parts[1]))
    if not len(performer) and not len(model):
        damage = f" ({'; '.join(midi.remarks)})" if midi.remarks else ""
        raise DataError(f"nothing in this MIDI file fits the mapping: {_kinds(midi.tracks)}{damage}")
    return Reading(performer, model, midi.remarks)


def _in_order(tracks: Iterable[Track]) -> list[tuple[float, bytes]]:
    """The messages of several tracks together."""
    return sorted((each for track in tracks for each in track.messages), key=lambda each: each[0])


def _part(messages: Iterable[tuple[float, bytes]], entries: Mapping) -> Part:
    mapping = InputMapping(entries)
    values = array("d", [math.nan] * len(entries))
    times, rows = array("d"), array("d")
    changed: set[int] = set()
    last = -1.0
    for time, message in messages:
        changes = mapping.decode(message)
        if changes is None:
            continue
        indices = {index for index, _ in changes}
        if time != last or changed & indices:
            if len(rows) >= MOST_VALUES:
                raise DataError(
                    f"this MIDI file holds more than {len(times):,} events of {len(entries)} values: "
                    "cut it into pieces"
                )
            times.append(time)
            rows.extend(values)
            changed = set()
            last = time
        changed |= indices
        for index, value in changes:
            values[index] = rows[index - len(entries)] = value
    return Part(np.array(times), _filled(np.array(rows).reshape(-1, len(entries))))


def _filled(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fill unknown values at the beginning of each column with its first known value; 0 where there is none."""
    for column in values.T:
        known = np.flatnonzero(~np.isnan(column))
        column[: known[0] if len(known) else len(column)] = column[known[0]] if len(known) else 0.0
    return values


def _kinds(tracks: Iterable[Track]) -> str:
    """The kinds of messages of a file, in words."""
    counts: Counter[str] = Counter()
    for message, count in Counter(message for track in tracks for _, message in track.messages).items():
        what = describe_message(message).partition(", ")
        number = what[2].partition(",")[0] if what[0].endswith("control change") else ""
        counts[f"{what[0]} {number}".strip()] += count
    if not counts:
        return "it holds no notes and no controllers at all"
    shown = [f"{name} ({count:,}×)" for name, count in counts.most_common(5)]
    more = f" and {len(counts) - 5} kinds more" if len(counts) > 5 else ""
    return f"it holds {', '.join(shown)}{more}; map these as inputs, or choose another file"
