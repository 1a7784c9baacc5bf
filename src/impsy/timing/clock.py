"""The beat of a performance, whatever its source: the performance's own, MIDI clock, or Ableton Link."""

from __future__ import annotations

from typing import Literal

from impsy.copying import copied
from impsy.timing.following import MidiFollower
from impsy.timing.grid import nearest, pulled
from impsy.timing.line import Line
from impsy.timing.tapping import Tapping

__all__ = ["SOURCES", "BeatClock", "MidiMessage", "Source"]

Source = Literal["off", "internal", "midi", "link"]
SOURCES: tuple[Source, ...] = ("off", "internal", "midi", "link")

JUMP_BEATS = 0.1
"""A beat that is off by more has jumped: the song was moved, or this performance has joined a session of Link."""

MidiMessage = Literal["tick", "start", "continue", "stop", "position"]


class BeatClock:
    """Knows the beat. ``line`` is None while there is none: with no source, and until a source is heard.

    Args:
        source: whose beat it is.
        tempo: beats a minute, of the performance's own beat.
        now: when that begins, with beat 0.
    """

    def __init__(self, source: str, tempo: float, now: float) -> None:
        self._tapping = Tapping()
        self._tempo = tempo
        self.use(source, now)

    def use(self, source: str, now: float) -> None:
        """Take the beat from another source. The performance's own goes on from that of the one before."""
        before = getattr(self, "line", None)
        self.source = source
        self.peers = 0
        self._follower = MidiFollower(self._tempo)
        self.line: Line | None = None
        if source == "internal":
            self.line = before.at_tempo(self._tempo, now) if before is not None else Line(now, 0.0, self._tempo)

    def fork(self) -> BeatClock:
        """A copy that shares nothing that changes."""
        follower = self._follower.fork() if self.source == "midi" else self._follower  # nothing else changes it
        return copied(self, _tapping=self._tapping.fork(), _follower=follower)

    def begin(self, now: float) -> None:
        """The performance starts: beat 0 of its own beat is here."""
        if self.source == "internal":
            self.line = Line(now, 0.0, self._tempo)

    @property
    def tempo(self) -> float:
        """Beats a minute: of the beat, or of the performance's own where there is none."""
        return self._tempo if self.line is None else self.line.tempo

    @property
    def locked(self) -> bool:
        """Whether the source is there: ticks arrive, or others take part in the session of Link."""
        if self.source == "midi":
            return self._follower.locked
        return self.source == "internal" or self.peers > 0

    @property
    def lost_at(self) -> float | None:
        """When the source counts as lost, if nothing comes before."""
        return self._follower.lost_at if self.source == "midi" else None

    # --- where it comes from -----------------------------------------------------------------------

    def set_tempo(self, tempo: float, now: float) -> None:
        """Another tempo of the performance's own beat."""
        self._tempo = tempo
        if self.source == "internal" and self.line is not None:
            self.line = self.line.at_tempo(tempo, now)

    def tap(self, now: float) -> float | None:
        """Count a tap; from the second on, returns the tempo in beats a minute."""
        return self._tapping.tap(now)

    def put_beat(self, now: float) -> None:
        """The nearest beat of the performance's own is here."""
        if self.source == "internal" and self.line is not None:
            self.line = Line(now, float(round(self.line.beat_at(now))), self.line.tempo)

    def midi(self, message: MidiMessage, port: str, position: int, now: float) -> bool:
        """A message of MIDI clock came; returns whether beats are counted anew. ``position`` in sixteenths."""
        follower = self._follower
        if self.source != "midi" or not follower.hears(port, now):
            return False
        match message:
            case "tick":
                follower.tick(now)
            case "start":
                follower.start(now)
            case "continue":
                follower.proceed(now)
            case "stop":
                follower.stop()
            case "position":
                follower.position(position)
        return self._take(follower.line, now) or message != "tick"

    def lose(self, now: float) -> bool:
        """Whether MIDI clock was lost just now, and the beat goes on at its last tempo."""
        return self.source == "midi" and self._follower.lose(now)

    def link(self, line: Line, peers: int) -> bool:
        """The session of Link has this beat; returns whether that has jumped."""
        if self.source != "link":
            return False
        self.peers = peers
        return self._take(line, line.time)

    def _take(self, line: Line | None, now: float) -> bool:
        """Take this beat; returns whether it is not where it was, so that beats are counted anew."""
        before, self.line = self.line, line
        if line is None or before is None:
            return line is not before
        return abs(line.beat_at(now) - before.beat_at(now)) > JUMP_BEATS

    @property
    def port(self) -> str:
        """The port whose MIDI clock is followed; "" while there is none."""
        return self._follower.port

    # --- what it is for ----------------------------------------------------------------------------

    def place(self, due: float, step: float, share: float, earliest: float) -> tuple[float, float | None]:
        """Pull a time to the grid: the time that it moves to, and the beat that it was pulled to (None: to none).

        Args:
            due: when it would be, seconds.
            step: of the grid, beats.
            share: of the way that it moves, 0 to 1.
            earliest: points before this time are past.
        """
        if self.line is None or not share:
            return due, None
        beat = nearest(self.line, step, due, earliest)
        return pulled(self.line, due, beat, share), beat

    def again(self, due: float, beat: float | None, share: float) -> float:
        """Where the same time is now, if the beat has changed its tempo since it was pulled to ``beat``."""
        return due if self.line is None or beat is None else pulled(self.line, due, beat, share)
