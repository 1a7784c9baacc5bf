"""MIDI clock <-> what it says (MIDI 1.0, "System Real Time Messages" and "Song Position Pointer")."""

from __future__ import annotations

from impsy.events import MidiClock
from impsy.timing.clock import MidiMessage
from impsy.timing.following import SIXTEENTHS_A_BEAT, TICKS_A_BEAT

__all__ = ["CLOCK_STATUS", "TICKING", "ClockSending", "decode_clock"]

TIME_CODE, POSITION, TICK, START, CONTINUE, STOP = 0xF1, 0xF2, 0xF8, 0xFA, 0xFB, 0xFC

CLOCK_STATUS = frozenset({POSITION, TICK, START, CONTINUE, STOP})
"""First bytes of the messages of MIDI clock."""

TICKING = frozenset({TIME_CODE, TICK})
"""First bytes of what some devices send all the time, and is only for those who follow it."""

_SINGLE: dict[int, MidiMessage] = {TICK: "tick", START: "start", CONTINUE: "continue", STOP: "stop"}

TICKS_A_SIXTEENTH = TICKS_A_BEAT // SIXTEENTHS_A_BEAT
POSITIONS = 1 << 14


def decode_clock(message: bytes, port: str) -> MidiClock | None:
    """What a message at ``port`` says about time; None: nothing. Never raises, whatever the bytes."""
    if len(message) == 3 and message[0] == POSITION and max(message[1:]) < 128:
        return MidiClock("position", port, message[2] << 7 | message[1])
    meant = _SINGLE.get(message[0]) if len(message) == 1 else None
    return None if meant is None else MidiClock(meant, port)


class ClockSending:
    """What one receiver is sent: ticks, and when it starts, stops and continues.

    It starts on a beat. After a stop it continues where the beat then is, on a sixteenth, by its song position.
    """

    def __init__(self) -> None:
        self._rolling = False
        self._origin: int | None = None
        """The tick that its song began with."""

    def tick(self, position: int, rolling: bool) -> list[bytes]:
        """The messages of one tick. ``position``: ticks since beat 0; ``rolling``: whether it is to play."""
        if not rolling:
            return [*self.stop(), bytes((TICK,))]
        return [*self._begin(position), bytes((TICK,))]

    def stop(self, *, forget: bool = False) -> list[bytes]:
        """The messages that stop it. ``forget``: it starts from the beginning next time."""
        rolling, self._rolling = self._rolling, False
        if forget:
            self._origin = None
        return [bytes((STOP,))] if rolling else []

    def _begin(self, position: int) -> list[bytes]:
        if self._rolling:
            return []
        if self._origin is None or position < self._origin:
            if position % TICKS_A_BEAT:
                return []
            self._origin, self._rolling = position, True
            return [bytes((START,))]
        sixteenths, rest = divmod(position - self._origin, TICKS_A_SIXTEENTH)
        if rest:
            return []
        self._rolling = True
        at = sixteenths % POSITIONS
        return [bytes((POSITION, at & 0x7F, at >> 7)), bytes((CONTINUE,))]
