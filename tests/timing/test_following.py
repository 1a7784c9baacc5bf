"""Following MIDI clock: jitter, ramps, jumps, stops and a cable that is pulled."""

from __future__ import annotations

import random
from math import isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impsy.timing.following import LOST_SECONDS, MidiFollower

TWO_BARS = 8


class Master:
    """A clock that sends ticks with jitter; ``tempo`` is a function of the beat."""

    def __init__(self, tempo, jitter=0.003, seed=1):
        self.tempo = tempo if callable(tempo) else lambda _beat: tempo
        self.jitter = jitter
        self.rng = random.Random(seed)
        self.time, self.beat, self.ticks = 100.0, 0.0, 0
        self.follower = MidiFollower(120)
        self.off = []

    def tick(self):
        """One tick; keeps by how many seconds the follower's beat is off."""
        arrival = self.time + self.rng.uniform(-self.jitter, self.jitter)
        self.follower.tick(arrival)
        line = self.follower.line
        if line is not None:
            self.off.append(line.time_of(self.beat) - self.time)
        self.time += 60 / self.tempo(self.beat) / 24
        self.ticks += 1
        self.beat = self.ticks / 24

    def play(self, beats):
        for _ in range(round(beats * 24)):
            self.tick()


def worst(off, share=0.99):
    ranked = sorted(map(abs, off))
    return ranked[int(share * (len(ranked) - 1))]


@pytest.mark.parametrize("tempo", [20, 60, 120, 174.3, 300])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_after_two_bars_the_beat_is_within_two_milliseconds(tempo, seed):
    master = Master(tempo, seed=seed)
    master.follower.start(master.time)
    master.play(TWO_BARS)
    settled = len(master.off)
    master.play(64)
    assert worst(master.off[settled:], 1) < 0.002
    assert worst(master.off[settled:]) < 0.0012
    assert master.follower.line.tempo == pytest.approx(tempo, rel=0.01)


@pytest.mark.parametrize(
    ("ramp", "limit"),
    [
        (lambda beat: min(140, 120 + max(0, beat - 16) * 20 / 16), 0.003),
        (lambda beat: min(180, 90 + max(0, beat - 16) * 90 / 64), 0.0035),
        (lambda beat: max(60, 120 - max(0, beat - 16) * 60 / 32), 0.004),
    ],
    ids=["120 to 140", "90 to 180", "120 to 60"],
)
def test_ramps_are_followed(ramp, limit):
    master = Master(ramp)
    master.play(TWO_BARS)
    settled = len(master.off)
    master.play(88)
    assert worst(master.off[settled:]) < limit


@pytest.mark.parametrize("jitter", [0, 0.001, 0.003])
def test_after_a_jump_of_the_tempo_two_beats_are_enough(jitter):
    master = Master(lambda beat: 120 if beat < 16 else 100, jitter)
    master.play(18)
    settled = len(master.off)
    master.play(24)
    assert worst(master.off[settled:], 1) < 0.004


def test_a_program_that_stood_still_keeps_the_beat():
    master = Master(120, jitter=0.001)
    master.play(16)
    held = [master.time + number * 60 / 120 / 24 for number in range(15)]
    for _ in held:  # what came meanwhile arrives at once
        master.follower.tick(held[-1])
    master.time, master.ticks = held[-1] + 60 / 120 / 24, master.ticks + 15
    master.beat = master.ticks / 24
    master.play(8)
    assert worst(master.off[-48:], 1) < 0.002


@pytest.mark.parametrize("jitter", [0, 0.003])
@pytest.mark.parametrize("lost", [1, 2, 5])
def test_ticks_that_are_lost_on_the_way_are_counted(lost, jitter):
    master = Master(120, jitter)
    master.play(8)
    for _ in range(5):
        master.time += lost * 60 / 120 / 24
        master.ticks += lost
        master.beat = master.ticks / 24
        master.play(4)
        assert worst(master.off[-48:], 1) < 0.003


def test_ticks_that_come_twice_are_counted_once():
    master = Master(120, jitter=0.001)
    master.play(8)
    master.follower.tick(master.time - 60 / 120 / 24)
    master.play(4)
    assert worst(master.off[-48:], 1) < 0.002


def test_a_stop_stands_and_continue_goes_on_where_it_stood():
    master = Master(120)
    master.follower.start(master.time)
    master.play(4)
    master.follower.stop()
    assert master.follower.line is None
    for _ in range(30):  # ticks may go on
        master.follower.tick(master.time)
        master.time += 60 / 120 / 24
    assert master.follower.line is None
    assert master.follower.locked
    master.follower.proceed(master.time)
    assert master.follower.line.time_of(4) == pytest.approx(master.time, abs=0.002)
    master.play(2)
    assert worst(master.off[-24:], 1) < 0.002
    assert master.follower.line.beat_at(master.time) == pytest.approx(6, abs=0.01)


def test_a_song_position_is_where_it_continues_and_a_start_is_its_beginning():
    master = Master(120)
    master.play(4)
    master.follower.stop()
    master.follower.position(32)
    master.time += 3  # this device sends no ticks while it stands
    master.follower.proceed(master.time)
    master.ticks, master.beat = 8 * 24, 8.0
    master.play(2)
    assert worst(master.off[-24:], 1) < 0.004
    master.follower.start(master.time)
    master.ticks, master.beat = 0, 0.0
    master.play(2)
    assert worst(master.off[-24:], 1) < 0.002


def test_a_lost_clock_goes_on_and_comes_back_in_time():
    master = Master(120)
    master.play(16)
    assert not master.follower.lose(master.time)
    lost_at = master.follower.lost_at
    assert lost_at == pytest.approx(master.time + LOST_SECONDS, abs=0.03)
    assert master.follower.lose(lost_at)
    assert not master.follower.locked
    assert master.follower.lost_at is None
    assert master.follower.line.beat_at(master.time + 1) == pytest.approx(18, abs=0.02)
    missed = 60
    master.time += missed * 60 / 120 / 24
    master.ticks += missed
    master.beat = master.ticks / 24
    master.play(8)
    assert master.follower.locked
    assert worst(master.off[-96:], 1) < 0.002


def test_a_stopped_clock_that_falls_silent_is_not_missed():
    master = Master(120)
    master.play(4)
    master.follower.stop()
    assert not master.follower.lose(master.time + 10)


def test_one_port_is_followed_until_it_is_silent():
    follower = MidiFollower(120)
    assert follower.hears("A", 0)
    follower.tick(0)
    assert not follower.hears("B", 0.1)
    assert follower.port == "A"
    assert follower.hears("B", 0.1 + LOST_SECONDS)
    assert follower.port == "B"


messages = st.one_of(
    st.just(("tick", 0)), st.just(("start", 0)), st.just(("continue", 0)), st.just(("stop", 0)),
    st.tuples(st.just("position"), st.integers(0, 16383)),
)  # fmt: skip


@given(st.lists(st.tuples(st.floats(0, 2), messages), max_size=60))
@pytest.mark.slow
def test_whatever_comes_the_tempo_is_one_that_can_be_played(sequence):
    follower, now = MidiFollower(120), 0.0
    for gap, (message, position) in sequence:
        now += gap
        match message:
            case "tick":
                follower.tick(now)
            case "start":
                follower.start(now)
            case "continue":
                follower.proceed(now)
            case "stop":
                follower.stop()
            case _:
                follower.position(position)
        if follower.line is not None:
            assert 15 < follower.line.tempo < 510
            assert isfinite(follower.line.beat_at(now))
