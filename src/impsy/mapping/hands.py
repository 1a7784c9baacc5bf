"""How each control may be played: limits, scale, gate, repeats. Pure functions of values in [0, 1].

A hand has the settings of one control, from its table ``[[controls]]``. What the model predicts is changed by it
before it is played; the model then hears what was played.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from impsy.mapping.scales import scale_notes
from impsy.mapping.wire import STEPS

__all__ = ["Hand", "Shape", "fold", "notes_within", "rest_of", "shape_of", "step_of"]

_ROUNDING = 1e-9
"""A limit that a configuration writes as 0.5039 is not missed by a note's own rounding."""


@dataclass(frozen=True, slots=True)
class Hand:
    """How one control is played.

    ``name``: what users call it; "" if nothing. ``enabled`` False: it is neither heard nor played. ``low``, ``high``:
    the range, in [0, 1]. ``notes``: those that it may play, rising; empty: any value. ``gate``: seconds after which
    its note ends; None: with the next one. ``repeat``: seconds in which it does not play the same note or step
    twice; 0: it may. ``velocity``: the control (from 0) that gives its notes their velocity, and strikes them when it
    moves; None: there is none.
    """

    name: str = ""
    enabled: bool = True
    low: float = 0.0
    high: float = 1.0
    notes: tuple[int, ...] = ()
    gate: float | None = None
    repeat: float = 0.0
    velocity: int | None = None


Shape = Callable[[float], float]
"""From the value that the model wants to the one that is played, both in [0, 1]."""


def fold(value: float, low: float, high: float) -> float:
    """The value folded back at the limits, as often as it takes: as a ball between two walls."""
    if low <= value <= high:
        return value
    span = high - low
    if span <= 0.0:
        return low
    way = (value - low) % (2 * span)
    return min(high, max(low, low + (way if way <= span else 2 * span - way)))


def notes_within(low: float, high: float, scale: str = "chromatic", root: int = 0) -> tuple[int, ...]:
    """The notes of a scale whose values, note / 127, lie within the limits; rising."""
    first, last = low * STEPS, high * STEPS
    return tuple(
        note for note in scale_notes(scale, root) if first - STEPS * _ROUNDING <= note <= last + STEPS * _ROUNDING
    )


def shape_of(hand: Hand) -> Shape | None:
    """The function that keeps a control's value in its limits, and on its notes; None: any value is as it should be.

    Of two notes that are equally near it takes the lower one.
    """
    low, high, notes = hand.low, hand.high, hand.notes
    if notes:
        borders = [(lower + upper) / 2 for lower, upper in pairwise(notes)]
        values = [note / STEPS for note in notes]
        first, last = values[0], values[-1]

        def to_note(value: float) -> float:
            return values[bisect_left(borders, fold(value, first, last) * STEPS)]

        return to_note
    if (low, high) == (0.0, 1.0):
        return None
    return lambda value: fold(value, low, high)


def rest_of(hand: Hand) -> float:
    """The middle of a control's range: where it is before anybody has moved it."""
    middle, shape = (hand.low + hand.high) / 2, shape_of(hand)
    return middle if shape is None else shape(middle)


def step_of(value: float) -> int:
    """The note or controller position, 0-127, that a value in [0, 1] is."""
    return int(value * STEPS + 0.5)
