"""When the ticks of a clock really are, from arrivals that come unevenly.

Three filters track the ticks: a line over four beats, which is the steadiest, and two parabolas over two beats and
over less than one, which follow ramps. The steadiest that does not lag behind is believed; the ones before it begin
anew from it. Gains are those of the growing- and fading-memory polynomial filters (N. Morrison, Introduction to
Sequential Smoothing and Prediction, 1969).
"""

from __future__ import annotations

from collections import deque
from itertools import pairwise

from impsy.copying import copied

__all__ = ["Tracking"]

MEMORIES = ((96, False), (48, True), (20, True))
"""Of each filter, steadiest first: the ticks that it remembers, and whether it follows ramps."""

SEED_TICKS = 6
"""After so many ticks, a straight line through their arrivals starts the filters."""

RESEEDED_MEMORY = 20
"""The memory, in ticks, that a filter begins anew with when it takes over from a faster one."""

LAG_TICKS = 8
"""Over so many ticks the lag is averaged."""

SPREAD_TICKS = 64
"""And the mean deviation of arrivals over so many."""

LAG_OF_SPREAD = 1.1
"""A filter that lags by more than this share of the mean deviation is not believed."""

LEAST_LAG = 0.0003
"""Seconds that are no lag yet, however even the arrivals are."""

JUMP_LAGS = 3
"""The fastest filter at so many times that lag: the tempo has jumped, and all begin anew."""

SURPRISE_OF_SPREAD = 8.0
"""A tick that is off by more than this many mean deviations counts as if it were off by so many."""

LEAST_SURPRISE = 0.004
"""Seconds that are never too much."""

ASTRAY_OF_PERIOD, ASTRAY_OF_SPREAD = 0.5, 5.0
"""A tick that is off by more than this share of a period, and by more than so many mean deviations, is astray."""

SLIPPED_TICKS = 4
"""When so many in a row are astray by the same whole number of periods, as many ticks were lost (or came twice)."""

STRAYED_TICKS = 8
"""When so many in a row are astray in another way, the tempo has jumped."""

WHOLE = 0.25
"""Of a period: so near to a whole number of them is one."""

SHORTEST_TICK, LONGEST_TICK = 0.005, 0.15
"""Seconds between ticks that are a tempo (500 and 17 beats a minute); others are a burst or a pause."""


class _Filter:
    """A polynomial of degree one or two (``ramps``) through the ticks: time, period, and the change of the period."""

    def __init__(self, memory: int, ramps: bool) -> None:
        self._memory = memory
        self._ramps = ramps
        self.begin(0.0, 0.0, 0.0)

    def begin(self, time: float, period: float, change: float, ticks: int = SEED_TICKS) -> None:
        self.time, self.period = time, period
        self.change = change if self._ramps else 0.0
        self.lag = 0.0
        self._ticks = ticks

    def go_on(self, ticks: int) -> None:
        """So many ticks passed as expected, as far as is known."""
        self.time += ticks * self.period

    def off(self, arrival: float) -> float:
        """By how much the next tick comes later than expected."""
        return arrival - (self.time + self.period + self.change / 2)

    def take(self, off: float) -> None:
        """The next tick came ``off`` seconds later than expected."""
        self._ticks = n = min(self._ticks + 1, self._memory)
        self.lag += (off - self.lag) / LAG_TICKS
        if self._ramps:
            scale = n * (n + 1) * (n + 2)
            at, rate, change = 3 * (3 * n * n - 3 * n + 2) / scale, 18 * (2 * n - 1) / scale, 60 / scale
        else:
            at, rate, change = 2 * (2 * n - 1) / (n * (n + 1)), 6 / (n * (n + 1)), 0.0
        self.time += self.period + self.change / 2 + at * off
        self.period += self.change + rate * off
        self.change += change * off


class Tracking:
    """The ``time`` of the latest tick and the ``period``, the seconds from one tick to the next.

    Args:
        period: what it is taken to be before there are two ticks.
    """

    def __init__(self, period: float) -> None:
        self.time = 0.0
        self.period = period
        self._filters = tuple(_Filter(memory, ramps) for memory, ramps in MEMORIES)
        self._recent: deque[float] = deque(maxlen=SEED_TICKS)
        self._count = 0
        self._spread = 0.001
        self._astray: list[float] = []

    def fork(self) -> Tracking:
        """A copy that shares nothing that changes."""
        filters = tuple(copied(each) for each in self._filters)
        return copied(self, _filters=filters, _recent=self._recent.copy(), _astray=self._astray.copy())

    def tick(self, arrival: float) -> int:
        """A tick arrived. Returns how many were lost before it; below 0: so many came twice."""
        self._recent.append(arrival)
        self._count += 1
        if self._count <= SEED_TICKS:
            self._through_recent()
            return 0
        off = self._filters[0].off(arrival)
        if abs(off) <= max(ASTRAY_OF_PERIOD * self.period, ASTRAY_OF_SPREAD * self._spread):
            self._astray.clear()
            self._follow(arrival)
            return 0
        self._astray.append(off / self.period)
        lost = self._slipped()
        for each in self._filters:
            each.go_on(1 + lost)
        self.time += (1 + lost) * self.period
        if lost or (len(self._astray) >= STRAYED_TICKS and self._even()):
            self._astray.clear()
        if not lost and not self._astray:
            self._begin_anew()
        return lost

    def _slipped(self) -> int:
        """How many ticks are missing, if the latest are off by a whole number of periods and come evenly again."""
        latest = self._astray[-SLIPPED_TICKS:]
        whole = round(latest[-1])
        gaps = [after - before for before, after in pairwise(tuple(self._recent)[-SLIPPED_TICKS:])]
        even = all(ASTRAY_OF_PERIOD * self.period < gap < (2 - ASTRAY_OF_PERIOD) * self.period for gap in gaps)
        same = len(latest) == SLIPPED_TICKS and all(abs(off - whole) < WHOLE for off in latest)
        return whole if same and even else 0

    def _begin_anew(self) -> None:
        self._count = SEED_TICKS
        self._through_recent()

    def _follow(self, arrival: float) -> None:
        fastest = self._filters[-1]
        limit = max(LEAST_SURPRISE, SURPRISE_OF_SPREAD * self._spread)
        self._spread += (min(abs(fastest.off(arrival)), limit) - self._spread) / SPREAD_TICKS
        for each in self._filters:
            each.take(max(-limit, min(limit, each.off(arrival))))
        lag = max(LEAST_LAG, LAG_OF_SPREAD * self._spread)
        if abs(fastest.lag) > JUMP_LAGS * lag and self._even():
            self._begin_anew()
            return
        believed = next((each for each in self._filters if abs(each.lag) < lag), fastest)
        for each in self._filters:
            if each is believed:
                break
            each.begin(believed.time, believed.period, believed.change, RESEEDED_MEMORY)
        self.time, self.period = believed.time, max(SHORTEST_TICK, min(LONGEST_TICK, believed.period))

    def _even(self) -> bool:
        """Whether the latest arrivals are a tempo, and no burst after the program stood still."""
        gaps = sorted(after - before for before, after in pairwise(self._recent))
        return SHORTEST_TICK < gaps[len(gaps) // 2] < LONGEST_TICK

    def _through_recent(self) -> None:
        """A straight line through the latest arrivals, by least squares."""
        times = self._recent
        n = len(times)
        self.time = times[-1]
        if n < 2:
            return
        middle = (n - 1) / 2
        slope = sum((i - middle) * time for i, time in enumerate(times)) / sum((i - middle) ** 2 for i in range(n))
        self.period = max(SHORTEST_TICK, min(LONGEST_TICK, slope))
        self.time = sum(times) / n + middle * self.period
        if self._count == SEED_TICKS:
            for each in self._filters:
                each.begin(self.time, self.period, 0.0)
