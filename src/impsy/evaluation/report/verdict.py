"""The verdict on a model in three plain sentences, each with the figures that it is drawn from.

The first is about what moves, the second about time. Each compares several figures and mentions the one in which the
model is furthest from the players, in units of a small difference: a share of 0.1, a third of a time. Where none is
further than that, the sentence says so. The third is about how well the model foresees what the players do next,
beside the best of its rivals; where that was not measured, about whether one could tell. "You" are those who played
the dataset.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, NamedTuple

from impsy.evaluation.answers import Answers
from impsy.evaluation.playing import Gestures
from impsy.evaluation.twosample import TwoSample

__all__ = ["SMALL_SHARE", "SMALL_TIME", "Heard", "Rival", "Sentence", "telling", "verdict"]

SMALL_SHARE = 0.1
"""A difference of shares that is not mentioned."""
SMALL_TIME = math.log(4 / 3)
"""The same for the logarithm of a ratio of times: a third more, or a quarter less."""
SMALL_COUNT = 1.0
"""The same for controls that move at once."""
LONG_SILENCE = 3.5
"""Seconds of silence in mid answer that seem a fault, unless the players are silent as long."""
SMALL_GAIN, LARGE_GAIN = 0.05, 0.5
"""Nats an event: a difference that is not mentioned, and one that is called much."""
_TOLD = (
    (0.6, "One can hardly tell its playing from yours."),
    (0.75, "Its playing often passes for yours."),
    (0.9, "One can tell its playing from yours most of the time."),
    (math.inf, "One can nearly always tell its playing from yours."),
)
"""The highest AUC of the classifier for 10 events, and the sentence."""


class Sentence(NamedTuple):
    """``text``, and the figures that say so."""

    text: str
    evidence: str


@dataclass(frozen=True)
class Heard:
    """The figures of a contestant that the verdict uses; None where one was not measured."""

    gestures: Gestures | None = None
    median_dt: float | None = None
    answers: Answers | None = None
    two_sample: TwoSample | None = None
    nats: float | None = None
    """Mean negative log-likelihood of held-out events, in nats an event; less is better."""


class Rival(NamedTuple):
    """Another contestant: what it is called in a sentence, and its mean negative log-likelihood in nats an event."""

    name: str
    nats: float


class _Finding(NamedTuple):
    """``far``: how far the model is from the players; up to 1 is small."""

    far: float
    sentence: Sentence


def verdict(model: Heard, players: Heard, rivals: Sequence[Rival] = ()) -> tuple[Sentence, ...]:
    """Three sentences, fewer where something could not be measured."""
    topics = (list(topic(model, players)) for topic in (_moving, _timing))
    found = [max(findings, key=lambda each: each.far).sentence for findings in topics if findings]
    third = _foreseeing(model, rivals) or telling(model, players)
    return (*found, third) if third is not None else tuple(found)


def _foreseeing(model: Heard, rivals: Sequence[Rival]) -> Sentence | None:
    """How well it foresees what the players do next, beside the rival that does so best."""
    best = min((each for each in rivals if math.isfinite(each.nats)), key=lambda each: each.nats, default=None)
    if best is None or model.nats is None or not math.isfinite(model.nats):
        return None
    gain = best.nats - model.nats
    if abs(gain) < SMALL_GAIN:
        text = f"It foresees your next move about as well as {best.name}."
    elif gain < 0:
        text = f"It does not foresee your next move as well as {best.name}."
    else:
        text = f"It foresees your next move {'much better' if gain >= LARGE_GAIN else 'better'} than {best.name}."
    evidence = f"{model.nats:+.2f} nats an event against {best.nats:+.2f}; less is better"
    return Sentence(text, evidence)


def _both(model: Heard, players: Heard, path: str) -> tuple[Any, Any] | None:
    """A figure of the model and of the players, by its attributes; None where one was not measured."""
    try:
        mine, yours = (attrgetter(path)(each) for each in (model, players))
    except AttributeError:  # of None
        return None
    return None if mine is None or yours is None else (mine, yours)


_CLASSES = ("nothing", "one control at a time", "several controls at once")
_MORE = ("It plays events that move nothing", "It moves one control at a time", "It moves several controls at once")


def _moving(model: Heard, players: Heard) -> Iterator[_Finding]:
    if shares := _both(model, players, "gestures.shares"):
        yield _at_once(*shares)
    if spread := _both(model, players, "gestures.spread"):
        mine, yours = spread
        keeps = "It keeps to its busiest three controls more than you do."
        text = keeps if mine > yours else "It goes over more controls than you do."
        evidence = f"its busiest three controls have {mine:.0%} of its moves, yours {yours:.0%}"
        yield _Finding(abs(mine - yours) / SMALL_SHARE, Sentence(text, evidence))
    if (overlap := _both(model, players, "answers.overlap.value")) and overlap[0] < overlap[1]:
        mine, yours = overlap
        text = "It answers on other controls than those that you have just moved."
        evidence = f"phrase and answer share {mine:.0%} of their controls, two of your phrases {yours:.0%}"
        yield _Finding((yours - mine) / SMALL_SHARE, Sentence(text, evidence))
    if (opening := _both(model, players, "answers.opening")) and opening[0] > opening[1]:
        mine, yours = opening
        text = "It opens its answers by moving many controls at once."
        evidence = f"its first event moves {mine:.1f} controls, the first of your phrases {yours:.1f}"
        yield _Finding((mine - yours) / SMALL_COUNT, Sentence(text, evidence))


def _at_once(model: tuple[float, ...], players: tuple[float, ...]) -> _Finding:
    """The shares of events that move none, one and several controls: the one that the model has most in excess."""
    excess = [mine - yours for mine, yours in zip(model, players, strict=True)]
    far = max(map(abs, excess)) / SMALL_SHARE
    usual = max(range(3), key=lambda i: players[i])
    number = excess.index(max(excess)) if far > 1 else usual
    words = f"It moves {_CLASSES[usual]}, as you do." if far <= 1 else f"{_MORE[number]} more often than you do."
    what = ("none", "one control", "several controls")[number]
    return _Finding(
        far, Sentence(words, f"{model[number]:.0%} of its events move {what}, {players[number]:.0%} of yours")
    )


def _timing(model: Heard, players: Heard) -> Iterator[_Finding]:
    found: list[_Finding] = []
    if dt := _both(model, players, "median_dt"):
        text = f"It plays {'slower' if dt[0] > dt[1] else 'faster'} than you do."
        evidence = "half of its events come within {} of the one before, half of yours within {}"
        found.append(_Finding(_times(*dt), Sentence(text, evidence.format(*map(_time, dt)))))
    if switch := _both(model, players, "gestures.switch"):
        longer = "longer" if switch[0] > switch[1] else "less"
        text = f"It pauses {longer} than you do before it turns to another control."
        evidence = "{} before another control as a rule, you {}"
        found.append(_Finding(_times(*switch), Sentence(text, evidence.format(*map(_time, switch)))))
    if (silence := _both(model, players, "answers.silence")) and silence[0] > max(LONG_SILENCE, silence[1]):
        evidence = "for up to {}, you in a phrase for up to {}".format(*map(_time, silence))
        sentence = Sentence("It falls silent in the middle of an answer.", evidence)
        found.append(_Finding(_times(silence[0], LONG_SILENCE) + 1, sentence))
    furthest = max(found, key=lambda each: each.far, default=None)
    if furthest is not None and furthest.far <= 1:
        yield furthest._replace(sentence=Sentence("It keeps your time.", furthest.sentence.evidence))
    yield from (each for each in found if each.far > 1)


def telling(model: Heard, players: Heard) -> Sentence | None:
    """Whether one could tell its playing from the players'; None: that was not measured."""
    two_sample = model.two_sample.auc10 if model.two_sample is not None else None
    if two_sample is None:
        return None
    floor = players.two_sample.auc10 if players.two_sample is not None else None
    text = next(text for most, text in _TOLD if two_sample.value <= most)
    beside = f", 10 of your own {_cases(floor.value)} %" if floor is not None else ""
    evidence = f"a classifier picks out 10 of its events {_cases(two_sample.value)} % of the time{beside}"
    return Sentence(text, f"{evidence} (chance: 50)")


def _times(a: float, b: float) -> float:
    """How far apart two durations are, by ratio."""
    return abs(math.log(max(a, 1e-3) / max(b, 1e-3))) / SMALL_TIME


def _time(seconds: float) -> str:
    return f"{1000 * seconds:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def _cases(auc: float) -> str:
    """Per cent, below 100: no finite number of cases shows that it is always so."""
    return f"{min(100 * auc, 99.9):.1f}" if auc > 0.99 else f"{100 * auc:.0f}"
