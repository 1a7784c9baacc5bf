"""Standard MIDI Files <-> what was played, by a mapping.

A file that we write has two tracks besides that of the tempo, "IMPSY performer" and "IMPSY model", at 120 beats a
minute and 480 ticks a beat, so that a tick is 1/960 s. In any other file all tracks are the performer's. Formats of
files: "Standard MIDI Files 1.0" (MIDI Manufacturers Association).
"""

from __future__ import annotations

import io
import math
import struct
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from impsy.codecs.smf import MOST_BYTES, Track, read_smf
from impsy.errors import DataError
from impsy.mapping.entries import ControlChange, Mapping
from impsy.mapping.input import InputMapping
from impsy.mapping.output import OutputMapping
from impsy.mapping.words import describe_message
from impsy.text import counted

__all__ = ["LAST_NOTE", "TICKS_A_SECOND", "Part", "Reading", "default_mapping", "read_midi", "write_midi"]

TICKS_A_BEAT, BEATS_A_MINUTE = 480, 120
TICKS_A_SECOND = TICKS_A_BEAT * BEATS_A_MINUTE // 60
LAST_NOTE = 0.5
"""Seconds that the last note of a part sounds, and that the last value of any other kind is held."""

MOST_VALUES = 16_000_000
"""Limit of all values of the events of one file."""
_PIECE = 4096
"""Events that are written together."""
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
    values: NDArray[np.floating[Any]]

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
        file: open for writing, in binary, with a position that can be set.
        entries: one for each of the n values.

    Raises:
        DataError: the mapping does not fit, or never sends anything.
    """
    parts = {_TRACKS["performer"]: performer, _TRACKS["model"]: model}
    for part in parts.values():
        if len(part) and part.values.shape[1] != len(entries):
            raise DataError(
                f"a mapping of {counted(len(entries), 'entry', 'entries')} does not fit a take of "
                f"{counted(part.values.shape[1], 'value')}"
            )
    file.write(b"MThd" + struct.pack(">IHHH", 6, 1, 1 + len(parts), TICKS_A_BEAT))
    tempo = struct.pack(">I", 60_000_000 // BEATS_A_MINUTE)[1:]
    _write_track(file, [b"\0\xff\x51\x03" + tempo])
    told = False
    for name, part in parts.items():
        told |= _write_track(file, _track(name, entries, part)) > len(name) + 4
    if (len(performer) or len(model)) and not told:
        raise DataError("this mapping sends no messages by itself: a velocity takes a note on its channel")


def _write_track(file: IO[bytes], content: Iterable[bytes]) -> int:
    """Write a track of this content, which may be long; returns how many bytes that was."""
    begin = file.tell()
    file.write(b"MTrk\0\0\0\0")
    size = sum(map(file.write, content))
    file.write(b"\0\xff\x2f\0")
    file.seek(begin + 4)
    file.write(struct.pack(">I", size + 4))
    file.seek(0, io.SEEK_END)
    return size


def _track(name: str, entries: Mapping, part: Part) -> Iterator[bytes]:
    yield bytes([0, 0xFF, 0x03, len(name)]) + name.encode()
    now = 0
    for ticks, messages in _timed(entries, part):
        waits = np.diff(ticks, prepend=now)
        begin = 0
        for late in [*np.flatnonzero(waits > _LONGEST_WAIT).tolist(), len(waits)]:
            yield _encoded(waits[begin:late], messages[begin:late])
            if late < len(waits):  # three days; a longer wait needs empty events
                times, waits[late] = divmod(int(waits[late]) - 1, _LONGEST_WAIT)
                waits[late] += 1
                yield b"\xff\xff\xff\x7f\xff\x01\0" * times
            begin = late
        now = int(ticks[-1]) if len(ticks) else now


def _encoded(waits: NDArray[np.int64], messages: NDArray[np.uint8]) -> bytes:
    """Messages as they are in a track.

    Args:
        waits: (M,) ticks since the message before.
        messages: (M, 3) their bytes; of those with two, the last does not count.
    """
    digits = waits[:, None] >> np.array([21, 14, 7, 0])
    status = messages[:, :1]
    kept = np.ones((len(waits), 7), np.bool_)
    kept[:, :3] = digits[:, :3] > 0
    kept[1:, 4:5] = status[1:] != status[:-1]  # that of the message before need not be written
    kept[:, 6:] = (status & 0xE0) != 0xC0  # programs and pressures have one data byte
    flow = np.hstack([(digits & 0x7F | [0x80, 0x80, 0x80, 0]).astype(np.uint8), messages])
    return flow[kept].tobytes()


def _timed(entries: Mapping, part: Part) -> Iterator[tuple[NDArray[np.int64], NDArray[np.uint8]]]:
    """Ticks (M,) and bytes (M, 3) of messages, some thousand events at a time; at the end the note-offs."""
    if not len(part):
        return
    # In order, whatever the clock did.
    ticks = np.maximum.accumulate(np.rint(part.times * TICKS_A_SECOND).astype(np.int64))
    pieces = ((ticks[i : i + _PIECE], part.values[i : i + _PIECE]) for i in range(0, len(part), _PIECE))
    places = {(entry.channel, entry.controller) for entry in entries if isinstance(entry, ControlChange)}
    if len(places) == len(entries):
        yield from _controllers([entry for entry in entries if isinstance(entry, ControlChange)], pieces)
        return
    mapping = OutputMapping(entries)
    for times, values in pieces:
        # The last one of those that are sent again is complete in itself, even of 14 bits.
        sent = [mapping.encode(each) or mapping.resend()[-1:] for each in values.tolist()]
        yield np.repeat(times, list(map(len, sent))), _as_array(chain.from_iterable(sent))
    offs = mapping.all_notes_off()
    yield np.full(len(offs), ticks[-1] + round(LAST_NOTE * TICKS_A_SECOND)), _as_array(offs)


def _as_array(messages: Iterable[bytes]) -> NDArray[np.uint8]:
    return np.frombuffer(b"".join(each.ljust(3, b"\0") for each in messages), np.uint8).reshape(-1, 3)


def _controllers(
    entries: Sequence[ControlChange], pieces: Iterable[tuple[NDArray[np.int64], NDArray[np.floating[Any]]]]
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.uint8]]]:
    """The messages of :class:`OutputMapping` where each entry is a controller of its own, made all at once."""
    low, span = (np.array(each) for each in zip(*((e.minimum, e.maximum - e.minimum) for e in entries), strict=True))
    heads = np.array([[0xAF + entry.channel, entry.controller] for entry in entries], np.uint8)
    again = max(range(len(entries)), key=lambda i: bytes(heads[i]))  # what OutputMapping.resend names last
    before = np.full((1, len(entries)), -1)
    for times, values in pieces:
        held = (low + values.astype(np.float64).clip(0, 1) * span + 0.5).astype(np.int64)
        changed = np.diff(held, axis=0, prepend=before) != 0
        changed[~changed.any(axis=1), again] = True
        rows, columns = np.nonzero(changed)
        yield times[rows], np.column_stack([heads[columns], held[rows, columns]]).astype(np.uint8)
        before = held[-1:]


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
