"""The OSCQuery server, with real clients, and with strangers."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from contextlib import contextmanager

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from impsy.codecs.osc import OscDecoder, encode_message
from impsy.codecs.oscquery import AddressSpace
from impsy.codecs.shown import Shown
from impsy.events import Set, Update
from impsy.io import OscAdapter, oscquery
from impsy.io.adapter import Rate
from impsy.io.oscquery import CLIENT_LIMIT, OscQueryServer
from impsy.settings import Settings
from waiting import wait_until


class Stage:
    """A server, what it receives, and a performance that is read."""

    def __init__(self, port=0, ip="127.0.0.1", controls=2) -> None:
        self.packets, self.reports = [], []
        self.server = OscQueryServer(ip, port, lambda: 6000, lambda packet, _sender: self.packets.append(packet))
        self.server.describe("A tablet on pi", AddressSpace(controls))
        self.shown: Shown | None = Shown(Settings(controls + 1), (0.25,) * controls, (0.5,) * controls, scenes=("a",))
        self.server.watch(lambda: self.shown)
        self.server.open(self.reports.append)

    @property
    def address(self):
        wait_until(lambda: self.server.address is not None)
        return self.server.address

    def get(self, target="/", **options):
        return httpx.get(f"http://127.0.0.1:{self.address[1]}{target}", trust_env=False, timeout=20, **options)

    def client(self, **options):
        return connect(f"ws://127.0.0.1:{self.address[1]}", compression=None, proxy=None, **options)


@contextmanager
def staged(**options):
    made = Stage(**options)
    try:
        yield made
    finally:
        made.server.close()


@pytest.fixture
def stage():
    with staged() as made:
        yield made


def ask(client, command, address):
    client.send(json.dumps({"COMMAND": command, "DATA": address}))


def messages(client, count):
    return [OscDecoder(2).decode(client.recv(20)).events for _ in range(count)]


def test_the_tree_is_read_and_the_address_of_osc_is_told(stage):
    host = stage.get("/?HOST_INFO").json()
    assert (host["NAME"], host["OSC_IP"], host["OSC_PORT"]) == ("A tablet on pi", "127.0.0.1", 6000)
    assert (host["WS_IP"], host["WS_PORT"]) == ("127.0.0.1", stage.address[1])
    answer = stage.get("/impsy/control/1")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["VALUE"] == [0.25]
    assert "control" in stage.get("/").json()["CONTENTS"]["impsy"]["CONTENTS"]
    nothing = stage.get("/impsy/panic?VALUE")
    assert (nothing.status_code, nothing.content) == (204, b"")
    assert stage.get("/nowhere").status_code == 404
    assert stage.server.health().state == "receiving"


def test_a_client_is_told_the_address_by_which_it_asked(stage):
    with staged(ip="0.0.0.0") as open_stage:
        for host, told in (
            ("192.0.2.7:6000", "192.0.2.7"),
            ("[2001:db8::7]", "2001:db8::7"),
            ("localhost", "127.0.0.1"),
        ):
            assert open_stage.get("/?HOST_INFO", headers={"Host": host}).json()["OSC_IP"] == told


def test_who_listens_receives_values_when_they_change_and_sends_osc(stage):
    with stage.client() as client:
        ask(client, "LISTEN", "/impsy/control/1")
        ask(client, "LISTEN", "/impsy/mode")
        assert messages(client, 2) == [(Update(((0, 0.25),), "osc"),), (Set("mode", "callresponse"),)]
        stage.shown = Shown(Settings(3, mode="duet"), (0.75, 1.0), (0.5, 0.5), scenes=("a",))
        assert messages(client, 2) == [(Update(((0, 0.75),), "osc"),), (Set("mode", "duet"),)]
        ask(client, "IGNORE", "/impsy/control/1")
        packet = encode_message("/impsy/control/2", "f", [0.5])
        client.send(packet)
        wait_until(lambda: stage.packets == [packet])
        stage.shown = Shown(Settings(3, mode="battle"), (0.0, 0.0), (0.5, 0.5), scenes=("a",))
        assert messages(client, 1) == [(Set("mode", "battle"),)]


def test_clients_are_told_of_other_names_and_other_scenes(stage):
    with stage.client() as client:
        wait_until(lambda: stage.server.health().detail.endswith("1 client"))
        ask(client, "LISTEN", "/impsy/mode")
        messages(client, 1)
        stage.server.describe("Another", AddressSpace(2, ("Cutoff",)))
        assert json.loads(client.recv(20)) == {"COMMAND": "PATH_CHANGED", "DATA": "/"}
        assert stage.get("/impsy/control/1?DESCRIPTION").json() == {"DESCRIPTION": "Cutoff"}
        stage.shown = Shown(stage.shown.settings, (0.0, 0.0), (0.0, 0.0), scenes=("a", "b"))
        assert json.loads(client.recv(20))["COMMAND"] == "PATH_CHANGED"


@pytest.mark.parametrize(
    "frame", ["", "{", "[]", '"x"', '{"COMMAND": "LISTEN"}', '{"COMMAND": "LISTEN", "DATA": "/no"}', "[" * 8000]
)
def test_a_frame_that_means_nothing_is_counted_and_the_client_stays(stage, frame):
    with stage.client() as client:
        client.send(frame)
        wait_until(lambda: stage.server.health().bad == 1)
        ask(client, "LISTEN", "/impsy/mode")
        assert messages(client, 1)


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "192.0.2.9.evil.example"])
def test_a_strangers_name_that_points_here_is_refused(stage, host):
    assert stage.get(headers={"Host": host}).status_code == 403


def test_pages_of_other_sites_are_refused(stage):
    for origin in ("https://evil.example", "null"):
        assert stage.get(headers={"Origin": origin}).status_code == 403
        with pytest.raises(InvalidStatus), stage.client(origin=origin):
            pass
    assert "access-control-allow-origin" not in stage.get().headers


@pytest.mark.slow
def test_requests_that_are_none_are_refused_and_the_others_go_on(stage):
    assert stage.get("/", headers={"Host": ""}).status_code in {200, 403}
    for wrong in (
        b"POST / HTTP/1.1\r\n\r\n",
        b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01" + bytes(99),
    ):
        with socket.create_connection(stage.address) as one:
            one.settimeout(20)
            one.sendall(wrong)
            with contextlib.suppress(ConnectionResetError):
                assert b" 200 " not in one.recv(4096)
    headers = b"".join(b"X-%d: y\r\n" % number for number in range(500))
    with socket.create_connection(stage.address) as one:
        one.settimeout(20)
        with contextlib.suppress(OSError):
            one.sendall(b"GET / HTTP/1.1\r\n" + headers + b"\r\n")
            assert b" 200 " not in one.recv(4096)
    assert stage.get().status_code == 200


def test_connections_that_send_nothing_give_way_to_one_that_asks(stage):
    silent = [socket.create_connection(stage.address) for _ in range(CLIENT_LIMIT + 8)]
    try:
        assert stage.get("/?HOST_INFO").status_code == 200
    finally:
        for each in silent:
            each.close()


def test_more_clients_than_there_is_room_for_are_told_to_try_later(stage, monkeypatch):
    monkeypatch.setattr(oscquery, "CLIENT_LIMIT", 1)
    with stage.client() as first:
        ask(first, "LISTEN", "/impsy/mode")
        messages(first, 1)
        with stage.client() as second:
            with contextlib.suppress(Exception):
                second.recv(20)
            assert second.close_code == 1013
    with contextlib.ExitStack() as stack:
        wait_until(lambda: stage.server.health().detail.endswith("0 clients"))
        third = stack.enter_context(stage.client())
        ask(third, "LISTEN", "/impsy/mode")
        assert messages(third, 1)


def test_of_a_flood_of_requests_so_many_are_answered(monkeypatch):
    monkeypatch.setattr(oscquery, "Rate", lambda a_second, burst: Rate(a_second, min(burst, 3), lambda: 100.0))
    with staged() as stage:
        answers = [stage.get() for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert answers[-1].headers["retry-after"] == "1"


def test_before_the_performance_has_begun_it_says_so(stage):
    stage.shown = None
    assert stage.get().status_code == 503


def test_where_the_port_is_taken_another_one_serves():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with staged(port=taken.getsockname()[1]) as stage:
            assert stage.get("/?HOST_INFO").json()["WS_PORT"] != taken.getsockname()[1]
            assert any("another program has" in report.text for report in stage.reports)


def test_the_tree_of_a_large_instrument_arrives_whole():
    with staged(controls=1000) as stage:
        assert len(stage.get("/impsy/control").json()["CONTENTS"]) == 1000
        assert len(stage.get("/").content) > 300_000


def test_it_ends_while_clients_hang_on(stage):
    with stage.client() as client, socket.create_connection(stage.address):
        ask(client, "LISTEN", "/impsy/mode")
        messages(client, 1)
        began = time.monotonic()
        stage.server.close()
        assert time.monotonic() - began < 20
        assert stage.server.health().state == "closed"


def test_an_osc_port_serves_only_if_it_is_asked_to_and_takes_osc_both_ways():
    plain = OscAdapter("127.0.0.1", 0, "127.0.0.1", 9, 2, ["/x"])
    assert plain.findable is None
    assert len(plain.health()) == 2
    events, reports = [], []
    adapter = OscAdapter("127.0.0.1", 0, "127.0.0.1", 9, 2, ["/x"], query=True)
    adapter.watch(lambda: Shown(Settings(3), (0, 0), (0, 0)))
    adapter.open(events.append, reports.append)
    try:
        server = adapter.findable.server
        wait_until(lambda: server.address is not None and adapter.listener.port)
        with connect(f"ws://127.0.0.1:{server.address[1]}", proxy=None) as client:
            client.send(encode_message("/impsy/control/2", "f", [0.5]))
            wait_until(lambda: events == [Update(((1, 0.5),), "osc")])
        assert [health.name for health in adapter.health()] == ["osc", "osc out", "oscquery"]
    finally:
        adapter.close()


def test_a_fault_of_what_is_read_ends_no_stream(stage):
    failed = []

    def fail():
        failed.append(1)
        raise KeyError

    with stage.client() as client:
        ask(client, "LISTEN", "/impsy/mode")
        messages(client, 1)
        stage.server.watch(fail)
        wait_until(lambda: failed)
        shown = Shown(Settings(3, mode="battle"), (0.25,) * 2, (0.5,) * 2, scenes=("a",))
        stage.server.watch(lambda: shown)
        assert messages(client, 1) == [(Set("mode", "battle"),)]


def test_of_connections_that_send_nothing_so_many_wait(stage):
    with contextlib.ExitStack() as stack:
        for _ in range(CLIENT_LIMIT + 8):
            stack.enter_context(socket.create_connection(stage.address))
        time.sleep(2)  # longer than a report is waited with
    assert any("sent no request were closed" in report.text for report in stage.reports)


def still(monkeypatch):
    """Time stands still: what is taken at once is all that is taken."""
    monkeypatch.setattr(oscquery, "Rate", lambda a_second, burst: Rate(a_second, burst, lambda: 100.0))


def test_requests_are_counted(monkeypatch):
    still(monkeypatch)
    monkeypatch.setattr(oscquery, "REQUESTS_A_SECOND", 2)
    with staged() as stage:
        assert [stage.get("/?HOST_INFO").status_code for _ in range(5)] == [200] * 4 + [429]


def test_and_so_is_how_much_they_ask_for(monkeypatch):
    still(monkeypatch)
    with staged(controls=5000) as stage:
        answers = [stage.get().status_code for _ in range(8)]
    assert answers == [200] * 5 + [429] * 3


def test_a_frame_that_is_too_large_ends_the_connection(stage):
    with stage.client() as client:
        client.send(bytes(oscquery.FRAME_BYTES + 1))
        with pytest.raises(ConnectionClosed):
            client.recv(20)
        assert client.close_code == 1009
    assert not stage.packets


def test_of_a_flood_of_frames_so_many_are_taken(monkeypatch):
    still(monkeypatch)
    monkeypatch.setattr(oscquery, "FRAMES_A_SECOND", 2)
    with staged() as stage, stage.client() as client:
        for _ in range(10):
            client.send(encode_message("/impsy/panic", "", []))
        wait_until(lambda: stage.server.health().received == 10)
        assert (len(stage.packets), stage.server.health().bad) == (4, 6)


def test_a_client_that_does_not_read_is_dropped(stage, monkeypatch):
    monkeypatch.setattr(oscquery, "BUFFER_BYTES", -1)  # as if something waited for it
    with stage.client() as client:
        ask(client, "LISTEN", "/impsy/mode")
        with pytest.raises(ConnectionClosed):
            client.recv(20)
    assert any("does not read" in report.text for report in stage.reports)


def test_a_request_with_two_hosts_or_origins_is_refused(stage):
    for more in ("Host: 127.0.0.1", "Origin: http://127.0.0.1\r\nOrigin: http://evil.example"):
        with socket.create_connection(stage.address) as one:
            one.settimeout(20)
            one.sendall(f"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n{more}\r\n\r\n".encode())
            assert one.recv(12) == b"HTTP/1.1 403"


def test_without_remote_control_it_commands_nothing_and_without_query_it_is_not_there():
    announced = OscAdapter("127.0.0.1", 0, "127.0.0.1", 9, 2, ["/x"], announce=True)
    assert announced.findable.server is None
    events, reports = [], []
    adapter = OscAdapter("127.0.0.1", 0, "127.0.0.1", 9, 2, ["/x"], query=True, remote_control=False)
    adapter.watch(lambda: Shown(Settings(3), (0, 0), (0, 0)))
    adapter.open(events.append, reports.append)
    try:
        server = adapter.findable.server
        port = wait_until(lambda: server.address is not None and adapter.listener.port and server.address[1])
        url = f"http://127.0.0.1:{port}/impsy/mode?ACCESS"
        assert httpx.get(url, trust_env=False).json() == {"ACCESS": 1}
        with connect(f"ws://127.0.0.1:{port}", proxy=None) as client:
            client.send(encode_message("/impsy/mode", "s", ["battle"]))
            client.send(encode_message("/impsy/control/2", "f", [0.5]))
            wait_until(lambda: events)
        assert events == [Update(((1, 0.5),), "osc")]
    finally:
        adapter.close()
