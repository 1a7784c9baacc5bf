"""What passes the session's ports, in words, and which pages see it."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from test_guest_rights import BEARER, TOKEN, connected, joined
from web_core import StandIn, make_workspace, receive, say, serving_site

from impsy.codecs.osc import encode_message, encode_text, encode_vector
from impsy.protocol.traffic import ASK_FOR_TRAFFIC, TRAFFIC
from impsy.web.live import traffic
from impsy.web.live.traffic import traffic_in_words, words_of
from impsy.web.server.safety import rules_for
from impsy.web.site import Site
from waiting import wait_until

MORE = """
[midi]
in_device = ["KNOBS"]
input."KNOBS" = [["control_change", 1, 7], ["control_change", 1, 8]]
[commands]
pause = ["control_change", 16, 64, "KNOBS"]
"""


def raw(port="midi in KNOBS", way="in", data="b00740", **more):
    size = len(data) // 2
    rest = {"at": 1.5, "size": size, "changes": None, "command": False, "peer": "", "remark": ""}
    return {"port": port, "way": way, "data": data, **rest, **more}


@pytest.mark.parametrize(
    ("port", "data", "kind", "words"),
    [
        ("midi in KNOBS", b"\x90\x3c\x64", "note", "channel 1: note on, note 60 (C4), velocity 100"),
        ("midi out SYNTH", b"\xb0\x07\x40", "controller", "channel 1: control change, controller 7, value 64"),
        ("midi in KNOBS", b"\xe0\x00\x40", "other", "channel 1: pitch bend, value 8192"),
        ("midi in KNOBS", b"\xf8", "clock", "clock"),
        ("midi in KNOBS", b"\xf0\x7e\xf7", "other", "system exclusive"),
        ("serialmidi", b"\x80\x3c\x00", "note", "channel 1: note off, note 60 (C4), velocity 0"),
        ("websocket", b"\xb0\x07\x40", "controller", "channel 1: control change, controller 7, value 64"),
        ("websocket", b"<b>hello\x1b</b>", "line", "<b>hello\\x1b</b>"),
        ("serial", b"0.5000,0.2500", "line", "0.5000,0.2500"),
        ("osc", encode_vector("/interface", (0.25, 0.5)), "osc", "/interface 0.25 0.5"),
        ("commands", encode_message("/impsy/mode", "s", ["duet"]), "osc", "/impsy/mode “duet”"),
        ("osc out", encode_message("/impsy/pause", "i", [1]), "osc", "/impsy/pause 1"),
        ("osc", b"", "osc", "a packet of 0 bytes is not OSC"),
        ("midi in KNOBS", b"", "other", "not a MIDI message"),
    ],
)
def test_a_message_in_words(port, data, kind, words):
    assert words_of(port, data, len(data)) == (kind, words)


def test_long_messages_are_clipped_and_say_so():
    packet = encode_vector("/interface", [0.5] * 300)
    assert words_of("osc", packet[:512], len(packet)) == ("osc", "/interface … (1,516 bytes)")
    kind, words = words_of("osc", encode_vector("/interface", [0.5] * 63), 332)
    assert kind == "osc"
    assert words == "/interface " + "0.5 " * 16 + "and 47 more"
    assert len(words_of("serial", b"x" * 512, 9000)[1]) <= traffic.WORDS_LIMIT


@given(st.sampled_from(["osc", "serial", "websocket", "midi in A", "serialmidi", ""]), st.binary(max_size=600))
def test_whatever_the_bytes_there_are_words(port, data):
    kind, words = words_of(port, data, len(data))
    assert kind in ("note", "controller", "other", "clock", "osc", "line")
    assert len(words) <= traffic.WORDS_LIMIT
    assert "\x1b" not in words
    assert "\n" not in words


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)
KEYS = st.sampled_from(["port", "way", "data", "at", "size", "changes", "command", "peer", "remark", "count"])
NEARLY = st.builds(lambda whole, other: whole | other, st.just(raw()), st.dictionaries(KEYS, ANY, max_size=3))


@given(st.fixed_dictionaries({}, optional={"messages": ANY | st.lists(NEARLY), "left_out": ANY | st.lists(NEARLY)}))
@example({"messages": [raw(at=float("nan")), raw(data="zz"), raw(way="up"), 7], "left_out": [{"way": "in"}]})
@example({"messages": [raw(changes=[[0, 0.5], [1], [True, 2], [2, None]])]})
@pytest.mark.slow
def test_whatever_a_session_sends_only_what_is_whole_is_shown(content):
    told = traffic_in_words(content, lambda _port, _data, _command: "")
    json.dumps(told, allow_nan=False)
    for message in told["messages"]:
        assert message["way"] in ("in", "out")
        assert message["size"] >= len(bytes.fromhex(message["data"]))


def test_what_waits_for_a_slow_page_is_joined_and_the_oldest_is_counted():
    def batch(*numbers):
        messages = [raw(data=f"b0{number:04x}") for number in numbers]
        return traffic_in_words({"messages": messages, "left_out": []}, lambda *_: "")

    whole = batch()
    for start in range(0, 300, 50):
        whole = traffic.joined(whole, batch(*range(start, start + 50)))
    assert len(whole["messages"]) == traffic.JOINED_LIMIT
    assert whole["messages"][-1]["data"] == "b0 01 2b"
    assert whole["left_out"] == [{"port": "midi in KNOBS", "way": "in", "count": 100}]


# --- by a real server --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with Site(make_workspace(tmp_path_factory.mktemp("traffic"), MORE)) as site:
        yield site


@pytest.fixture(scope="module")
def server(site):
    with serving_site(site, rules_for("0.0.0.0", (), {"IMPSY_TOKEN": TOKEN})) as server:
        yield server


@pytest.fixture
def session(site):
    with StandIn(*site.link.ports) as session:
        site.link.forget()
        wait_until(lambda: site.link.state)
        yield session
    site.link.forget()


def send(session, *messages, left_out=()):
    session.send(encode_text(TRAFFIC, json.dumps({"messages": list(messages), "left_out": list(left_out)})))


def owner(server):
    return server.connect(additional_headers=BEARER)


def test_a_page_that_looks_is_shown_it_and_another_is_not(server, session):
    with owner(server) as page, owner(server) as other:
        receive(page, "performer")
        receive(other, "performer")
        assert not session.commands(ASK_FOR_TRAFFIC)
        say(page, type="ports", on=True)
        wait_until(lambda: session.commands(ASK_FOR_TRAFFIC))
        left_out = [{"port": "osc", "way": "in", "count": 3}]
        send(session, raw(changes=[[0, 0.5039]]), raw(data="b00940"), left_out=left_out)
        told = receive(page, "traffic")
        assert told["left_out"] == left_out
        first, second = told["messages"]
        assert first["data"] == "b0 07 40"
        assert first["changes"] == [[0, 0.5039]]
        assert first["remark"] == ""
        assert second["remark"] == "ignored: controller 9 is not mapped on channel 1 (mapped: 7, 8)"
        send(session, raw(data="bf4040", changes=[], command=True))
        assert receive(page, "traffic")["messages"][0]["remark"] == "command: pause"
        send(session, raw(remark="an echo of what IMPSY sent, left out"))
        assert receive(page, "traffic")["messages"][0]["remark"] == "an echo of what IMPSY sent, left out"
        say(other, type="ping", t=1)
        while (message := json.loads(other.recv(timeout=20)))["type"] != "pong":
            assert message["type"] != "traffic"


def test_a_page_that_looks_no_more_asks_no_more(server, session):
    with owner(server) as page:
        say(page, type="ports", on=True)
        wait_until(lambda: len(session.commands(ASK_FOR_TRAFFIC)) >= 2)
        say(page, type="ports", on=False)
        say(page, type="ping", t=1)
        receive(page, "pong")
        send(session, raw())
        say(page, type="ping", t=2)
        session.send(encode_vector("/monitor/out", (0.5, 0.25)))
        kinds = []
        while not kinds or kinds[-1] != "out":
            kinds.append(json.loads(page.recv(timeout=20))["type"])
        assert "traffic" not in kinds


@pytest.mark.parametrize("role", ["play", "watch"])
def test_guests_do_not_see_it(server, session, role):
    with joined(server, role=role) as client, connected(server, client) as page:
        say(page, type="ports", on=True)
        assert "for who invited you" in receive(page, "sentence")["text"]
        send(session, raw())
        session.send(encode_vector("/monitor/out", (0.5, 0.25)))
        kinds = []
        while not kinds or kinds[-1] != "out":
            kinds.append(json.loads(page.recv(timeout=20))["type"])
        assert "traffic" not in kinds
        assert not session.commands(ASK_FOR_TRAFFIC)
