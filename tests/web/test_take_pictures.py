"""Pictures of takes: whatever was played, nothing that moved is missing, and nothing is made up."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import pairwise
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from impsy.codecs.log import encode_row
from impsy.data.logs import outline as outlines
from impsy.data.logs.outline import Outline, Part
from impsy.data.logs.performances import Played, read_played
from impsy.data.logs.scanning import scan_in_outline, scan_log
from impsy.web.library import pictures
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


def rows_of(played):
    return {"performer": Part.of_rows(*played.of(True)), "model": Part.of_rows(*played.of(False))}


def sounded(played, performer, begin, end):
    """All values that one control had from ``begin`` to ``end``, and those that it had for any time at all."""
    times, values = played.of(performer)
    lasts = np.append(times, np.inf)[1:]
    inside = (times <= end) & (lasts >= begin)
    lasting = (times <= end) & (lasts > begin) & (lasts > times)
    return set(values[inside, 0].tolist()), set(values[lasting, 0].tolist())


@given(takes(), st.integers(2, 40), st.floats(0, 1), st.floats(0, 1))
@pytest.mark.slow
def test_lowest_and_highest_of_all_that_sounded_are_shown_and_nothing_else(played, points, one, other):
    begin, end = sorted((one * played.seconds, other * played.seconds))
    picture = draw(rows_of(played), points, begin, end)
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
@pytest.mark.slow
def test_with_points_enough_every_value_is_shown_at_its_time(played):
    picture = draw(rows_of(played), 1000, 0.0, played.seconds)
    for name, performer in (("performer", True), ("model", False)):
        times, values = played.of(performer)
        for moment, value in zip(picture["times"], picture[name][0], strict=True):
            before = values[times <= moment + 1e-4, 0]
            assert value == (before[-1] if len(before) else None)


def test_takes_that_were_looked_at_are_kept_as_long_as_there_is_room(tmp_path):
    paths = [tmp_path / f"{number}.log" for number in range(3)]
    for path in paths:
        path.write_text("2026-09-26T10:00:00.000000,interface,0.5\n" * 10)
    size = TakeCache(tmp_path).take(paths[0], 1).bytes
    cache = TakeCache(tmp_path, 2 * size)
    first, second = (cache.take(path, 1) for path in paths[:2])
    assert cache.take(paths[0], 1) is first
    cache.take(paths[2], 1)
    assert cache.take(paths[0], 1) is first
    assert cache.take(paths[1], 1) is not second, "it was used longest ago"
    paths[0].write_text("2026-09-26T10:00:00.000000,rnn,0.5\n")
    assert len(cache.take(paths[0], 1).times) == 1, "it was changed"
    assert math.isclose(cache.take(paths[0], 1).seconds, 0.0)


def written(path, count, seed=0, controls=2):
    """A log of a take: rests, ties of time, a clock that is set back, and answers of the model in phrases."""
    rng = np.random.default_rng(seed)
    gaps = rng.choice([0.0, 0.01, 0.02, 3.0, -1.0], count, p=[0.1, 0.4, 0.45, 0.03, 0.02])
    now = datetime(2026, 9, 26, 10)
    values = rng.random(controls).round(3)
    with path.open("w") as file:
        for number, gap in enumerate(gaps.tolist()):
            now += timedelta(seconds=gap)
            values[rng.integers(controls)] = round(float(rng.random()), 3)
            source = "rnn" if number // 70 % 3 == 1 else "interface"
            file.write("nonsense\n" if number % 500 == 250 else encode_row(now, source, values.tolist()))
    return path


@pytest.fixture
def long_take(tmp_path, monkeypatch):
    """A take whose file counts as long, in groups of a few rows and pieces of some."""
    monkeypatch.setattr(outlines, "GROUP", 8)
    monkeypatch.setattr(pictures, "GROUP", 8)
    path = written(tmp_path / "2026-09-26T10-00-00-3d-mdrnn.log", 4000)
    with patch("impsy.data.logs.pieces.CHUNK", 10_000):
        scan, outline = scan_in_outline(path, 2)
    return path, scan, Outline.load(outline.dump()), read_played(path, 2)


def test_an_outline_says_of_a_take_what_its_rows_say(long_take):
    path, scan, outline, played = long_take
    assert scan == scan_log(path, 2)
    assert outline.seconds == pytest.approx(played.seconds)
    for part, performer in ((outline.performer, True), (outline.model, False)):
        times, values = played.of(performer)
        assert part.low.min(axis=0).tolist() == values.min(axis=0).tolist()
        assert part.high.max(axis=0).tolist() == values.max(axis=0).tolist()
        assert (part.starts[0], part.ends[-1]) == pytest.approx((times[0], times[-1]))


@pytest.mark.parametrize(("begin", "end"), [(0.0, 1.0), (0.0, 0.02), (0.3, 0.35), (0.97, 1.0), (0.5, 0.5)])
@pytest.mark.slow
def test_rows_of_a_part_are_read_from_the_middle_of_the_file(long_take, begin, end):
    path, _, outline, played = long_take
    begin, end = begin * played.seconds, end * played.seconds
    found = draw(outline.rows(path, *outline.groups(begin, end)), 10_000, begin, end)
    expected = draw(rows_of(played), 10_000, begin, end)
    assert found["times"] == pytest.approx(expected["times"], abs=2e-4)
    for player in ("performer", "model"):
        assert found[player] == expected[player]


@pytest.mark.parametrize("points", [2, 20, 100])
def test_a_picture_in_outline_is_off_by_a_group_at_most(long_take, points):
    """Everything that moved is in it, and nothing is there that was not played within a group of where it is."""
    _, _, outline, played = long_take
    parts = {"performer": outline.performer, "model": outline.model}
    picture = draw(parts, points, 0.0, played.seconds)
    for name, part in parts.items():
        times, values = played.of(name == "performer")
        longest = float((part.ends - part.starts).max())
        for control in range(2):
            curve = np.array(picture[name][control], np.float64)
            edges = np.linspace(0, played.seconds, points // 2 + 1)
            for piece, (begin, end) in enumerate(pairwise(edges.tolist())):
                low, high = sorted(curve[2 * piece : 2 * piece + 2])
                inside = values[(times >= begin) & (times < end), control]
                near = values[(times >= begin - longest - 1e-6) & (times <= end + longest + 1e-6), control]
                if len(inside):
                    assert low <= inside.min() + 1e-4
                    assert high >= inside.max() - 1e-4
                    assert low >= min(near.min(), values[max(0, np.searchsorted(times, begin) - 1), control]) - 1e-4


def test_a_long_take_is_looked_at_in_outline_and_read_where_that_is_too_coarse(tmp_path, monkeypatch):
    path = written(tmp_path / "2026-09-26T10-00-00-3d-mdrnn.log", 4000)
    whole = TakeCache(tmp_path)
    cache = TakeCache(tmp_path)
    with patch.object(pictures, "LONG", 1000), patch.object(pictures, "read_played", side_effect=AssertionError):
        coarse = cache.picture(path, 2, 10, 0.0, None)
        close = cache.picture(path, 2, 1000, 10.0, 11.0)
        with patch.object(pictures, "work", side_effect=AssertionError):  # the outline is kept
            assert cache.picture(path, 2, 10, 0.0, None) == coarse
    assert close == whole.picture(path, 2, 1000, 10.0, 11.0)
    assert coarse["seconds"] == whole.picture(path, 2, 10, 0.0, None)["seconds"]
    assert len(coarse["times"]) == 10


def test_a_long_take_is_read_once_for_all_who_want_to_see_it(tmp_path):
    path = written(tmp_path / "2026-09-26T10-00-00-3d-mdrnn.log", 4000)
    cache = TakeCache(tmp_path)
    with (
        patch.object(pictures, "LONG", 1000),
        patch.object(pictures, "work", wraps=pictures.work) as worked,
        ThreadPoolExecutor(4) as pool,
    ):
        found = list(pool.map(lambda _: cache.picture(path, 2, 10, 0.0, None), range(4)))
    assert worked.call_count == 1
    assert found == found[:1] * 4


def test_no_more_rows_of_a_long_take_are_read_than_so_many(tmp_path):
    path = written(tmp_path / "2026-09-26T10-00-00-3d-mdrnn.log", 4000)
    cache = TakeCache(tmp_path)
    with (
        patch.object(pictures, "LONG", 1000),
        patch.object(pictures, "MOST_ROWS", 1000),
        patch.object(Outline, "rows", side_effect=AssertionError),
    ):
        assert cache.picture(path, 2, 100_000, 0.0, None)["times"]  # so fine that rows would be wanted
