"""The web process's end of the local ports."""

from __future__ import annotations

import json
import socket
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from web_core import StandIn

from impsy.codecs.osc import encode_message, encode_vector
from impsy.errors import PeerError
from impsy.web.live.link import SessionLink, decode_monitor
from ports import free_ports
from waiting import if_idle, wait_until

PACKETS = [
    encode_vector("/monitor/in", (0.25, 0.5)),
    encode_vector("/monitor/out", ()),
    encode_message("/monitor/state", "s", ['{"mode": "battle", "n": [1, 2.5]}']),
    encode_message("/monitor/next", "s", ['{"in": null}']),
    encode_message("/monitor/traffic", "s", ['{"messages": []}']),
]


@given(st.binary(max_size=200))
@example(b"")
@example(b"/monitor/in")
@example(encode_message("/monitor/state", "s", ["[" * 20_000]))
@example(encode_message("/monitor/state", "s", ['{"a": NaN}']))
@example(encode_message("/monitor/state", "s", ['{"a": 1e999}']))
@example(encode_message("/monitor/state", "s", ['{"a": ' + "1" * 5000 + "}"]))
@example(encode_message("/monitor/state", "i", [1]))
@example(encode_vector("/monitor/in", (float("nan"),)))
@example(encode_vector("/monitor/in", (1.0,))[:-1])
def test_whatever_comes_is_understood_or_refused(packet):
    try:
        told = decode_monitor(packet)
    except PeerError:
        return
    assert told is None or told[0] in {"in", "out", "next", "state", "traffic"}


@given(st.sampled_from(PACKETS), st.lists(st.tuples(st.integers(0, 60), st.integers(0, 255)), max_size=6))
def test_damaged_packets_are_understood_or_refused_and_pages_can_read_the_rest(packet, damage):
    content = bytearray(packet)
    for at, value in damage:
        content[at % len(content)] = value
    try:
        told = decode_monitor(bytes(content))
    except PeerError:
        return
    json.dumps(told, allow_nan=False)


def test_what_the_session_tells_is_understood():
    assert [decode_monitor(packet) for packet in PACKETS] == [
        ("in", [0.25, 0.5]),
        ("out", []),
        ("state", {"mode": "battle", "n": [1, 2.5]}),
        ("next", {"in": None}),
        ("traffic", {"messages": []}),
    ]
    assert decode_monitor(encode_vector("/elsewhere", (1.0,))) is None


def test_it_hears_sends_and_notices_when_the_session_is_gone():
    monitor, command = free_ports(2)
    told: list[dict] = []
    with SessionLink(monitor, command, told.append) as link:
        assert link.state is None
        with StandIn(monitor, command) as session:
            wait_until(lambda: link.state)
            assert link.state["mode"] == "battle"
            link.send("/impsy/control", "if", [2, 0.5])
            wait_until(lambda: {"type": "in", "values": [0.0, 0.5]} in told)
            link.send("/impsy/mode", "s", ["polyphony"])
            wait_until(lambda: session.commands("/impsy/mode") == [["polyphony"]])
            session.send(b"what is this")
            wait_until(lambda: link.bad == 1)
        ended = time.monotonic()
        wait_until(lambda: told[-1] == {"type": "state", "state": None})
        took = time.monotonic() - ended
        assert took > 1.5
        assert if_idle(took) < 3.5
        assert link.state is None
        assert link.last_state["mode"] == "battle"
    link.send("/impsy/reset", "", [])


def test_commands_and_news_pass_by_either_address_of_localhost(loopbacks):
    for ip in loopbacks:
        monitor, command = free_ports(2)
        family = socket.AF_INET6 if ":" in ip else socket.AF_INET
        with (
            SessionLink(monitor, 1, lambda _message: None) as link,
            socket.socket(family, socket.SOCK_DGRAM) as session,
        ):
            session.bind((ip, command))
            session.settimeout(5)
            link.configure(monitor, command)
            link.send("/impsy/mode", "s", ["battle"])
            assert session.recv(1000) == encode_message("/impsy/mode", "s", ["battle"])
            news = encode_message("/monitor/state", "s", ['{"mode": "battle"}'])

            def heard(session=session, link=link, news=news, where=(ip, monitor)):
                session.sendto(news, where)
                return link.state == {"mode": "battle"}

            wait_until(heard)


def test_a_session_that_is_known_to_have_ended_does_not_come_back_by_a_late_packet():
    monitor, command = free_ports(2)
    link = SessionLink(monitor, command, lambda _message: None)
    with link, StandIn(monitor, command, pid=77) as session:
        wait_until(lambda: link.state)
        link.forget(77)
        session.tell_state()
        time.sleep(0.1)
        assert link.state is None
        session.state["pid"] = 78
        wait_until(lambda: link.state)


def is_taken(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def test_a_port_that_is_taken_is_told_and_taken_up_when_it_is_free():
    monitor, command = free_ports(2)
    told: list[dict] = []
    with SessionLink(monitor, command, lambda _message: None) as first:
        wait_until(lambda: is_taken(monitor))
        with SessionLink(monitor, command, told.append) as second:
            wait_until(lambda: second.trouble)
            assert str(monitor) in second.trouble
            assert "second web interface" in second.trouble
            first.__exit__()
            wait_until(lambda: not second.trouble)
            with StandIn(monitor, command):
                wait_until(lambda: second.state)
    levels = [message["level"] for message in told if message["type"] == "sentence"]
    assert levels == ["error", "info"]


def test_other_ports_can_be_used_from_now_on():
    ports = free_ports(4)
    with SessionLink(*ports[:2], lambda _message: None) as link:
        with StandIn(*ports[2:]) as session:
            time.sleep(0.1)
            assert link.state is None
            link.configure(*ports[2:])
            wait_until(lambda: link.state)
            link.send("/impsy/panic", "", [])
            wait_until(lambda: session.commands("/impsy/panic"))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free_again:
            free_again.bind(("127.0.0.1", ports[0]))


@pytest.mark.parametrize("pid", [None, "7", 2**80])
def test_a_state_may_hold_anything(pid):
    monitor, command = free_ports(2)
    with SessionLink(monitor, command, lambda _message: None) as link, StandIn(monitor, command, pid=pid):
        wait_until(lambda: link.state)
