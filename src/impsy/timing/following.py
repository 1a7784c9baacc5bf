"""Following MIDI clock: 24 ticks a beat, start, continue, stop and song position (MIDI 1.0, "System Real Time")."""

from __future__ import annotations

from impsy.copying import copied
from impsy.timing.line import Line
from impsy.timing.tracking import Tracking

__all__ = ["LOST_SECONDS", "SIXTEENTHS_A_BEAT", "TICKS_A_BEAT", "MidiFollower"]

TICKS_A_BEAT = 24
SIXTEENTHS_A_BEAT = 4
"""Song position counts these."""

LOST_SECONDS = 0.5
"""Without a tick for so long, the clock is lost, unless it was stopped."""

GAP_PERIODS = 2.5
"""The first tick after a start that comes later than so many periods begins a new series."""


class MidiFollower:
    """Follows the clock of one port: the first that sends one, until it falls silent.

    Ticks without a start, of a device that was running before, are counted from the first that arrives. After a
    stop nothing is followed until a start or continue. A clock that is lost goes on at its last tempo; when it comes
    back, it is taken to have gone on as well.

    Args:
        tempo: beats a minute, what it is taken to be before there are two ticks.
    """

    def __init__(self, tempo: float) -> None:
        self.port = ""
        """What is followed; "" while nothing is."""
        self.line: Line | None = None
        """Where the beat is; None before the first tick and while stopped."""
        self.locked = False
        """Ticks arrive."""
        self._tracking = Tracking(60 / (TICKS_A_BEAT * tempo))
        self._last = float("-inf")
        self._stopped = False
        self._beat = 0.0
        """That of the latest tick."""
        self._ahead: float | None = 0.0
        """The beat of the next tick, where that is known; None: one tick after the latest."""

    def fork(self) -> MidiFollower:
        """A copy that shares nothing that changes."""
        return copied(self, _tracking=self._tracking.fork())

    @property
    def lost_at(self) -> float | None:
        """When the clock counts as lost, if no tick comes before."""
        return self._last + LOST_SECONDS if self.locked else None

    def hears(self, port: str, now: float) -> bool:
        """Whether this port's clock is the one to follow; another's is, once that has been silent."""
        if port != self.port:
            if self.port and now - self._last < LOST_SECONDS:
                return False
            self.port = port
        return True

    def tick(self, now: float) -> None:
        """A tick arrived."""
        if now - self._last > self._longest_gap:
            self._resume(now)
        self._last = now
        self.locked = True
        lost = self._tracking.tick(now)
        if self._stopped:
            return
        self._beat = self._beat + (1 + lost) / TICKS_A_BEAT if self._ahead is None else self._ahead
        self._ahead = None
        self._draw(self._tracking.time, self._beat)

    @property
    def _longest_gap(self) -> float:
        """Seconds between two ticks that belong together; the first after a start may come at any time."""
        return LOST_SECONDS if self._ahead is None else GAP_PERIODS * self._tracking.period

    def _resume(self, now: float) -> None:
        """Ticks come after a pause: their times say nothing about those before."""
        self._tracking = Tracking(self._tracking.period)
        if self._ahead is None and self.line is not None:
            self._ahead = round(self.line.beat_at(now) * TICKS_A_BEAT) / TICKS_A_BEAT

    def _draw(self, time: float, beat: float) -> None:
        self.line = Line(time, beat, 60 / (TICKS_A_BEAT * self._tracking.period))

    def start(self, now: float) -> None:
        """The next tick is the first of the song."""
        self.position(0)
        self.proceed(now)

    def proceed(self, now: float) -> None:
        """Continue: the next tick is that of the song position, where it was stopped or was sent to."""
        self._stopped = False
        # If ticks went on meanwhile, the next one is known.
        if self._ahead is not None and now - self._last < self._longest_gap:
            self._draw(self._tracking.time + self._tracking.period, self._ahead)

    def stop(self) -> None:
        """The song stands still; ticks may go on."""
        self._stopped = True
        if self._ahead is None:
            self._ahead = self._beat + 1 / TICKS_A_BEAT
        self.line = None

    def position(self, sixteenths: int) -> None:
        """The song position, for the next tick after a start or continue."""
        self._ahead = sixteenths / SIXTEENTHS_A_BEAT

    def lose(self, now: float) -> bool:
        """No tick came in time, if that is so; returns whether the song was going on, and now does so by itself."""
        if not self.locked or now < self._last + LOST_SECONDS:
            return False
        self.locked = False
        return self.line is not None
