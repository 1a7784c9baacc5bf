"""Call and response: what a contestant answers to real phrases, as the engine's mode ``callresponse`` lets it.

A phrase is a run of a player's events without a pause of a second. The contestant has heard the events up to its end.
Its turn begins when the player has been silent for the threshold; each of its events is played after its dt, and
heard by itself next, until the player comes back. What the players did then, their own next phrase, is what answers
are compared with.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from impsy.evaluation.contestants import Contestant
from impsy.evaluation.generation import generate
from impsy.evaluation.likelihood import Tick, evenly
from impsy.evaluation.playing import Estimate, moves_of, spread_of

__all__ = ["PAUSE", "THRESHOLD", "Answers", "Exchange", "Phrases", "answers_of", "find_phrases", "overlap"]

EventArray = NDArray[np.float32]

PAUSE = 1.0
"""Seconds of silence that end a phrase: less leaves no time for an answer."""
THRESHOLD = 0.1
"""Seconds of silence after which a model answers, unless a performance says otherwise."""


@dataclass(frozen=True, eq=False)
class Exchange:
    """``phrase`` (P + 1, D) and ``answer`` (T + 1, D), each after an event that says where its controls are.

    ``silences``: seconds without a sound while the answer goes on.
    """

    phrase: EventArray
    answer: EventArray
    silences: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class Phrases:
    """``own``: phrases and what the players played next. ``pauses`` (P,): seconds in between.

    ``heard`` (P, H, D): the events up to the end of each phrase. A contestant answers with ``events`` at most.
    """

    own: tuple[Exchange, ...]
    pauses: NDArray[np.float64]
    heard: EventArray
    events: int

    def answered(self, contestant: Contestant, rng: Generator, tick: Tick) -> tuple[Exchange, ...]:
        """The contestant's answers; without those in which it plays nothing before the player comes back."""
        played = generate(contestant, self.heard, len(self.heard), self.events, rng, tick)
        found = []
        for own, pause, answer in zip(self.own, self.pauses.tolist(), played, strict=True):
            times = THRESHOLD + np.cumsum(answer[:, 0], dtype=np.float64)
            count = int((times < pause).sum())
            if count:
                # Its next event would have come after the player's return: until then nothing sounds.
                last = [pause - float(times[count - 1])] if count < len(answer) else []
                silences = (*answer[1:count, 0].tolist(), *last)
                found.append(Exchange(own.phrase, np.concatenate([own.phrase[-1:], answer[:count]]), silences))
        return tuple(found)


@dataclass(frozen=True)
class Answers:
    """What answers are like.

    answers: how many there are. events: in all of them. overlap: controls that both a phrase and its answer move, of
    all that either moves (Jaccard), mean over answers, with its standard error. spread: share of all moves that the
    busiest three controls have, None for three controls or fewer. opening: controls that an answer's first event
    moves, mean. silence: seconds of the longest silence once an answer has begun.
    """

    answers: int
    events: int
    overlap: Estimate
    spread: float | None
    opening: float
    silence: float


def find_phrases(events: EventArray, parts: Sequence[slice], heard: int, answer: int, most: int) -> Phrases | None:
    """At most ``most`` phrases in ``parts`` of ``events`` (N, D), evenly spaced over all; None if there are none.

    They move something, end after ``heard`` events of their part at least, and have another phrase after them. Of a
    phrase its last ``heard`` events count, of the next one the first ``answer``.
    """
    found = [each for part in parts for each in _phrases(events[part], heard, answer)]
    if not found:
        return None
    chosen = [found[i] for i in evenly(np.arange(len(found)), most).tolist()]
    own, pauses, contexts = zip(*chosen, strict=True)
    return Phrases(own, np.array(pauses), np.stack(contexts), answer)


def _phrases(own: EventArray, heard: int, answer: int) -> Iterator[tuple[Exchange, float, EventArray]]:
    begins = np.flatnonzero(own[:, 0] >= PAUSE).tolist()
    for before, begin, after in zip([0, *begins], begins, [*begins[1:], len(own)], strict=False):
        if begin >= heard:
            phrase = own[max(before - 1, begin - heard - 1, 0) : begin]
            following = own[begin - 1 : min(after, begin + answer)]
            if moves_of(phrase).any():
                silences = tuple(following[2:, 0].tolist())
                yield Exchange(phrase, following, silences), float(own[begin, 0]), own[begin - heard : begin]


def answers_of(exchanges: Sequence[Exchange]) -> Answers | None:
    """What these are like; None if there are none."""
    if not exchanges:
        return None
    overlaps = np.array([overlap(each.phrase, each.answer) for each in exchanges])
    moves = [moves_of(each.answer) for each in exchanges]
    count = len(exchanges)
    return Answers(
        answers=count,
        events=sum(map(len, moves)),
        overlap=Estimate(float(overlaps.mean()), float(overlaps.std() / np.sqrt(max(count - 1, 1)))),
        spread=spread_of(np.concatenate(moves)),
        opening=float(np.mean([own[0].sum() for own in moves])),
        silence=max((silence for each in exchanges for silence in each.silences), default=0.0),
    )


def overlap(phrase: EventArray, answer: EventArray) -> float:
    """Controls that move in both, of those that move in either; each after an event that says where they are."""
    a, b = moves_of(phrase).any(axis=0), moves_of(answer).any(axis=0)
    either = int((a | b).sum())
    return float((a & b).sum() / either) if either else 1.0
