"""The simulated performer: what it plays, and what makes it sound like somebody."""

from __future__ import annotations

import threading
import time
from itertools import islice, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import default_rng

from impsy.events import Interaction
from impsy.perform import MovedControls, Phrasing, ScriptedPerformer, dialogue, phrases
from impsy.perform.simulated.phrasing import LONGEST_REST, SHORTEST_REST, TOP, Event

SEEDS = st.integers(0, 2**32 - 1)
CONTROLS = st.integers(1, 40)


def moved(before: tuple[float, ...], after: tuple[float, ...]) -> list[int]:
    return [index for index, (a, b) in enumerate(zip(before, after, strict=True)) if a != b]


def controls_of(start: tuple[float, ...], events: list[Event]) -> set[int]:
    return {index for a, b in pairwise([start, *(values for _, values in events)]) for index in moved(a, b)}


@given(seed=SEEDS, controls=CONTROLS, heard=st.sets(st.integers(0, 60)))
@pytest.mark.slow
def test_a_phrase_moves_one_to_three_controls_one_place_or_more_at_a_time(seed, controls, heard):
    phrasing = Phrasing(default_rng(seed), controls)
    for _ in range(6):
        before = phrasing.values
        assert len(before) == controls
        events = phrasing.phrase(heard)
        assert 1 <= len(controls_of(before, events)) <= 3
        for wait, values in events:
            assert 0.0 < wait < 1.0
            [index] = moved(before, values)
            assert 0.0 <= values[index] <= 1.0
            assert abs(values[index] * TOP - round(values[index] * TOP)) < 1e-9
            before = values
        assert before == phrasing.values


@given(seed=SEEDS, controls=CONTROLS)
@pytest.mark.slow
def test_phrases_last_seconds_and_rests_leave_time_for_an_answer_but_not_three_seconds(seed, controls):
    phrasing = Phrasing(default_rng(seed), controls)
    for _ in range(10):
        assert 0.5 < sum(wait for wait, _ in phrasing.phrase()) < 7.0
        assert SHORTEST_REST <= phrasing.rest() <= LONGEST_REST < 2.9


@given(seed=SEEDS, controls=CONTROLS)
def test_the_first_phrase_is_short(seed, controls):
    phrasing = Phrasing(default_rng(seed), controls)
    assert phrasing.rest() + sum(wait for wait, _ in phrasing.phrase()) < 2.4


@given(seed=SEEDS, controls=CONTROLS)
@pytest.mark.slow
def test_the_same_seed_and_the_same_hearing_play_the_same(seed, controls):
    first, second = (Phrasing(default_rng(seed), controls) for _ in range(2))
    for number in range(5):
        assert first.phrase({number}) == second.phrase({number})
        assert first.rest() == second.rest()


@settings(max_examples=20)
@given(seed=SEEDS)
def test_a_phrase_comes_to_rest_in_small_steps(seed):
    phrasing = Phrasing(default_rng(seed), 8)
    steps, ends = [], []
    for _ in range(40):
        places = np.array([phrasing.values, *(values for _, values in phrasing.phrase())])
        moves = np.abs(np.diff(places, axis=0)).sum(axis=1)
        steps.append(moves.mean())
        ends.append(moves[-3:].mean())
    assert np.mean(ends) < 0.5 * np.mean(steps)


@settings(max_examples=20)
@given(seed=SEEDS)
def test_motifs_are_repeated_with_variation_and_left_for_others(seed):
    phrasing = Phrasing(default_rng(seed), 8)
    found, rhythms = [], []
    for _ in range(40):
        before = phrasing.values
        events = phrasing.phrase()
        found.append(controls_of(before, events))
        rhythms.append([round(wait, 3) for wait, _ in events])
    same = sum(a == b for a, b in pairwise(found))
    assert 8 < same < 36
    # Never twice the very same.
    assert all(a != b for a, b in pairwise(rhythms))


@settings(max_examples=20)
@given(seed=SEEDS)
@pytest.mark.slow
def test_all_controls_have_their_turn_within_three_minutes(seed):
    phrasing = Phrasing(default_rng(seed), 8)
    seconds, found = 0.0, set()
    while seconds < 240.0:
        before = phrasing.values
        events = phrasing.phrase()
        found |= controls_of(before, events)
        seconds += phrasing.rest() + sum(wait for wait, _ in events)
    assert found == set(range(8))


@settings(max_examples=20)
@given(seed=SEEDS, other=st.integers(0, 7))
@pytest.mark.slow
def test_it_takes_up_what_the_other_one_moved(seed, other):
    alone, together = Phrasing(default_rng(seed), 8), Phrasing(default_rng(seed), 8)
    counts = [0, 0]
    for _ in range(40):
        for which, (phrasing, heard) in enumerate(((alone, ()), (together, {other}))):
            before = phrasing.values
            counts[which] += other in controls_of(before, phrasing.phrase(heard))
    assert counts[1] > 12
    assert counts[1] > counts[0]


@given(seed=SEEDS, controls=CONTROLS)
@pytest.mark.slow
def test_a_dialogue_is_the_phrases_with_rests_between(seed, controls):
    alone = list(islice(phrases(default_rng(seed), controls), 200))
    pending, joined = 0.0, []
    for wait, values in islice(dialogue(Phrasing(default_rng(seed), controls), MovedControls()), 220):
        if values:
            joined.append((pending + wait, values))
            pending = 0.0
        else:
            pending += wait
    assert joined[: len(alone)] == alone[: len(joined)]
    assert len(joined) > 150


@given(vectors=st.lists(st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=3, max_size=3), max_size=8))
def test_ears_know_which_controls_moved_since_they_were_asked(vectors):
    moved = MovedControls()
    for vector in vectors:
        moved.update(vector)
    assert moved.take() == {i for a, b in pairwise(vectors) for i in range(3) if a[i] != b[i]}
    assert moved.take() == frozenset()


def test_a_scripted_performer_rests_and_hears():
    done = threading.Event()
    moved = MovedControls()
    performer = ScriptedPerformer("script", [(0.01, (0.1,)), (0.05, ()), (0.01, (0.2,))], done.set, moved.update)
    heard: list[tuple[float, ...]] = []
    began = time.monotonic()
    performer.open(lambda event: heard.append(event.values if isinstance(event, Interaction) else ()), lambda _: None)
    performer.send([0.5])
    performer.send([0.6])
    assert done.wait(5)
    performer.close()
    assert heard == [(0.1,), (0.2,)]
    assert time.monotonic() - began >= 0.07
    assert moved.take() == {0}
