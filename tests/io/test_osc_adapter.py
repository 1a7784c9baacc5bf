"""OSC over real sockets."""

from __future__ import annotations

import random
import socket
import time

import pytest
from pythonosc.osc_message_builder import OscMessageBuilder

from fuzzing import examples
from impsy.codecs.osc import encode_vector
from impsy.errors import DeviceError
from impsy.events import Interaction, Report, Set
from impsy.io import OscAdapter
from impsy.io.network import resolve
from impsy.io.udp import UdpListener
from waiting import if_idle, wait_until

FUZZ = examples(300)


class Peer:
    """The far end: a plain socket."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(5)
        self.port = self.socket.getsockname()[1]


@pytest.fixture
def peer():
    made = Peer()
    with made.socket:
        yield made


class Stage:
    def __init__(self, peer: Peer, ip: str = "127.0.0.1", port: int = 0, client: str = "127.0.0.1") -> None:
        self.events: list[object] = []
        self.reports: list[Report] = []
        self.adapter = OscAdapter(ip, port, client, peer.port, 2, ["/prediction", "/impsy"])
        self.adapter.open(self.events.append, self.reports.append)

    @property
    def address(self):
        wait_until(lambda: self.adapter.listener.udp.address is not None)
        return self.adapter.listener.udp.address[:2]


@pytest.fixture
def stage(peer):
    made = Stage(peer)
    wait_until(lambda: all(health.state == "open" for health in made.adapter.health()))
    yield made
    made.adapter.close()


def test_vectors_come_in_and_go_out_to_both_addresses(stage, peer):
    peer.socket.sendto(encode_vector("/interface", (0.25, 0.5)), stage.address)
    wait_until(lambda: stage.events)
    assert stage.events == [Interaction((0.25, 0.5), "osc")]
    stage.adapter.send((0.75, 1.0))
    received = {peer.socket.recv(1000) for _ in range(2)}
    assert received == {encode_vector("/prediction", (0.75, 1.0)), encode_vector("/impsy", (0.75, 1.0))}
    listening, sending = stage.adapter.health()
    assert (listening.state, listening.received) == ("receiving", 1)
    assert (sending.state, sending.sent) == ("open", 2)


def test_what_is_sent_right_after_opening_is_not_lost(peer):
    for _ in range(20):
        stage = Stage(peer)
        stage.adapter.send((0.75, 1.0))
        stage.adapter.close()
        assert {peer.socket.recv(1000) for _ in range(2)} == {
            encode_vector("/prediction", (0.75, 1.0)),
            encode_vector("/impsy", (0.75, 1.0)),
        }


def test_bad_packets_are_told_once_a_kind_with_their_sender(stage, peer):
    for _ in range(20):
        peer.socket.sendto(b"what is this", stage.address)
        peer.socket.sendto(encode_vector("/interface", (0.5,)), stage.address)
    peer.socket.sendto(encode_vector("/interface", (0.5, 0.5)), stage.address)
    wait_until(lambda: stage.events)
    warnings = [report for report in stage.reports if report.level == "warning"]
    assert [report.kind for report in warnings] == ["osc:text", "osc:length:/interface"]
    assert all(f"127.0.0.1:{peer.port}" in report.text for report in warnings)
    assert stage.adapter.health()[0].bad == 40


def test_strangers_words_do_not_fill_the_memory(stage, peer):
    for number in range(1000):
        peer.socket.sendto(OscMessageBuilder(f"/made/up/{number}").build().dgram, stage.address)
        if number % 50 == 0:
            time.sleep(0.01)
    wait_until(lambda: stage.adapter.health()[0].bad >= 900)
    assert len(stage.reports) < 250


def test_a_flood_of_rubbish_does_not_stop_the_music(stage, peer):
    dice = random.Random(1)
    valid = encode_vector("/interface", (0.5, 0.5))
    for number in range(FUZZ):
        changed = bytearray(valid)
        for _ in range(dice.randrange(6)):
            changed[dice.randrange(len(changed))] = dice.randrange(256)
        peer.socket.sendto(bytes(changed[: dice.randrange(len(changed) + 1)]), stage.address)
        if number % 100 == 0:
            time.sleep(0.005)
    stage.events.clear()
    peer.socket.sendto(encode_vector("/impsy/pause", (1.0,)), stage.address)
    wait_until(lambda: Set("paused", True) in stage.events)


def test_a_port_that_is_taken_is_taken_up_when_it_becomes_free(peer):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        stage = Stage(peer, port=port)
        wait_until(lambda: any(report.level == "error" for report in stage.reports))
        assert stage.adapter.health()[0].state == "waiting"
        text = next(report.text for report in stage.reports if report.level == "error")
        assert str(port) in text
        assert "another program" in text
    wait_until(lambda: stage.adapter.health()[0].state == "open", seconds=3)
    peer.socket.sendto(encode_vector("/interface", (0.5, 0.5)), ("127.0.0.1", port))
    wait_until(lambda: stage.events)
    assert sum(report.level == "error" for report in stage.reports) == 1
    stage.adapter.close()


def test_a_host_that_is_not_there_is_told_and_sending_does_no_harm(peer):
    stage = Stage(peer, client="no-such-host.invalid")
    wait_until(lambda: any("no-such-host.invalid" in report.text for report in stage.reports))
    stage.adapter.send((0.5, 0.5))
    assert stage.adapter.health()[1].state == "waiting"
    assert stage.adapter.health()[1].failed == 2
    stage.adapter.close()


def test_closing_is_quick_works_twice_and_frees_the_port(stage):
    address = stage.address
    before = time.monotonic()
    stage.adapter.close()
    stage.adapter.close()
    assert if_idle(time.monotonic() - before) < 0.4
    assert [health.state for health in stage.adapter.health()] == ["closed", "closed"]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as again:
        again.bind(address)


def test_an_empty_address_listens_on_all(peer):
    stage = Stage(peer, ip="")
    peer.socket.sendto(encode_vector("/interface", (0.5, 0.5)), ("127.0.0.1", stage.address[1]))
    wait_until(lambda: stage.events)
    stage.adapter.close()


@pytest.mark.parametrize("name", ["no-such-host.invalid", "two..dots", "x" * 300, "with\0zero", "[::1]:9"])
def test_a_name_that_is_none_is_a_device_error(name):
    with pytest.raises(DeviceError, match="no host"):
        resolve(name, 6000)


def test_a_listener_can_be_opened_again():
    received: list[bytes] = []
    listener = UdpListener("test", "127.0.0.1", 0, lambda packet, _sender: received.append(packet))
    for _ in range(2):
        listener.address = None
        listener.open(lambda _report: None)
        wait_until(lambda: listener.address is not None)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"hello", listener.address)
        wait_until(lambda: received)
        received.clear()
        listener.close()
