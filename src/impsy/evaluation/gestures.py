"""Gestures: which controls move, for how long the same ones go on, and when others take over.

A gesture is a longest run of events that move the same set of controls; a rest is a longest run of events that move
none. A control moves in an event when its 7-bit value changes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from impsy.evaluation.twosample.traits import places_of, run_lengths

__all__ = ["BUSIEST", "Gestures", "gestures", "moves_of", "spread_of"]

BUSIEST = 3


@dataclass(frozen=True)
class Gestures:
    """Of streams of playing that are equally long.

    shares: of events that move no control, one, and several. spread: share of all moves that the busiest three
    controls have; None for three controls or fewer. length: events in a gesture, mean over gestures. rest: events in
    the longest rest of a stream, mean over streams. switch: seconds before the first event of a gesture that moves
    other controls than the gesture before it, median; None where that never happens.
    """

    shares: tuple[float, float, float]
    spread: float | None
    length: float
    rest: float
    switch: float | None


def gestures(playing: NDArray[np.float32]) -> Gestures:
    """Of streams (S, T + 1, D), whose first event says where the controls are."""
    moves = moves_of(playing)
    count = moves.sum(axis=2)
    lengths: list[int] = []
    rests: list[int] = []
    switches: list[float] = []
    for own, events in zip(moves, playing[:, 1:], strict=True):
        continued = (own[1:] == own[:-1]).all(axis=1)
        runs = run_lengths(continued)
        begins = np.cumsum(runs) - runs
        moving = own[begins].any(axis=1)
        lengths += runs[moving].tolist()
        rests.append(int(runs[~moving].max(initial=0)))
        first = begins[moving]
        other = (own[first[1:]] != own[first[:-1]]).any(axis=1)
        switches += events[first[1:][other], 0].tolist()
    return Gestures(
        shares=(float((count == 0).mean()), float((count == 1).mean()), float((count > 1).mean())),
        spread=spread_of(moves.reshape(-1, moves.shape[2])),
        length=float(np.mean(lengths)) if lengths else 0.0,
        rest=float(np.mean(rests)),
        switch=float(np.median(switches)) if switches else None,
    )


def moves_of(playing: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which controls move in which event: (…, T, n) of (…, T + 1, D)."""
    moves: NDArray[np.bool_] = np.diff(places_of(playing), axis=-2) != 0
    return moves


def spread_of(moves: NDArray[np.bool_]) -> float | None:
    """The share that the busiest three controls have of all ``moves`` (E, n); None where there are no others."""
    counts = np.sort(moves.sum(axis=0))[::-1]
    if len(counts) <= BUSIEST or not counts.any():
        return None
    return float(counts[:BUSIEST].sum() / counts.sum())
