"""Serial lines over pseudo-terminals."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time

import pytest
from serial_device import Device

from fuzzing import examples
from impsy.codecs.midi import MidiStream
from impsy.errors import DeviceError
from impsy.events import Interaction, Released, Unplugged, Update
from impsy.io.serial import port as serialport
from impsy.io.serial.csv import SerialAdapter
from impsy.io.serial.midi import SerialMidiAdapter
from impsy.io.serial.port import PortInfo, list_serial_ports, open_serial_port
from impsy.mapping.entries import parse_mapping
from waiting import if_idle, wait_until

pytestmark = pytest.mark.skipif(os.name != "posix", reason="there are no pseudo-terminals")

FUZZ = examples(300)
INPUT = parse_mapping([["note_on", 1], ["control_change", 1, 7]])
OUTPUT = parse_mapping([["note_on", 1], ["control_change", 1, 7], ["pitch_bend", 2]])


@pytest.fixture
def device(tmp_path):
    made = Device(tmp_path / "ttyTest")
    made.plug()
    yield made
    made.pull()


class Stage:
    def __init__(self, adapter) -> None:
        self.events = []
        self.reports = []
        self.adapter = adapter
        adapter.open(self.events.append, self.reports.append)

    def is_open(self):
        return self.adapter.health()[0].state in {"open", "receiving"}

    def troubles(self):
        return [report.text for report in self.reports if report.level != "info"]


@pytest.fixture
def play(device):
    """Opens an adapter, waits until it has the device, and closes it in the end."""
    stages = []

    def start(adapter, wait=True):
        stages.append(Stage(adapter))
        if wait:
            wait_until(stages[-1].is_open)
        return stages[-1]

    yield start
    for stage in stages:
        stage.adapter.close()


@pytest.fixture(params=["PosixPort", "WaitingPort"])
def way_of_waiting(request, monkeypatch):
    """Both ways to wait for a port: that of POSIX, and that of systems where a port waits by itself."""
    monkeypatch.setattr(serialport, "PosixPort", getattr(serialport, request.param))


# --- lines of numbers ---------------------------------------------------------------------------------


@pytest.mark.usefixtures("way_of_waiting")
def test_lines_come_in_and_go_out(device, play):
    stage = play(SerialAdapter(str(device.path), 115200, 2))
    device.write(b"0.25,0.5\n")
    wait_until(lambda: stage.events)
    assert stage.events == [Interaction((0.25, 0.5), "serial")]
    stage.adapter.send((0.75, 1.0))
    assert device.read(b"\n") == b"0.7500,1.0000\n"
    wait_until(lambda: stage.adapter.health()[0].sent == 1)
    (health,) = stage.adapter.health()
    assert (health.state, health.received, health.bad) == ("receiving", 1, 0)
    assert "115200" in health.detail


@pytest.mark.usefixtures("way_of_waiting")
def test_lines_come_whole_however_they_are_cut(device, play):
    stage = play(SerialAdapter(str(device.path), 115200, 1))
    text = b"".join(b"%.4f\r\n" % (number / 1000) for number in range(1000))
    dice = random.Random(1)
    while text:
        size = dice.choice([1, 3, 50, 400])
        device.write(text[:size])
        text = text[size:]
    wait_until(lambda: len(stage.events) >= 1000)
    assert [event.values[0] for event in stage.events] == [number / 1000 for number in range(1000)]


def test_a_fault_of_who_hears_loses_a_line_and_no_more(device, caplog):
    taken = []
    adapter = SerialAdapter(str(device.path), 115200, 2)
    adapter.open(lambda event: taken.append(event) or 1 / (len(taken) > 2), lambda _report: None)
    try:
        wait_until(lambda: adapter.health()[0].state == "open")
        for number in range(3):
            device.write(b"0.25,0.5\n")
            wait_until(lambda: len(taken) > number)  # noqa: B023 - called at once
        assert caplog.text.count("Traceback") == 1
        assert adapter.health()[0].state == "receiving"
    finally:
        adapter.close()


def test_bad_lines_are_told_once_a_kind(device, play):
    stage = play(SerialAdapter(str(device.path), 115200, 2))
    device.write(b"hello\nx,y\n1,2,3\n" * 50 + b"0.5,0.5\n")
    wait_until(lambda: stage.events)
    assert len(stage.troubles()) == 2
    assert stage.adapter.health()[0].bad == 150


def test_a_device_that_is_pulled_out_is_told_once_and_taken_up_again(device, play):
    stage = play(SerialAdapter(str(device.path), 115200, 2))
    device.write(b"0.1,0.1\n0.9,0.")
    wait_until(lambda: stage.events)
    device.pull()
    wait_until(lambda: stage.adapter.health()[0].state == "waiting")
    time.sleep(1.2)
    assert len(stage.troubles()) == 1
    assert str(device.path) in stage.troubles()[0]
    assert "plugged in" in stage.troubles()[0]
    for _ in range(100):
        stage.adapter.send((0.0, 0.0))
    device.plug()
    before = time.monotonic()
    wait_until(stage.is_open)
    assert if_idle(time.monotonic() - before) < 1.0
    device.write(b"0.2,0.2\n")
    wait_until(lambda: len(stage.events) == 3)
    assert stage.events[1] == Unplugged("serial")
    assert stage.events[2] == Interaction((0.2, 0.2), "serial"), "half a line from before must not count"
    stage.adapter.send((0.5, 0.5))
    assert device.read(b"\n") == b"0.5000,0.5000\n", "vectors from while it was away must not come late"
    assert [report.text for report in stage.reports if "again" in report.text and report.level == "info"]


def test_a_device_that_is_not_there_at_first_is_taken_up_when_it_comes(device, play):
    device.pull()
    stage = play(SerialAdapter(str(device.path), 115200, 1), wait=False)
    time.sleep(1.2)
    assert len(stage.troubles()) == 1
    device.plug()
    wait_until(stage.is_open, seconds=1.0)
    device.write(b"0.5\n")
    wait_until(lambda: stage.events)


def test_a_far_end_that_does_not_read_holds_up_nobody_and_hears_the_newest(device, play):
    stage = play(SerialAdapter(str(device.path), 115200, 2))
    slowest = 0.0
    for number in range(20_000):
        before = time.perf_counter()
        stage.adapter.send((number / 20_000, 0.5))
        slowest = max(slowest, time.perf_counter() - before)
    assert slowest < 0.25  # as long as this machine may be busy with others; a write that waits waits for ever
    assert stage.adapter.health()[0].failed > 1000
    assert len(stage.troubles()) == 1
    lines = device.read(b"%.4f,0.5000\n" % (19_999 / 20_000)).splitlines()
    values = [float(line.split(b",")[0]) for line in lines]
    assert values == sorted(values)
    assert all(len(line) == 13 for line in lines)


@pytest.mark.usefixtures("way_of_waiting")
def test_closing_is_quick_even_if_the_far_end_does_not_read(device, play):
    stage = play(SerialAdapter(str(device.path), 115200, 2))
    for _ in range(3000):
        stage.adapter.send((0.5, 0.5))
    before = time.monotonic()
    stage.adapter.close()
    stage.adapter.close()
    assert if_idle(time.monotonic() - before) < 0.6
    assert stage.adapter.health()[0].state == "closed"
    again = play(SerialAdapter(str(device.path), 115200, 2))
    assert again.is_open()


def test_a_port_that_another_program_has_is_taken_up_when_it_is_free(device, play):
    code = "import fcntl, sys, time; f = open(sys.argv[1], 'rb'); fcntl.flock(f, fcntl.LOCK_EX); print(1, flush=True)"
    other = subprocess.Popen(
        [sys.executable, "-c", f"{code}; time.sleep(60)", str(device.path)], stdout=subprocess.PIPE
    )
    with other:
        other.stdout.readline()
        stage = play(SerialAdapter(str(device.path), 115200, 1), wait=False)
        wait_until(stage.troubles)
        assert "another program" in stage.troubles()[0]
        other.kill()
    wait_until(stage.is_open, seconds=2.0)


def test_what_is_no_serial_port_is_told(tmp_path):
    (tmp_path / "file").write_text("x")
    for path, reason in ((tmp_path / "file", "no serial port"), (tmp_path, "cannot be opened")):
        with pytest.raises(DeviceError, match=reason):
            open_serial_port(str(path), 115200)


def test_rubbish_does_not_stop_the_music(device, play):
    stage = play(SerialAdapter(str(device.path), 115200, 2))
    dice = random.Random(2)
    for _ in range(FUZZ):
        device.write(dice.randbytes(dice.randrange(200)))
    device.write(b"\n")
    stage.events.clear()
    device.write(b"0.5,0.25\n")
    wait_until(lambda: Interaction((0.5, 0.25), "serial") in stage.events)


def test_the_ports_of_this_machine_are_listed():
    ports = list_serial_ports()
    assert all(isinstance(port, PortInfo) and os.path.exists(port.path) for port in ports)
    assert [port.path for port in ports] == sorted(port.path for port in ports)


# --- MIDI ---------------------------------------------------------------------------------------------


def sounding(messages):
    """The notes that sound after these messages, as a receiver that counts them hears it."""
    notes: dict[bytes, int] = {}
    for message in messages:
        key = bytes([message[0] & 0x0F, message[1]])
        if message[0] & 0xF0 == 0x90 and message[2]:
            notes[key] = 1
        elif message[0] & 0xF0 in (0x80, 0x90):
            notes.pop(key, None)
    return set(notes)


@pytest.mark.usefixtures("way_of_waiting")
def test_midi_comes_in_with_running_status_and_clock_bytes_in_between(device, play):
    stage = play(SerialMidiAdapter(str(device.path), INPUT, ()))
    expected = []
    device.write(b"\xf8\x90\x3c\x64\x40\x64")  # two notes under one status
    expected += [Update(((0, note / 127),), "serialmidi", struck=True) for note in (60, 64)]
    wait_until(lambda: len(stage.events) == 2)
    device.write(b"\x3c\xf8\x00\xb0\xfe\x07\xf8")  # the first note ends; half a controller
    time.sleep(0.05)
    expected.append(Released(((0, 60 / 127),), "serialmidi"))
    device.write(b"\x7f\xf8\x07")  # its other half, and half of the next
    expected.append(Update(((1, 1.0),), "serialmidi"))
    wait_until(lambda: len(stage.events) == 4)
    device.write(b"\x00\xf0\x41\xf8\x42\xf7\x07\x40\xb0\x07\x40")  # exclusive, which ends running status
    expected += [Update(((1, 0.0),), "serialmidi"), Update(((1, 64 / 127),), "serialmidi")]
    wait_until(lambda: len(stage.events) == 6)
    assert stage.events == expected


@pytest.mark.usefixtures("way_of_waiting")
def test_midi_goes_out_and_closing_ends_its_notes(device, play):
    stage = play(SerialMidiAdapter(str(device.path), (), OUTPUT))
    stage.adapter.send((60 / 127, 1.0, 0.5))
    assert device.read(count=9) == bytes.fromhex("903c7f b0077f e10040")
    stage.adapter.send((62 / 127, 1.0, 0.5))
    assert device.read(count=6) == bytes.fromhex("803c00 903e7f")
    stage.adapter.silence()
    assert device.read(count=3) == bytes.fromhex("803e00")
    stage.adapter.send((64 / 127, 1.0, 0.5))
    device.read(count=9)
    stage.adapter.close()
    assert device.read(count=3) == bytes.fromhex("804000")


def test_panic_ends_all_that_could_sound(device, play):
    stage = play(SerialMidiAdapter(str(device.path), (), OUTPUT))
    stage.adapter.send((60 / 127, 1.0, 0.5))
    stage.adapter.panic()
    assert device.read(count=24).endswith(bytes.fromhex("803c00 b07800 b07b00 b17800 b17b00"))


def test_a_synthesiser_whose_cable_comes_back_hears_what_it_missed(device, play):
    stage = play(SerialMidiAdapter(str(device.path), (), OUTPUT))
    stage.adapter.send((60 / 127, 1.0, 0.5))
    device.read(count=9)
    device.pull()
    wait_until(lambda: stage.adapter.health()[0].state == "waiting")
    for number in range(300):
        stage.adapter.send(((61 + number % 20) / 127, number / 300, 0.25))
    device.plug()
    wait_until(stage.is_open, seconds=1.0)
    stage.adapter.send((0.0, 1.0, 0.25))
    messages = MidiStream().feed(device.read(bytes.fromhex("90007f")))
    assert bytes.fromhex("803c00") in messages, "the note that sounded when the cable was pulled out"
    assert bytes.fromhex("b0077f") in messages
    assert [message for message in messages if message[0] == 0xE1], "the bend, although it has not changed since"
    assert sounding([bytes.fromhex("903c7f"), *messages]) == {b"\x00\x00"}


@pytest.mark.slow
def test_a_slow_cable_loses_notes_but_never_a_note_off(device, play):
    stage = play(SerialMidiAdapter(str(device.path), (), OUTPUT))
    dice = random.Random(3)
    for _ in range(20_000):
        stage.adapter.send((dice.random(), dice.random(), dice.random()))
    stage.adapter.silence()
    messages = MidiStream().feed(device.read(seconds=1.0))
    assert sounding(messages) == set()
    assert len(messages) > 500
    assert stage.adapter.health()[0].failed > 1000
    assert len(stage.troubles()) == 1
    stage.adapter.send((1.0, 1.0, 1.0))
    device.read(bytes.fromhex("907f7f b0077f e17f7f"))


def test_another_mapping_ends_what_sounds_by_the_old_one(device, play):
    stage = play(SerialMidiAdapter(str(device.path), INPUT, OUTPUT))
    stage.adapter.send((60 / 127, 1.0, 0.5))
    device.read(count=9)
    stage.adapter.remap(parse_mapping([["control_change", 3, 9]]), parse_mapping([["note_on", 5]]))
    stage.adapter.send((0.5,))
    assert device.read(count=6) == bytes.fromhex("803c00 94407f")
    device.write(b"\xb2\x09\x7f")
    wait_until(lambda: stage.events == [Update(((0, 1.0),), "serialmidi")])


def test_without_mappings_nothing_is_heard_or_sent(device, play):
    stage = play(SerialMidiAdapter(str(device.path), (), ()))
    device.write(b"\x90\x3c\x64")
    stage.adapter.send((0.5, 0.5))
    stage.adapter.panic()
    wait_until(lambda: stage.adapter.health()[0].received)
    assert device.read(seconds=0.2) == b""
    assert stage.events == []


def test_midi_rubbish_does_not_stop_the_music(device, play):
    stage = play(SerialMidiAdapter(str(device.path), INPUT, ()))
    dice = random.Random(4)
    for _ in range(FUZZ):
        device.write(dice.randbytes(dice.randrange(200)))
    stage.events.clear()
    device.write(b"\xb0\x07\x7f")
    wait_until(lambda: Update(((1, 1.0),), "serialmidi") in stage.events)


# --- a peer that is a program of its own -----------------------------------------------------------------


@pytest.mark.peer("socat")
def test_socat_as_the_cable_ends_and_comes_back(tmp_path, play, request):
    near, far = tmp_path / "near", tmp_path / "far"

    def cable():
        made = subprocess.Popen(["socat", f"pty,raw,echo=0,link={near}", f"pty,raw,echo=0,link={far}"])
        wait_until(lambda: near.exists() and far.exists())
        return made

    process = cable()
    request.addfinalizer(lambda: (process.kill(), process.wait()))
    stage = play(SerialMidiAdapter(str(near), INPUT, OUTPUT))
    for round_ in (1, 2):
        with open(far, "r+b", buffering=0) as synthesiser:
            synthesiser.write(b"\x90\x3c\x64\xf8\x3e\xf8\x64")
            heard_in = [Update(((0, note / 127),), "serialmidi", struck=True) for note in (60, 62)]
            wait_until(lambda: stage.events == heard_in)  # noqa: B023 - waits within the round
            stage.adapter.send((round_ / 127, 1.0, 0.5))
            heard = b""
            while bytes([0x90, round_, 127]) not in heard:
                heard += synthesiser.read(100)
        process.terminate()
        process.wait(5)
        wait_until(lambda: stage.events[-1:] == [Unplugged("serialmidi")])
        stage.events.clear()
        if round_ == 1:
            process = cable()
            wait_until(stage.is_open, seconds=1.5)
    assert len(stage.troubles()) == 2


@pytest.mark.usefixtures("way_of_waiting")
def test_only_what_moved_is_passed_on_and_a_release_ends_its_note(device, play):
    stage = play(SerialMidiAdapter(str(device.path), (), OUTPUT))
    stage.adapter.pass_on((60 / 127, 1.0, 0.5), (1,), "keys")
    stage.adapter.pass_on((60 / 127, 1.0, 0.5), (0,), "keys")
    stage.adapter.end_notes(((0, 61 / 127),), "keys")
    stage.adapter.end_notes(((0, 60 / 127),), "keys")
    assert device.read(count=9) == bytes.fromhex("b0077f 903c7f 803c00")
