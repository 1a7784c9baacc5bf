"""Every replay ends, whatever its settings: counted in events, not in seconds of a clock."""

from __future__ import annotations

import math
import sys
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import default_rng

from impsy.codecs.log import LogRow
from impsy.engine import MODES, Engine, Settings
from impsy.engine.engine import PLAYED_A_SECOND, PLAYED_BURST, SHORTEST_WAIT
from impsy.errors import DataError
from impsy.events import Play, Set
from impsy.perform.replaying.rows import replay

START = datetime(2026, 9, 26, 10, 0)
EXTREMES = [5e-324, 1e-300, 1e-38, 1e-7, 1e-3, 1.0, 1e7, 1e38, 1e300, 1.7e308]


class Predictor:
    """A model that always wants to wait ``dt`` seconds."""

    dimension = 3

    def __init__(self, dt):
        self.dt = dt

    def hear(self, vector):
        assert all(map(math.isfinite, vector))

    def sample(self, rng, pi_temperature, sigma_temperature):
        return (self.dt, 0.5, 0.5)

    def reset(self):
        """Nothing to forget."""


def replayed(gaps, *, dt=0.1, tail=1.0, start=START, **chosen):
    times = [start + timedelta(seconds=sum(gaps[:end])) for end in range(len(gaps) + 1)]
    rows = [LogRow(time, "interface", (0.1, 0.2)) for time in times]
    lines = []
    replay(
        rows,
        lambda now: Engine(Settings(dimension=3, **chosen), Predictor(dt), default_rng(0), now),
        log_input=True,
        log_predictions=True,
        tail=tail,
        write=lines.append,
    )
    return lines


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("timescale", EXTREMES)
@pytest.mark.parametrize("threshold", [0.0, 0.1, 1e300])
@pytest.mark.slow
def test_a_replay_has_a_thousand_events_of_the_model_a_second_at_most(mode, timescale, threshold):
    lines = replayed([0.5, 0.25], mode=mode, timescale=timescale, threshold=threshold)
    assert sum(",interface," in line for line in lines) == 3
    assert len(lines) - 3 <= (0.5 + 0.5 + 0.25 + 1.0) / SHORTEST_WAIT + 3


@settings(max_examples=40)
@given(
    st.lists(st.floats(0, 2), max_size=4),
    st.floats(-1e300, 1e300),
    st.floats(0, 1.7e308, exclude_min=True),
    st.floats(0, 1e300),
    st.sampled_from(sorted(MODES)),
)
@pytest.mark.slow
def test_any_settings_and_any_model_end(gaps, dt, timescale, threshold, mode):
    lines = replayed(gaps, dt=dt, timescale=timescale, threshold=threshold, mode=mode)
    assert len(lines) <= (2 + sum(gaps)) / SHORTEST_WAIT + 2 * len(gaps) + 5


@pytest.mark.parametrize(("gaps", "tail"), [([], 1e12), ([1e8], 1.0), ([1e8, 1e8], 0.0), ([], math.inf)])
def test_a_silence_without_end_ends_in_a_sentence(monkeypatch, gaps, tail):
    monkeypatch.setattr(sys.modules["impsy.perform.replaying.rows"], "MOST_ANSWERS", 500)
    with pytest.raises(DataError, match=r"had played 500 events.*--timescale"):
        replayed(gaps, tail=tail)


def test_a_long_performance_may_have_more_answers(monkeypatch):
    monkeypatch.setattr(sys.modules["impsy.perform.replaying.rows"], "MOST_ANSWERS", 500)
    assert len(replayed([1.0] * 30, dt=0.02, threshold=0.1)) > 1000


@pytest.mark.parametrize("start", [datetime.min, datetime.max - timedelta(seconds=0.5)])
def test_the_ends_of_the_calendar_are_no_trouble(start):
    assert len(replayed([], start=start, mode="battle", tail=2.0)) == 1 + 24


@pytest.mark.parametrize("before", EXTREMES)
@pytest.mark.parametrize("after", EXTREMES)
@pytest.mark.parametrize("mode", ["battle", "polyphony"])
@pytest.mark.slow
def test_a_live_change_of_timescale_leaves_a_time_to_play_at(mode, before, after):
    engine = Engine(Settings(dimension=3, mode=mode, timescale=before), Predictor(0.1), default_rng(0), 0.0)
    engine.advance(0.0)
    engine.receive(Set("timescale", after), 0.0)
    assert engine.deadline is None or math.isfinite(engine.deadline)


@pytest.mark.parametrize("timescale", [5e-324, 1e-7, 1e-3])
def test_playing_live_sends_so_many_events_a_second_at_most(timescale):
    engine = Engine(Settings(dimension=3, mode="battle", timescale=timescale), Predictor(0.0), default_rng(0), 0.0)
    now, played = 0.0, 0
    for _ in range(20_000):  # a processor of any speed: it comes back as soon as it is asked to
        if engine.deadline > 1.0:
            break
        now = max(now, engine.deadline)
        played += sum(isinstance(command, Play) for command in engine.advance(now))
    assert engine.deadline > 1.0
    assert played == pytest.approx(PLAYED_BURST + 1.0 * PLAYED_A_SECOND, abs=2)
    assert played < 1.0 / SHORTEST_WAIT
