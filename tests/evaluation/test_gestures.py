"""Gestures and answers, on playing that can be reckoned by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from impsy.evaluation.answers import PAUSE, THRESHOLD, answers_of, find_phrases, overlap
from impsy.evaluation.contestants import Contestant
from impsy.evaluation.playing import gestures, spread_of


def playing(moves: list[tuple[float, str]], controls: int = 4) -> np.ndarray:
    """An event that says where the controls are, then one for each (dt, controls that move, "ac" say)."""
    rows = [[0.5] + [60 / 127] * controls]
    for dt, moving in moves:
        row = [dt, *rows[-1][1:]]
        for name in moving:
            row[1 + "abcdefgh".index(name)] += 1 / 127
        rows.append(row)
    return np.array(rows, np.float32)


def test_gestures_by_hand() -> None:
    found = gestures(
        playing([(0.1, "a"), (0.1, "a"), (0.2, ""), (0.1, "a"), (0.4, "b"), (0.1, "b"), (0.1, "b"), (0.6, "ac")])[
            None
        ]
    )
    assert found.shares == (1 / 8, 6 / 8, 1 / 8)
    assert found.length == pytest.approx((2 + 1 + 3 + 1) / 4)
    assert found.rest == 1
    assert found.switch == pytest.approx(0.5)  # before b and before ac; a after the rest is no switch
    assert found.spread == 1.0


def test_gestures_of_who_never_moves() -> None:
    found = gestures(playing([(0.1, "")] * 5)[None])
    assert found.shares == (1.0, 0.0, 0.0)
    assert (found.length, found.rest, found.switch, found.spread) == (0.0, 5.0, None, None)


@pytest.mark.parametrize(
    ("counts", "expected"), [([4, 3, 2, 1], 0.9), ([1, 1, 1, 1, 1, 1], 0.5), ([5, 5, 5], None), ([0, 0, 0, 0], None)]
)
def test_spread_by_hand(counts: list[int], expected: float | None) -> None:
    moves = np.arange(max(counts))[:, None] < np.array(counts)
    assert spread_of(moves) == expected


gesture = st.lists(
    st.tuples(st.floats(0.01, 2), st.sets(st.sampled_from("abcdef")).map(lambda s: "".join(sorted(s)))),
    min_size=2,
    max_size=30,
)


@given(gesture, st.permutations(range(6)))
@pytest.mark.slow
def test_the_order_of_controls_does_not_matter(moves: list[tuple[float, str]], order: list[int]) -> None:
    events = playing(moves, 6)
    permuted = events[:, [0, *(1 + i for i in order)]]
    assert gestures(permuted[None]) == gestures(events[None])
    assert overlap(permuted, permuted[:3]) == overlap(events, events[:3])


@pytest.mark.parametrize(
    ("phrase", "answer", "expected"),
    [("a", "a", 1.0), ("a", "b", 0.0), ("ab", "b", 0.5), ("ab", "bc", 1 / 3), ("ab", "", 0.0), ("", "", 1.0)],
)
def test_overlap_by_hand(phrase: str, answer: str, expected: float) -> None:
    assert overlap(playing([(0.1, phrase)]), playing([(0.1, answer)])) == pytest.approx(expected)


class Answering(Contestant):
    """Moves control a each ``dt`` seconds, whatever it hears; ``heard`` is all of that."""

    has_density = False

    def __init__(self, dt: float, dimension: int = 5) -> None:
        super().__init__(dimension)
        self.dt, self.heard = dt, []

    def reset(self, batch: int) -> None:
        self.heard = []

    def hear(self, events: np.ndarray) -> None:
        self.heard.append(events.copy())

    def play(self, rng: np.random.Generator) -> np.ndarray:
        played = self.heard[-1].astype(np.float64)
        played[:, 0] = self.dt
        played[:, 1] += 1 / 127
        return played


PHRASES = [(0.2, "b"), (0.2, "b"), (0.2, "c"), (3.0, "c"), (0.1, "d"), (0.2, "d"), (2.0, "a"), (0.5, "a")]


def test_phrases_end_where_the_player_waits() -> None:
    events = playing(PHRASES)
    found = find_phrases(events, [slice(0, len(events))], 3, 10, 10)
    assert found.pauses.tolist() == [3.0, 2.0]
    assert [len(each.phrase) - 1 for each in found.own] == [3, 3]
    assert [len(each.answer) - 1 for each in found.own] == [3, 2]
    assert found.heard[:, -1].tolist() == [events[3].tolist(), events[6].tolist()]
    assert [overlap(each.phrase, each.answer) for each in found.own] == [1 / 3, 0.0]
    assert answers_of(found.own).silence == pytest.approx(0.5)
    assert answers_of(found.own).opening == 1.0


def test_phrases_that_cannot_be_answered_are_left_out() -> None:
    events = playing([(0.2, "")] * 5 + [(PAUSE, "a"), (0.1, "a"), (0.999 * PAUSE, "b"), (2 * PAUSE, "a")])
    found = find_phrases(events, [slice(0, len(events))], 3, 10, 10)
    assert found.pauses.tolist() == [2.0]  # the first phrase moves nothing, and less than a second ends none
    assert find_phrases(events, [slice(0, 6)], 3, 10, 10) is None
    assert find_phrases(events, [slice(6, 8)], 3, 10, 10) is None


@pytest.mark.parametrize(
    ("dt", "counts", "silence"),
    [
        (1.0, (2, 1), 1.0),
        (0.5, (5, 3), 0.5),
        # One event in the first pause, then silence until the player is back; none in the second.
        (2.0, (1, 0), 3.0 - THRESHOLD - 2.0),
        (0.01, (10, 10), 0.01),
        (5.0, (0, 0), None),
    ],
)
def test_answers_end_when_the_player_is_back(dt: float, counts: tuple[int, ...], silence: float | None) -> None:
    events = playing(PHRASES)
    phrases = find_phrases(events, [slice(0, len(events))], 3, 10, 10)
    contestant = Answering(dt)
    found = phrases.answered(contestant, np.random.default_rng(0), lambda _: None)
    assert [len(each.answer) - 1 for each in found] == [count for count in counts if count]
    assert np.stack(contestant.heard[:3], axis=1).tolist() == phrases.heard.tolist()
    answers = answers_of(found)
    if silence is None:
        assert answers is None
        return
    assert answers.answers == sum(count > 0 for count in counts)
    assert answers.events == sum(counts)
    assert answers.opening == 1.0
    assert answers.overlap.value == 0.0  # a is not what the phrases moved
    assert answers.silence >= silence - 1e-6
    if dt != 0.01:
        rests = [p - THRESHOLD - n * dt for p, n in zip((3.0, 2.0), counts, strict=True) if n]
        assert answers.silence == pytest.approx(max([*rests, dt if max(counts) > 1 else 0]), abs=1e-5)
