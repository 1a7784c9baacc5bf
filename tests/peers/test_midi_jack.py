"""MIDI through a real system: JACK's dummy server, with devices that are processes of their own."""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path

import pytest
from jack_stage import Device, JackProcess, Program

from impsy.errors import DeviceError
from impsy.events import Unplugged, Update
from impsy.io.feedback import FeedbackGuard
from impsy.io.midi.adapter import MidiInput, MidiOutput
from impsy.io.midi.system import SharedMidi, open_midi_system
from impsy.mapping.entries import parse_mapping
from impsy.mapping.input import InputMapping
from impsy.mapping.output import OutputMapping
from waiting import if_idle, wait_until

pytestmark = [pytest.mark.peer("jackd"), pytest.mark.usefixtures("jack_alone")]

NOTE_AND_CONTROLLER = parse_mapping([["note_on", 1], ["control_change", 1, 7]])
EVERYTHING = parse_mapping([["note_on", 1], ["note_velocity", 1], ["control_change", 2, 74], ["pitch_bend", 3]])
PERFORMER = str(Path(__file__).with_name("midi_performer.py"))


class Stage:
    """Devices and adapters of one test."""

    def __init__(self, jack: JackProcess) -> None:
        self.jack = jack
        self.shared = SharedMidi("jack")
        self.events, self.reports = [], []
        self.adapters, self.devices = [], []

    def device(self, name: str, *options: str) -> Device:
        made = Device(self.jack, name, *options)
        self.devices.append(made)
        return made

    def input(self, name, entries=NOTE_AND_CONTROLLER, guard=None):
        return self._open(MidiInput(name, self.shared, InputMapping(entries), guard))

    def output(self, name, entries=NOTE_AND_CONTROLLER, guard=None):
        return self._open(MidiOutput(name, self.shared, OutputMapping(entries), guard))

    def _open(self, adapter):
        self.adapters.append(adapter)
        adapter.open(self.events.append, self.reports.append)
        return adapter

    def ready(self):
        wait_until(lambda: all(is_open(adapter) for adapter in self.adapters), what="opening")


def is_open(adapter):
    return adapter.health()[0].state in ("open", "receiving")


@pytest.fixture
def stage(jack):
    made = Stage(jack)
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.0005)  # as a performance does: JACK's threads wait for Python here
    yield made
    for adapter in made.adapters:
        adapter.close()
    for device in made.devices:
        device.end()
    sys.setswitchinterval(before)


def sounding(messages):
    """The notes that were begun and not ended."""
    held: set[str] = set()
    for message in messages:
        if message.startswith("9"):
            held.add(message[1:5])
        elif message.startswith("8"):
            held.discard(message[1:5])
    return held


def notes(messages):
    """How many note-ons and note-offs."""
    return tuple(sum(message.startswith(kind) for message in messages) for kind in ("9", "8"))


def test_notes_velocity_controllers_and_bend_come_in(stage):
    device = stage.device("Keys")
    stage.input("Keys", EVERYTHING)
    stage.ready()
    device.play("90 40 7f", "b1 4a 40", "e2 7f 7f")
    wait_until(lambda: len(stage.events) >= 3)
    assert {event.port for event in stage.events} == {"midi in Keys"}
    changed = [dict(event.changes) for event in stage.events]
    assert changed[0] == {0: 64 / 127, 1: 1.0}
    assert changed[1] == {2: 64 / 127}
    assert changed[2] == {3: 1.0}


def test_clock_active_sensing_and_sysex_are_left_out(stage):
    device = stage.device("Clock")
    adapter = stage.input("Clock")
    stage.ready()
    device.play("f8", "fe", "f0 7e 7f 06 01 f7", "f8", "b0 07 7f")
    wait_until(lambda: stage.events)
    assert stage.events == [Update(((1, 1.0),), "midi in Clock")]
    assert adapter.health()[0].received == 1


def test_notes_velocity_controllers_and_bend_go_out_in_one_batch(stage):
    device = stage.device("Synth")
    adapter = stage.output("Synth", EVERYTHING)
    stage.ready()
    adapter.send((0.5, 1.0, 0.25, 0.5))
    wait_until(lambda: len(device.heard) >= 3)
    assert device.heard == ["90 40 7f", "b1 4a 20", "e2 00 40"]
    assert if_idle(max(device.times) - min(device.times)) < 0.05
    adapter.send((0.75, 0.5, 0.25, 0.5))
    adapter.close()
    wait_until(lambda: len(device.heard) >= 6)
    assert device.heard[3:] == ["80 40 00", "90 5f 40", "80 5f 00"]


def test_two_in_and_two_out_at_once(stage):
    devices = [stage.device(name) for name in ("Left", "Right")]
    inputs = [stage.input(name) for name in ("Left", "Right")]
    outputs = [stage.output(name) for name in ("Left", "Right")]
    stage.ready()
    for number in range(100):
        for device in devices:
            device.play(f"b0 07 {number:02x}")
        for output in outputs:
            output.send((0.5, number / 127))
        time.sleep(0.001)
    assert [output.health()[0].failed for output in outputs] == [0, 0]
    wait_until(lambda: len(stage.events) >= 200, what=f"{len(stage.events)} events, and more")
    for adapter in inputs:
        values = [event.changes[0][1] for event in stage.events if event.port == adapter.name]
        assert values == [number / 127 for number in range(100)]
    for device in devices:
        wait_until(lambda device=device: len([m for m in device.heard if m.startswith("b0")]) >= 100)
        assert [m for m in device.heard if m.startswith("b0")] == [f"b0 07 {number:02x}" for number in range(100)]


def test_a_port_that_echoes_all_does_not_play_the_instrument(stage):
    guard = FeedbackGuard(0.05)
    device = stage.device("Mirror", "--echo")
    stage.input("Mirror", guard=guard)
    output = stage.output("Mirror", guard=guard)
    stage.ready()
    for number in range(50):
        output.send((number / 127, number / 127))
        time.sleep(0.005)
    wait_until(lambda: stage.adapters[0].health()[0].received >= 140)
    assert stage.events == []
    time.sleep(0.1)
    device.play("b0 07 31")  # the performer's own, if it is the same as what was sent a while ago
    wait_until(lambda: stage.events)
    assert stage.events == [Update(((1, 49 / 127),), "midi in Mirror")]


def test_without_a_guard_the_echo_is_heard(stage):
    stage.device("Mirror", "--echo")
    stage.input("Mirror")
    output = stage.output("Mirror")
    stage.ready()
    output.send((0.5, 0.5))
    wait_until(lambda: len(stage.events) >= 2)


def test_virtual_ports_are_there_for_others(stage, jack):
    stage.input("virtual:Way in")
    output = stage.output("virtual:Way out")
    stage.ready()
    other = Program(jack, PERFORMER, "Way out", "Way in")
    wait_until(lambda: sum("connected to" in line for line in other.lines) >= 2)
    other.say("send 0.5 1.0")
    wait_until(lambda: len(stage.events) >= 2)
    assert stage.events == [
        Update(((0, 64 / 127),), "midi in virtual:Way in", struck=True),
        Update(((1, 1.0),), "midi in virtual:Way in"),
    ]
    output.send((0.25, 0.5))
    wait_until(lambda: sum(line.startswith("event") for line in other.lines) >= 2)
    assert other.end() == 0
    assert other.errors == []


def test_a_device_that_is_pulled_and_comes_back_is_taken_up_within_a_second(stage):
    device, bystander = stage.device("S-1"), stage.device("Other")
    hears, plays = stage.input("S-1"), stage.output("S-1")
    aside = stage.output("Other")
    stage.ready()
    plays.send((0.5, 0.25))
    wait_until(lambda: len(device.heard) >= 2)
    heard = device.heard
    device.kill()
    before = time.monotonic()
    while plays.health()[0].state != "waiting" or hears.health()[0].state != "waiting":
        for adapter in (plays, aside):
            adapter.send((0.75, 0.5))
        assert if_idle(time.monotonic() - before) < 2
        time.sleep(0.01)
    assert Unplugged("midi in S-1") in stage.events
    count = len(bystander.heard)
    aside.send((0.25, 0.75))
    wait_until(lambda: len(bystander.heard) > count)
    device = stage.device("S-1")
    back = time.monotonic()
    wait_until(lambda: is_open(plays) and is_open(hears))
    assert if_idle(time.monotonic() - back) < 1
    wait_until(lambda: len(device.heard) >= 1)
    assert "b0 07 40" in device.heard  # as it was sent while the device was away
    device.play("90 40 7f")
    wait_until(lambda: any(isinstance(event, Update) for event in stage.events))
    plays.send((1.0, 1.0))
    plays.close()
    wait_until(lambda: notes(device.heard)[0] == 1)
    wait_until(lambda: device.heard[-1] == "80 7f 00")
    assert sounding(heard + device.heard) == set()
    errors = [report.text for report in stage.reports if report.level == "error"]
    assert len(errors) == 2  # each port says once that its device is not there


def test_a_device_that_is_back_at_once_is_taken_up_too(stage, jack):
    device = stage.device("Blink")
    plays = stage.output("Blink")
    stage.ready()
    plays.send((0.5, 0.25))
    wait_until(lambda: len(device.heard) >= 2)
    device.process.kill()
    device = stage.device("Blink")
    back = time.monotonic()
    wait_until(lambda: "b0 07 20" in device.heard)
    assert if_idle(time.monotonic() - back) < 1.2


def test_no_note_hangs(stage):
    device = stage.device("Organ")
    plays = stage.output("Organ", parse_mapping([["note_on", 1], ["note_on", 2], ["note_on", 1, 60]]))
    stage.ready()
    for number in range(300):
        plays.send((number % 7 / 7, number % 5 / 5, number % 11 / 11))
        if number % 40 == 20:
            plays.silence()
        time.sleep(0.001)
    plays.close()
    assert plays.health()[0].failed == 0
    wait_until(lambda: notes(device.heard)[0] >= 900)
    wait_until(lambda: sounding(device.heard) == set(), what="silence")


def test_names_of_systems(stage):
    with pytest.raises(DeviceError, match="JACK"):
        open_midi_system("CoreMIDI")
    with pytest.raises(DeviceError, match="ALSA"):
        open_midi_system("nonsense")
    system = open_midi_system("Jack")
    device = stage.device("Listed")
    assert "Listed plays:Listed" in system.ports("in")
    assert "Listed hears:Listed" in system.ports("out")
    device.end()
    wait_until(lambda: "Listed plays:Listed" not in system.ports("in"))
    system.close()


def test_closing_ends_what_waits_and_frees_the_ports(stage, jack):
    stage.device("Short")
    adapters = [stage.input("Short"), stage.output("Short")]
    stage.ready()
    before = time.monotonic()
    for adapter in adapters:
        adapter.close()
        adapter.close()
    assert if_idle(time.monotonic() - before) < 1
    system = open_midi_system("jack")
    assert not [name for way in ("in", "out") for name in system.ports(way) if "IMPSY" in name]
    system.close()


# --- without the server -----------------------------------------------------------------------------


@pytest.fixture
def mortal():
    """A server that a test may kill; always of one name, as JACK has room for eight."""
    server = JackProcess("impsy-tests-mortal")
    server.start()
    yield server
    server.end(signal.SIGTERM)


def connected(performer: Program) -> int:
    return sum("connected to" in line for line in performer.lines)


def die_and_come_back(mortal: JackProcess, performer: Program, device: Device, times: int, number: int) -> Device:
    """One round, the ``times``-th; returns the device of the new server."""
    mortal.end(number)
    performer.say("send 0.5 0.5")
    performer.say("flood 5000")  # far more than the library's buffer holds
    flooded = lambda: sum(line.startswith("flooded") for line in performer.lines) >= times  # noqa: E731
    wait_until(flooded, what=lambda: f"the flood ({performer.lines[-9:]}, {performer.errors})")
    wait_until(lambda: sum("server is not running" in line for line in performer.lines) >= 2 * times)
    device.kill()
    time.sleep(0.6)
    mortal.start()
    again = Device(mortal, "S-1")
    wait_until(lambda: connected(performer) == 2 + 2 * times)
    again.play("b0 07 7f")
    wait_until(lambda: sum("event Update" in line for line in performer.lines) == times)
    performer.say("send 1.0 1.0")
    wait_until(lambda: "90 7f 7f" in again.heard)
    return again


def test_the_server_may_die_and_come_back(mortal):
    device = Device(mortal, "S-1")
    performer = Program(mortal, PERFORMER, "S-1", "S-1")
    wait_until(lambda: connected(performer) == 2)
    for times, number in ((1, signal.SIGKILL), (2, signal.SIGTERM)):
        device = die_and_come_back(mortal, performer, device, times, number)
    performer.say("gap")
    wait_until(lambda: any(line.startswith("gap") for line in performer.lines))
    # The port library alone keeps the whole program waiting for a second when it closes a port of a dead server.
    gap = float(next(line for line in performer.lines if line.startswith("gap")).split()[1]) / 1000
    assert if_idle(gap) < 0.5
    performer.say("close")
    wait_until(lambda: any(line.startswith("closed") for line in performer.lines))
    assert performer.end() == 0
    # nanobind, which binds one of the MIDI libraries, prints a leak report when Python exits. On a busy machine the
    # server may also exceed the timeout for closing its ports.
    expected = ["nanobind", " - ", "See "]
    if if_idle(1.0) < 0.8:
        expected.append("JACK's ports did not close")
    assert [line for line in performer.errors if not line.startswith(tuple(expected))] == []
    device.end()


def test_a_server_that_stands_still_keeps_nobody(mortal):
    device = Device(mortal, "S-1")
    performer = Program(mortal, PERFORMER, "S-1", "S-1")
    wait_until(lambda: connected(performer) == 2)
    performer.say("send 0.5 0.5")
    wait_until(lambda: len(device.heard) >= 2)
    mortal.process.send_signal(signal.SIGSTOP)
    performer.say("flood 20000")
    flooded = lambda: any(line.startswith("flooded") for line in performer.lines)  # noqa: E731
    wait_until(flooded, what=lambda: f"the flood ({performer.lines[-9:]}, {performer.errors})")
    failed = int(next(line for line in performer.lines if line.startswith("flooded")).split()[2])
    assert failed > 10_000
    performer.say("close")
    wait_until(lambda: any(line.startswith("closed") for line in performer.lines))
    took = float(next(line for line in performer.lines if line.startswith("closed")).split()[1])
    assert if_idle(took) < 1.0
    assert performer.end() == 0
    mortal.process.send_signal(signal.SIGCONT)
    device.end()
