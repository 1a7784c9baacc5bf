"""Planned events are pulled to the grid, and others are sent the beat, on a scripted clock."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.random import default_rng

from impsy.engine import Engine, Settings
from impsy.events import (
    Interaction,
    LinkBeat,
    MidiClock,
    Play,
    Report,
    SendStop,
    SendTempo,
    SendTick,
    Set,
    Tap,
)
from impsy.models.untrained import RandomGestures
from impsy.testing import FakePredictor, Rehearsal
from impsy.timing.grid import GRIDS
from impsy.timing.line import Line

A = (0.1, 0.2)
BEAT = 0.5  # at 120 beats a minute
SIXTEENTH = BEAT / 4


def rehearse(predictions=((0.2, 0.7, 0.8),), predictor=None, **settings):
    predictor = predictor or FakePredictor(3, predictions)
    made = Settings(3, **settings)
    return Rehearsal(lambda now: Engine(made, predictor, default_rng(1), now, "fake")), predictor


def internal(predictions=((0.2, 0.7, 0.8),), **settings):
    return rehearse(predictions, **{"clock_source": "internal", "mode": "battle"} | settings)


def times(stage):
    return [time for time, play in stage.of(Play) if play.source == "rnn"]


def off_grid(time, step=SIXTEENTH):
    return abs(time - round(time / step) * step)


def ticks(stage, ports=("out",)):
    return [(time, tick) for time, tick in stage.of(SendTick) if tick.ports == ports]


# --- the grid -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["callresponse", "polyphony", "battle"])
@pytest.mark.parametrize("grid", GRIDS)
def test_in_every_mode_that_plays_all_events_are_on_the_grid(mode, grid):
    stage, _ = rehearse(predictor=RandomGestures(3), mode=mode, clock_source="internal", quantise=1.0, grid=grid)
    rng = random.Random(2)
    at = 0.0
    for _ in range(20):
        at += rng.uniform(0.01, 1.5)
        stage.receive(Interaction(A), at=at)
    stage.play_until(40.0)
    assert len(times(stage)) > 5
    assert max(off_grid(time, BEAT * GRIDS[grid]) for time in times(stage)) < 1e-6


def test_an_event_moves_to_the_nearest_point():
    stage, _ = internal([(0.2, 0.7, 0.8)], quantise=1.0)
    stage.play_until(1.01)
    assert times(stage) == pytest.approx([0.25, 0.5, 0.75, 1.0])  # each is 0.2 after the one before, then moved


def test_half_way_is_half_way():
    free, _ = internal([(0.2, 0.7, 0.8)])
    free.play_until(0.21)
    half, _ = internal([(0.2, 0.7, 0.8)], quantise=0.5)
    half.play_until(0.3)
    assert times(free) == [pytest.approx(0.2)]
    assert times(half) == [pytest.approx(0.225)]


@given(st.floats(0, 1), st.floats(0.001, 2), st.sampled_from(list(GRIDS)))
@pytest.mark.slow
def test_an_event_is_never_before_the_one_that_it_follows(quantise, dt, grid):
    stage, _ = internal([(dt, 0.7, 0.8)], quantise=quantise, grid=grid)
    stage.play_until(2.0)
    assert all(after - before >= 0.001 - 1e-9 for before, after in pairwise(times(stage)))


@given(st.floats(-0.1, 0.1), st.floats(0.05, 1), st.sampled_from(["1/8", "1/16"]))
def test_with_a_delay_events_are_that_much_off_the_grid(delay, dt, grid):
    stage, _ = internal([(dt, 0.7, 0.8)], quantise=1.0, grid=grid, clock_delay=delay)
    stage.play_until(3.0)
    stage.receive(Set("tempo", 60.0), at=3.0)
    assert times(stage)
    assert max(off_grid(time - delay, BEAT * GRIDS[grid]) for time in times(stage)) < 1e-6


def test_a_delay_moves_what_waits_with_its_beat():
    stage, _ = internal([(1.9, 0.7, 0.8)], quantise=1.0, grid="1/4")
    stage.play_until(0.1)
    stage.receive(Set("clock_delay", -0.02), at=0.2)
    assert stage.engine.forecast().due == pytest.approx(1.98)
    stage.receive(Set("tempo", 60.0), at=1.0)  # beat 2
    assert stage.engine.forecast().due == pytest.approx(2.98)


def test_the_model_hears_its_event_as_it_was_played():
    stage, predictor = internal([(0.2, 0.7, 0.8)], quantise=1.0, timescale=2.0)
    stage.play_until(1.6)
    assert times(stage) == pytest.approx([0.375, 0.75, 1.125, 1.5])
    # 0.4 s at half speed; it was played 0.375 s after the one before: 0.1875 at full speed.
    assert [heard[0] for heard in predictor.heard[1:]] == [pytest.approx(0.1875)] * 4


PLAYED = (
    {"mode": "battle", "clock_source": "off", "quantise": 1.0},
    {"mode": "battle", "clock_source": "internal", "quantise": 0.0},
    {"mode": "battle", "clock_source": "midi", "quantise": 1.0},
    {"mode": "polyphony", "clock_source": "internal", "quantise": 0.0, "clock_send": ("out",)},
    {"mode": "callresponse", "clock_source": "link", "quantise": 1.0},
)


@pytest.mark.parametrize("settings", PLAYED)
def test_without_a_beat_or_without_quantise_nothing_changes(settings):
    def performance(**settings):
        stage, _ = rehearse(predictor=RandomGestures(3), **settings)
        for step in range(10):
            stage.receive(Interaction((step / 10, 0.5)), at=step * 0.7)
        stage.receive(Set("timescale", 1.7), at=8.0)
        stage.play_until(12.0)
        return [(time, command) for time, command in stage.commands if not isinstance(command, SendTick | SendStop)]

    assert performance(**settings) == performance(mode=settings["mode"])


def test_what_waits_follows_the_tempo_the_grid_and_quantise():
    stage, _ = internal([(1.9, 0.7, 0.8)], quantise=1.0, grid="1/4")
    stage.play_until(0.1)
    assert stage.engine.forecast().due == pytest.approx(2.0)  # beat 4
    stage.receive(Set("tempo", 60.0), at=1.0)  # beat 2
    assert stage.engine.forecast().due == pytest.approx(3.0)
    stage.receive(Set("quantise", 0.0), at=1.0)
    assert stage.engine.forecast().due == pytest.approx(1.9)
    stage.receive(Set("quantise", 1.0), at=1.0)
    stage.receive(Set("grid", "1/32"), at=1.0)
    assert stage.engine.forecast().due == pytest.approx(1.875)
    stage.receive(Set("clock_source", "off"), at=1.0)
    assert stage.engine.forecast().due == pytest.approx(1.9)


def test_another_timescale_moves_what_waits_to_the_grid_as_well():
    stage, _ = internal([(1.9, 0.7, 0.8)], quantise=1.0, grid="1/4")
    stage.play_until(0.1)
    stage.receive(Set("timescale", 0.5), at=0.1)
    assert stage.engine.forecast().due == pytest.approx(1.0)


# --- tapping ------------------------------------------------------------------------------------------


def test_taps_set_the_tempo_and_the_beat():
    stage, _ = internal(mode="useronly")
    for number in range(4):
        stage.receive(Tap(), at=3.1 + number * 0.6)
    snapshot = stage.engine.snapshot()
    assert snapshot.settings.tempo == pytest.approx(100)
    assert snapshot.beat.at(3.1 + 3 * 0.6) % 1 == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(("source", "word"), [("off", "has no tempo"), ("midi", "follows MIDI clock")])
def test_a_tap_that_means_nothing_is_told_with_what_to_do(source, word):
    stage, _ = rehearse(clock_source=source)
    (report,) = stage.receive(Tap(), at=1.0)
    assert word in report.text
    assert '[clock] source = "internal"' in report.text


# --- MIDI clock ---------------------------------------------------------------------------------------


def follow(stage, tempo, beats, at, jitter=0.0, port="in", rng=None):
    """Ticks of a clock; returns the time of the next."""
    rng = rng or random.Random(1)
    period = 60 / tempo / 24
    for number in range(round(beats * 24)):
        stage.receive(MidiClock("tick", port), at=at + number * period + rng.uniform(0, jitter))
    return at + round(beats * 24) * period


@pytest.mark.parametrize("tempo", [60, 120, 174.3])
def test_what_is_played_is_on_the_grid_of_the_clock_that_is_followed(tempo):
    stage, _ = rehearse(predictor=RandomGestures(3), mode="battle", clock_source="midi", quantise=1.0)
    stage.receive(MidiClock("start", "in"), at=1.0)
    follow(stage, tempo, 72, 1.0, jitter=0.006)
    step = 60 / tempo / 4
    played = [off_grid(time - 1.003, step) for time in times(stage) if time > 1 + 8 * 60 / tempo]
    assert len(played) > 20
    assert sorted(played)[int(len(played) * 0.99)] < 0.002


def test_a_clock_that_is_lost_is_told_once_and_goes_on():
    stage, _ = rehearse(mode="battle", clock_source="midi", quantise=1.0)
    end = follow(stage, 120, 16, 1.0)
    stage.play_until(end + 5)
    reports = [report for _, report in stage.of(Report)]
    assert [report.kind for report in reports] == ["clock-followed", "clock-lost"]
    assert "120.0 beats a minute" in reports[1].text
    assert not stage.engine.snapshot().beat.locked
    late = [time for time in times(stage) if time > end + 1]
    assert late
    assert max(off_grid(time - 1.0) for time in late) < 1e-3
    follow(stage, 120, 1, end + 5)
    assert [report.kind for _, report in stage.of(Report)][2:] == ["clock-followed"]


def test_a_stop_frees_what_is_planned_and_a_start_pulls_it_again():
    stage, _ = rehearse([(1.9, 0.7, 0.8)], mode="battle", clock_source="midi", quantise=1.0, grid="1/4")
    follow(stage, 120, 1, 0.1)
    placed = stage.engine.forecast().due
    stage.receive(MidiClock("stop", "in"), at=0.7)
    assert stage.engine.forecast().due == pytest.approx(1.9)
    assert placed != pytest.approx(1.9)
    assert stage.engine.snapshot().beat.line is None
    stage.receive(MidiClock("start", "in"), at=0.8)
    follow(stage, 120, 1, 0.8)
    assert stage.engine.forecast().due == pytest.approx(1.8)


clock_messages = st.builds(
    MidiClock,
    st.sampled_from(["tick", "start", "continue", "stop", "position"]),
    st.sampled_from("ab"),
    st.integers(0, 16383),
)


@given(st.lists(st.tuples(st.floats(0, 1), clock_messages), max_size=60), st.floats(0, 1))
@pytest.mark.slow
def test_whatever_a_clock_says_the_music_goes_on(sequence, quantise):
    stage, _ = rehearse([(0.1, 0.7, 0.8)], mode="battle", clock_source="midi", quantise=quantise, clock_send=("out",))
    now = 0.0
    for gap, event in sequence:
        now += gap
        stage.receive(event, at=now)
    before = len(times(stage))
    stage.play_until(now + 3)
    assert len(times(stage)) - before > 5
    assert all(after >= before for before, after in pairwise(times(stage)))


# --- Link ---------------------------------------------------------------------------------------------


def test_the_session_of_link_has_the_beat_and_takes_a_tempo():
    stage, _ = rehearse(mode="useronly", clock_source="link", quantise=1.0)
    stage.receive(LinkBeat(Line(1.0, 3.5, 96.0), 2), at=1.0)
    snapshot = stage.engine.snapshot()
    assert snapshot.settings.tempo == 96
    assert snapshot.beat.locked
    assert snapshot.beat.at(1.0) == 3.5
    assert stage.receive(Set("tempo", 120.0), at=2.0) == [SendTempo(120.0)]
    assert stage.receive(Set("tempo", 120.0), at=2.0) == []


# --- clock out ----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_beat_has_twenty_four_ticks_each_in_time():
    stage, _ = internal(mode="useronly", clock_send=("out",), tempo=174.3)
    stage.play_until(600.0)
    sent = ticks(stage)
    assert len(sent) == round(600 * 174.3 / 60 * 24)
    assert [tick.position for _, tick in sent] == list(range(len(sent)))
    assert max(abs(time - tick.position * 60 / 174.3 / 24) for time, tick in sent) < 1e-6
    assert all(tick.rolling for _, tick in sent)


def test_another_tempo_goes_on_from_the_same_tick():
    stage, _ = internal(mode="useronly", clock_send=("out",))
    stage.receive(Set("tempo", 60.0), at=1.0)
    stage.play_until(3.0)
    assert [tick.position for _, tick in ticks(stage)] == list(range(48 + 48))


def test_a_pause_keeps_the_tempo_and_receivers_stand():
    stage, _ = internal(mode="battle", clock_send=("out",))
    stage.receive(Set("paused", True), at=1.0)
    stage.receive(Set("paused", False), at=2.0)
    stage.play_until(3.0)
    rolling = [(round(time, 3), tick.rolling) for time, tick in ticks(stage)]
    assert all(rolls == (not 1.0 <= time < 2.0) for time, rolls in rolling)


def test_the_end_and_a_port_that_is_taken_out_stop():
    stage, _ = internal(mode="useronly", clock_send=("out", "other"))
    assert stage.receive(Set("clock_send", ("out",)), at=1.0) == [SendStop(("other",), forget=True)]
    assert stage.engine.end()[-1] == SendStop(("out",), forget=True)
    stage, _ = internal(mode="useronly")
    assert not any(isinstance(command, SendStop) for command in stage.engine.end())


def test_after_a_sleep_ticks_are_left_out():
    stage, _ = internal(mode="useronly", clock_send=("out",))
    stage.play_until(1.0)
    commands = stage.engine.advance(100.0)
    assert SendStop(("out",)) in commands
    assert sum(isinstance(command, SendTick) for command in commands) <= 1
    assert stage.engine.deadline == pytest.approx(100.0, abs=0.03)
