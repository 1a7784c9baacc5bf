"""Commands at the ports: MIDI, WebSocket and serial MIDI; echoes, rates, and devices that come back."""

from __future__ import annotations

import os
import time

import pytest
from serial_device import Device
from websockets.sync.client import connect

from impsy.events import PanicButton, Set, ShowState, Toggle, Update
from impsy.io.commands import COMMANDS_A_SECOND, ECHO_SECONDS, PANICS_A_SECOND, CommandPort, ShowsState
from impsy.io.midi.adapter import MidiInput, MidiOutput
from impsy.io.serial.midi import SerialMidiAdapter
from impsy.io.websocket import WebSocketAdapter
from impsy.mapping.commands import commands_of, parse_command
from impsy.mapping.entries import parse_mapping
from impsy.settings import Settings
from waiting import wait_until

ENTRIES = parse_mapping([["note_on", 1], ["control_change", 1, 7]])
COMMANDS = commands_of(())


def assigned(port, **entries):
    return tuple((COMMANDS[name], parse_command([*entry, port])) for name, entry in entries.items())


class Room:
    """A port's events and reports, on a clock that the test moves."""

    def __init__(self, **entries):
        self.now = 0.0
        self.events, self.reports = [], []
        self.port = CommandPort("desk", assigned("desk", **entries), clock=lambda: self.now)

    def play(self, *messages):
        return [
            self.port.takes(bytes.fromhex(message), self.events.append, self.reports.append) is not None
            for message in messages
        ]

    def asked(self):
        return [event for event in self.events if not isinstance(event, ShowState)]


def test_what_is_no_command_is_left():
    room = Room(pause=["control_change", 1, 16])
    assert room.play("b0107f", "b01000", "b0117f", "903c40", "") == [True, True, False, False, False]
    assert room.asked() == [Toggle("paused")]
    room.port.remap(())
    assert not room.port
    assert room.play("b0107f") == [False]


def test_what_was_shown_is_no_command_when_it_comes_back_at_once():
    room = Room(pause=["control_change", 1, 16])
    room.now = 5.0
    messages, _ = room.port.show(Settings(3, paused=True), "")
    assert messages == [bytes.fromhex("b0107f")]
    room.now = 5.01
    assert room.play("b0107f") == [True]
    assert room.events == []
    room.now = 5.1
    room.play("b0107f")
    assert room.asked() == [Toggle("paused")]


def test_more_commands_than_anybody_gives_are_left_out():
    room = Room(sigmatemp=["control_change", 1, 7], panic=["note_on", 1, 1])
    for value in range(2 * COMMANDS_A_SECOND):
        room.play(f"b007{value % 128:02x}")
    assert len(room.asked()) == COMMANDS_A_SECOND
    for _ in range(2 * PANICS_A_SECOND):
        room.play("900140")
    assert room.asked().count(PanicButton()) == PANICS_A_SECOND
    assert {report.kind for report in room.reports} == {"desk:commands"}
    room.now = 1.0
    room.play("b0077f")
    assert room.asked()[-1] == Set("sigma_temperature", 2.0)


def test_a_websocket_client_commands_and_is_shown_the_state():
    commands = CommandPort("websocket", assigned("websocket", pause=["control_change", 1, 16]))
    events, reports = [], []
    adapter = WebSocketAdapter("127.0.0.1", 0, ENTRIES, ENTRIES, commands=commands)
    adapter.open(events.append, reports.append)
    try:
        assert isinstance(adapter, ShowsState)
        wait_until(lambda: adapter.address is not None)
        url = f"ws://127.0.0.1:{adapter.address[1]}"
        with connect(url, compression=None, proxy=None) as client:
            wait_until(lambda: ShowState() in events)
            adapter.show(Settings(3, paused=True), "")
            assert client.recv(5) == "/channel/1/cc/16/127"
            client.send("/channel/1/cc/16/0")
            wait_until(lambda: events.count(ShowState()) == 2)
            time.sleep(2 * ECHO_SECONDS)
            client.send("/channel/1/cc/16/127")
            client.send("/channel/1/cc/7/127")
            wait_until(lambda: Update(((1, 1.0),), "websocket") in events)
            assert events.count(Toggle("paused")) == 1
            assert len([event for event in events if isinstance(event, Update)]) == 1
            adapter.show(Settings(3), "")
            assert client.recv(5) == "/channel/1/cc/16/0"
    finally:
        adapter.close()


@pytest.mark.skipif(os.name != "posix", reason="there are no pseudo-terminals")
def test_serial_midi_commands_and_is_shown_the_state(tmp_path):
    device = Device(tmp_path / "ttyTest")
    device.plug()
    commands = CommandPort("serialmidi", assigned("serialmidi", pause=["note_on", 10, 36]))
    events = []
    adapter = SerialMidiAdapter(str(tmp_path / "ttyTest"), ENTRIES, ENTRIES, commands=commands)
    adapter.open(events.append, lambda _report: None)
    try:
        wait_until(lambda: ShowState() in events)
        adapter.show(Settings(3), "")
        assert device.read(until=b"\x99\x24\x00").endswith(b"\x99\x24\x00")
        device.write(b"\x99\x24\x7f\x89\x24\x00\xb0\x07\x7f")
        wait_until(lambda: Update(((1, 1.0),), "serialmidi") in events)
        assert [event for event in events if event != ShowState()] == [
            Toggle("paused"),
            Update(((1, 1.0),), "serialmidi"),
        ]
    finally:
        adapter.close()
        device.pull()


def test_midi_ports_have_none_unless_they_are_given_some():
    assert not MidiOutput("X", None, None).commands
    assert isinstance(MidiOutput("X", None, None), ShowsState)
    assert not isinstance(MidiInput("X", None, None), ShowsState)
