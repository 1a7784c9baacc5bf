"""Standard MIDI Files -> channel messages in seconds, and remarks on all that could not be read.

The format is "Standard MIDI Files 1.0" (MIDI Manufacturers Association, RP-001). Sequencers read much more than it
allows, and so does this: what can be read is read, and each kind of thing that was left out or corrected is one
remark. Only what makes every time in the file meaningless is an error.

This is not done by mido (1.3.3), which raises at the first unknown chunk, wrong track count or missing byte and gives
back nothing of what came before; also for key signatures, which play no part here.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from impsy.errors import DataError
from impsy.limits import MIDI_BYTES, MIDI_EVENTS
from impsy.mapping.wire import message_size

__all__ = ["LONGEST_HOURS", "MOST_BYTES", "MOST_EVENTS", "MidiFile", "Track", "read_smf"]

MOST_BYTES = MIDI_BYTES
MOST_EVENTS = MIDI_EVENTS
"""Messages, tempo changes and all else that tracks hold but their ends."""
MOST_TRACKS = 65_535
"""The header's count has 16 bits."""
LONGEST_HOURS = 24

_HEADER, _TRACK = b"MThd", b"MTrk"
_USUAL_DIVISION = 480
"""Ticks a quarter note of a file whose header is lost."""
_USUAL_TEMPO = 500_000
"""Microseconds a quarter note, where a file does not say."""
_LONGEST_DELTA = 0x0FFF_FFFF
_MOST_NUMBER_BYTES = 8
"""Of a number of variable length. The standard's most is four; zeros before it are harmless."""
_LONGEST_NAME = 256

_DATA_BYTES = re.compile(rb"[\x00-\x7f]*+")

_META, _SYSEX, _SYSEX_PART = 0xFF, 0xF0, 0xF7
_TRACK_NAME, _END_OF_TRACK, _TEMPO = 0x03, 0x2F, 0x51
_SYSTEM_DATA_BYTES = {0xF1: 1, 0xF2: 2, 0xF3: 1}
"""Data bytes of the system messages that have some. Outside an escape (F7) none of them belongs in a file."""

#: Kind of remark -> how one is reported, and how several are. ``where``: the first of them.
_REMARKS: Final = {
    "no header": ("there is no header (MThd): its times are right if it has {where} ticks a beat",) * 2,
    "before": ("a byte before the header left out", "{count} bytes before the header left out"),
    "between": ("a byte between tracks left out", "{count} bytes between tracks left out"),
    "after": ("a byte after the last track left out", "{count} bytes after the last track left out"),
    "chunk": ("an unknown chunk left out ({where})", "{count} unknown chunks left out (the first {where})"),
    "second file": ("another MIDI file follows the first, {where}: left out",) * 2,
    "announced": ("the header announces {where}",) * 2,
    "format": ("the header says {where}: read as format 1",) * 2,
    "pieces": ("format 2: its {where} pieces are read one after another",) * 2,
    "mid event": (
        "{where} ends in mid event: read up to there",
        "{count} tracks end in mid event, the first is {where}: read up to there",
    ),
    "no number": (
        "{where} has a number that is too long: read up to there",
        "{count} tracks have a number that is too long, the first is {where}: read up to there",
    ),
    "no end": ("{where} has no End of Track", "{count} tracks have no End of Track, the first is {where}"),
    "length": (
        "{where} has another length than its chunk says: read to its end",
        "{count} tracks have another length than their chunks say, the first is {where}: read to their ends",
    ),
    "after end": (
        "a byte after the End of Track left out ({where})",
        "{count} bytes after the End of Track left out (the first in {where})",
    ),
    "above 127": (
        "a data byte above 127 taken as 127 ({where})",
        "{count} data bytes above 127 taken as 127 (the first in {where})",
    ),
    "no status": (
        "a byte that belongs to no message left out ({where})",
        "{count} bytes that belong to no message left out (the first in {where})",
    ),
    "system": (
        "a system message, which no file may hold, left out ({where})",
        "{count} system messages, which no file may hold, left out (the first in {where})",
    ),
    "tempo": (
        "a tempo change without a tempo left out ({where})",
        "{count} tempo changes without a tempo left out (the first in {where})",
    ),
}


@dataclass(slots=True)
class Track:
    """One track.

    name: the first that it has, as the bytes that stand in the file, whatever their character set.
    messages: ``(seconds since the file begins, a complete channel message)``, in order.
    """

    name: bytes = b""
    messages: list[tuple[float, bytes]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class MidiFile:
    """What a file plays. remarks: a sentence for each kind of thing that was left out or corrected."""

    tracks: tuple[Track, ...]
    remarks: tuple[str, ...]


def read_smf(data: bytes) -> MidiFile:
    """Read a whole file.

    Raises:
        DataError: it is no MIDI file, its header gives its times no meaning, or it is too large or too long.
    """
    if len(data) > MOST_BYTES:
        raise DataError(
            f"this file is larger than {MOST_BYTES // 1_000_000} MB, the most that is read of a MIDI file"
        )
    return _Reader(data).read()


class _Damage(Exception):
    """A track cannot be read on; the text is the kind of remark."""


class _Ticks(Track):
    """A track as it stands in the file: its messages are timed in ticks.

    tempos: tick, and microseconds a quarter note from there on. end: the last tick.
    """

    def __init__(self) -> None:
        super().__init__()
        self.tempos: list[tuple[int, int]] = []
        self.end = 0


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        """What comes before has been read."""
        self._track_name = ""
        self._messages: dict[bytes, bytes] = {}
        """Each different message once: a long file repeats few."""
        self._count = 0
        self._remarks: dict[str, tuple[int, str]] = {}
        """How many of each kind, and where the first was; so bounded, whatever the file."""

    def read(self) -> MidiFile:
        kind, announced, division = self._header()
        tracks = list(self._tracks())
        if not tracks:
            raise DataError("this MIDI file is damaged or cut off: no track follows its header. Export it again")
        if announced is not None and announced != len(tracks):
            self._remark("announced", f"{announced:,} track{'s' * (announced != 1)}, {len(tracks):,} can be read")
        if kind == 2 and len(tracks) > 1:
            self._remark("pieces", f"{len(tracks):,}")
            _place_in_sequence(tracks, division)
        else:
            if kind > 2 or (kind == 0 and len(tracks) > 1):
                self._remark("format", f"format {kind}" + " and several tracks follow" * (kind == 0))
            clock = _Clock(division, (each for track in tracks for each in track.tempos))
            for track in tracks:
                _place(track, clock, 0.0)
        hours = max((track.messages[-1][0] / 3600 for track in tracks if track.messages), default=0.0)
        if hours > LONGEST_HOURS:
            raise DataError(
                f"this MIDI file goes on for {hours:,.0f} hours, and at most {LONGEST_HOURS} are read: correct the "
                "times in it, or cut it into pieces"
            )
        return MidiFile(tuple(tracks), tuple(self._sentences()))

    def _remark(self, kind: str, where: str = "", number: int = 1) -> None:
        count, first = self._remarks.get(kind, (0, where or self._track_name))
        self._remarks[kind] = (count + number, first)

    def _sentences(self) -> Iterator[str]:
        for kind, (count, where) in self._remarks.items():
            yield _REMARKS[kind][count != 1].format(count=f"{count:,}", where=where)

    # --- chunks ----------------------------------------------------------------------------------------------------

    def _header(self) -> tuple[int, int | None, int]:
        """Format, number of tracks (None: unknown) and division; goes on to what follows the header."""
        data = self._data
        start = data.find(_HEADER)
        if start < 0:
            self._at = data.find(_TRACK)
            if self._at < 0:
                raise DataError("this is no MIDI file: there is neither a header (MThd) nor a track (MTrk) in it")
            self._remark("no header", str(_USUAL_DIVISION))
            return 1, None, _USUAL_DIVISION
        if start and not data.startswith(b"RIFF"):  # RP-029 puts a whole file into a RIFF file
            self._remark("before", number=start)
        if len(data) < start + 14:
            raise DataError("this MIDI file is cut off in its header: nothing of it can be read")
        kind, tracks, division = (int.from_bytes(data[start + at : start + at + 2]) for at in (8, 10, 12))
        if not division or (division & 0x8000 and not division & 0xFF):
            raise DataError(
                "the header of this MIDI file says 0 ticks a beat, which gives its times no meaning: export it again "
                "from the program that made it"
            )
        end = start + 8 + int.from_bytes(data[start + 4 : start + 8])
        # A header may be longer than six bytes; a length after which no chunk begins is wrong.
        self._at = end if end >= start + 14 and self._is_chunk(end) else start + 14
        return kind, tracks, division

    def _is_chunk(self, at: int) -> bool:
        """Whether a chunk begins here, or the file ends."""
        name = self._data[at : at + 4]
        if at <= len(self._data) and _TRACK.startswith(name):  # shorter than four bytes only where the file is cut
            return True
        end = at + 8 + int.from_bytes(self._data[at + 4 : at + 8])
        return at + 8 <= end <= len(self._data) and name.replace(b" ", b"x").isalnum()

    def _tracks(self) -> Iterator[_Ticks]:
        number = 0
        while self._at < len(self._data):
            if self._data.startswith(_TRACK, self._at):
                number += 1
                if number > MOST_TRACKS:
                    raise DataError(f"this MIDI file has more than {MOST_TRACKS:,} tracks, the most there can be")
                self._track_name = f"track {number}"
                yield self._track()
            elif self._data.startswith(_HEADER, self._at):
                self._remark("second file", f"at byte {self._at:,}")
                return
            else:
                self._pass_over()

    def _pass_over(self) -> None:
        """Go on after a chunk of another kind, or after bytes that are no chunk."""
        self._counted(4)  # as much work as with four messages
        data, at = self._data, self._at
        end = at + 8 + int.from_bytes(data[at + 4 : at + 8])
        if self._is_chunk(at) and self._is_chunk(end):
            self._remark("chunk", f"at byte {at:,}")
            self._at = end
            return
        following = data.find(_TRACK, at)
        self._at = following if following >= 0 else len(data)
        self._remark("between" if following >= 0 else "after", number=self._at - at)

    def _track(self) -> _Ticks:
        """Read the track whose chunk begins here, and go on after it.

        The chunk's length is right where another chunk or the file's end follows. Else the track goes on to its End
        of Track or to the next track, as it does where writers leave the length at 0.
        """
        data, track = self._data, _Ticks()
        begin = min(self._at + 8, len(data))
        end = begin + int.from_bytes(data[self._at + 4 : begin])
        sound = self._is_chunk(end)
        limit = end if sound else len(data)
        self._at = begin
        try:
            ended = self._events(track, limit)
        except _Damage as damage:
            self._remark(str(damage), f"{self._track_name} at byte {self._at:,}")
            ended = False
        else:
            if not ended:
                self._remark("no end")
            elif not sound and self._at != end:
                self._remark("length")
        if sound or not ended:
            self._go_on(limit, ended)
        return track

    def _go_on(self, limit: int, ended: bool) -> None:
        """To the next track inside a chunk whose length takes it in too, or else to where the chunk ends."""
        following = self._data.find(_TRACK, self._at, limit)
        after = following if following >= 0 else limit
        if ended and after > self._at:
            self._remark("after end", number=after - self._at)
        elif ended and following >= 0:
            self._remark("length")
        self._at = after

    # --- events ----------------------------------------------------------------------------------------------------

    def _events(self, track: _Ticks, limit: int) -> bool:
        """Read a track's events up to ``limit``; whether it has an End of Track.

        Raises:
            _Damage: it cannot be read on after what has been read.
        """
        data, at, status = self._data, self._at, 0
        while at < limit:
            self._at = at
            # A track that lacks its End of Track; no note, as its length begins with a zero byte.
            if data.startswith(b"MTrk\0", at):
                return False
            delta, at = (data[at], at + 1) if data[at] < 0x80 else self._number(at, limit)
            if delta > _LONGEST_DELTA:
                raise _Damage("no number")
            track.end += delta
            if not status and at < limit and data[at] < 0x80:
                at = self._to_status(at, limit)
            if at >= limit:
                raise _Damage("mid event")
            if data[at] >= 0x80:
                first = data[at]
                at += 1
            else:  # running status, which tolerant readers let go on after meta events and exclusive messages
                first = status
            if first < _SYSEX:
                status = first
                at = self._message(track, status, at, limit)
            elif first in {_META, _SYSEX, _SYSEX_PART}:
                at, ends = self._long(track, first, at, limit)
                if ends:
                    self._at = at
                    return True
            else:
                self._remark("system")
                self._counted()
                at += _SYSTEM_DATA_BYTES.get(first, 0)
        self._at = limit
        return False

    def _number(self, at: int, limit: int) -> tuple[int, int]:
        """A number of variable length, and where it ends."""
        value = 0
        for place in range(at, min(limit, at + _MOST_NUMBER_BYTES)):
            byte = self._data[place]
            value = value << 7 | byte & 0x7F
            if byte < 0x80:
                return value, place + 1
        raise _Damage("mid event" if limit - at < _MOST_NUMBER_BYTES else "no number")

    def _to_status(self, at: int, limit: int) -> int:
        """Pass over data bytes that no status byte came before."""
        found = _DATA_BYTES.match(self._data, at, limit)
        end = found.end() if found else at
        self._counted((end - at) >> 8)  # every track may be passed over to the end of the file
        self._remark("no status", number=end - at)
        return end

    def _message(self, track: _Ticks, status: int, at: int, limit: int) -> int:
        """Take in a channel message whose data begins here; where it ends."""
        end = at + message_size(status) - 1
        if end > limit:
            raise _Damage("mid event")
        content = self._data[at:end]
        if not content.isascii():
            self._remark("above 127", number=sum(byte > 127 for byte in content))
            content = bytes(min(byte, 127) for byte in content)
        message = bytes((status,)) + content
        self._counted()
        track.messages.append((track.end, self._messages.setdefault(message, message)))
        return end

    def _long(self, track: _Ticks, first: int, at: int, limit: int) -> tuple[int, bool]:
        """Take in a meta event or pass over an exclusive message; where it ends, and whether the track does."""
        kind = -1
        if first == _META:
            if at >= limit:
                raise _Damage("mid event")
            kind = self._data[at]
            at += 1
        length, at = self._number(at, limit)
        end = at + length
        if end > limit:
            raise _Damage("mid event")
        if kind != _END_OF_TRACK:
            self._counted()
        if kind == _TEMPO:
            tempo = int.from_bytes(self._data[at : at + 3]) if length >= 3 else 0
            if tempo:
                self._counted(3)  # they are sorted, and each message is timed by them
                track.tempos.append((track.end, tempo))
            else:
                self._remark("tempo")
        elif kind == _TRACK_NAME and not track.name:
            track.name = self._data[at : min(end, at + _LONGEST_NAME)]
        return end, kind == _END_OF_TRACK

    def _counted(self, number: int = 1) -> None:
        self._count += number
        if self._count > MOST_EVENTS:
            raise DataError(f"this MIDI file holds more than {MOST_EVENTS:,} messages: cut it into pieces")


# --- time ----------------------------------------------------------------------------------------------------------


class _Clock:
    """Ticks -> seconds, by tempo changes in any order."""

    def __init__(self, division: int, tempos: Iterable[tuple[int, int]]) -> None:
        self._ticks, self._seconds = [0], [0.0]
        if division & 0x8000:  # SMPTE: frames a second, negative, and ticks a frame; tempos mean nothing
            frames = 256 - (division >> 8)
            self._paces = [1 / ((30_000 / 1001 if frames == 29 else frames) * (division & 0xFF))]
            return
        tick_of_a_microsecond = 1e-6 / division
        self._paces = [_USUAL_TEMPO * tick_of_a_microsecond]
        for tick, tempo in sorted(tempos, key=lambda change: change[0]):
            self._seconds.append(self(tick))
            self._ticks.append(tick)
            self._paces.append(tempo * tick_of_a_microsecond)

    def __call__(self, tick: float) -> float:
        at = bisect_right(self._ticks, tick) - 1
        return self._seconds[at] + (tick - self._ticks[at]) * self._paces[at]


def _place(track: _Ticks, clock: _Clock, begin: float) -> None:
    """Time a track's messages in seconds; in place, as there may be many."""
    for number, (tick, message) in enumerate(track.messages):
        track.messages[number] = (begin + clock(tick), message)


def _place_in_sequence(tracks: Iterable[_Ticks], division: int) -> None:
    """Time tracks that are pieces by themselves, each by its own tempos, one after another."""
    begin = 0.0
    for track in tracks:
        clock = _Clock(division, track.tempos)
        _place(track, clock, begin)
        begin += clock(track.end)
