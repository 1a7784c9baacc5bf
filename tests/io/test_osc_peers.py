"""What whoever reaches an OSC port may do: how much, how often, and from where."""

from __future__ import annotations

import socket

import pytest

from held import held
from impsy.codecs.osc import encode_message, encode_vector
from impsy.events import Interaction, LoadModel, PanicButton, Report, Set
from impsy.hosts import is_here
from impsy.io import OscAdapter, osc, udp
from impsy.io.adapter import KINDS_LIMIT, LINES_A_MINUTE, Complaints, Rate
from impsy.io.osc import COMMANDS_A_SECOND, PANICS_A_SECOND, OscListener
from waiting import wait_until


class Stage:
    """A listener on a port of this machine, and what comes of what is sent to it."""

    def __init__(self, **options) -> None:
        self.events: list[object] = []
        self.reports: list[Report] = []
        self.listener = OscListener("osc", "127.0.0.1", 0, 2, **options)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def __enter__(self):
        self.listener.open(self.deliver, self.reports.append)
        wait_until(lambda: self.listener.udp.address)
        return self

    def __exit__(self, *_):
        self.listener.close()
        self.socket.close()

    def deliver(self, event):
        self.events.append(event)

    def send(self, *packets):
        wanted = self.listener.received + len(packets)
        for packet in packets:
            self.socket.sendto(packet, self.listener.udp.address[:2])
        wait_until(lambda: self.listener.received >= wanted)
        before = -1
        while before != (before := len(self.events)):
            self.socket.sendto(b"/nothing\0\0\0\0,\0\0\0", self.listener.udp.address[:2])
            wanted += 1
            wait_until(lambda: self.listener.received >= wanted)  # noqa: B023 - called at once


@pytest.fixture
def still(monkeypatch):
    """A clock for rates that stands still until a test moves it."""
    clock = [100.0]
    monkeypatch.setattr(osc, "Rate", lambda a_second, burst: Rate(a_second, burst, lambda: clock[0]))
    return clock


def bundle(*parts):
    return b"#bundle\0" + bytes(8) + b"".join(len(part).to_bytes(4, "big") + part for part in parts)


@pytest.mark.slow
def test_of_a_flood_of_commands_so_many_count_and_playing_and_panic_go_on(still):
    commands = [encode_message("/impsy/timescale", "f", [1 + number / 1000]) for number in range(900)]
    with Stage() as stage:
        stage.send(
            bundle(*commands), encode_vector("/interface", (0.25, 0.5)), encode_message("/impsy/panic", "", [])
        )
        assert sum(isinstance(event, Set) for event in stage.events) == COMMANDS_A_SECOND
        assert stage.events[-2:] == [Interaction((0.25, 0.5), "osc"), PanicButton()]
        rates = [report for report in stage.reports if report.kind == "osc:rate"]
        assert len(rates) == 1
        assert f"{COMMANDS_A_SECOND} commands" in rates[0].text
        assert stage.listener.health().bad >= 500
        still[0] += 0.5
        stage.send(bundle(*commands))
        assert sum(isinstance(event, Set) for event in stage.events) == COMMANDS_A_SECOND * 1.5


def test_panics_have_a_limit_of_their_own(still):
    with Stage() as stage:
        stage.send(bundle(*[encode_message("/impsy/panic", "", [])] * 100))
        assert stage.events == [PanicButton()] * PANICS_A_SECOND


@pytest.mark.slow
def test_a_bundle_of_playing_floods_no_queue(still):
    with Stage() as stage:
        for _ in range(30):
            stage.send(bundle(*[encode_vector("/interface", (0.25, 0.5))] * 1000))
        assert len(stage.events) == 2 * osc.PLAYED_A_SECOND


def test_from_this_machine_a_path_is_passed_on_as_it_is():
    with Stage() as stage:
        stage.send(encode_message("/impsy/model", "s", ["models/a.tflite"]))
        assert stage.events == [LoadModel("models/a.tflite")]


def test_from_another_machine_a_model_has_a_name_and_no_path(monkeypatch):
    monkeypatch.setattr(osc, "is_here", lambda address: address != "127.0.0.1")
    with Stage() as stage:
        stage.send(encode_message("/impsy/model", "s", ["a.tflite"]))
        assert stage.events == [LoadModel("models/a.tflite")]
        for path in (
            "models/a.tflite", "/net/host/share/a.tflite", "../a.tflite", "\\\\host\\share\\a.tflite", "C:a.tflite",
            "..", ".a.tflite", "nul", "a\0b", "a\nb.tflite", "m" * 300, "", "\u202ea.tflite",
        ):  # fmt: skip
            stage.send(
                encode_message("/impsy/model", "s", [path])
                if "\0" not in path
                else b"/impsy/model\0\0\0\0,s\0\0a\0b\0"
            )
        # What stands before a zero byte is the whole text, here as in every program of OSC.
        assert stage.events == [LoadModel("models/a.tflite"), LoadModel("models/a")]
        (told,) = [report for report in stage.reports if report.kind == "osc:model"]
        assert "no path" in told.text
        assert stage.listener.health().bad >= 12


def test_which_addresses_are_of_this_machine():
    assert all(map(is_here, ("127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1")))
    assert not any(map(is_here, ("192.0.2.7", "2001:db8::7", "::ffff:192.0.2.7", "0.0.0.0", "239.1.2.3", "", "x")))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.7", 9))
        except OSError:
            pytest.skip("this machine is in no network")
        own = probe.getsockname()[0]
    assert is_here(own)


@pytest.mark.parametrize(
    ("ip", "remote", "said"),
    [
        ("0.0.0.0", True, "may play and command"),
        ("", True, "may play and command"),
        ("192.168.1.5", False, "may play, and command nothing"),
        ("127.0.0.1", True, ""),
        ("localhost", True, ""),
    ],
)
def test_what_others_may_do_is_told_once_at_the_start(ip, remote, said):
    reports = []
    adapter = OscAdapter(ip, 0, "127.0.0.1", 9, 2, ["/x"], remote_control=remote)
    adapter.open(lambda _event: None, reports.append)
    adapter.close()
    told = [report.text for report in reports if report.kind == "osc:reach"]
    assert len(told) == bool(said)
    assert all(said in text and "port 0" in text and "remote_control = false" in text for text in told)


def test_without_remote_control_the_port_takes_what_is_played():
    with Stage(commands=False) as stage:
        stage.send(encode_message("/impsy/mode", "s", ["battle"]), encode_vector("/interface", (0.25, 0.5)))
        assert stage.events == [Interaction((0.25, 0.5), "osc")]
        assert any("remote_control" in report.text for report in stage.reports)


def test_bad_packets_of_every_kind_make_so_many_lines():
    reports = []
    complaints = Complaints("osc")
    for number in range(5000):
        complaints.add(f"address:{number}", f"nothing listens at {number}", reports.append)
    assert complaints.count == 5000
    assert len(reports) == LINES_A_MINUTE + 1
    assert "only counted" in reports[-1].text


def test_a_fault_of_who_hears_loses_a_packet_and_no_more(caplog):
    taken = []

    class Faulty(Stage):
        def deliver(self, event):
            taken.append(event)
            raise ValueError("who hears has a fault")

    with Faulty() as stage:
        for number in range(300):
            stage.socket.sendto(encode_vector("/interface", (0.25, 0.5)), stage.listener.udp.address[:2])
            wait_until(lambda: len(taken) > number)  # noqa: B023 - called at once
        assert stage.listener.health().state == "receiving"
    assert caplog.text.count("Traceback") == 1
    assert len(caplog.records) == 1


def test_a_port_whose_thread_has_a_fault_is_opened_again(monkeypatch, caplog):
    def fail(*_):
        raise ValueError("the thread has a fault")

    stage = Stage()
    with monkeypatch.context() as broken:
        broken.setattr(udp, "bound", fail)
        stage.listener.open(stage.deliver, stage.reports.append)
        wait_until(lambda: [report for report in stage.reports if report.kind == "osc:lost"])
    with stage:
        stage.send(encode_vector("/interface", (0.25, 0.5)))
        assert stage.events
    assert caplog.text.count("Traceback") == 1


def test_kinds_of_bad_packets_are_bounded_however_long_they_come(monkeypatch):
    monkeypatch.setattr("impsy.io.adapter.LINES_A_MINUTE", 10**9)
    reports = []
    complaints = Complaints("osc")
    for number in range(5000):
        complaints.add(f"address:{number}", f"nothing listens at {number}", reports.append)
        if number == KINDS_LIMIT:
            full = held(complaints)
    assert len(reports) == KINDS_LIMIT + 1
    assert held(complaints) == full
