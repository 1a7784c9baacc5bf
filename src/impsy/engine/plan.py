"""What the model will play: a copy of the engine runs ahead of it, from deadline to deadline.

The copy has the engine's state, its model's, and its random numbers, so it plays what the engine will play, unless
somebody interrupts: the performer, a command, another model. Then another copy is made.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from impsy.engine.ensemble import Playing
from impsy.events import Play

__all__ = ["AHEAD_SECONDS", "MOST_EVENTS", "Plan", "Planned"]

MOST_EVENTS = 8
AHEAD_SECONDS = 4.0
"""How far ahead it looks: at most so many events, and so many seconds."""

BEHIND_SECONDS = 1.0
"""An event that was not played so long after its time is not going to be: the engine has gone another way."""


class Planned(NamedTuple):
    """An event of the model: ``due``, when it is played, and x_1 … x_n."""

    due: float
    values: tuple[float, ...]


class Plan:
    """The next events of the model, the first one first.

    Args:
        playing: a copy that is used by nobody else.
        now: when it was made.
    """

    def __init__(self, playing: Playing, now: float) -> None:
        self._playing = playing
        self._now = now
        self._events: deque[Planned] = deque()

    def coming(self, now: float) -> tuple[Planned, ...]:
        """The events from ``now`` on, as far as they were computed, within what is looked ahead."""
        coming = [event for event in self._events if now <= event.due <= now + AHEAD_SECONDS]
        return tuple(coming[:MOST_EVENTS])

    @property
    def next_step(self) -> float | None:
        """When the copy does something next; None: never, unless somebody interrupts."""
        deadline = self._playing.deadline
        return None if deadline is None else max(self._now, deadline)

    def wants_more(self, now: float) -> bool:
        """Whether it does not reach as far ahead of ``now`` as it looks."""
        step = self.next_step
        if step is None or step > now + AHEAD_SECONDS:
            return False
        return len(self._events) < MOST_EVENTS or self._events[-MOST_EVENTS].due <= now

    def more_at(self, now: float) -> float | None:
        """When it wants more, where it does not now; None: never."""
        step = self.next_step
        if step is None:
            return None
        far = step - AHEAD_SECONDS
        return far if len(self._events) < MOST_EVENTS else max(far, now, self._events[-MOST_EVENTS].due)

    def step(self) -> None:
        """Compute one step more: at most one prediction for each model. Needs a ``next_step``."""
        step = self.next_step
        if step is None:
            return
        self._now = step
        for command in self._playing.advance(step):
            if isinstance(command, Play) and command.source == "rnn":
                self._events.append(Planned(command.due, command.values))

    def follow(self, played: deque[Planned], now: float) -> bool:
        """Compare with what the engine has played, and forget both; returns whether all was as planned.

        Args:
            played: since the copy was made, the oldest first; what has not been planned yet stays.
            now: the time.
        """
        while played and self._events:
            if played[0] != self._events[0]:
                return False
            played.popleft()
            self._events.popleft()
        return not self._events or self._events[0].due > now - BEHIND_SECONDS
