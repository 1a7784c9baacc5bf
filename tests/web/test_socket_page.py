"""``/ws`` by real connections: what pages say, what they hear, and how fast."""

from __future__ import annotations

import contextlib
import json
import time

import pytest
from web_core import StandIn, receive, say, serving
from websockets.exceptions import ConnectionClosed

from impsy import __version__
from impsy.codecs.osc import encode_message, encode_vector
from impsy.web.live import page as page_socket
from ports import free_ports
from waiting import if_idle, wait_until


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("socket")) as server:
        yield server


@pytest.fixture
def session(server):
    """A stand-in for a session, that this server hears."""
    with StandIn(*server.site.link.ports) as session:
        server.site.link.forget()
        wait_until(lambda: server.site.link.state)
        yield session
    server.site.link.forget()


@pytest.fixture
def page(server):
    with server.connect() as page:
        receive(page, "hello")
        receive(page, "performer")
        yield page


def test_a_page_is_told_how_things_stand(server, session):
    with server.connect() as page:
        assert receive(page, "hello") == {"type": "hello", "version": __version__}
        told = receive(page, "session")
        assert told["status"] == "running"
        assert told["ours"] is False
        assert told["state"]["mode"] == "battle"
        assert receive(page, "performer") == {"type": "performer", "running": False}
        first = time.monotonic()
        receive(page, "session")
        receive(page, "session")
        assert if_idle(time.monotonic() - first) < 1.5


def test_what_one_page_plays_all_pages_see(server, session, page):
    with server.connect() as other:
        receive(other, "performer")
        say(page, type="play", changes=[[1, 0.75]])
        for each in (page, other):
            wait_until(lambda each=each: receive(each, "in")["values"] == [0.0, 0.75])
    assert session.commands("/impsy/control") == [[2, 0.75]]


def test_all_that_the_session_tells_reaches_the_page(page, session):
    session.send(encode_vector("/monitor/out", (0.5, 0.25)))
    assert receive(page, "out")["values"] == [0.5, 0.25]
    session.send(encode_message("/monitor/next", "s", ['{"in": 0.5, "what": "event", "type": "evil"}']))
    assert receive(page, "next") == {"type": "next", "in": 0.5, "what": "event"}


@pytest.mark.parametrize(
    ("name", "value", "address", "arguments"),
    [
        ("mode", "polyphony", "/impsy/mode", ["polyphony"]),
        ("pause", True, "/impsy/pause", [1]),
        ("pause", 0, "/impsy/pause", [0]),
        ("reset", None, "/impsy/reset", []),
        ("panic", None, "/impsy/panic", []),
        ("sigmatemp", 0.5, "/impsy/sigmatemp", [0.5]),
        ("pitemp", 2, "/impsy/pitemp", [2.0]),
        ("threshold", 0.25, "/impsy/threshold", [0.25]),
        ("timescale", 2.0, "/impsy/timescale", [2.0]),
        ("model", "models/mine.tflite", "/impsy/model", ["models/mine.tflite"]),
        ("scene", "verse", "/impsy/scene", ["verse"]),
    ],
)
def test_commands_reach_the_session(page, session, name, value, address, arguments):
    say(page, type="command", name=name, value=value)
    assert wait_until(lambda: session.commands(address)) == [arguments]


WRONG = [
    "",
    "nonsense",
    "[]",
    "{}",
    '{"type": "destroy"}',
    '{"type": "play"}',
    '{"type": "play", "changes": []}',
    '{"type": "play", "changes": [[0, 2]]}',
    '{"type": "play", "changes": [[-1, 0.5]]}',
    '{"type": "play", "changes": [[2, 0.5]]}',
    '{"type": "play", "changes": [[0, NaN]]}',
    '{"type": "play", "changes": [[0, 1e999]]}',
    '{"type": "play", "changes": [[0.5, 0.5]]}',
    '{"type": "play", "changes": [[0, 0.5]], "more": 1}',
    '{"type": "command", "name": "quit"}',
    '{"type": "command", "name": "mode", "value": 1}',
    '{"type": "command", "name": "mode", "value": "a\\u0000b"}',
    '{"type": "command", "name": "mode", "value": "\\ud800"}',
    '{"type": "command", "name": "pause", "value": "yes"}',
    '{"type": "command", "name": "pitemp", "value": -1}',
    '{"type": "command", "name": "pitemp", "value": true}',
    '{"type": "command", "name": "pitemp", "value": 1e300}',
    '{"type": "command", "name": "sigmatemp", "value": 3.5e38}',
    '{"type": "command", "name": "model", "value": "' + "x" * 501 + '"}',
    '{"type": "ping", "t": {"deep": []}}',
    "[" * 30_000,
    "x" * 70_000,
    b"\x00\x01",
]


@pytest.mark.parametrize("text", WRONG, ids=range(len(WRONG)))
@pytest.mark.slow
def test_what_is_not_understood_gets_a_sentence_and_the_connection_stays(page, session, text):
    page.send(text)
    told = receive(page, "sentence")
    assert told["level"] == "error"
    assert 10 < len(told["text"]) < 400
    say(page, type="ping", t=7)
    assert receive(page, "pong") == {"type": "pong", "t": 7}
    assert [each for each in session.heard if each[0] != "/monitor"] == []


def test_without_a_session_playing_and_commands_say_so(page, server):
    wait_until(lambda: server.site.link.state is None)
    for _ in range(5):
        say(page, type="play", changes=[[0, 0.5]])
    assert "no session runs" in receive(page, "sentence")["text"]
    say(page, type="command", name="reset")
    assert "No session runs" in receive(page, "sentence")["text"]


def test_panic_and_pause_are_sent_to_a_session_that_is_not_heard(page, server, session):
    session.tells = False
    wait_until(lambda: server.site.link.state is None)
    for name, value, heard in (("panic", None, ("/impsy/panic", [])), ("pause", True, ("/impsy/pause", [1]))):
        say(page, type="command", name=name, value=value)
        wait_until(lambda: heard in session.heard)  # noqa: B023 - called at once


@pytest.mark.slow
def test_a_flood_is_merged_and_the_newest_value_of_each_control_arrives(page, session):
    began = time.monotonic()
    for number in range(3000):
        say(page, type="play", changes=[[number % 2, number / 3000]])
    say(page, type="ping", t="over")
    receive(page, "pong", 20)
    seconds = time.monotonic() - began
    wait_until(lambda: session.values == pytest.approx([2998 / 3000, 2999 / 3000]))
    sent = session.commands("/impsy/control")
    assert len(sent) <= seconds / page_socket.MERGE_SECONDS + 2
    assert len(sent) < 1500


def test_a_flood_from_one_page_does_not_delay_another(server, session, page):
    with server.connect() as flooding:
        delays = []
        for _ in range(15):
            with contextlib.suppress(ConnectionClosed):
                for number in range(200):
                    say(flooding, type="command", name="threshold", value=number)
            before = time.perf_counter()
            say(page, type="ping", t=before)
            receive(page, "pong")
            delays.append(time.perf_counter() - before)
    assert if_idle(sorted(delays)[7]) < 0.05


def test_too_many_pages_are_sent_away(server, monkeypatch):
    monkeypatch.setattr(page_socket, "PAGES_LIMIT", 2)
    with server.connect() as one, server.connect() as two, server.connect() as three:
        receive(one, "hello")
        receive(two, "hello")
        with pytest.raises(ConnectionClosed):
            three.recv(timeout=5)


@pytest.mark.slow
def test_pages_that_come_and_go_leave_nothing_behind(server):
    wait_until(lambda: server.site.hub.pages == 0)
    for _ in range(20):
        with server.connect() as page:
            receive(page, "hello")
    with server.connect() as page:
        receive(page, "hello")
        page.socket.close()
    wait_until(lambda: server.site.hub.pages == 0)


@pytest.mark.slow
def test_the_web_path_is_fast(server, session, page):
    """A fader moved in the page, to a session and back to the page; the session's own share is nothing here."""
    delays = []
    for number in range(200):
        value = round((number % 100) / 100, 7)
        before = time.perf_counter()
        say(page, type="play", changes=[[0, value]])
        while receive(page, "in")["values"][0] != pytest.approx(value, abs=1e-6):
            pass
        delays.append(time.perf_counter() - before)
        time.sleep(0.01)
    delays.sort()
    print(f"web path: p50 {delays[100] * 1e3:.2f} ms, p99 {delays[198] * 1e3:.2f} ms")
    assert if_idle(delays[100]) < 0.015


def test_only_the_simulated_performer_of_a_session_that_runs_plays(server, session, page):
    with server.client as client:
        assert client.post("/api/performer", json={"running": True}).json() == {"running": True}
        assert receive(page, "performer") == {"type": "performer", "running": True}
        wait_until(lambda: len(session.commands("/impsy/control")) > 5)
        assert all(0 <= value <= 1 for each in session.commands("/impsy/control") for value in each[1::2])
        assert client.post("/api/performer", json={"running": False}).json() == {"running": False}
        assert receive(page, "performer") == {"type": "performer", "running": False}
        count = len(session.commands("/impsy/control"))
        time.sleep(0.3)
        assert len(session.commands("/impsy/control")) == count


def test_the_simulated_performer_hears_what_the_model_plays(server, session, page):
    ears = server.site.performer.ears
    session.send(encode_vector("/monitor/out", (0.5, 0.25)))
    receive(page, "out")
    ears.take()
    session.send(encode_vector("/monitor/out", (0.5, 0.75)))
    wait_until(lambda: ears.take() == {1})


def test_without_a_session_the_performer_does_not_begin(server):
    wait_until(lambda: server.site.link.state is None)
    with server.client as client:
        answer = client.post("/api/performer", json={"running": True})
        assert answer.status_code == 409
        assert "No session runs" in answer.json()["error"]


def test_a_port_that_another_program_has_is_told_on_the_page(tmp_path):
    taken = free_ports(1)[0]
    with serving(tmp_path) as server, server.connect() as page:
        receive(page, "hello")
        with StandIn(1, taken):
            server.site.link.configure(taken, 1)
            told = receive(page, "sentence")
            assert str(taken) in told["text"]
            with server.client as client:
                status = client.get("/api/session").json()
                assert status["status"] == "stopped"
                assert str(taken) in status["sentence"]
        assert "free now" in receive(page, "sentence")["text"]
    assert json.dumps(status)
