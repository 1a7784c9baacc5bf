"""MIDI clock between `impsy run` and devices under JACK: followed, lost, sent, started and stopped."""

from __future__ import annotations

import json
import socket
import time

import pytest
from jack_stage import Device
from performance import performing

from impsy.codecs.osc import encode_message
from impsy.protocol.monitor import STATE
from waiting import PATIENCE, wait_until

MIDI = """
[midi]
api = "JACK"
in_device = ["drums"]
out_device = ["synth"]
output."synth" = [["note_on", 1], ["control_change", 1, 7]]
"""
FOLLOWING = MIDI + '[clock]\nsource = "midi"\nquantise = 1\ngrid = "1/8"\nsend = ["synth"]\n'
SENDING = """
[clock]
source = "internal"
tempo = 240
send = ["synth"]
[midi]
api = "JACK"
"""
TICK_SECONDS = 60 / 120 / 24

pytestmark = [pytest.mark.peer("jackd"), pytest.mark.usefixtures("jack_alone")]


@pytest.fixture
def device(jack):
    made = []

    def make(name):
        made.append(Device(jack, name))
        return made[-1]

    yield make
    for each in made:
        if each.process.poll() is None:
            each.end()


class Page:
    """Stands in for the web interface: receives the session's states, and sends commands."""

    def __init__(self, performance):
        self._performance = performance
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", performance.monitor))
        self._socket.settimeout(PATIENCE)

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self._socket.close()

    def clock(self):
        """The shared time in the next state."""
        while True:
            packet = self._socket.recv(65536)
            if packet.startswith(STATE.encode() + b"\0"):
                return json.loads(packet[packet.index(b"{") :].rstrip(b"\0"))["clock"]

    def command(self, address, types="", *values):
        self._socket.sendto(encode_message(address, types, values), ("127.0.0.1", self._performance.command))


def play_clock(drums, beats):
    due = time.monotonic()
    for _ in range(round(beats * 24)):
        drums.play("f8")
        due += TICK_SECONDS
        time.sleep(max(0.0, due - time.monotonic()))


def test_a_clock_is_followed_lost_and_passed_on_and_is_no_playing(tmp_path, device):
    drums, synth = device("drums"), device("synth")
    with performing(tmp_path, mode="battle", dimension=3, more=FOLLOWING) as performance, Page(performance) as page:
        for name in ("midi in drums", "midi out synth"):
            performance.wait_for(f"{name} is connected to")
        time.sleep(0.2)  # JACK's graph takes a few periods to follow
        assert page.clock() == {"source": "midi", "tempo": 120.0, "beat": 0.0, "locked": False}
        drums.play("fa")
        play_clock(drums, 6)
        performance.wait_for("following the MIDI clock at midi in drums")
        wait_until(lambda: page.clock()["beat"] > 4, what="the beat")
        assert {"fa", "f8"} <= set(synth.heard)
        wait_until(lambda: any(message.startswith("90") for message in synth.heard), what="playing")
        performance.wait_for("no MIDI clock comes from midi in drums any more")
        assert wait_until(lambda: (found := page.clock()) and not found["locked"] and found, what="the loss")["beat"]
        ticks = synth.heard.count("f8")
        wait_until(lambda: synth.heard.count("f8") > ticks + 24, what="going on")
        drums.play("fc")
        wait_until(lambda: synth.heard[-1:] == ["fc"] or "fc" in synth.heard, what="the stop")
        assert performance.rows("interface") == []
        assert performance.end() < 10
    assert synth.heard.count("fa") == 1
    assert synth.heard.count("fc") == 1


def test_clock_is_sent_to_a_port_that_is_not_played_to_and_stops_with_a_pause_and_the_end(tmp_path, device):
    synth = device("synth")
    with performing(tmp_path, mode="useronly", dimension=3, more=SENDING) as performance, Page(performance) as page:
        performance.wait_for("midi out synth is connected to")
        wait_until(lambda: synth.heard.count("f8") > 48, what="ticks")
        assert synth.heard.count("fa") == 1
        page.command("/impsy/pause", "i", 1)
        wait_until(lambda: "fc" in synth.heard, what="the stop")
        page.command("/impsy/pause", "i", 0)
        wait_until(lambda: "fb" in synth.heard, what="going on")
        where = synth.heard.index("fb")
        assert synth.heard[where - 1].startswith("f2 ")
        assert synth.heard[where + 1] == "f8"
        ticks = synth.heard[synth.heard.index("fa") : where].count("f8")
        low, high = (int(byte, 16) for byte in synth.heard[where - 1].split()[1:])
        assert (high << 7 | low) * 6 == ticks
        page.command("/impsy/tempo", "f", 60.0)
        for _ in range(4):
            page.command("/impsy/tap")
            time.sleep(0.3)
        wait_until(lambda: page.clock()["tempo"] > 100, what="the tapped tempo")
        performance.end()
        wait_until(lambda: synth.heard.count("fc") == 2, what="the stop at the end")


def test_a_configuration_that_is_saved_changes_the_clock_at_once(tmp_path, device):
    synth = device("synth")
    with performing(tmp_path, mode="useronly", dimension=3, more=SENDING) as performance, Page(performance) as page:
        performance.wait_for("midi out synth is connected to")
        wait_until(lambda: "f8" in synth.heard, what="ticks")
        path = performance.folder / "config.toml"
        path.write_text(path.read_text().replace('send = ["synth"]', "").replace("tempo = 240", "tempo = 90"))
        performance.wait_for("the saved configuration is in use")
        wait_until(lambda: synth.heard[-1] == "fc", what="the stop")
        assert wait_until(lambda: (clock := page.clock())["tempo"] == 90 and clock, what="the tempo")["locked"]
        path.write_text(path.read_text().replace('"internal"', '"off"'))
        wait_until(lambda: page.clock()["source"] == "off", what="no clock")
