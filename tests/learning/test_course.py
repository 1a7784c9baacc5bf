"""When steps are due, and which weights take over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from impsy.learning.course import Course, Resumed
from impsy.learning.learners import MixtureLayer
from impsy.learning.memory import Batch, Earlier, Memory
from impsy.learning.rehearsal import rehearsed
from impsy.models.sizes import Size
from impsy.models.weights import Weights
from impsy.training.beginnings import begun_by
from random_networks import random_weights


class Scripted:
    """A learner whose weights the test sets; its steps change nothing."""

    def __init__(self, weights: Weights) -> None:
        self.learnt, self.steps = weights, 0

    def step(self, batch: Batch, rate: float) -> float:
        assert batch.windows.shape[1:] == (51, 3)
        assert 0 < rate < 0.01
        self.steps += 1
        return 0.0

    def weights(self) -> Weights:
        return self.learnt

    def played(self, weights: Weights) -> Weights:
        return weights


def network(seed: int) -> Weights:
    rng = np.random.default_rng(seed)
    return random_weights(3, Size(8, 1), rng=rng, architecture="gestures", mixtures=12)


def playing(weights: Weights, count: int, seed: int) -> np.ndarray:
    """What this network plays."""
    return np.concatenate(rehearsed(weights, np.random.default_rng(seed)))[:count]


def course_of(base: Weights, memory: Memory, learnt: Weights) -> Course:
    def nothing(*_: object) -> Scripted:
        raise AssertionError("there is a model to go on from")

    def continued(_start: Weights) -> Scripted:
        return Scripted(learnt)

    return Course(memory, np.random.default_rng(0), continued=continued, begin=nothing, base=base)


def learn(course: Course) -> list[Weights]:
    taken = []
    while course.due:
        course.step()
        if course.look_due and (look := course.look()) is not None and look.weights is not None:
            taken.append(look.weights)
    return taken


@pytest.mark.slow
def test_what_foresees_the_performer_better_takes_over_once() -> None:
    base, player = network(0), network(1)
    memory = Memory(3)
    course = course_of(base, memory, player)
    taken: list[Weights] = []
    for part in np.array_split(playing(player, 600, 2), 5):
        memory.hear(part)
        taken += learn(course)
    assert taken
    assert len(taken) <= 2
    look = course.look()
    assert look is not None
    assert look.weights is None
    assert look.whole is not None
    assert look.whole > 0.03


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.slow
def test_what_is_no_better_never_takes_over(seed: int) -> None:
    base = network(0)
    rng = np.random.default_rng(seed)
    noise = base.mixture_kernel + rng.normal(0, 1e-3, base.mixture_kernel.shape).astype(np.float32)
    memory = Memory(3)
    course = course_of(base, memory, replace(base, mixture_kernel=noise))
    for part in np.array_split(playing(base, 800, seed), 10):
        memory.hear(part)
        assert learn(course) == []


@pytest.mark.slow
def test_what_forgets_does_not_take_over() -> None:
    base, player = network(0), network(1)
    memory = Memory(3, Earlier(rehearsed(base, np.random.default_rng(5))))
    course = course_of(base, memory, player)
    for part in np.array_split(playing(player, 600, 2), 5):
        memory.hear(part)
        assert learn(course) == []
    look = course.look()
    assert look is not None
    assert look.gain.is_better
    assert look.lost > 0.08


def test_steps_are_due_for_what_was_heard_and_no_more() -> None:
    memory = Memory(3)
    course = course_of(network(0), memory, network(0))
    assert not course.due
    memory.hear(playing(network(1), 500, 3))
    learn(course)
    steps = course.steps
    assert 0 < steps < 500
    assert not course.due
    memory.hear(playing(network(1), 100, 4))
    assert course.due


def test_a_course_goes_on_where_another_was() -> None:
    base, learnt, memory = network(0), network(1), Memory(3)
    memory.hear(playing(learnt, 400, 3))
    begun: list[Weights] = []

    def continued(start: Weights) -> Scripted:
        begun.append(start)
        return Scripted(start)

    rng = np.random.default_rng(0)
    course = Course(
        memory,
        rng,
        continued=continued,
        begin=lambda *_: Scripted(base),
        base=base,
        resumed=Resumed(learnt, None, 77),
    )
    assert begun == [learnt]
    assert course.steps == 77
    assert course.due


def phrases(count: int, seed: int) -> np.ndarray:
    """One knob moves for a while, then the other, at an even pace."""
    rng = np.random.default_rng(seed)
    values, events, knob = np.array([64, 64]), [], 0
    for event in range(count):
        if event % 12 == 0:
            knob, way = 1 - knob, rng.choice([-1, 1])
        values[knob] = np.clip(values[knob] + way, 0, 127)
        events.append([0.1 + 0.01 * rng.random(), *(values / 127)])
    return np.array(events, np.float32)


@pytest.mark.slow
def test_from_nothing_it_answers_once_it_beats_repeating_and_a_random_walk() -> None:
    memory = Memory(3)
    begin: Callable[..., MixtureLayer] = begun_by(False, 3, "xxs")
    course = Course(memory, np.random.default_rng(0), continued=MixtureLayer, begin=begin)
    taken: list[Weights] = []
    for part in np.array_split(phrases(900, 1), 30):
        memory.hear(part)
        taken += learn(course)
        if taken:
            break
    assert taken
    assert taken[0].architecture == "gestures"
