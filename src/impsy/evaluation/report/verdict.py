"""The verdict on a model in three plain sentences, each with the figures that it is drawn from.

The first is about what moves, the second about time, the third about whether one could tell. Each topic looks at
several figures and speaks of the one in which the model is furthest from the players, in units of what is small: a
share of 0.1, a third of a time. Where none is further than that, the sentence says so. "You" are those who played the
dataset.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from impsy.evaluation.answers import Answers
from impsy.evaluation.gestures import Gestures
from impsy.evaluation.twosample.classifier import TwoSample

__all__ = ["SMALL_SHARE", "SMALL_TIME", "Heard", "Sentence", "verdict"]

SMALL_SHARE = 0.1
"""A difference of shares that is not spoken of."""
SMALL_TIME = math.log(4 / 3)
"""The same for the logarithm of a ratio of times: a third more, or a quarter less."""
SMALL_COUNT = 1.0
"""The same for controls that move at once."""
LONG_SILENCE = 3.5
"""Seconds of silence in mid answer that seem a fault, unless the players are silent as long."""
HARDLY, OFTEN, NEARLY_ALWAYS = 0.6, 0.75, 0.9
"""The bounds of how well a classifier tells 10 events, between what is said of it."""


class Sentence(NamedTuple):
    """``text``, and the figures that say so."""

    text: str
    evidence: str


@dataclass(frozen=True)
class Heard:
    """What of a contestant the verdict is drawn from; None where it was not measured."""

    gestures: Gestures | None = None
    median_dt: float | None = None
    answers: Answers | None = None
    told: TwoSample | None = None


class _Finding(NamedTuple):
    """``far``: how far the model is from the players; up to 1 is small."""

    far: float
    sentence: Sentence


def verdict(model: Heard, players: Heard) -> tuple[Sentence, ...]:
    """Three sentences, fewer where something could not be measured."""
    topics = (
        list(_moving(model, players)),
        list(_timing(model, players)),
        list(_telling(model, players)),
    )
    return tuple(max(findings, key=lambda each: each.far).sentence for findings in topics if findings)


_CLASSES = ("nothing", "one control at a time", "several controls at once")
_MORE = ("It plays events that move nothing", "It moves one control at a time", "It moves several controls at once")


def _moving(model: Heard, players: Heard) -> Iterator[_Finding]:
    if model.gestures is not None and players.gestures is not None:
        yield _at_once(model.gestures, players.gestures)
        mine, yours = model.gestures.spread, players.gestures.spread
        if mine is not None and yours is not None:
            keeps = mine > yours
            text = "It keeps to its busiest three controls more than you do."
            yield _Finding(
                abs(mine - yours) / SMALL_SHARE,
                Sentence(
                    text if keeps else "It goes over more controls than you do.",
                    f"its busiest three controls have {mine:.0%} of its moves, yours {yours:.0%}",
                ),
            )
    if model.answers is not None and players.answers is not None:
        overlap, own = model.answers.overlap.value, players.answers.overlap.value
        if overlap < own:
            yield _Finding(
                (own - overlap) / SMALL_SHARE,
                Sentence(
                    "It answers on other controls than those that you have just moved.",
                    f"phrase and answer share {overlap:.0%} of their controls, two of your phrases {own:.0%}",
                ),
            )
        opening, first = model.answers.opening, players.answers.opening
        if opening > first:
            yield _Finding(
                (opening - first) / SMALL_COUNT,
                Sentence(
                    "It opens its answers by moving many controls at once.",
                    f"its first event moves {opening:.1f} controls, the first of your phrases {first:.1f}",
                ),
            )


def _at_once(model: Gestures, players: Gestures) -> _Finding:
    """How many controls move in an event: of none, one and several, the one of which there is most too much."""
    excess = [mine - yours for mine, yours in zip(model.shares, players.shares, strict=True)]
    far = max(map(abs, excess)) / SMALL_SHARE
    usual = max(range(3), key=lambda i: players.shares[i])
    number = excess.index(max(excess)) if far > 1 else usual
    words = f"It moves {_CLASSES[usual]}, as you do." if far <= 1 else f"{_MORE[number]} more often than you do."
    what = ("none", "one control", "several controls")[number]
    evidence = f"{model.shares[number]:.0%} of its events move {what}, {players.shares[number]:.0%} of yours"
    return _Finding(far, Sentence(words, evidence))


def _timing(model: Heard, players: Heard) -> Iterator[_Finding]:
    found: list[_Finding] = []
    if model.median_dt is not None and players.median_dt is not None:
        mine, yours = model.median_dt, players.median_dt
        found.append(
            _Finding(
                _times(mine, yours),
                Sentence(
                    f"It plays {'slower' if mine > yours else 'faster'} than you do.",
                    f"half of its events come within {_time(mine)} of the one before, half of yours within "
                    f"{_time(yours)}",
                ),
            )
        )
    if model.gestures is not None and players.gestures is not None:
        switch, own = model.gestures.switch, players.gestures.switch
        if switch is not None and own is not None:
            found.append(
                _Finding(
                    _times(switch, own),
                    Sentence(
                        f"It pauses {'longer' if switch > own else 'less'} than you do before it turns to another "
                        "control.",
                        f"{_time(switch)} before another control as a rule, you {_time(own)}",
                    ),
                )
            )
    if model.answers is not None and players.answers is not None:
        mine, yours = model.answers.silence, players.answers.silence
        if mine > max(LONG_SILENCE, yours):
            found.append(
                _Finding(
                    _times(mine, LONG_SILENCE) + 1,
                    Sentence(
                        "It falls silent in the middle of an answer.",
                        f"for up to {_time(mine)}, you in a phrase for up to {_time(yours)}",
                    ),
                )
            )
    furthest = max(found, key=lambda each: each.far, default=None)
    if furthest is not None and furthest.far <= 1:
        yield furthest._replace(sentence=Sentence("It keeps your time.", furthest.sentence.evidence))
    yield from (each for each in found if each.far > 1)


def _telling(model: Heard, players: Heard) -> Iterator[_Finding]:
    told = model.told.auc10 if model.told is not None else None
    if told is None:
        return
    floor = players.told.auc10 if players.told is not None else None
    if told.value <= HARDLY:
        text = "One can hardly tell its playing from yours."
    elif told.value <= OFTEN:
        text = "Its playing often passes for yours."
    elif told.value <= NEARLY_ALWAYS:
        text = "One can tell its playing from yours most of the time."
    else:
        text = "One can nearly always tell its playing from yours."
    beside = f", 10 of your own {_cases(floor.value)} %" if floor is not None else ""
    evidence = f"a classifier picks out 10 of its events {_cases(told.value)} % of the time{beside}"
    yield _Finding(0.0, Sentence(text, f"{evidence} (chance: 50)"))


def _times(a: float, b: float) -> float:
    """How far apart two durations are, by ratio."""
    return abs(math.log(max(a, 1e-3) / max(b, 1e-3))) / SMALL_TIME


def _time(seconds: float) -> str:
    return f"{1000 * seconds:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def _cases(auc: float) -> str:
    """Never 100, since there is always a case that was not tried."""
    return f"{min(100 * auc, 99.9):.1f}" if auc > 0.99 else f"{100 * auc:.0f}"
