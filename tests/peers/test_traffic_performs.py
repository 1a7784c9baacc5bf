"""What ``impsy run`` shows of the messages at its ports is what real devices and programs sent and received."""

from __future__ import annotations

import json
import socket
import subprocess
import threading
from contextlib import ExitStack

import pytest
from jack_stage import Device
from performance import Performance

from impsy.codecs.osc import encode_message, encode_vector
from impsy.codecs.oscwire import read_packet
from waiting import wait_until

pytestmark = [pytest.mark.peer("jackd", "oscsend"), pytest.mark.usefixtures("jack_alone")]

MIDI = """\
[midi]
in_device = ["KNOBS"]
out_device = ["SYNTH"]
input."KNOBS" = [["control_change", 1, 7], ["control_change", 1, 8]]
output."SYNTH" = [["note_on", 1], ["control_change", 1, 8]]
"""
ASK = encode_message("/impsy/traffic", "", [])


class Page:
    """What the web interface does: it asks, and keeps what it is shown."""

    def __init__(self, performance: Performance, stack: ExitStack) -> None:
        self.socket = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        self.socket.bind(("127.0.0.1", performance.monitor))
        self.socket.setblocking(False)
        self.command = ("127.0.0.1", performance.command)
        self.messages: list[dict] = []
        self.left_out: list[dict] = []

    def ask(self) -> None:
        self.socket.sendto(ASK, self.command)

    def of(self, port: str, way: str) -> list[str]:
        while True:
            try:
                (message,) = read_packet(self.socket.recv(70_000))
            except BlockingIOError:
                break
            if message.address == "/monitor/traffic":
                told = json.loads(message.values[0])
                self.messages += told["messages"]
                self.left_out += told["left_out"]
        return [each["data"] for each in self.messages if (each["port"], each["way"]) == (port, way)]


def test_messages_of_midi_and_osc_both_ways(jack, tmp_path):
    performance = Performance(tmp_path, mode="polyphony", dimension=3, more=MIDI)
    with ExitStack() as stack:
        page = Page(performance, stack)
        knobs, synth = Device(jack, "KNOBS"), Device(jack, "SYNTH")
        stack.callback(knobs.end)
        stack.callback(synth.end)
        performance.start()
        stack.callback(performance.end)
        performance.wait_until_open()
        for port in ("midi in KNOBS", "midi out SYNTH"):
            performance.wait_for(f"{port} is connected")

        def asked() -> bool:
            page.ask()
            knobs.play("b0077f")
            return bool(page.of("midi in KNOBS", "in"))

        wait_until(asked, what="the first message", every=0.1)
        played = [f"b00{7 + number % 2}{number:02x}" for number in range(40)]
        for start in range(0, 40, 5):
            page.ask()
            knobs.play(*played[start : start + 5])
            wait_until(lambda last=played[start + 4]: last in page.of("midi in KNOBS", "in"), what=played[start + 4])
        assert [each for each in page.of("midi in KNOBS", "in") if each != "b0077f"] == played

        # A request holds for 2.5 s, and oscsend may take longer to start.
        over = threading.Event()
        stack.callback(over.set)
        threading.Thread(target=lambda: [page.ask() for _ in iter(lambda: over.wait(0.5), True)], daemon=True).start()
        values = ("0.25", "0.75")
        subprocess.run(["oscsend", "127.0.0.1", str(performance.server), "/interface", "ff", *values], check=True)
        wanted = encode_vector("/interface", [float(value) for value in values]).hex()
        wait_until(lambda: wanted in page.of("osc", "in"))
        wait_until(lambda: page.of("osc out", "out") and page.of("midi out SYNTH", "out"), what=lambda: page.messages)
        assert page.left_out == []
        sent = page.of("midi out SYNTH", "out")
        wait_until(lambda: {each.replace(" ", "") for each in synth.heard} >= set(sent), what="what was sent")
