"""Lines from seconds to beats, and the grid that planned events are pulled to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impsy.timing.clock import BeatClock
from impsy.timing.grid import GRIDS, nearest, pulled
from impsy.timing.line import Line

times = st.floats(-1e6, 1e6)
tempos = st.floats(20, 400)
lines = st.builds(Line, times, st.floats(-1e4, 1e4), tempos)
steps = st.sampled_from(list(GRIDS.values()))


@given(lines, times)
def test_beats_and_times_are_each_other_backwards(line, time):
    assert line.time_of(line.beat_at(time)) == pytest.approx(time, abs=1e-6)


@given(lines, tempos, times)
def test_another_tempo_lets_the_beat_go_on(line, tempo, now):
    changed = line.at_tempo(tempo, now)
    assert changed.beat_at(now) == pytest.approx(line.beat_at(now))
    assert changed.beat_at(now + 60 / tempo) == pytest.approx(line.beat_at(now) + 1, abs=1e-6)


def test_the_grids_are_note_values():
    assert {name: round(1 / step, 6) for name, step in GRIDS.items()} == {
        "1/4": 1, "1/8": 2, "1/8t": 3, "1/16": 4, "1/16t": 6, "1/32": 8,
    }  # fmt: skip


@given(st.builds(Line, st.floats(0, 100), st.floats(0, 100), tempos), steps, st.floats(0, 60), st.floats(0, 60))
def test_the_point_is_on_the_grid_not_past_and_no_other_is_nearer(line, step, due, earliest):
    beat = nearest(line, step, due, earliest)
    assert beat / step == pytest.approx(round(beat / step), abs=1e-6)
    assert line.time_of(beat) >= earliest - 1e-6
    before = beat - step
    if line.time_of(before) >= earliest + 1e-6:
        assert abs(line.beat_at(due) - beat) <= abs(line.beat_at(due) - before) + 1e-6
    assert abs(line.beat_at(max(due, earliest)) - beat) <= step + 1e-6


@given(lines, st.floats(0, 1e4), st.floats(-1e4, 1e4), st.floats(0, 1))
def test_a_share_of_the_way(line, due, beat, share):
    target = line.time_of(beat)
    assert pulled(line, due, beat, 0) == due
    assert pulled(line, due, beat, 1) == pytest.approx(target, abs=1e-6)
    assert pulled(line, due, beat, share) == pytest.approx(due + share * (target - due))


@given(st.floats(0, 1e6), st.floats(0, 1), steps, st.sampled_from(["off", "internal", "midi", "link"]))
@pytest.mark.slow
def test_without_a_beat_or_a_share_nothing_moves(due, share, step, source):
    clock = BeatClock(source, 120, 0)
    assert clock.place(due, step, 0, 0) == (due, None)
    if source != "internal":
        assert clock.place(due, step, share, 0) == (due, None)


def test_the_own_beat_begins_with_the_performance_and_goes_on_at_another_tempo():
    clock = BeatClock("internal", 120, 5)
    clock.begin(10)
    assert clock.line == Line(10, 0, 120)
    assert clock.place(10.3, 1.0, 1, 10) == (pytest.approx(10.5), 1)
    clock.set_tempo(60, 10.5)
    assert clock.line.beat_at(11.5) == pytest.approx(2)
    clock.use("off", 12)
    assert clock.line is None
    assert clock.tempo == 60


def test_the_own_beat_goes_on_from_that_of_another_source():
    clock = BeatClock("link", 90, 0)
    assert clock.link(Line(2, 7.25, 130), peers=2)
    assert clock.locked
    assert not clock.link(Line(3, 7.25 + 130 / 60, 130), peers=2)
    assert clock.link(Line(4, 1.0, 130), peers=3)
    clock.use("internal", 4)
    assert clock.line == Line(4, 1.0, 90)
