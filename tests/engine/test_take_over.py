"""A learnt model takes over: nothing falls silent, what waits stays, and it has heard what the other had."""

from __future__ import annotations

import pytest
from numpy.random import default_rng

from impsy.engine import Engine, Settings
from impsy.engine.nobody import NO_MODEL, Nobody
from impsy.events import Interaction, Play, Reset, SetPredictor


class Listener:
    """A predictor that remembers what it has heard, and plays an event a second."""

    dimension = 2

    def __init__(self, value: float = 0.5) -> None:
        self.heard: list[tuple[float, ...]] = []
        self._value = value

    def hear(self, vector: tuple[float, ...]) -> None:
        self.heard.append(tuple(vector))

    def sample(self, *_: object) -> list[float]:
        return [1.0, self._value]

    def reset(self) -> None:
        self.heard.clear()


def engine_with(predictor: object, mode: str = "callresponse") -> Engine:
    return Engine(Settings(2, mode, longest_wait=0), predictor, default_rng(0), 0.0)  # type: ignore[arg-type]


def play(engine: Engine, count: int, begin: float = 0.0) -> float:
    now = begin
    for number in range(count):
        now = begin + 0.05 * (number + 1)
        engine.receive(Interaction((number % 100 / 100,)), now)
    return now


@pytest.mark.parametrize(("before", "missed"), [(3, 0), (40, 2), (100, 1), (100, 64), (10, 64), (100, 65), (5, 200)])
@pytest.mark.parametrize("prepared", [True, False])
def test_it_hears_what_the_other_had_heard(before: int, missed: int, prepared: bool) -> None:
    engine = engine_with(first := Listener())
    now = play(engine, before)
    heard, learnt = engine.heard, Listener()
    if prepared:
        for vector in heard.vectors:
            learnt.hear(vector)
    play(engine, missed, now)
    engine.receive(SetPredictor(learnt, "learnt", learnt=True, heard=heard.total, prepared=prepared), now)
    context = first.heard[max(0, before - 64) :] if missed <= 64 else first.heard[-64:]
    assert learnt.heard == context


def test_what_was_forgotten_meanwhile_is_not_heard() -> None:
    engine = engine_with(Listener())
    now = play(engine, 20)
    heard, learnt = engine.heard, Listener()
    for vector in heard.vectors:
        learnt.hear(vector)
    engine.receive(Reset(), now)
    engine.receive(SetPredictor(learnt, "learnt", learnt=True, heard=heard.total), now)
    assert learnt.heard == []


def test_what_waits_is_played_when_it_was_to_be_played() -> None:
    engine = engine_with(Listener(0.25), "battle")
    engine.advance(0.0)
    due = engine.deadline
    assert due is not None
    assert engine.receive(SetPredictor(Listener(0.75), "learnt", learnt=True, heard=engine.heard.total), 0.5) == []
    assert engine.deadline == due
    played = [command.values for command in engine.advance(due) if isinstance(command, Play)]
    assert played == [(0.25,)]
    engine.advance(due)
    second = engine.deadline
    assert second == pytest.approx(due + 1.0)
    assert [each.values for each in engine.advance(second) if isinstance(each, Play)] == [(0.75,)]
    assert engine.snapshot().model == "learnt"


def test_it_begins_to_play_by_itself_where_nobody_did() -> None:
    engine = engine_with(Nobody(2), "battle")
    engine.advance(0.0)
    assert engine.deadline is None
    engine.receive(SetPredictor(Listener(), "learnt", learnt=True), 1.0)
    assert engine.deadline == 1.0


def test_nobody_answers_until_something_was_learnt() -> None:
    engine = engine_with(Nobody(2))
    now = play(engine, 10)
    assert engine.advance(now + 1.0) == []
    learnt = Listener()
    for vector in engine.heard.vectors:
        learnt.hear(vector)
    engine.receive(SetPredictor(learnt, "learnt", learnt=True, heard=engine.heard.total), now + 2.0)
    now = play(engine, 3, now + 2.0)
    engine.advance(now + 0.2)
    assert [type(each) for each in engine.advance(now + 1.3)][:1] == [Play]
    engine.receive(SetPredictor(Nobody(2), NO_MODEL, learnt=True, heard=engine.heard.total), now + 2.0)
    assert engine.snapshot().model == NO_MODEL
