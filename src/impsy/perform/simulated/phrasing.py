"""A simulated performer: phrases that begin, end, come back and vary, on a few controls at a time.

A *stroke* moves one control along a shape: a sweep, a swell, a shake, stairs, taps. A *motif* is a few strokes in
rhythm, for one to three hands. A *phrase* plays a motif on controls of its choice, at a speed and a size, and ends
slowly where it began. Motifs are repeated with variations, then left for others, and may come back later. Places are
those of a MIDI controller, 0 to 127.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from numpy.random import Generator

__all__ = ["LONGEST_REST", "Event", "MovedControls", "Phrasing", "dialogue", "phrases"]

Event = tuple[float, tuple[float, ...]]
"""Seconds since the event before, and the values x_1 … x_n."""

Choice = TypeVar("Choice")

TOP = 127
SHORTEST_REST, LONGEST_REST = 1.9, 2.8
"""Seconds of silence after a phrase: long enough for an answer that can be heard as one, and less than three."""
RHYTHMS = ((1, 1, 2), (2, 1, 1), (3, 1), (1, 1, 1, 1), (2, 2), (1, 2, 1))
"""How long the strokes of a motif are, in beats; it ends with one of two beats more."""
HANDS = (1, 1, 1, 2, 2, 2, 3)
"""How many controls motifs have."""
BEAT = (0.26, 0.65)
"""Seconds, the fastest and the slowest."""
TICK = (0.03, 0.07)
"""Seconds between the places of a control that moves, in the densest and the thinnest phrase."""
SIZES = (0.3, 0.6, 1.0)
"""How far strokes go: softly, as written, or all of the way."""
PHRASES = (2, 5)
"""Phrases on one motif in a row, the fewest and the most."""
REMEMBERED = 4
"""Motifs that may come back."""


def _sweep(u: float) -> float:
    return 0.5 - 0.5 * math.cos(math.pi * u)


def _swell(u: float) -> float:
    return math.sin(math.pi * u) ** 2


def _shake(u: float) -> float:
    return math.sin(6 * math.pi * u) * (1 - u)


def _stairs(u: float) -> float:
    return math.ceil(4 * u) / 4


def _taps(u: float) -> float:
    return float(math.ceil(6 * u) % 2)


def _settle(u: float) -> float:
    return 1 - (1 - u) ** 3


SHAPES: dict[str, Callable[[float], float]] = {
    "sweep": _sweep,
    "swell": _swell,
    "shake": _shake,
    "stairs": _stairs,
    "taps": _taps,
}
"""From the part of a stroke's time that is over, 0 to 1, to the part of its way. Those that end at 0 come back."""


@dataclass(frozen=True)
class Stroke:
    """``hand``: which of the motif's controls. ``onset``, ``beats``: when, for how long. ``reach``: how far (±1)."""

    hand: int
    onset: float
    beats: float
    shape: str
    reach: float


@dataclass(frozen=True)
class Motif:
    """Strokes, in order of time, and the speed and the density at which they are played."""

    strokes: tuple[Stroke, ...]
    hands: int
    beat: float
    tick: float
    size: float

    @property
    def beats(self) -> float:
        """Until the last stroke is over."""
        return max(stroke.onset + stroke.beats for stroke in self.strokes)


class Phrasing:
    """What a performer with ``controls`` controls plays: one phrase after another, each with a rest before it.

    Args:
        rng: all its choices; with the same ``heard``, the same seed plays the same.
        controls: n, at least 1.
        repeats: phrases on one motif in a row, the fewest and the most.
        hands: how many controls a motif has; each of these is as likely as the others.
        briefly: whether the first phrase is a short one: the first answer then comes soon.
    """

    def __init__(
        self,
        rng: Generator,
        controls: int,
        repeats: tuple[int, int] = PHRASES,
        hands: Sequence[int] = HANDS,
        briefly: bool = True,
    ) -> None:
        self._rng = rng
        self._repeats = repeats
        self._hands = hands
        self._values = [int(place) / TOP for place in rng.integers(25, 103, controls)]
        self._deck: list[int] = []
        self._kept: list[tuple[Motif, list[int]]] = []
        self._left = repeats[0] if briefly else 0
        self._rest = 0.3
        self._motif, self._controls = self._invented(())
        self._motif = replace(self._motif, beat=BEAT[0])
        self._begun = not briefly

    @property
    def values(self) -> tuple[float, ...]:
        """Where the controls stand."""
        return tuple(self._values)

    def rest(self) -> float:
        """Seconds of silence before the next phrase."""
        return self._rest

    def phrase(self, heard: Collection[int] = ()) -> list[Event]:
        """The next phrase; ``heard`` are the controls that another player has moved since the last one."""
        if not self._begun:
            self._begun = True
        elif self._left > 0:
            self._varied(heard)
        else:
            self._turned(heard)
        self._left -= 1
        events = self._rendered(self._motif, self._controls)
        length = sum(wait for wait, _ in events)
        self._rest = min(LONGEST_REST, max(SHORTEST_REST, self._between(0.7, 1.0) * length))
        return events

    # --- what to play ------------------------------------------------------------------------------

    def _turned(self, heard: Collection[int]) -> None:
        """Another motif: a new one, or one of those before."""
        self._left = int(self._rng.integers(self._repeats[0], self._repeats[1] + 1))
        if len(self._kept) > 1 and self._chance(0.25):
            self._motif, self._controls = self._kept[int(self._rng.integers(len(self._kept) - 1))]
        else:
            self._motif, self._controls = self._invented(heard)
            self._kept = [*self._kept, (self._motif, self._controls)][-REMEMBERED:]

    def _invented(self, heard: Collection[int]) -> tuple[Motif, list[int]]:
        hands = min(len(self._values), self._one_of(self._hands))
        rhythm = self._one_of(RHYTHMS)
        strokes, onset = [], 0.0
        order = [*self._shuffled(hands), *(int(self._rng.integers(hands)) for _ in rhythm)]
        for hand, beats in zip(order, rhythm, strict=False):
            shape = self._one_of(tuple(SHAPES))
            strokes.append(Stroke(hand, onset, beats, shape, self._way() * self._between(0.4, 1.0)))
            # Now and then the next hand comes in before this one is done.
            onset += beats if self._chance(0.75) else beats / 2
        controls = self._dealt(hands)
        taken = [control for control in sorted(heard) if control not in controls and control < len(self._values)]
        if taken and self._chance(0.5):
            controls[0] = taken[int(self._rng.integers(len(taken)))]
        motif = Motif(tuple(strokes), hands, self._between(*BEAT), self._between(*TICK), self._one_of(SIZES[1:]))
        return motif, controls

    def _varied(self, heard: Collection[int]) -> None:
        """The same motif, changed in one way or none: it can be recognised."""
        motif = self._motif
        taken = [c for c in sorted(heard) if c not in self._controls and c < len(self._values)]
        if taken and self._chance(0.4):
            self._controls = list(self._controls)
            self._controls[int(self._rng.integers(len(self._controls)))] = self._one_of(tuple(taken))
        match self._one_of(("same", "size", "speed", "turned", "hands", "end")):
            case "size":
                motif = replace(motif, size=self._one_of(SIZES))
            case "speed":
                beat = min(BEAT[1], max(BEAT[0], motif.beat * self._one_of((0.7, 0.8, 1.25))))
                motif = replace(motif, beat=beat)
            case "turned":
                motif = replace(motif, strokes=tuple(replace(each, reach=-each.reach) for each in motif.strokes))
            case "hands":
                self._controls = [*self._controls[1:], self._controls[0]]
            case "end":
                last = replace(motif.strokes[-1], shape=self._one_of(tuple(SHAPES)))
                motif = replace(motif, strokes=(*motif.strokes[:-1], last))
        self._motif = motif

    def _dealt(self, count: int) -> list[int]:
        """Controls from a deck that is shuffled when it is empty: every control has its turn."""
        dealt: list[int] = []
        while len(dealt) < count:
            if not self._deck:
                self._deck = self._shuffled(len(self._values))
            control = self._deck.pop()
            if control not in dealt:
                dealt.append(control)
        return dealt

    # --- how to play it ----------------------------------------------------------------------------

    def _rendered(self, motif: Motif, controls: Sequence[int]) -> list[Event]:
        """The events: one control moves in each, by a place at least."""
        start = {control: round(self._values[control] * TOP) for control in controls}
        place = dict(start)
        marks: list[tuple[float, int, int]] = []
        for stroke in motif.strokes:
            control = controls[stroke.hand]
            way = _way_to(place[control], stroke.reach * motif.size * TOP)
            marks += self._drawn(
                stroke.onset * motif.beat,
                stroke.beats * motif.beat,
                motif.tick,
                control,
                place[control],
                way,
                SHAPES[stroke.shape],
            )
            place[control] = place[control] + round(way * SHAPES[stroke.shape](1.0))
        last = controls[motif.strokes[-1].hand]
        way = start[last] - place[last] or _way_to(place[last], 0.2 * TOP * self._way())
        marks += self._drawn(
            motif.beats * motif.beat, 2.5 * motif.beat, 1.6 * motif.tick, last, place[last], way, _settle
        )
        events: list[Event] = []
        now = 0.0
        for at, control, where in sorted(marks):
            value = where / TOP
            if value != self._values[control]:
                self._values[control] = value
                # A phrase begins with its first movement.
                events.append((at - now if events else motif.tick, self.values))
                now = at
        return events

    def _drawn(
        self,
        onset: float,
        seconds: float,
        tick: float,
        control: int,
        place: int,
        way: int,
        shape: Callable[[float], float],
    ) -> list[tuple[float, int, int]]:
        """A stroke as times, its control, and where that stands; its hand is not quite even."""
        count = max(2, round(seconds / tick))
        found = []
        for number in range(1, count + 1):
            at = onset + (number - self._between(0.0, 0.3)) * seconds / count
            found.append((at, control, min(TOP, max(0, place + round(way * shape(number / count))))))
        return found

    # --- chance ------------------------------------------------------------------------------------

    def _chance(self, share: float) -> bool:
        return float(self._rng.random()) < share

    def _between(self, low: float, high: float) -> float:
        return float(self._rng.uniform(low, high))

    def _way(self) -> int:
        return 1 if self._chance(0.5) else -1

    def _one_of(self, choices: Sequence[Choice]) -> Choice:
        return choices[int(self._rng.integers(len(choices)))]

    def _shuffled(self, count: int) -> list[int]:
        return [int(each) for each in self._rng.permutation(count)]


def _way_to(place: int, wanted: float) -> int:
    """How many places a control goes that is to go so far: the other way, or to the farther end, where there is no
    room; two at least."""
    way = max(2, round(abs(wanted))) * (1 if wanted > 0 else -1)
    for each in (way, -way):
        if 0 <= place + each <= TOP:
            return each
    return TOP - place if place < TOP / 2 else -place


class MovedControls:
    """Which controls another player has moved. Any thread may use it."""

    def __init__(self) -> None:
        self._values: tuple[float, ...] = ()
        self._moved: frozenset[int] = frozenset()

    def update(self, values: Sequence[float]) -> None:
        """Take the other player's values."""
        before, self._values = self._values, tuple(values)
        moved = {index for index, (a, b) in enumerate(zip(before, self._values, strict=False)) if a != b}
        if moved:
            self._moved |= moved

    def take(self) -> frozenset[int]:
        """The controls that have moved since the last call."""
        moved, self._moved = self._moved, frozenset()
        return moved


def dialogue(phrasing: Phrasing, moved: MovedControls) -> Iterator[tuple[float, tuple[float, ...]]]:
    """Phrases without end, each chosen after the answer to the one before. A rest is an event without values."""
    while True:
        yield phrasing.rest(), ()
        yield from phrasing.phrase(moved.take())


def phrases(rng: Generator, controls: int) -> Iterator[Event]:
    """Phrases without end of a performer who plays alone; rests are in the times."""
    phrasing = Phrasing(rng, controls)
    while True:
        rest = phrasing.rest()
        for wait, values in phrasing.phrase():
            yield rest + wait, values
            rest = 0.0
