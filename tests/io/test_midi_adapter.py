"""MIDI ports against a made-up system: what a real one rarely does."""

from __future__ import annotations

import threading
import time

import pytest

from impsy.errors import DeviceError
from impsy.events import MidiClock, Released, Unplugged, Update
from impsy.io.adapter import Overheard
from impsy.io.feedback import FeedbackGuard
from impsy.io.midi.adapter import MidiInput, MidiOutput
from impsy.io.midi.system import SharedMidi
from impsy.mapping.entries import parse_mapping
from impsy.mapping.input import InputMapping
from impsy.mapping.output import OutputMapping
from waiting import if_idle, wait_until

ENTRIES = parse_mapping([["note_on", 1], ["control_change", 1, 7]])


class MadeUpPort:
    def __init__(self, system, name, receive=None):
        self.system, self.name, self.receive = system, name, receive
        self.sent: list[str] = []
        self.closed = 0

    def check(self):
        if self.name is not None and self.name not in self.system.names:
            raise DeviceError("gone")

    def send(self, messages):
        if self.system.broken:
            raise DeviceError("the cable is loose")
        self.sent += [message.hex(" ") for message in messages]

    def close(self):
        self.closed += 1
        self.system.release.wait(5)


class MadeUpMidi:
    name = "Made-up"

    def __init__(self):
        self.names = ["Desk: X-TOUCH 1", "X-TOUCH mini", "S-1"]
        self.opened: list[MadeUpPort] = []
        self.broken = False
        self.missing = ""
        self.closed = 0
        self.release = threading.Event()
        self.release.set()

    def get(self, _api=None):
        if self.missing:
            raise DeviceError(self.missing)
        return self

    def ports(self, way):
        return tuple(self.names)

    def _open(self, name, receive=None):
        port = MadeUpPort(self, name, receive)
        self.opened.append(port)
        return port

    def open_input(self, port, receive, label):
        return self._open(port, receive)

    def open_output(self, port, label):
        return self._open(port)

    def open_virtual_input(self, label, receive):
        self.label = label
        return self._open(None, receive)

    def open_virtual_output(self, label):
        self.label = label
        return self._open(None)

    def close(self):
        self.closed += 1


class Stage:
    def __init__(self):
        self.system = MadeUpMidi()
        self.shared = SharedMidi(None, self.system.get)
        self.events, self.reports, self.adapters = [], [], []

    def open(self, adapter):
        self.adapters.append(adapter)
        adapter.open(self.events.append, self.reports.append)
        return adapter

    def input(self, name="S-1", **more):
        return self.open(MidiInput(name, self.shared, InputMapping(ENTRIES), **more))

    def output(self, name="S-1", **more):
        return self.open(MidiOutput(name, self.shared, OutputMapping(ENTRIES), **more))

    def texts(self, level):
        return [report.text for report in self.reports if report.level == level]


@pytest.fixture
def stage():
    made = Stage()
    yield made
    made.system.release.set()
    for adapter in made.adapters:
        adapter.close()


def state(adapter):
    return adapter.health()[0].state


def is_open(adapter):
    return state(adapter) in ("open", "receiving")


def test_a_part_of_the_name_is_enough_and_the_first_of_several_is_taken(stage):
    adapter = stage.input("x-touch")
    wait_until(lambda: is_open(adapter))
    assert stage.system.opened[0].name == "Desk: X-TOUCH 1"
    (warning,) = stage.texts("warning")
    assert "Desk: X-TOUCH 1, X-TOUCH mini" in warning
    assert adapter.name == "midi in x-touch"
    assert "Desk: X-TOUCH 1 (Made-up)" in adapter.health()[0].detail


def test_messages_become_updates_and_others_are_counted(stage):
    adapter = stage.input()
    overheard = []
    adapter.overhear = overheard.append
    wait_until(lambda: is_open(adapter))
    receive = stage.system.opened[0].receive
    assert state(adapter) == "open"
    for message in ("b0 07 7f", "90 00 40", "b1 07 40", "fa", "80 40 00", "f8"):
        receive(bytes.fromhex(message))
    assert stage.events == [
        Update(((1, 1.0),), "midi in S-1"),
        Update(((0, 0.0),), "midi in S-1", struck=True),
        Released(((0, 64 / 127),), "midi in S-1"),
    ]
    assert state(adapter) == "receiving"
    assert adapter.health()[0].received == 5
    assert overheard[0] == Overheard("midi in S-1", "in", b"\xb0\x07\x7f", ((1, 1.0),))
    assert len(overheard) == 6
    assert overheard[5].remark == "the tempo does not follow it"


def test_a_fault_of_who_hears_does_not_reach_the_driver(stage, caplog):
    adapter = stage.input()
    adapter.overhear = lambda *_what: 1 / 0
    wait_until(lambda: is_open(adapter))
    stage.system.opened[0].receive(b"\xb0\x07\x7f")
    assert "b0 07 7f" in caplog.text
    for _ in range(300):
        stage.system.opened[0].receive(b"\xb0\x07\x7f")
    assert caplog.text.count("Traceback") == 1
    adapter.overhear = None
    stage.system.opened[0].receive(b"\xb0\x07\x40")
    assert stage.events


def test_echoes_are_left_out_and_counted(stage):
    now = [5.0]
    guard = FeedbackGuard(0.02)
    output = stage.output(guard=guard, clock=lambda: now[0])
    adapter = stage.input(guard=guard, clock=lambda: now[0])
    wait_until(lambda: is_open(adapter) and is_open(output))
    receive = next(port.receive for port in stage.system.opened if port.receive)
    output.send((0.5, 1.0))
    now[0] += 0.01
    receive(b"\xb0\x07\x7f")
    assert stage.events == []
    now[0] += 0.02
    receive(b"\xb0\x07\x7f")
    assert len(stage.events) == 1
    assert "1 echoes left out" in adapter.health()[0].detail


def test_a_missing_device_is_said_once_and_taken_up_when_it_comes(stage):
    stage.system.names.remove("S-1")
    adapter = stage.output()
    wait_until(lambda: stage.texts("error"))
    adapter.send((0.5, 0.5))
    time.sleep(1.2)
    assert len(stage.texts("error")) == 1
    assert "“S-1”" in stage.texts("error")[0]
    assert state(adapter) == "waiting"
    stage.system.names.append("S-1")
    before = time.monotonic()
    wait_until(lambda: is_open(adapter))
    assert if_idle(time.monotonic() - before) < 1
    wait_until(lambda: stage.system.opened[0].sent)
    assert stage.system.opened[0].sent == ["b0 07 40"]  # no note of long ago


def test_a_device_that_is_pulled_gets_what_it_missed(stage):
    output, adapter = stage.output(), stage.input()
    wait_until(lambda: is_open(adapter) and is_open(output))
    output.send((0.5, 0.25))
    stage.system.names.remove("S-1")
    wait_until(lambda: state(output) == "waiting" and state(adapter) == "waiting")
    assert stage.events == [Unplugged("midi in S-1")]
    assert len(stage.texts("error")) == 2
    output.send((0.75, 0.75))
    output.send((1.0, 1.0))
    stage.system.names.append("S-1")
    wait_until(lambda: is_open(output) and is_open(adapter))
    again = next(port for port in stage.system.opened[2:] if port.receive is None)
    assert again.sent == ["80 40 00", "b0 07 7f"]  # the note that it may sound on with, and where the controller is
    assert len(stage.texts("error")) == 2
    assert sum("again" in text for text in stage.texts("info")) == 2
    output.send((0.5, 1.0))
    assert again.sent[2:] == ["90 40 7f", "b0 07 7f"]


def test_controllers_are_resent_even_if_all_was_silenced_before_the_device_went(stage):
    output = stage.output()
    wait_until(lambda: is_open(output))
    output.send((0.5, 0.25))
    output.silence()
    stage.system.names.remove("S-1")
    wait_until(lambda: state(output) == "waiting")
    output.silence()
    stage.system.names.append("S-1")
    wait_until(lambda: is_open(output))
    # And the note's end, which may not have arrived: it was sent shortly before the loss was noticed.
    assert stage.system.opened[-1].sent == ["80 40 00", "b0 07 20"]


def test_what_cannot_be_sent_is_said_once_and_counted_and_notes_still_end(stage):
    output = stage.output()
    wait_until(lambda: is_open(output))
    output.send((0.5, 0.25))
    stage.system.broken = True
    for _ in range(3):
        output.silence()
        output.send((0.75, 0.25))
    assert output.health()[0].failed > 0
    assert [text for text in stage.texts("warning") if "loose" in text] == [
        "midi out S-1: a message could not be sent (the cable is loose)"
    ]
    stage.system.broken = False
    output.silence()
    ons = [message for message in stage.system.opened[0].sent if message.startswith("90")]
    offs = {message for message in stage.system.opened[0].sent if message.startswith("80")}
    assert ons == ["90 40 7f"]
    assert offs >= {"80 40 00", "80 5f 00"}


def test_silence_panic_remap_and_close_end_notes(stage):
    output = stage.output()
    wait_until(lambda: is_open(output))
    sent = stage.system.opened[0].sent
    for end, expected in (
        (output.silence, ["80 40 00"]),
        (output.panic, ["80 40 00", "b0 78 00", "b0 7b 00"]),
        (lambda: output.remap(OutputMapping(ENTRIES)), ["80 40 00"]),
        (output.close, ["80 40 00"]),
    ):
        sent.clear()
        output.send((0.5, 0.5))
        assert sent == ["90 40 7f", "b0 07 40"]
        sent.clear()
        end()
        assert sent == expected
    output.send((0.5, 0.5))
    output.silence()
    assert sent == expected


def test_a_device_without_a_mapping_is_opened_and_left_alone(stage):
    output = stage.open(MidiOutput("S-1", stage.shared, None))
    adapter = stage.open(MidiInput("S-1", stage.shared, None))
    wait_until(lambda: is_open(output) and is_open(adapter))
    output.send((0.5, 0.5))
    output.silence()
    output.panic()
    next(port for port in stage.system.opened if port.receive).receive(b"\xb0\x07\x7f")
    assert stage.events == []
    assert all(port.sent == [] for port in stage.system.opened)


def test_virtual_ports_are_made(stage):
    output, adapter = stage.output("virtual:Loop"), stage.input("virtual:Loop")
    wait_until(lambda: is_open(output) and is_open(adapter))
    assert stage.system.label == "Loop"
    assert adapter.health()[0].name == "midi in virtual:Loop"
    assert "virtual" in adapter.health()[0].detail


def test_a_system_that_is_missing_is_said_by_each_port_and_waited_for(stage):
    stage.system.missing = "there is no driver"
    output = stage.output()
    wait_until(lambda: any("there is no driver" in text for text in stage.texts("error")))
    stage.system.missing = ""
    wait_until(lambda: is_open(output))


def test_closing_works_twice_frees_the_system_and_does_not_wait_for_a_driver_that_hangs(stage):
    output, adapter = stage.output(), stage.input()
    wait_until(lambda: is_open(output) and is_open(adapter))
    output.close()
    output.close()
    assert stage.system.closed == 0
    assert stage.system.opened[0].closed + stage.system.opened[1].closed == 1
    stage.system.release.clear()
    before = time.monotonic()
    adapter.close()
    assert if_idle(time.monotonic() - before) < 0.5
    assert state(adapter) == "closed"
    assert stage.system.closed == 1


def test_it_can_be_opened_again(stage):
    output = stage.output()
    wait_until(lambda: is_open(output))
    output.close()
    stage.open(output)
    wait_until(lambda: is_open(output))
    output.send((0.5, 0.5))
    assert stage.system.opened[-1].sent[-2:] == ["90 40 7f", "b0 07 40"]


@pytest.mark.slow
def test_engine_and_link_may_use_an_output_at_once(stage):
    output = stage.output()
    wait_until(lambda: is_open(output))
    end = time.monotonic() + 2.5

    def play():
        step = 0
        while time.monotonic() < end:
            step += 1
            output.send((step % 128 / 127, 0.5))
            if step % 50 == 0:
                output.silence()

    player = threading.Thread(target=play)
    player.start()
    while time.monotonic() < end:
        stage.system.names.remove("S-1")
        time.sleep(0.3)
        stage.system.names.append("S-1")
        time.sleep(0.6)
    player.join()
    wait_until(lambda: is_open(output))
    output.close()
    sent = [message for port in stage.system.opened for message in port.sent]
    assert len(stage.system.opened) >= 2
    sounding: set[str] = set()
    for message in sent:
        if message.startswith("90"):
            sounding.add(message[3:5])
        elif message.startswith("80"):
            sounding.discard(message[3:5])
    assert sounding == set()


# --- which port a name opens -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "there", "opened", "reported"),
    [
        ("Port 1", ["Port 10", "Port 1"], "Port 1", ""),
        ("Port 1", ["Port 10", "Port 1 MIDI"], "Port 1 MIDI", ""),
        ("X", ["X:X MIDI 1 20:0", "X:X MIDI 1 24:0"], "X:X MIDI 1 20:0", "X:X MIDI 1 20:0, X:X MIDI 1 24:0"),
        ("twin", ["twin", "twin"], "twin", "twin, twin"),
        ("X:X MIDI 1 28:0", ["X:X MIDI 1 24:0"], "X:X MIDI 1 24:0", "numbers that the system gives"),
    ],
)
@pytest.mark.slow
def test_the_port_that_fits_best_is_opened_and_doubts_are_said_once(stage, name, there, opened, reported):
    stage.system.names[:] = there
    adapter = stage.input(name)
    wait_until(lambda: is_open(adapter))
    assert stage.system.opened[0].name == opened
    warnings = stage.texts("warning")
    assert len(warnings) == bool(reported)
    assert all(reported in text and adapter.name in text for text in warnings)
    stage.system.names.clear()
    wait_until(lambda: not is_open(adapter))
    stage.system.names[:] = there
    wait_until(lambda: is_open(adapter))
    kinds = {report.kind for report in stage.reports if report.level == "warning"}
    assert len(kinds) == bool(reported)  # of one kind, which is shown once


def test_a_better_port_that_comes_later_is_taken_and_the_notes_of_the_other_end(stage):
    stage.system.names[:] = ["Port 10"]
    output, adapter = stage.output("Port 1"), stage.input("Port 1")
    wait_until(lambda: is_open(output) and is_open(adapter))
    output.send((0.5, 1.0))
    stage.system.names.insert(0, "Port 1")
    wait_until(lambda: [port.name for port in stage.system.opened].count("Port 1") == 2 and is_open(output))
    ten = next(port for port in stage.system.opened if port.name == "Port 10" and port.receive is None)
    assert ten.sent == ["90 40 7f", "b0 07 7f", "80 40 00"]
    assert ten.closed == 1
    one = next(port for port in stage.system.opened if port.name == "Port 1" and port.receive is None)
    wait_until(lambda: one.sent == ["b0 07 7f"])
    assert stage.events == [Unplugged("midi in Port 1")]


def test_two_names_open_two_ports_whichever_device_comes_first(stage):
    for there in (["Deck 1", "Deck 2"], ["Deck 2", "Deck 1"], ["Deck 2"]):
        stage.system.names[:] = there
        stage.shared.claims.plan("in", ["Deck", "Deck 1"])
        loose, exact = stage.input("Deck"), stage.input("Deck 1")
        wait_until(lambda: is_open(loose))  # noqa: B023 - waits within the round
        if "Deck 1" in there:
            wait_until(lambda: is_open(exact))  # noqa: B023
        expected = {"Deck 2", "Deck 1"} & set(there)
        assert sorted(port.name for port in stage.system.opened) == sorted(expected)
        assert "Deck 2" in loose.health()[0].detail
        for adapter in (loose, exact):
            adapter.close()
        stage.system.opened.clear()


def test_only_what_moved_is_passed_on_and_a_release_ends_its_note(stage):
    output = stage.output()
    wait_until(lambda: is_open(output))
    output.pass_on((0.5, 0.5), (1,), "keys")
    output.pass_on((0.5, 0.5), (0,), "keys")
    output.end_notes(((0, 0.5),), "pads")
    output.end_notes(((0, 0.25), (7, None)), "keys")
    assert stage.system.opened[0].sent == ["b0 07 40", "90 40 7f"]
    output.end_notes(((0, 0.5),), "keys")
    assert stage.system.opened[0].sent[2:] == ["80 40 00"]
    silent = stage.open(MidiOutput("S-1", stage.shared, None))
    silent.pass_on((0.5, 0.5), (1,), "keys")
    silent.end_notes(((0, 0.5),), "keys")


# --- clock --------------------------------------------------------------------------------------------


def test_an_input_that_follows_hears_the_clock_and_what_is_played(stage):
    adapter = stage.input(follows=True)
    wait_until(lambda: is_open(adapter))
    receive = stage.system.opened[0].receive
    for message in ("f8", "fa", "f2 10 00", "f1 10", "b0 07 7f", "f8 00", ""):
        receive(bytes.fromhex(message))
    port = "midi in S-1"
    assert stage.events == [
        MidiClock("tick", port),
        MidiClock("start", port),
        MidiClock("position", port, 16),
        Update(((1, 1.0),), port),
    ]
    adapter.remap(InputMapping(ENTRIES))
    receive(b"\xf8")
    assert len(stage.events) == 4


def test_an_output_sends_ticks_and_stops_when_it_is_closed(stage):
    adapter = stage.output()
    wait_until(lambda: is_open(adapter))
    port = stage.system.opened[0]
    for position in (23, 24, 25):
        adapter.tick(position, True)
    assert port.sent == ["f8", "fa", "f8", "f8"]
    adapter.tick(26, False)
    adapter.tick(30, True)
    assert port.sent[4:] == ["fc", "f8", "f2 01 00", "fb", "f8"]
    adapter.close()
    assert port.sent[-1] == "fc"


def test_ticks_that_cannot_be_sent_are_told_once_and_not_sent_later(stage):
    adapter = stage.output()
    wait_until(lambda: is_open(adapter))
    stage.system.broken = True
    for position in range(50):
        adapter.tick(position, True)
    stage.system.broken = False
    assert len([report for report in stage.reports if "MIDI clock could not be sent" in report.text]) == 1
    assert adapter.health()[0].failed >= 50
    adapter.tick(50, True)
    assert stage.system.opened[0].sent == ["f8"]


def test_a_device_that_comes_back_starts_anew(stage):
    adapter = stage.output()
    wait_until(lambda: is_open(adapter))
    adapter.tick(0, True)
    stage.system.names.remove("S-1")
    wait_until(lambda: not is_open(adapter))
    stage.system.names.append("S-1")
    wait_until(lambda: is_open(adapter))
    adapter.tick(48, True)
    assert stage.system.opened[-1].sent[-2:] == ["fa", "f8"]
