"""The model's next events, computed while it plays, beside the engine's thread."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, NamedTuple, Protocol

from impsy.engine import Playing
from impsy.engine.plan import Plan, Planned
from impsy.events import LinkBeat, MidiClock, Play, Predictor, Record, Released, Unplugged
from impsy.threads import Failures, lasting

__all__ = ["Planner", "ShowsPlans"]

ROUND_SECONDS = 1 / 20
"""Between two plans at least."""

STEPS_A_ROUND = 256
"""At most: the densest playing needs 50."""

CLEAR_SECONDS = 0.0015
"""No step is computed so shortly before the engine plays: the interpreter runs one thread at a time."""

AFTER_SECONDS = 0.0005
"""And none before the engine has had so long to play."""

UNHEARD_SECONDS = 1.0
"""Where nobody takes plans, this is how often it is looked whether somebody does."""

PLAYED_LIMIT = 1000
"""Events of the engine that may wait to be compared with the plan."""

ENDS_NOTES = (Released, Unplugged)
"""Events that do not change what the model plays. Nor do clocks, where nothing is pulled to their beats."""

_STOP = None


class ShowsPlans(Protocol):
    """Takes plans: see :class:`impsy.perform.monitoring.monitor.Monitor`. Any thread may call it."""

    @property
    def is_heard(self) -> bool:
        """Whether anybody takes what it sends."""
        ...

    def plan(self, events: tuple[Planned, ...]) -> None:
        """These are the model's next events."""
        ...

    def interrupted(self) -> None:
        """The plan may have changed, and is being made."""
        ...


class _Start(NamedTuple):
    """A copy of the engine, when it was made, and what the engine has played since."""

    playing: Playing | None
    now: float
    played: deque[Planned]


class Planner:
    """Looks ahead of the engine: see :mod:`impsy.engine.plan`.

    The engine's thread makes a copy when somebody interrupts, which takes it microseconds; a thread of its own lets
    the copy play on, a step at a time, when the engine has nothing to do. That thread has the priority of the others:
    one of a lower priority could be held up by other programs while it has the interpreter, and the engine with it.

    Args:
        monitor: takes the plans.
        now: the clock of the engine.
        wake: makes the engine's thread hand over soon.
    """

    def __init__(self, monitor: ShowsPlans, now: Callable[[], float], wake: Callable[[], object]) -> None:
        self._monitor = monitor
        self._now = now
        self._wake = wake
        self._starts: SimpleQueue[_Start | None] = SimpleQueue()
        self._failures = Failures("what the model plans")
        self._thread: Thread | None = None
        # Whether another copy is wanted; what the engine has played since the last; whether nobody takes plans.
        self._wanted = True
        self._harmless: tuple[type, ...] = ()
        self._played: deque[Planned] = deque(maxlen=PLAYED_LIMIT)
        self._rests = False
        # Of the planner's thread.
        self._plan: Plan | None = None
        self._since: deque[Planned] = deque()
        self._shown: tuple[Planned, ...] | None = None
        self._twins: list[tuple[Predictor, Any]] = []

    def open(self) -> None:
        """Start the thread."""
        self._thread = lasting("impsy plan", self._run)
        self._thread.start()

    def close(self) -> None:
        """Stop."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._starts.put(_STOP)
            thread.join(0.2)

    # --- on the engine's thread --------------------------------------------------------------------

    def interrupted(self, *happened: object) -> None:
        """Something has happened that may change what the model plays: an event, or something else."""
        if not (happened and isinstance(happened[0], self._harmless)):
            self._wanted = True

    def hand_over(self, engine: Playing, noted: Sequence[Record | Play]) -> None:
        """Take what the engine has played and, if it was interrupted, a copy of it. Returns within microseconds."""
        if self._rests:
            return
        if not self._wanted:
            for each in noted:
                if isinstance(each, Play) and each.source == "rnn":
                    self._played.append(Planned(each.due, each.values))
            return
        self._wanted = False
        self._played = deque(maxlen=PLAYED_LIMIT)
        self._harmless = ENDS_NOTES if engine.forecast().settings.quantise else (*ENDS_NOTES, MidiClock, LinkBeat)
        self._monitor.interrupted()
        self._starts.put(_Start(engine.fork() if engine.is_copied else None, self._now(), self._played))

    # --- in the thread -----------------------------------------------------------------------------

    def _run(self) -> None:
        until: float | None = None
        while True:
            newest = None
            for newest in self._arrived(until):
                if newest is _STOP:
                    return
            if not self._monitor.is_heard:
                self._rests, self._plan = True, None
                until = self._now() + UNHEARD_SECONDS
                continue
            if self._rests:
                self._rests = False
                self._ask()
            began = self._now()
            with self._failures:
                if newest is not None:
                    self._begin(newest)
                self._go_on()
            # What arrives meanwhile is part of the next round.
            time.sleep(max(AFTER_SECONDS, began + ROUND_SECONDS - self._now()))
            until = self._next_round()

    def _arrived(self, until: float | None) -> Iterator[_Start | None]:
        """What has arrived, the newest last; waits for it, at most until then."""
        timeout = None if until is None else max(0.0, until - self._now())
        with suppress(Empty):
            yield self._starts.get(timeout=timeout)
            while True:
                yield self._starts.get_nowait()

    def _next_round(self) -> float | None:
        """When there is something to do if nobody interrupts; None: never."""
        now = self._now()
        more = None if self._plan is None else self._plan.more_at(now)
        return None if more is None else max(now, more + AFTER_SECONDS)

    def _ask(self) -> None:
        """Have the engine's thread make another copy."""
        self._plan = None
        self._wanted = True
        self._wake()

    def _go_on(self) -> None:
        """Look as far ahead as is wanted, unless somebody interrupts, and show it."""
        plan = self._plan
        if plan is None:
            return
        try:
            for _ in range(STEPS_A_ROUND):
                if not plan.wants_more(self._now()):
                    break
                self._wait_for_the_engine(plan)
                if not self._starts.empty():
                    return
                plan.step()
        except Exception:
            self._plan = None
            self._show(())
            raise
        if not plan.follow(self._since, self._now()):
            self._ask()
            return
        self._show(plan.coming(self._now()))

    def _begin(self, start: _Start) -> None:
        playing, now, self._since = start
        self._plan = self._shown = None
        if playing is None:
            self._show(())
            return
        wanted = playing.predictors
        self._twins = [pair for pair in self._twins if any(pair[0] is each for each in wanted)]
        playing.wake(self._twin_of)
        self._plan = Plan(playing, now)

    def _twin_of(self, predictor: Predictor) -> Any:
        for original, twin in self._twins:
            if original is predictor:
                return twin
        twin = predictor.twin()  # type: ignore[attr-defined]
        self._twins.append((predictor, twin))
        return twin

    def _wait_for_the_engine(self, plan: Plan) -> None:
        """Wait until it has played, where it is about to."""
        now = self._now()
        due = next((event.due for event in plan.coming(now - AFTER_SECONDS)), plan.next_step)
        if due is not None and -AFTER_SECONDS <= due - now < CLEAR_SECONDS:
            time.sleep(max(0.0, due - now) + AFTER_SECONDS)

    def _show(self, events: tuple[Planned, ...]) -> None:
        if events != self._shown:
            self._shown = events
            self._monitor.plan(events)
