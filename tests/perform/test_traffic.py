"""The messages at the ports, as they are shown to who asks for them: by real sockets and pseudo-terminals."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from contextlib import ExitStack, suppress
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.sync.client import connect

from impsy.codecs.osc import encode_message, encode_text, encode_vector
from impsy.codecs.oscwire import read_packet
from impsy.config import parse_config
from impsy.io.adapter import Overheard
from impsy.perform.building.session import build_session
from impsy.perform.monitoring.traffic import (
    ASKED_SECONDS,
    BYTES_LIMIT,
    MESSAGES_LIMIT,
    TEXT_LIMIT,
    Traffic,
    fair_shares,
    raw_message,
)
from ports import free_port
from waiting import wait_until

ASK = encode_message("/impsy/traffic", "", [])
THREAD = "impsy traffic"


class Ear:
    """A port that can be overheard, and nothing else."""

    overhear = None


class Watcher:
    """What the web interface has at the monitor port."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.setblocking(False)
        self.port = self.socket.getsockname()[1]
        self.messages: list[dict] = []
        self.left_out: list[dict] = []

    def receive(self, packet: bytes) -> None:
        (message,) = read_packet(packet)
        if message.address == "/monitor/traffic":
            told = json.loads(message.values[0])
            self.messages += told["messages"]
            self.left_out += told["left_out"]

    def read(self) -> list[dict]:
        with suppress(BlockingIOError):
            while True:
                self.receive(self.socket.recv(70_000))
        return self.messages

    def of(self, port: str, way: str) -> list[dict]:
        return [each for each in self.read() if (each["port"], each["way"]) == (port, way)]


def threads() -> list[str]:
    return [each.name for each in threading.enumerate() if each.name == THREAD]


@pytest.fixture
def watcher():
    made = Watcher()
    with made.socket:
        yield made


@pytest.fixture
def session(watcher, tmp_path):
    """A session with a port of each kind; its serial devices are pseudo-terminals."""
    lines, midi = os.openpty(), os.openpty()
    text = f"""\
    [model]
    dimension = 3
    [interaction]
    mode = "polyphony"
    [osc]
    server_ip = "127.0.0.1"
    server_port = 0
    client_ip = "127.0.0.1"
    client_port = {watcher.port}
    [websocket]
    server_ip = "127.0.0.1"
    server_port = 0
    input = [["control_change", 1, 1], ["control_change", 1, 2]]
    output = [["control_change", 1, 1], ["control_change", 1, 2]]
    [serial]
    port = "{os.ttyname(lines[1])}"
    [serialmidi]
    port = "{os.ttyname(midi[1])}"
    input = [["control_change", 1, 1], ["control_change", 1, 2]]
    output = [["note_on", 1], ["control_change", 1, 2]]
    [webui]
    monitor_port = {watcher.port}
    command_port = {free_port()}
    """
    with ExitStack() as stack:
        for each in (*lines, *midi):
            stack.callback(os.close, each)
        made = stack.enter_context(build_session(parse_config(text, "config.toml"), logdir=None, seed=1))
        made.lines, made.midi = lines[0], midi[0]
        made.ports = {port.name: port for port in made.view().ports}
        wait_until(lambda: all(port.state in ("open", "receiving") for port in made.view().ports), what="opening")
        made.hand = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        yield made


def port_of(session, name: str) -> int:
    (detail,) = [port.detail for port in session.view().ports if port.name == name]
    return int(detail.split(" port ")[1].split(",")[0])


def ask(session) -> None:
    session.hand.sendto(ASK, ("127.0.0.1", port_of(session, "commands")))


def test_while_nobody_asks_nothing_is_overheard_sent_or_run(session, watcher):
    address = ("127.0.0.1", port_of(session, "osc"))
    for _ in range(20):
        session.hand.sendto(encode_vector("/interface", (0.25, 0.5)), address)
    wait_until(lambda: session.view().engine.counters.heard == 20)
    assert watcher.read() == []
    assert threads() == []


def test_messages_of_all_ports_are_sent_both_ways_while_somebody_asks(session, watcher):
    ask(session)
    wait_until(threads)
    osc = ("127.0.0.1", port_of(session, "osc"))
    page = f"ws://127.0.0.1:{port_of(session, 'websocket')}"
    with connect(page, compression=None, origin="http://localhost") as client:

        def play() -> None:
            ask(session)
            session.hand.sendto(encode_vector("/interface", (0.25, 0.5)), osc)
            client.send("/channel/1/cc/1/64")
            os.write(session.lines, b"0.5,0.25\r\n")
            os.write(session.midi, bytes([0xB0, 2, 32]))
            time.sleep(0.05)

        wanted = [
            ("osc", "in"),
            ("osc out", "out"),
            ("websocket", "in"),
            ("websocket", "out"),
            ("serial", "in"),
            ("serial", "out"),
            ("serialmidi", "in"),
            ("serialmidi", "out"),
        ]
        wait_until(lambda: play() or all(watcher.of(*each) for each in wanted), what=lambda: watcher.messages)
    message = watcher.of("osc", "in")[-1]
    assert bytes.fromhex(message["data"]) == encode_vector("/interface", (0.25, 0.5))
    assert message["peer"].startswith("127.0.0.1:")
    assert abs(message["at"] - time.time()) < 600
    (heard,) = {each["data"] for each in watcher.of("websocket", "in")}
    assert heard == "b00140"
    assert watcher.of("websocket", "in")[0]["changes"] == [[0, 0.5039]]
    assert watcher.of("websocket", "out")[0]["peer"] == "1 client"
    assert "302e352c302e3235" in {each["data"] for each in watcher.of("serial", "in")}
    assert watcher.of("serialmidi", "in")[0]["changes"] == [[1, 0.252]]
    assert all(bytes.fromhex(each["data"])[0] >= 0x80 for each in watcher.of("serialmidi", "out"))
    assert not watcher.of("commands", "in"), "the request is not shown itself"


def test_what_is_wrong_with_a_message_comes_with_it(session, watcher):
    osc = ("127.0.0.1", port_of(session, "osc"))

    def play() -> None:
        ask(session)
        session.hand.sendto(b"rubbish", osc)
        os.write(session.lines, b"0.5\n")
        time.sleep(0.02)

    wait_until(lambda: play() or (watcher.of("osc", "in") and watcher.of("serial", "in")))
    assert "not OSC" in watcher.of("osc", "in")[-1]["remark"]
    assert "1 value" in watcher.of("serial", "in")[-1]["remark"]


def test_strangers_cannot_ask(session, watcher):
    session.hand.sendto(ASK, ("127.0.0.1", port_of(session, "osc")))
    wait_until(lambda: any("command port only" in report.text for report in session.view().reports))
    assert threads() == []


def test_nobody_asks_any_more_and_all_is_as_before():
    clock, ear = [0.0], Ear()
    traffic = Traffic(lambda: [ear, object()], lambda _packet: None, lambda: clock[0], datetime.fromtimestamp)
    traffic.ask()
    wait_until(lambda: ear.overhear)
    clock[0] = ASKED_SECONDS + 0.1
    wait_until(lambda: ear.overhear is None and not threads())
    traffic.ask()
    wait_until(lambda: ear.overhear)
    traffic.close()
    wait_until(lambda: ear.overhear is None and not threads())
    traffic.ask()
    assert threads() == [], "it is closed"


def test_of_a_flood_the_newest_are_sent_and_a_quiet_port_keeps_all():
    ear, watcher = Ear(), Watcher()
    clock = [0.0]
    with watcher.socket:
        traffic = Traffic(lambda: [ear], watcher.receive, lambda: clock[0], datetime.fromtimestamp)
        traffic.ask()
        wait_until(lambda: ear.overhear)
        overhear = ear.overhear
        for number in range(5000):
            overhear(Overheard("osc", "in", number.to_bytes(2, "big")))
            if number == 10:
                overhear(Overheard("midi in KNOBS", "in", b"\xb0\x07\x40"))
        wait_until(lambda: any(each["data"] == "1387" for each in watcher.messages))
        traffic.close()
    assert [each["data"] for each in watcher.messages if each["port"] == "midi in KNOBS"] == ["b00740"]
    shown = sum(each["port"] == "osc" for each in watcher.messages)
    assert shown + sum(each["count"] for each in watcher.left_out if each["port"] == "osc") == 5000
    order = [int(each["data"], 16) for each in watcher.messages if each["port"] == "osc"]
    assert order == sorted(order)


def test_the_longest_messages_fit_into_a_datagram():
    ear, packets = Ear(), []
    traffic = Traffic(lambda: [ear], packets.append, lambda: 0.0, datetime.fromtimestamp)
    traffic.ask()
    wait_until(lambda: ear.overhear)
    overhear = ear.overhear
    worst = tuple((4095, 0.12345678) for _ in range(100))
    for port in range(MESSAGES_LIMIT):
        overhear(Overheard(f"{port} " + "\u00e9" * 300, "in", bytes(9000), worst, "\u00e9" * 300, "\x1b" * 300))
    wait_until(lambda: packets)
    traffic.close()
    assert all(len(packet) < 65_507 for packet in packets)
    (message,) = read_packet(packets[0])
    told = json.loads(message.values[0])
    assert 0 < len(told["messages"]) < MESSAGES_LIMIT
    assert encode_text("/monitor/traffic", message.values[0]) == packets[0]


@given(st.lists(st.integers(0, 100), max_size=30), st.integers(0, 100))
def test_shares_are_fair(waiting, most):
    shares = fair_shares(waiting, most)
    assert sum(shares) <= most
    assert all(share <= each for share, each in zip(shares, waiting, strict=True))
    if sum(waiting) <= most:
        assert shares == waiting
    else:
        assert sum(shares) == most
        cut = [share for share, each in zip(shares, waiting, strict=True) if share < each]
        assert max(shares) - min(cut) <= 1


@given(
    st.text(max_size=400),
    st.binary(max_size=1000),
    st.none() | st.lists(st.tuples(st.integers(0, 4095), st.floats(0, 1)), max_size=30).map(tuple),
    st.text(max_size=400),
)
@pytest.mark.slow
def test_a_message_of_strangers_is_clipped_and_has_no_control_characters(text, data, changes, remark):
    told = raw_message(Overheard(text, "in", data, changes, text, remark), 1.5)
    assert json.loads(json.dumps(told)) == json.loads(json.dumps(told))
    assert bytes.fromhex(told["data"]) == data[:BYTES_LIMIT]
    assert told["size"] == len(data)
    assert (told["changes"] is None) == (changes is None)
    for each in (told["port"], told["peer"], told["remark"]):
        assert len(each) <= TEXT_LIMIT * 10
        assert "\x1b" not in each
        assert "\n" not in each
