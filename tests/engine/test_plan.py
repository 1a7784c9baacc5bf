"""A copy of the engine that runs ahead plays what the engine then plays, and shares nothing with it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import Generator, default_rng

from impsy.engine import MODES, Engine, Ensemble, Playing, Settings, Voice
from impsy.engine.plan import AHEAD_SECONDS, MOST_EVENTS, Plan, Planned
from impsy.events import (
    Another,
    Interaction,
    MidiClock,
    PanicButton,
    Play,
    Predictor,
    Reset,
    Set,
    SetPredictor,
    Silence,
    Tap,
    Touched,
    Update,
)
from impsy.mapping.hands import Hand
from impsy.models.litert import LiteRTPredictor
from impsy.models.sizes import SIZES
from impsy.models.untrained import RandomGestures
from impsy.testing import FakePredictor, Rehearsal
from random_networks import random_weights

CONTROLS = 3
NETWORKS = {
    kind: LiteRTPredictor(
        random_weights(CONTROLS + 1, SIZES["xxs"], rng=default_rng(0), mixtures=12, architecture=kind)
    )
    for kind in ("plain", "gestures")
}
SLOWLY = {"sigma_temperature": 1.0}


def model(kind: str) -> Predictor:
    return RandomGestures(CONTROLS + 1) if kind == "random" else NETWORKS[kind].twin()


def copy_of(playing: Playing) -> Playing:
    copy = playing.fork()
    copy.wake(lambda predictor: predictor.twin())
    return copy


def plan_of(playing: Playing, now: float) -> list[Planned]:
    plan = Plan(copy_of(playing), now)
    while plan.wants_more(now):
        plan.step()
    return list(plan.coming(now))


@dataclass(frozen=True)
class Case:
    """How a performance is set up, and what happened before the plan was made."""

    live: Settings
    kind: str
    voices: bool
    seed: int
    before: list[tuple[float, object]]

    def begin(self) -> Rehearsal:
        def make(now: float) -> Playing:
            rng = default_rng(self.seed)
            if not self.voices:
                return Engine(self.live, model(self.kind), rng, now)
            parts = (
                Voice("low", NETWORKS["plain"].twin(), (0, 2, 4)),
                Voice("high", model(self.kind), (1, 3, 5), hears=("performer", "low")),
            )
            return Ensemble(self.live, parts, rng, now)

        stage = Rehearsal(make)
        for wait, event in self.before:
            stage.receive(event, at=stage.now + wait)
        return stage


values = st.integers(0, 127).map(lambda step: step / 127)
hand_lists = st.sampled_from(
    [
        (),
        (Hand(low=0.2, high=0.6), Hand(gate=0.05)),
        (Hand(repeat=0.3), Hand(notes=(40, 52, 60)), Hand(enabled=False)),
    ]
)


@st.composite
def cases(draw, hands=hand_lists) -> Case:
    voices = draw(st.booleans())
    n = 2 * CONTROLS if voices else CONTROLS
    event = st.one_of(
        st.lists(values, min_size=n, max_size=n).map(lambda row: Interaction(tuple(row))),
        st.tuples(st.integers(0, n - 1), values).map(lambda change: Update((change,))),
        st.just(Another()),
    )
    live = Settings(
        n + 1,
        mode=draw(st.sampled_from(list(MODES))),
        timescale=draw(st.sampled_from([0.5, 1.0, 2.0])),
        clock_source=draw(st.sampled_from(["off", "internal"])),
        quantise=draw(st.sampled_from([0.0, 0.5, 1.0])),
        hold=0.7,
        hands=draw(hands),
        **SLOWLY,
    )
    before = draw(st.lists(st.tuples(st.floats(0.001, 0.4), event), max_size=6))
    return Case(
        live, draw(st.sampled_from(["plain", "gestures", "random"])), voices, draw(st.integers(0, 99)), before
    )


def played_by(stage: Rehearsal, count: int, late: float = 0.0) -> list[Planned]:
    """The next events of the model, each step carried out so much later than it is due."""
    found: list[Planned] = []
    while len(found) < count and (deadline := stage.engine.deadline) is not None:
        stage.now = max(stage.now, deadline + late)
        commands = stage.engine.advance(stage.now)
        found += [Planned(each.due, each.values) for each in commands if isinstance(each, Play)]
    return found[:count]


@settings(max_examples=30, deadline=None)
@given(cases(), st.floats(0.0, 0.3))
@pytest.mark.slow
def test_what_is_planned_is_what_is_played(case, wait):
    stage = case.begin()
    stage.play_until(stage.now + wait)
    plan = plan_of(stage.engine, stage.now)
    assert played_by(stage, len(plan)) == plan


@settings(max_examples=20, deadline=None)
@given(cases(hands=st.just(())), st.floats(1e-7, 1e-5))
def test_what_is_planned_is_what_is_played_where_each_step_is_a_little_late(case, late):
    stage = case.begin()
    plan = plan_of(stage.engine, stage.now)
    assert played_by(stage, len(plan), late) == plan


@pytest.mark.parametrize("mode", ["battle", "duet", "callresponse"])
def test_it_reaches_eight_events_or_four_seconds_ahead(mode):
    stage = Rehearsal(lambda now: Engine(Settings(2, mode=mode), Every(0.1), default_rng(0), now))
    stage.receive(Update(((0, 0.5),)))
    assert len(plan_of(stage.engine, 0.0)) == MOST_EVENTS
    stage.receive(Set("timescale", 15.0))
    plan = plan_of(stage.engine, 0.0)
    assert 0 < len(plan) < MOST_EVENTS
    assert plan[-1].due <= AHEAD_SECONDS


class Every(FakePredictor):
    """Plays at once and again after so many seconds; it can be copied."""

    def __init__(self, seconds: float) -> None:
        super().__init__(2, [(seconds, 0.5)])

    def save(self) -> None:
        return None

    def twin(self) -> Every:
        twin = Every(0.0)
        twin._predictions = self._predictions
        return twin

    def restore(self, state: None) -> None:
        pass


def test_nothing_is_planned_where_nobody_plays():
    for mode, paused in (("useronly", False), ("battle", True), ("callresponse", False)):
        live = Settings(CONTROLS + 1, mode=mode, paused=paused)
        stage = Rehearsal(lambda now, live=live: Engine(live, model("plain"), default_rng(0), now))
        assert plan_of(stage.engine, 0.0) == []


def test_only_models_that_say_how_can_be_copied():
    def engine(predictor):
        return Engine(Settings(CONTROLS + 1), predictor, default_rng(0), 0.0)

    assert engine(model("plain")).is_copied
    assert engine(model("random")).is_copied
    assert not engine(FakePredictor(CONTROLS + 1)).is_copied


def test_a_plan_follows_what_is_played_until_it_differs():
    stage = Rehearsal(lambda now: Engine(Settings(CONTROLS + 1, mode="battle"), model("plain"), default_rng(0), now))
    plan = Plan(copy_of(stage.engine), 0.0)
    while plan.wants_more(0.0):
        plan.step()
    coming = plan.coming(0.0)
    first, second = played_by(stage, 2)
    assert plan.follow(deque([first]), first.due)
    assert plan.coming(first.due)[0] == second == coming[1]
    assert not plan.follow(deque([second._replace(values=first.values)]), second.due)
    assert not plan.follow(deque(), second.due + 2.0), "it was not played"


def test_a_plan_goes_on_as_events_are_played():
    stage = Rehearsal(lambda now: Engine(Settings(CONTROLS + 1, mode="battle"), model("random"), default_rng(0), now))
    plan = Plan(copy_of(stage.engine), 0.0)
    for _ in range(60):
        while plan.wants_more(stage.now):
            plan.step()
        coming = plan.coming(stage.now)
        (played,) = played_by(stage, 1)
        assert coming[0] == played
        assert plan.follow(deque([played]), stage.now)


# --- copies share nothing --------------------------------------------------------------------------------


def picture(thing: object, depth: int = 0):
    """All of a thing's state as plain values; predictors by what they would be restored from."""
    assert depth < 20
    if isinstance(thing, Generator):
        return thing.bit_generator.state
    if isinstance(thing, LiteRTPredictor | RandomGestures):
        return repr(thing.save())
    if isinstance(thing, Voice):
        return repr(thing.name)
    if isinstance(thing, dict):
        return {key: picture(value, depth + 1) for key, value in thing.items()}
    if isinstance(thing, list | tuple | deque):
        return [picture(value, depth + 1) for value in thing]
    if isinstance(thing, set):
        return sorted(thing)
    if hasattr(thing, "__dict__") and type(thing).__module__.startswith("impsy") and not isinstance(thing, type):
        return {key: picture(value, depth + 1) for key, value in vars(thing).items() if not callable(value)}
    if hasattr(type(thing), "__slots__") and type(thing).__module__.startswith("impsy.engine"):
        return [picture(getattr(thing, name), depth + 1) for name in type(thing).__slots__]
    return repr(thing)


def stir(playing: Playing, now: float) -> None:
    """Change whatever there is to change."""
    n = playing.snapshot().settings.dimension - 1
    for event in (
        Update(((0, 0.9),), "a"),
        Interaction((0.3,) * n, "b"),
        Touched((0,)),
        Set("mode", "duet"),
        Set("tempo", 99.0),
        Tap(),
        Set("hands", (Hand(repeat=0.2, gate=0.1),) * n),
        MidiClock("tick", "x"),
        Another(),
        Set("mode", "battle"),
    ):
        playing.receive(event, now)
        for _ in range(4):
            if (deadline := playing.deadline) is not None:
                now = max(now, deadline)
                playing.advance(now)
        now += 0.05
    playing.was_sent((0.0,) * n) if isinstance(playing, Engine) else None


@settings(max_examples=12, deadline=None)
@given(cases(), st.sampled_from(["internal", "midi"]))
@pytest.mark.slow
def test_a_copy_shares_nothing_with_the_original(case, source):
    stage = case.begin()
    stage.receive(Set("clock_source", source))
    for _ in range(30):
        stage.receive(MidiClock("tick", "x"), at=stage.now + 0.02)
    copy = copy_of(stage.engine)
    before = picture(copy)
    stir(stage.engine, stage.now)
    assert picture(copy) == before
    before = picture(stage.engine)
    stir(copy, stage.now)
    assert picture(stage.engine) == before


@settings(max_examples=10, deadline=None)
@given(cases())
@pytest.mark.slow
def test_a_performance_is_the_same_with_copies_as_without(case):
    logs = []
    for copies in (False, True):
        stage = case.begin()
        for _ in range(20):
            if copies:
                plan_of(stage.engine, stage.now)
            stage.play_until(stage.now + 0.1)
        logs.append(stage.commands)
    assert logs[0] == logs[1]


# --- another ---------------------------------------------------------------------------------------------


@settings(max_examples=20, deadline=None)
@given(cases(hands=st.just(())))
@pytest.mark.slow
def test_another_throws_the_plan_away(case):
    stage = case.begin()
    before = plan_of(stage.engine, stage.now)
    commands = stage.receive(Another())
    assert not any(isinstance(command, Silence) for command in commands), "what sounds goes on"
    after = plan_of(stage.engine, stage.now)
    assert bool(after) == bool(before) or case.live.mode == "polyphony"
    if case.kind != "random" and not case.voices:  # a gesture that is under way goes on
        assert before != after or not before
    assert all(event.due >= stage.now for event in after)
    assert played_by(stage, len(after)) == after


def test_another_waits_as_long_as_the_model_says_since_the_event_before():
    predictor = FakePredictor(2, [(0.1, 0.1), (1.0, 0.2), (0.4, 0.3), (0.2, 0.4), (9.0, 0.9)])
    stage = Rehearsal(lambda now: Engine(Settings(2, mode="battle"), predictor, default_rng(0), now))
    stage.receive(Another(), at=0.3)  # 0.1 s was played, and what was to come at 1.1 s is not
    stage.receive(Another(), at=0.45)  # 0.5 s is not, and 0.3 s is past: it is played now
    stage.play_until(1.0)
    assert [(round(time, 6), play.values) for time, play in stage.of(Play)] == [(0.1, (0.1,)), (0.45, (0.4,))]
    assert predictor.heard[-1] == pytest.approx((0.35, 0.4)), "the model hears the time that passed"


def test_another_in_the_middle_of_an_answer_goes_on_with_the_answer():
    stage = Rehearsal(lambda now: Engine(Settings(CONTROLS + 1, **SLOWLY), model("plain"), default_rng(3), now))
    stage.receive(Interaction((0.1, 0.2, 0.3)))
    played_by(stage, 2)
    stage.receive(Another())
    assert stage.engine.turn == "model"
    assert len(played_by(stage, 3)) == 3


def test_another_while_paused_or_without_a_model_does_nothing():
    stage = Rehearsal(lambda now: Engine(Settings(2, mode="battle"), FakePredictor(2), default_rng(0), now))
    stage.receive(Set("paused", True))
    assert stage.receive(Another()) == []
    assert stage.engine.snapshot().waiting == 0


def test_after_a_panic_a_reset_or_another_model_the_plan_is_another():
    stage = Rehearsal(
        lambda now: Engine(Settings(CONTROLS + 1, mode="battle", **SLOWLY), model("plain"), default_rng(0), now)
    )
    for event in (PanicButton(), Reset(), SetPredictor(model("gestures"), "another"), Set("mode", "duet")):
        stage.play_until(stage.now + 1.0)
        stage.receive(event)
        plan = plan_of(stage.engine, stage.now)
        assert len(plan) > 0
        assert played_by(stage, len(plan)) == plan
