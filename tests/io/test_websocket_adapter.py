"""The WebSocket server, with real clients."""

from __future__ import annotations

import asyncio
import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager, suppress

import pytest
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, InvalidStatus
from websockets.sync.client import connect

from fuzzing import examples
from impsy.events import Released, Unplugged, Update
from impsy.io import websocket
from impsy.io.adapter import Rate
from impsy.io.origins import PAGE_SCRIPT
from impsy.io.websocket import PLAYED_A_SECOND, WebSocketAdapter
from impsy.mapping.entries import parse_mapping
from waiting import if_idle, wait_until

FUZZ = examples(300)
INPUT = parse_mapping([["note_on", 1], ["control_change", 1, 7], ["pitch_bend", 16]])
OUTPUT = parse_mapping([["note_on", 1], ["control_change", 1, 7], ["pitch_bend", 16]])
HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


class Stage:
    def __init__(self, port=0, inputs=INPUT, outputs=OUTPUT, ip="127.0.0.1", **options) -> None:
        self.events = []
        self.reports = []
        self.adapter = WebSocketAdapter(ip, port, inputs, outputs, **options)
        self.adapter.open(self.events.append, self.reports.append)

    @property
    def health(self):
        return self.adapter.health()[0]

    @property
    def url(self):
        wait_until(lambda: self.adapter.address is not None)
        return f"ws://127.0.0.1:{self.adapter.address[1]}"

    def client(self, **options):
        return connect(self.url, compression=None, proxy=None, **options)

    def wait_for_clients(self, count):
        words = "1 client" if count == 1 else f"{count} clients"
        wait_until(lambda: self.health.detail.endswith(f", {words}"))

    def troubles(self):
        return [report for report in self.reports if report.level != "info"]


@contextmanager
def staged(**options):
    made = Stage(**options)
    try:
        yield made
    finally:
        made.adapter.close()


@pytest.fixture
def stage():
    with staged() as made:
        yield made


def silent_client(address):
    """One that shakes hands and then never reads; its system takes as little for it as it can."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    made.connect(address)
    made.sendall(HANDSHAKE)
    return made


@pytest.mark.slow
def test_messages_come_in_and_go_out_to_everybody(stage):
    with stage.client() as one, stage.client() as other:
        stage.wait_for_clients(2)
        one.send("/channel/1/noteon/60/100")
        other.send("/channel/1/noteoff/60/0")
        other.send("/channel/2/cc/7/127")
        one.send("/channel/16/pitchbend/16383")
        wait_until(lambda: len(stage.events) == 3 and stage.health.received == 4)
        assert set(stage.events) == {
            Update(((0, 60 / 127),), "websocket", struck=True),
            Released(((0, 60 / 127),), "websocket"),
            Update(((2, 1.0),), "websocket"),
        }
        stage.adapter.send((60 / 127, 1.0, 0.5))
        stage.adapter.send((62 / 127, 1.0, 0.5))
        for client in (one, other):
            assert [client.recv(2) for _ in range(5)] == [
                "/channel/1/noteon/60/127",
                "/channel/1/cc/7/127",
                "/channel/16/pitchbend/8192",
                "/channel/1/noteoff/60/0",
                "/channel/1/noteon/62/127",
            ]
    stage.wait_for_clients(0)
    assert (stage.health.state, stage.health.bad, stage.health.sent) == ("receiving", 0, 10)


def test_who_joins_is_told_the_controllers_and_bends_at_the_next_step(stage):
    with stage.client() as first:
        stage.wait_for_clients(1)
        stage.adapter.send((60 / 127, 0.5, 1.0))
        assert [first.recv(2) for _ in range(3)]
        with stage.client() as second:
            stage.wait_for_clients(2)
            with pytest.raises(TimeoutError):
                second.recv(0.1)
            stage.adapter.send((61 / 127, 1.0, 1.0))
            heard = [second.recv(2) for _ in range(4)]
            news = ["/channel/1/noteoff/60/0", "/channel/1/noteon/61/127", "/channel/1/cc/7/127"]
            assert heard == ["/channel/16/pitchbend/16383", *news]
            assert [first.recv(2) for _ in range(3)] == news


def test_silence_panic_and_closing_end_the_notes(stage):
    with stage.client() as client:
        stage.wait_for_clients(1)

        def next_messages(count):
            return [client.recv(2) for _ in range(count)]

        stage.adapter.send((60 / 127, 0.5, 1.0))
        next_messages(3)
        stage.adapter.silence()
        assert next_messages(1) == ["/channel/1/noteoff/60/0"]
        stage.adapter.send((61 / 127, 0.5, 1.0))
        next_messages(3)
        stage.adapter.panic()
        assert next_messages(5) == [
            "/channel/1/noteoff/61/0",
            "/channel/1/cc/120/0",
            "/channel/1/cc/123/0",
            "/channel/16/cc/120/0",
            "/channel/16/cc/123/0",
        ]
        stage.adapter.send((62 / 127, 0.5, 1.0))
        next_messages(3)
        closing = threading.Thread(target=stage.adapter.close)
        closing.start()
        assert next_messages(1) == ["/channel/1/noteoff/62/0"]
        with pytest.raises(ConnectionClosed) as caught:
            client.recv(2)
        assert caught.value.rcvd.code == 1001
        closing.join()


def test_another_mapping_ends_what_sounds_by_the_old_one(stage):
    with stage.client() as client:
        stage.wait_for_clients(1)
        stage.adapter.send((60 / 127, 0.5, 1.0))
        assert [client.recv(2) for _ in range(3)]
        stage.adapter.remap(parse_mapping([["control_change", 3, 9]]), parse_mapping([["note_on", 5]]))
        stage.adapter.send((0.5,))
        assert [client.recv(2) for _ in range(2)] == ["/channel/1/noteoff/60/0", "/channel/5/noteon/64/127"]
        client.send("/channel/3/cc/9/127")
        wait_until(lambda: stage.events == [Update(((0, 1.0),), "websocket")])


def test_without_mappings_nothing_is_heard_or_sent():
    with staged(inputs=(), outputs=()) as stage, stage.client() as client:
        stage.wait_for_clients(1)
        stage.adapter.send((0.5, 0.5, 0.5))
        stage.adapter.panic()
        client.send("/channel/1/noteon/60/100")
        wait_until(lambda: stage.health.received == 1)
        assert stage.events == []
        with pytest.raises(TimeoutError):
            client.recv(0.1)


# --- strangers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("allowed", "origin", "welcome"),
    [
        (None, "file://", True),
        (None, "http://localhost:8000", True),
        (None, "https://evil.example", False),
        (["https://good.example"], "https://good.example", True),
        (["https://good.example"], "null", False),
        (["*"], "https://evil.example", True),
    ],
)
def test_pages_are_let_in_by_their_origin(allowed, origin, welcome):
    with staged(allowed_origins=allowed) as stage:
        if welcome:
            with stage.client(origin=origin):
                stage.wait_for_clients(1)
            assert stage.troubles() == []
            return
        for _ in range(3):
            with pytest.raises(InvalidStatus) as caught, stage.client(origin=origin):
                pass
            assert caught.value.response.status_code == 403
        (report,) = stage.troubles()
        assert origin in report.text
        assert "allowed_origins" in report.text


def page_address(folder) -> str:
    """The address that a page in this folder finds."""
    script = wait_until(lambda: (folder / PAGE_SCRIPT).exists() and (folder / PAGE_SCRIPT).read_text())
    return json.loads(script.removeprefix("var IMPSY_ADDRESS = ").removesuffix(";\n"))


def test_a_page_from_a_file_needs_the_key_that_only_files_may_read(tmp_path):
    with staged(folder=tmp_path) as stage:
        for target in ("", "/?key=", "/?key=wrong", "/?key=%ff", "//["):
            with pytest.raises(InvalidStatus) as caught, connect(stage.url + target, origin="null", proxy=None):
                pass
            assert caught.value.response.status_code == 403
        address = page_address(tmp_path)
        assert address.startswith(f"{stage.url}/?key=")
        with connect(address, origin="null", proxy=None) as page:
            page.send("/channel/1/cc/7/127")
            wait_until(lambda: Update(((1, 1.0),), "websocket") in stage.events)
        with pytest.raises(InvalidStatus), connect(address, origin="https://evil.example", proxy=None):
            pass
        assert any(address in report.text for report in stage.reports)
        if os.name == "posix":
            assert (tmp_path / PAGE_SCRIPT).stat().st_mode & 0o777 == 0o600
    with staged(folder=tmp_path) as later:
        assert later.url
        wait_until(lambda: page_address(tmp_path) != address)  # the key of one start, not one that came with a folder


@pytest.mark.parametrize("allowed", [["null"], []])
def test_a_list_of_origins_makes_no_key(tmp_path, allowed):
    with staged(folder=tmp_path, allowed_origins=allowed) as stage:
        if allowed:
            with stage.client(origin="null"):
                stage.wait_for_clients(1)
        else:
            with pytest.raises(InvalidStatus), stage.client(origin="null"):
                pass
        assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="making links needs rights there")
def test_the_key_does_not_leave_the_folder_by_a_link(tmp_path):
    workspace, elsewhere = tmp_path / "workspace", tmp_path / "elsewhere"
    workspace.mkdir()
    elsewhere.mkdir()
    (workspace / ".impsy").symlink_to(elsewhere)
    with staged(folder=workspace) as stage:
        wait_until(lambda: any(report.kind == "websocket:pages" for report in stage.reports))
    assert list(elsewhere.iterdir()) == []


def test_those_who_do_not_shake_hands_keep_nobody_out():
    with staged(client_limit=20) as stage, ExitStack() as sockets:
        assert stage.url
        for number in range(100):
            made = sockets.enter_context(socket.create_connection(stage.adapter.address))
            if number % 2:
                made.sendall(HANDSHAKE[:40])
        with stage.client() as client:
            client.send("/channel/1/cc/7/127")
            wait_until(lambda: Update(((1, 1.0),), "websocket") in stage.events)
        wait_until(lambda: any("too many" in report.text for report in stage.reports))


def test_what_is_no_message_of_ours_is_counted_and_does_no_harm(stage):
    with stage.client() as client:
        for text in ("hello", "", "/channel/1/noteon/60", "/channel/17/cc/1/1", "/channel/1/cc/1/" + "9" * 900, "é"):
            client.send(text)
        client.send(b"\x90\x3c")
        client.send("/channel/1/cc/1/0.5\n/channel/1/cc/1/0.6")
        client.send(["/channel/1/", "cc/7/127"])  # one message in two frames
        wait_until(lambda: stage.events)
    assert stage.health.bad == 8
    kinds = ["binary", "fraction", "long", "malformed", "numbers", "range"]
    assert sorted(report.kind for report in stage.troubles()) == [f"websocket:{kind}" for kind in kinds]
    assert all("127.0.0.1:" in report.text for report in stage.troubles())


def test_who_sends_too_much_at_once_is_disconnected_and_the_others_are_not(stage):
    with stage.client() as good:
        for huge in ("x" * 10_000, "/channel/1/noteon/60/100" * 100_000):
            with stage.client() as client:
                with suppress(ConnectionClosed):  # it may be noticed while the rest is still being sent
                    client.send(huge)
                with pytest.raises(ConnectionClosedError) as caught:
                    client.recv(5)
                assert caught.value.rcvd is None or caught.value.rcvd.code == 1009
        good.send("/channel/1/cc/7/0")
        wait_until(lambda: stage.events)
    wait_until(lambda: stage.health.bad == 2)


def test_one_too_many_is_asked_to_come_back_later():
    with staged(client_limit=3) as stage, ExitStack() as clients:
        there = [clients.enter_context(stage.client()) for _ in range(3)]
        stage.wait_for_clients(3)
        with stage.client() as extra, pytest.raises(ConnectionClosedError) as caught:
            extra.recv(2)
        assert caught.value.rcvd.code == 1013
        there[0].close()
        stage.wait_for_clients(2)
        with stage.client() as again:
            stage.wait_for_clients(3)
            again.send("/channel/1/cc/7/127")
            wait_until(lambda: stage.events)


@pytest.mark.skipif(sys.platform == "darwin", reason="only 127.0.0.1 is there")
def test_one_address_does_not_take_every_place():
    with staged(client_limit=4) as stage, ExitStack() as clients:
        there = [clients.enter_context(stage.client()) for _ in range(4)]
        stage.wait_for_clients(4)
        there[0].send("/channel/1/cc/7/127")
        wait_until(lambda: stage.events)
        other = clients.enter_context(stage.client(source_address=("127.0.0.2", 0)))
        with pytest.raises(ConnectionClosed):  # the oldest that only listened
            there[1].recv(5)
        count = len(stage.events)
        for client in (there[0], there[2], there[3], other):
            client.send("/channel/1/cc/7/1")
            count += 1
            wait_until(lambda: len(stage.events) == count)  # noqa: B023


def test_connections_that_never_shake_hands_are_limited():
    with staged(client_limit=3) as stage, ExitStack() as sockets:
        assert stage.url
        for _ in range(30):
            made = sockets.enter_context(socket.socket())
            made.connect(stage.adapter.address)
        time.sleep(0.2)
        before = time.monotonic()
        stage.adapter.close()
        assert if_idle(time.monotonic() - before) < 0.5


@pytest.mark.slow
def test_rubbish_on_the_port_does_not_stop_the_music(stage):
    dice = random.Random(1)
    with stage.client() as good:
        for number in range(FUZZ):
            with socket.create_connection(stage.adapter.address) as rough:
                start = HANDSHAKE if number % 2 else b""
                changed = bytearray(start + dice.randbytes(dice.randrange(1, 300)))
                for _ in range(dice.randrange(3)):
                    changed[dice.randrange(len(changed))] = dice.randrange(256)
                rough.sendall(bytes(changed))
        good.send("/channel/1/cc/7/127")
        wait_until(lambda: Update(((1, 1.0),), "websocket") in stage.events)
    stage.wait_for_clients(0)


def test_rubbish_in_frames_does_not_stop_the_music(stage):
    dice = random.Random(2)
    valid = "/channel/1/pitchbend/8192"
    with stage.client() as client:
        for _ in range(FUZZ):
            text = list(valid)
            for _ in range(dice.randrange(5)):
                text[dice.randrange(len(text))] = chr(dice.choice([dice.randrange(32, 127), dice.randrange(0x2FFF)]))
            client.send("".join(text)[: dice.randrange(len(text) + 1)])
        client.send("/channel/1/cc/7/127")
        wait_until(lambda: Update(((1, 1.0),), "websocket") in stage.events)
    assert len(stage.troubles()) <= 8


# --- clients as they are ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        {"path": "/"},
        {"path": "/impsy"},
        {"path": "/socket.io/?EIO=4&transport=websocket"},
        {"path": "/", "subprotocols": ["midi"]},
        {"path": "/", "subprotocols": ["v1.mqtt", "osc"]},
        {"path": "/", "user_agent_header": None},
        {
            "path": "/",
            "additional_headers": {"Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits"},
        },
    ],
    ids=lambda options: " ".join(map(str, options.values())),
)
def test_clients_may_ask_for_any_path_and_protocol(stage, options):
    options = dict(options)
    with connect(stage.url + options.pop("path"), compression=None, proxy=None, **options) as client:
        assert client.subprotocol == (options.get("subprotocols") or [None])[0]
        client.send("/channel/1/cc/7/127")
        wait_until(lambda: stage.events)
    assert stage.troubles() == []


def test_lines_many_messages_in_a_frame_and_binary_frames_are_heard_in_order(stage):
    with stage.client() as client:
        client.send("/channel/1/cc/7/0\n/channel/1/cc/7/127\r\n")
        client.send(b"channel/1/cc/7/0\n")
        client.send(b"\xb0\x07\x7f")
        client.send("\n".join(f"/channel/1/cc/7/{value}" for value in range(100)))
        wait_until(lambda: len(stage.events) == 104)
    values = [0, 127, 0, 127, *range(100)]
    assert stage.events == [Update(((1, value / 127),), "websocket") for value in values] + stage.events[104:]
    assert stage.troubles() == []


def test_localhost_is_served_at_each_of_its_addresses(loopbacks):
    made = Stage(ip="localhost")
    try:
        for host in (f"[{ip}]" if ":" in ip else ip for ip in loopbacks):
            wait_until(lambda: made.adapter.address is not None)
            with connect(f"ws://{host}:{made.adapter.address[1]}", compression=None, proxy=None) as client:
                client.send("/channel/1/cc/7/127")
                wait_until(lambda: made.events)
                made.adapter.send((60 / 127, 1.0, 0.5))
                assert client.recv(2)
            made.wait_for_clients(0)
            made.events.clear()
        opened = next(report.text for report in made.reports if report.kind == "websocket:open")
        assert f"{' and '.join(loopbacks)} port" in opened
        before = time.monotonic()
    finally:
        made.adapter.close()
    assert if_idle(time.monotonic() - before) < 0.5


# --- crowds ---------------------------------------------------------------------------------------------

CLIENTS = """
import asyncio, json, sys
from websockets.asyncio.client import connect

async def listen(url):
    heard = []
    async with connect(url, compression=None, proxy=None, max_queue=None) as client:
        async for message in client:
            heard.append(message)
            if message.endswith("/16383"):
                return heard

async def main():
    print(json.dumps(await asyncio.gather(*(listen(sys.argv[1]) for _ in range(int(sys.argv[2]))))))

asyncio.run(main())
"""


@pytest.mark.slow
def test_fifty_clients_miss_nothing_while_one_of_them_never_reads():
    steps, rate = 800, 200
    entries = parse_mapping([["pitch_bend", 1], *[["control_change", 1, number] for number in range(8)]])
    with staged(outputs=entries) as stage:
        command = [sys.executable, "-c", CLIENTS, stage.url, "49"]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as others:
            stage.wait_for_clients(49)
            with silent_client(stage.adapter.address):
                stage.wait_for_clients(50)
                start, slowest = time.monotonic(), 0.0
                for step in range(steps):
                    time.sleep(max(0.0, start + step / rate - time.monotonic()))
                    before = time.perf_counter()
                    stage.adapter.send([step / 16383, *[(step % 2)] * 8])
                    slowest = max(slowest, time.perf_counter() - before)
                stage.adapter.send([1.0, *[0] * 8])
                output, _ = others.communicate(timeout=30)
            assert slowest < 0.1  # handing over takes 50 µs; this machine may be busy
        heard = json.loads(output)
    expected = [f"/channel/1/pitchbend/{step}" for step in [*range(steps), 16383]]
    assert len(heard) == 49
    for messages in heard:
        assert [message for message in messages if "pitchbend" in message] == expected
    assert [report.kind for report in stage.troubles()] == ["websocket:slow"]
    assert stage.health.failed > 0


@pytest.mark.slow
def test_a_hundred_messages_at_once_from_each_of_twenty_clients_all_count(stage):
    async def play(url):
        from websockets.asyncio.client import connect as connect_

        async with connect_(url, compression=None, proxy=None) as client:
            for number in range(100):
                await client.send(f"/channel/1/cc/7/{number}")
            await client.close()

    async def play_all():
        await asyncio.gather(*(play(stage.url) for _ in range(20)))

    asyncio.run(play_all())
    wait_until(lambda: sum(isinstance(event, Update) for event in stage.events) == 2000)
    wait_until(lambda: stage.events[-1] == Unplugged("websocket"))
    assert stage.health.bad == 0


def test_when_the_last_who_played_leaves_what_they_left_sounding_can_be_ended(stage):
    with stage.client() as listener:
        with stage.client() as first:
            with stage.client() as second:
                for client in (first, second):
                    client.send("/channel/1/cc/7/127")
                wait_until(lambda: len(stage.events) == 2)
            stage.wait_for_clients(2)
            time.sleep(0.05)
            assert len(stage.events) == 2
        wait_until(lambda: stage.events[2:] == [Unplugged("websocket")])
        listener.ping()
    stage.wait_for_clients(0)
    time.sleep(0.05)
    assert len(stage.events) == 3


# --- coming and going -----------------------------------------------------------------------------------


def test_a_port_that_is_taken_is_taken_up_when_it_becomes_free():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        stage = Stage(port=port)
        wait_until(stage.troubles)
        assert stage.health.state == "waiting"
        assert str(port) in stage.troubles()[0].text
        for _ in range(2000):
            stage.adapter.send((0.5, 0.5, 0.5))
        stage.adapter.remap(INPUT, parse_mapping([["control_change", 9, 9]]))
    wait_until(lambda: stage.health.state == "open", seconds=3)
    with stage.client() as client:
        stage.wait_for_clients(1)
        stage.adapter.send((1.0,))
        assert client.recv(2) == "/channel/9/cc/9/127"
    assert len(stage.troubles()) == 1
    stage.adapter.close()


@pytest.mark.parametrize("ip", ["192.0.2.1", "no-such-host.invalid"])
def test_an_address_that_is_not_ours_is_told(ip):
    reports = []
    adapter = WebSocketAdapter(ip, 0, INPUT, OUTPUT)
    adapter.open(lambda _event: None, reports.append)
    wait_until(lambda: reports)
    assert ip in reports[0].text
    adapter.close()


def test_an_empty_address_listens_everywhere():
    adapter = WebSocketAdapter("", 0, INPUT, OUTPUT)
    adapter.open(lambda _event: None, lambda _report: None)
    wait_until(lambda: adapter.address is not None)
    with connect(f"ws://127.0.0.1:{adapter.address[1]}", proxy=None):
        pass
    adapter.close()


def test_closing_is_quick_whoever_is_there_works_twice_and_frees_the_port(stage):
    with stage.client(), silent_client(stage.adapter.address), socket.create_connection(stage.adapter.address):
        stage.wait_for_clients(2)
        before = time.monotonic()
        stage.adapter.close()
        stage.adapter.close()
        assert if_idle(time.monotonic() - before) < 0.45
    assert stage.health.state == "closed"
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(stage.adapter.address)


def test_it_can_be_opened_again(stage):
    for number in range(2):
        with stage.client() as client:
            stage.wait_for_clients(1)
            stage.adapter.send((number, 0.5, 0.5))
            assert client.recv(2).startswith("/channel/1/")
        stage.adapter.close()
        stage.adapter.address = None
        stage.adapter.open(stage.events.append, stage.reports.append)


def test_only_what_moved_is_passed_on_and_a_release_ends_its_note(stage):
    with stage.client() as client:
        stage.wait_for_clients(1)
        stage.adapter.pass_on((60 / 127, 1.0, 0.5), (1,), "keys")
        stage.adapter.pass_on((60 / 127, 1.0, 0.5), (0,), "keys")
        stage.adapter.end_notes(((0, 61 / 127),), "keys")
        stage.adapter.end_notes(((0, 60 / 127),), "keys")
        stage.adapter.pass_on((60 / 127, 1.0, 0.5), (2,), "keys")
        frames = [client.recv(2) for _ in range(4)]
    expected = ["/channel/1/cc/7/127", "/channel/1/noteon/60/127", "/channel/1/noteoff/60/0"]
    assert frames == [*expected, "/channel/16/pitchbend/8192"]


@pytest.mark.slow
def test_of_a_flood_of_messages_so_many_are_taken_and_the_client_stays(monkeypatch):
    monkeypatch.setattr(websocket, "Rate", lambda a_second, burst: Rate(a_second, burst, lambda: 100.0))
    lines = "\n".join(["/channel/1/cc/7/9"] * 400)
    with staged() as stage, stage.client() as client:
        for _ in range(2 * (2 * PLAYED_A_SECOND) // 400):
            client.send(lines)
        wait_until(lambda: [report for report in stage.reports if "a second" in report.text])
        wait_until(lambda: stage.health.received == 2 * (2 * PLAYED_A_SECOND) // 400)
        assert len(stage.events) == 2 * PLAYED_A_SECOND
        stage.wait_for_clients(1)


def test_a_fault_of_who_hears_loses_a_frame_and_no_client(caplog):
    taken = []
    adapter = WebSocketAdapter("127.0.0.1", 0, INPUT, OUTPUT)
    adapter.open(lambda event: taken.append(event) or 1 / (len(taken) > 2), lambda _report: None)
    try:
        wait_until(lambda: adapter.address)
        with connect(f"ws://127.0.0.1:{adapter.address[1]}", compression=None, proxy=None) as client:
            for number in range(3):
                client.send(f"/channel/1/cc/7/{number}")
            wait_until(lambda: len(taken) == 3)
            adapter.send((None, None, None))  # no values: a fault of who plays
            adapter.send((0.5, 0.25, 0.75))
            assert client.recv(timeout=20)
        assert caplog.text.count("Traceback") == 1
    finally:
        adapter.close()


def test_a_handshake_of_two_origins_is_refused(stage):
    port = int(stage.url.rpartition(":")[2])
    lines = (
        "GET / HTTP/1.1", f"Host: 127.0.0.1:{port}", "Upgrade: websocket", "Connection: Upgrade",
        "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
        f"Origin: http://127.0.0.1:{port}", "Origin: http://evil.example", "", "",
    )  # fmt: skip
    with socket.create_connection(("127.0.0.1", port), 20) as raw:
        raw.sendall("\r\n".join(lines).encode())
        assert raw.recv(12) == b"HTTP/1.1 400"
