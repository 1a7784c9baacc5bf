"""Where the beat is: a straight line from seconds to beats."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Line"]

SECONDS_A_MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class Line:
    """At ``time`` (seconds) it is ``beat`` (quarter notes, a fraction), and ``tempo`` of them pass in a minute."""

    time: float
    beat: float
    tempo: float

    def beat_at(self, time: float) -> float:
        """The beat at a time."""
        return self.beat + (time - self.time) * self.tempo / SECONDS_A_MINUTE

    def time_of(self, beat: float) -> float:
        """The time of a beat."""
        return self.time + (beat - self.beat) * SECONDS_A_MINUTE / self.tempo

    def at_tempo(self, tempo: float, now: float) -> Line:
        """Another tempo from ``now`` on; the beat does not jump."""
        return Line(now, self.beat_at(now), tempo)
