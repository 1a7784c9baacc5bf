"""Pictures of takes: whatever was played, nothing that moved is missing, and nothing is made up."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from impsy.data.logs.performances import Played
from impsy.web.library.pictures import TakeCache, draw


@st.composite
def takes(draw_from):
    count = draw_from(st.integers(0, 60))
    gaps = draw_from(st.lists(st.sampled_from([0.0, 0.01, 0.5, 7.0]), min_size=count, max_size=count))
    steps = draw_from(st.lists(st.integers(0, 8), min_size=count, max_size=count))
    whose = draw_from(st.lists(st.booleans(), min_size=count, max_size=count))
    times = np.cumsum(gaps) - (gaps[0] if gaps else 0)
    values = np.array(steps, np.float32).reshape(-1, 1) / 8
    return Played(np.asarray(times, np.float64), values, np.array(whose, np.bool_))


def sounded(played, performer, begin, end):
    """All values that one control had from ``begin`` to ``end``, and those that it had for any time at all."""
    times, values = played.of(performer)
    lasts = np.append(times, np.inf)[1:]
    inside = (times <= end) & (lasts >= begin)
    lasting = (times <= end) & (lasts > begin) & (lasts > times)
    return set(values[inside, 0].tolist()), set(values[lasting, 0].tolist())


@given(takes(), st.integers(2, 40), st.floats(0, 1), st.floats(0, 1))
def test_lowest_and_highest_of_all_that_sounded_are_shown_and_nothing_else(played, points, one, other):
    begin, end = sorted((one * played.seconds, other * played.seconds))
    picture = draw(played, points, begin, end)
    assert len(picture["times"]) <= max(points, 2)
    assert picture["times"] == sorted(picture["times"])
    for name, performer in (("performer", True), ("model", False)):
        (curve,) = picture[name]
        assert len(curve) == len(picture["times"])
        shown = [value for value in curve if value is not None]
        assert None not in curve[len(curve) - len(shown) :], "what is known once stays known"
        any_time, some_time = sounded(played, performer, begin, end)
        assert set(shown) <= any_time
        assert bool(shown) == bool(any_time)
        if some_time:
            assert min(shown) <= min(some_time)
            assert max(shown) >= max(some_time)


@given(takes())
def test_with_points_enough_every_value_is_shown_at_its_time(played):
    picture = draw(played, 1000, 0.0, played.seconds)
    for name, performer in (("performer", True), ("model", False)):
        times, values = played.of(performer)
        for moment, value in zip(picture["times"], picture[name][0], strict=True):
            before = values[times <= moment + 1e-4, 0]
            assert value == (before[-1] if len(before) else None)


def test_takes_that_were_looked_at_are_kept_as_long_as_there_is_room(tmp_path):
    paths = [tmp_path / f"{number}.log" for number in range(3)]
    for path in paths:
        path.write_text("2026-09-26T10:00:00.000000,interface,0.5\n" * 10)
    size = TakeCache().take(paths[0], 1).bytes
    cache = TakeCache(2 * size)
    first, second = (cache.take(path, 1) for path in paths[:2])
    assert cache.take(paths[0], 1) is first
    cache.take(paths[2], 1)
    assert cache.take(paths[0], 1) is first
    assert cache.take(paths[1], 1) is not second, "it was used longest ago"
    paths[0].write_text("2026-09-26T10:00:00.000000,rnn,0.5\n")
    assert len(cache.take(paths[0], 1).times) == 1, "it was changed"
    assert math.isclose(cache.take(paths[0], 1).seconds, 0.0)
