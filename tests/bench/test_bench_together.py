"""Numbers that tell transports apart in one log, what the bench plays by MIDI, and its judgement."""

from __future__ import annotations

import os
import random
import time
from itertools import islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.figures import Gaps, gaps
from bench.midi import POLYPHONY, THRU, is_note_on, mapping_toml, messages
from bench.numbering import NUMBERS, SharedLog, column_value, full_vector, read_shared_log, step_of
from bench.program import Performance, Program, Settings
from bench.together import Band, Idle, Outcome
from bench.transports import COLUMNS, Serial, sections
from bench.watch import Minute, Watch, late_fault, memory_fault
from impsy.codecs.csv import CsvStream
from impsy.config import load_config
from impsy.mapping.entries import parse_mapping
from impsy.mapping.input import InputMapping
from impsy.mapping.output import OutputMapping
from waiting import wait_until

CONTROLS = 6


def _row(values, source="interface"):
    return f"2026-09-26T10:00:00.000001,{source},{','.join(map(repr, values))}\n"


class Logged:
    """A log as a program writes it: some transports set all values, others only their own."""

    def __init__(self) -> None:
        self.values = [1.0] * CONTROLS
        self.lines = [_row(self.values)]
        self.full(None, 0)

    def full(self, column, number):
        self.values = list(full_vector(column, number, COLUMNS, CONTROLS))
        self.lines.append(_row(self.values))

    def one(self, column, number):
        self.values[column] = column_value(number)
        self.lines.append(_row(self.values))

    def read(self):
        return read_shared_log(self.lines, COLUMNS, CONTROLS)


@given(st.integers(0, 10 * NUMBERS))
def test_a_number_survives_every_wire(number):
    value = column_value(number)
    assert 0 < value <= 1
    step = step_of(number)
    bend = bytes((0xE0, step & 0x7F, step >> 7))
    by_midi = InputMapping(parse_mapping([["pitch_bend", 1]])).decode(bend)
    (by_line,) = CsvStream(1).feed(f"{value:.6f}\n".encode())
    assert by_midi == ((0, value),)
    for heard in (value, float(np.float32(value)), by_line[0]):
        assert round(heard * 16383) == step


@given(st.lists(st.integers(0, COLUMNS - 1), max_size=60))
def test_each_row_is_told_to_its_transport_in_any_order(turns):
    log = Logged()
    sent = [0] * COLUMNS
    for column in turns:
        (log.full if column in (0, 3) else log.one)(column, sent[column])
        sent[column] += 1
    found = log.read()
    assert found.marked
    assert [len(numbers) for numbers in found.numbers] == sent
    assert all(
        gaps(numbers, count, NUMBERS) == Gaps(0, 0, 0) for numbers, count in zip(found.numbers, sent, strict=True)
    )
    assert (found.unknown, found.malformed, found.torn) == (0, 0, False)


def test_what_is_lost_twice_or_torn_is_found():
    log = Logged()
    log.one(1, 0)
    log.one(1, 2)
    log.full(0, 0)
    log.full(0, 0)
    log.full(3, 0)
    log.full(0, 0)
    log.lines += ["nothing\n", _row([0.5] * CONTROLS, "rnn"), "2026-09"]
    found = log.read()
    assert gaps(found.numbers[1], 4, NUMBERS) == Gaps(1, 0, 1)
    assert gaps(found.numbers[0], 1, NUMBERS) == Gaps(0, 1, 0)
    assert (found.unknown, found.malformed, found.model, found.torn) == (1, 1, 1, True)


def test_counting_goes_on_from_the_start():
    numbers = [number % NUMBERS for number in range(2 * NUMBERS + 5)]
    assert gaps(numbers, len(numbers), NUMBERS) == Gaps(0, 0, 0)
    assert gaps(numbers[:100] + numbers[103:], len(numbers) + 2, NUMBERS) == Gaps(3, 0, 2)


@given(st.lists(st.text(max_size=30).map(lambda text: text.replace("\n", "") + "\n")))
def test_no_log_breaks_the_sorting(lines):
    found = read_shared_log([*Logged().lines, *lines], COLUMNS, CONTROLS)
    assert found.malformed <= len(lines)


@pytest.mark.parametrize("controls", [2, 3, 8])
def test_what_is_played_by_midi_comes_back_the_same_through_its_mapping(controls):
    entries = parse_mapping(eval(mapping_toml(controls)))  # a list of lists, in TOML as in Python
    assert len(entries) == controls
    hears, plays = InputMapping(entries), OutputMapping(entries)
    values = [0.0] * controls
    plays.encode(values)
    for message in islice(messages(controls, random.Random(1)), 300):
        for index, value in hears.decode(message) or ():
            values[index] = value
        answers = plays.encode(values)
        assert any(THRU.answers(message, answer) for answer in answers), message.hex(" ")
        assert sum(POLYPHONY.answers(message, answer) for answer in answers) == 1


def test_a_note_on_without_velocity_is_none():
    assert is_note_on(b"\x90\x3c\x01")
    assert not any(map(is_note_on, (b"\x90\x3c\x00", b"\x80\x3c\x40", b"\xb0\x14\x7f", b"", b"\x90")))


def test_the_config_of_all_transports_is_valid(tmp_path):
    model = tmp_path / "a.tflite"
    settings = Settings(model, 9, "polyphony", sections=sections(8, 5001, "/dev/pts/1"))
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "a.tflite").write_bytes(b"")
    path = tmp_path / "config.toml"
    path.write_text(settings.toml(6000, 6001, 4001, 4002))
    config = load_config(path).config
    assert config.midi is not None
    assert config.websocket is not None
    assert config.serial is not None
    for column, mapping in ((1, config.midi.input["bench-keys"]), (2, config.websocket.input)):
        assert InputMapping(mapping).decode(b"\xe0\x7f\x7f") == ((column, 1.0),)
    plays = OutputMapping(config.websocket.output)
    assert [len(plays.encode([value] * 8)) for value in (0.3, 0.6)] == [7, 2]


@pytest.mark.skipif(os.name != "posix", reason="there are no pseudo-terminals")
def test_a_serial_device_sends_lines_and_counts_those_that_come_back():
    with Serial(CONTROLS) as device:
        far = os.open(device.path, os.O_RDWR | os.O_NOCTTY)
        try:
            device.send(7)
            assert CsvStream(CONTROLS).feed(os.read(far, 1000)) == [
                pytest.approx(full_vector(3, 7, COLUMNS, CONTROLS), abs=1e-6)
            ]
            os.write(far, b"0.5\n0.5\n")
            wait_until(lambda: device.heard >= 2)
        finally:
            os.close(far)
    assert device.heard == 2


class Counted:
    name, heard = "it", 0

    def __init__(self) -> None:
        self.numbers = []

    def send(self, number):
        self.numbers.append(number)


def test_a_band_plays_in_turn_and_goes_on_counting():
    transports = [Counted(), Counted(), Counted()]
    band = Band(transports, 200)
    began = time.perf_counter()
    for _ in range(2):
        assert list(band.play(0.2))
    assert time.perf_counter() - began > 0.35
    assert [transport.numbers for transport in transports] == [list(range(80))] * 3
    assert band.sent == [80] * 3


def _outcome(tmp_path, **changes):
    script = tmp_path / "sleeps"
    script.write_text("#!/bin/sh\nsleep 100\n")
    script.chmod(0o755)
    model = tmp_path / "a.tflite"
    model.write_bytes(b"")
    with Performance(Program.at(script, "it"), Settings(model, 7, "polyphony")) as performance:
        watch = Watch(performance)
        watch.look(0.5)
        watch.look(3.0)
    values = {
        "sent": {"OSC": 1},
        "log": SharedLog([[0]], marked=True),
        "gaps": {"OSC": Gaps(0, 0, 0)},
        "watch": watch,
        "idle": Idle(0.1, 0.2),
        "ports": {"osc": (0, 0), "serial": (0, 9)},
        "behind": 0.0,
        "closed": True,
    }
    return Outcome(**(values | changes))


def test_an_outcome_without_fault_has_none(tmp_path):
    outcome = _outcome(tmp_path)
    assert outcome.faults() == []
    assert outcome.watch.seen[0].memory > 0
    assert outcome.report()["idle_percent"] == {"before": 0.1, "after": 0.2}


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"gaps": {"OSC": Gaps(1, 0, 0)}}, "1 events are not in the log"),
        ({"gaps": {"OSC": Gaps(0, 2, 0)}}, "2 more than once"),
        ({"gaps": {"OSC": Gaps(0, 0, 3)}}, "3 missing at the end"),
        ({"log": SharedLog([[]], unknown=1, marked=True)}, "no transport's next event"),
        ({"log": SharedLog([[]], torn=True, marked=True)}, "are no rows"),
        ({"log": SharedLog([[]])}, "does not hold the mark"),
        ({"idle": Idle(0.1, 1.0)}, "1.00 % of a core"),
        ({"ports": {"websocket": (0, 1)}}, "websocket: 0 bad messages, 1 that"),
        ({"ports": {"serial": (1, 0)}}, "serial: 1 bad"),
        ({"closed": False}, "did not end"),
    ],
)
def test_every_fault_is_told(tmp_path, changes, fault):
    (found,) = _outcome(tmp_path, **changes).faults()
    assert fault in found


def test_growing_memory_and_growing_lateness_are_faults():
    assert memory_fault([]) == ""
    assert memory_fault([100.0] * 60) == memory_fault([50.0] * 30 + [100.0] * 30) == ""
    assert "10.0%" in memory_fault([100.0] * 59 + [110.0])

    def minutes(*tails):
        return [Minute(number, reports=[{"p99": tail}]) for number, tail in enumerate(tails, start=1)]

    assert late_fault([]) == late_fault(minutes(0.1, 0.9)) == late_fault(minutes(2.0, 9.0, 3.9)) == ""
    assert late_fault(minutes(0.1, 1.1)) == "lateness p99 went from 0.10 to 1.10 ms"
