"""Hearing what a configuration's inputs hear, by real sockets and a pseudo-terminal."""

from __future__ import annotations

import os
import pty
import socket
import time
import tty

import pytest

from impsy.codecs.osc import encode_message, encode_vector
from impsy.config import parse_config
from impsy.events import Report, Set
from impsy.perform.diagnostics.listening import Arrival, Listening, Tally, inputs_only
from waiting import wait_until


def take(listening, wanted):
    """What arrives, until ``wanted`` of it are no reports."""
    found, reports = [], []

    def enough():
        for item in listening.take():
            (reports if isinstance(item, Report) else found).append(item)
        return len(found) >= wanted

    wait_until(enough, what=lambda: f"more than {found} and {reports}")
    return found, reports


@pytest.fixture
def udp_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_osc_vectors_commands_and_bad_packets(udp_port):
    config = parse_config(f"[model]\ndimension = 3\n[osc]\nserver_port = {udp_port}\n").config
    with Listening(config, time.monotonic) as listening, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as hand:
        wait_until_open(listening)
        before = time.monotonic()
        for packet in (
            encode_vector("/interface", (0.25, 0.75)),
            encode_message("/impsy/mode", "s", ["battle"]),
            b"rubbish",
            b"rubbish",
            encode_vector("/interface", (0.5, 0.5)),
        ):
            hand.sendto(packet, ("127.0.0.1", udp_port))
        (first, second, third), reports = take(listening, 3)
    assert first.changes == ((0, 0.25), (1, 0.75))
    assert before <= first.time <= time.monotonic()
    assert first.port == "osc"
    assert second.command == Set("mode", "battle")
    assert third.changes == ((0, 0.5), (1, 0.5))
    assert sum("OSC" in report.text and report.level != "info" for report in reports) == 1
    tally = Tally()
    for arrival in (first, second, third):
        tally.add(arrival)
    assert tally.commands == 1
    assert (tally.controls[1].count, tally.controls[1].low, tally.controls[1].high) == (2, 0.5, 0.75)


def test_serial_midi_shows_each_message_and_why_it_is_ignored():
    main, other = pty.openpty()
    tty.setraw(main)
    text = f'[model]\ndimension = 2\n[serialmidi]\nport = "{os.ttyname(other)}"\ninput = [["control_change", 1, 7]]\n'
    try:
        with Listening(parse_config(text).config, time.monotonic) as listening:
            wait_until_open(listening)
            os.write(main, bytes.fromhex("b0 07 7f f8 08 01 90 3c 40"))
            (known, unknown, note), _ = take(listening, 3)
    finally:
        os.close(main)
        os.close(other)
    assert known == Arrival(known.time, "serialmidi", ((0, 1.0),), bytes.fromhex("b0077f"))
    assert unknown.changes == ()
    assert unknown.ignored == "controller 8 is not mapped on channel 1 (mapped: 7)"
    assert note.ignored == "no entry of the mapping listens to note on"
    tally = Tally()
    for arrival in (known, unknown, note, note):
        tally.add(arrival)
    assert tally.ignored["serialmidi", note.ignored] == 2
    assert tally.controls[0].ports == {"serialmidi"}


def test_websocket_frames_are_shown_as_messages():
    from websockets.sync.client import connect

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    text = f'[model]\ndimension = 2\n[websocket]\nserver_port = {port}\ninput = [["pitch_bend", 2]]\n'
    with Listening(parse_config(text).config, time.monotonic) as listening:
        wait_until_open(listening)
        with connect(f"ws://127.0.0.1:{port}") as client:
            client.send("/channel/2/pitchbend/16383")
            client.send("/channel/1/pitchbend/16383")
            (known, unknown), _ = take(listening, 2)
    assert (known.changes, known.message) == (((0, 1.0),), bytes.fromhex("e17f7f"))
    assert unknown.ignored == "pitch bend is mapped on channel 2 only"


def test_a_missing_device_is_reported(tmp_path):
    text = f'[model]\ndimension = 2\n[serial]\nport = "{tmp_path}/none"\n'
    with Listening(parse_config(text).config, time.monotonic) as listening:
        reports = wait_until(lambda: list(listening.take()))
        assert "is not there" in reports[0].text


def test_nothing_is_sent():
    text = """\
[model]
dimension = 2
[midi]
in_device = ["A"]
out_device = ["B"]
input."A" = [["note_on", 1]]
output."B" = [["note_on", 1]]
thru_matrix."A" = ["B"]
feedback_protection = true
[websocket]
output = [["note_on", 1]]
[serialmidi]
port = "COM3"
output = [["note_on", 1]]
"""
    config = inputs_only(parse_config(text).config)
    assert config.midi.in_device == ("A",)
    assert config.midi.input["A"]
    assert (config.midi.out_device, dict(config.midi.output), dict(config.midi.thru_matrix)) == ((), {}, {})
    assert not config.midi.feedback_protection
    assert config.websocket.output == config.serialmidi.output == ()


def wait_until_open(listening):
    wait_until(
        lambda: all(health.state in {"open", "receiving"} for health in listening.health()), what=listening.health
    )
