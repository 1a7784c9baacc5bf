"""Which user is at the other end: by real sockets, and by tables of any content."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.sync.client import connect

from fuzzing import examples
from held import held
from impsy.io import owners
from impsy.io.osc import OscListener
from impsy.io.oscquery import OscQueryServer
from impsy.io.owners import CACHE_LIMIT, CACHE_SECONDS, Row, Senders, of_this_user, rows, usable
from impsy.io.owners import alone as nobody_else
from impsy.io.websocket import WebSocketAdapter
from impsy.mapping.entries import parse_mapping
from waiting import wait_until

FUZZ = examples(300)
NOBODY = 65534
HEADER = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
LINE = "   0: 0100007F:1770 0100007F:9C40 01 00000000:00000000 00:00000000 00000000  1000        0 4711 2 0000 0\n"

linux = pytest.mark.skipif(sys.platform != "linux", reason="the tables are Linux's")
root = pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root may act as another user")


@contextlib.contextmanager
def nobody(code: str) -> Iterator[subprocess.Popen[str]]:
    """A program of another user, which waits at its end until its input is closed."""
    become = f"import encodings.idna, os, socket, sys\nos.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})"
    words = [sys.executable, "-c", f"{become}\n{code}\nsys.stdin.read()"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.stdin.close()


@contextlib.contextmanager
def connection(family: socket.AddressFamily, ip: str, to: str) -> Iterator[tuple[socket.socket, socket.socket]]:
    """Both ends: of who connects, and of who accepts."""
    with socket.socket(family) as server, socket.socket(socket.AF_INET6 if ":" in to else socket.AF_INET) as client:
        if family == socket.AF_INET6:
            server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        server.bind((ip, 0))
        server.listen()
        client.connect((to, server.getsockname()[1]))
        accepted, _ = server.accept()
        with accepted:
            yield client, accepted


# --- tables ------------------------------------------------------------------------------------------


def test_a_row_is_found_by_its_local_address_alone():
    wanted = frozenset({"0100007F:1770"})
    assert list(rows(HEADER + LINE, wanted)) == [Row("0100007F:1770", "0100007F:9C40", 1000, 4711)]
    assert list(rows(HEADER + LINE, frozenset({"0100007F:9C40"}))) == []
    assert list(rows(LINE.replace("4711", "x"), wanted)) == []


@settings(max_examples=FUZZ)
@given(st.text(), st.lists(st.sampled_from([*LINE.split(" "), "\n", "-1", "\0", "9" * 5000]), max_size=60))
@pytest.mark.slow
def test_a_table_of_any_content_is_read(text, words):
    for table in (text, " ".join(words), LINE[: len(text)] + text):
        for row in rows(table, frozenset({"0100007F:1770", *text.split(), *words})):
            assert isinstance(row.user, int)
            assert isinstance(row.inode, int)


@pytest.mark.parametrize("content", [None, "", HEADER, HEADER + LINE])
def test_without_tables_that_can_be_used_everybody_is_let_in(tmp_path, monkeypatch, content):
    if content is not None:
        for name in ("tcp", "udp"):
            (tmp_path / name).write_text(content)
    monkeypatch.setattr(owners, "TABLES", tmp_path)
    usable.cache_clear()
    try:
        assert not usable()
        assert of_this_user(("127.0.0.1", 40000), ("127.0.0.1", 6000))
        assert Senders().allowed("127.0.0.1", 40000)
    finally:
        usable.cache_clear()


# --- connections -------------------------------------------------------------------------------------


@linux
@pytest.mark.parametrize(
    ("family", "ip", "to"),
    [
        (socket.AF_INET, "127.0.0.1", "127.0.0.1"),
        (socket.AF_INET, "127.0.0.1", "::ffff:127.0.0.1"),
        (socket.AF_INET6, "::1", "::1"),
        (socket.AF_INET6, "::", "127.0.0.1"),
    ],
)
def test_connections_of_our_own_are_ours_until_they_are_closed(family, ip, to, loopbacks):
    if family == socket.AF_INET6 and "::1" not in loopbacks:
        pytest.skip("this machine has no IPv6")
    with connection(family, ip, to) as (client, accepted):
        peer, here = accepted.getpeername()[:2], accepted.getsockname()[:2]
        assert of_this_user(peer, here)
        assert not of_this_user(here, ("127.0.0.1", 1))
        client.close()
        assert not of_this_user(peer, here)


@linux
@root
@pytest.mark.parametrize("ending", ["", "c.shutdown(socket.SHUT_WR)", "c.close()"])
def test_connections_of_another_user_are_not_ours(ending):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        code = (
            f"c = socket.create_connection(('127.0.0.1', {port})); c.send(b'x')\n{ending}\nprint('sent', flush=True)"
        )
        with nobody(code) as process:
            assert process.stdout.readline() == "sent\n"
            accepted, peer = server.accept()
            with accepted:
                assert not of_this_user(peer, accepted.getsockname())


@linux
@root
def test_another_user_of_this_machine_does_not_play_by_websocket():
    heard, reports = [], []
    adapter = WebSocketAdapter("localhost", 0, parse_mapping([["control_change", 1, 7]]), ())
    adapter.open(heard.append, reports.append)
    try:
        port = wait_until(lambda: adapter.address)[1]
        lines = "GET / HTTP/1.1", "Host: 127.0.0.1", "Upgrade: websocket", "Connection: Upgrade"
        more = "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="
        handshake = "\r\n".join([*lines, *more, "", ""]).encode()
        code = f"c = socket.create_connection(('127.0.0.1', {port}))\nc.sendall({handshake!r})\nprint(c.recv(12))"
        with nobody(code + "\nsys.stdout.flush()") as process:
            assert process.stdout.readline() == "b'HTTP/1.1 403'\n"
        assert any("another user" in report.text for report in reports)
        with connect(f"ws://127.0.0.1:{port}", proxy=None) as ours:
            ours.send("/channel/1/cc/7/127")
            wait_until(lambda: heard)
    finally:
        adapter.close()


# --- datagrams ---------------------------------------------------------------------------------------


@linux
@pytest.mark.parametrize("bound", ["", "127.0.0.1", "::", "::1"])
def test_senders_of_our_own_are_heard(bound, loopbacks):
    if ":" in bound and "::1" not in loopbacks:
        pytest.skip("this machine has no IPv6")
    with socket.socket(socket.AF_INET6 if ":" in bound else socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind((bound, 0))
        port = sender.getsockname()[1]
        assert Senders().allowed("::1" if bound == "::1" else "127.0.0.1", port)


@linux
def test_what_is_known_of_a_sender_is_known_for_a_short_time(monkeypatch):
    now = 0.0
    senders = Senders(lambda: now)
    monkeypatch.setattr(owners, "alone", lambda: False)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind(("127.0.0.1", 0))
        address = sender.getsockname()
        assert senders.allowed(*address)
    assert senders.allowed(*address)
    now = CACHE_SECONDS
    assert not senders.allowed(*address)  # its socket is gone, and other users are about


@linux
def test_what_was_sent_and_closed_is_heard_where_no_other_person_is(monkeypatch):
    for others, heard in ((False, True), (True, False)):
        monkeypatch.setattr(owners, "alone", lambda others=others: not others)
        assert Senders().allowed("127.0.0.1", 1) is heard


@linux
@root
@pytest.mark.parametrize("bound", ["", "s.bind(('127.0.0.1', 0))", "s.bind(('127.0.0.2', 0))"])
@pytest.mark.parametrize("closes", [False, True])
def test_another_user_of_this_machine_does_not_play(bound, closes):
    heard, reports = [], []
    listener = OscListener("commands", "localhost", 0, 1)
    listener.open(heard.append, reports.append)
    try:
        port = wait_until(lambda: listener.udp.address)[1]
        packet = b"/interface\0\0,f\0\0" + bytes(4)
        code = f"s = socket.socket(type=socket.SOCK_DGRAM)\n{bound}\ns.sendto({packet!r}, ('127.0.0.1', {port}))"
        with nobody(code + ("\ns.close()" if closes else "")):
            wait_until(lambda: any("another user" in report.text for report in reports))
        assert heard == []
        assert listener.received == 0
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours:
            ours.sendto(packet, ("127.0.0.1", port))
            wait_until(lambda: heard)
    finally:
        listener.close()


@linux
def test_where_the_tables_cannot_be_opened_nobody_is_let_in(monkeypatch):
    """As where no descriptor is left, which a stranger may bring about."""
    assert usable()

    def refuse(_kind):
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(owners, "_read", refuse)
    assert not of_this_user(("127.0.0.1", 1), ("127.0.0.1", 2))
    assert not Senders().allowed("127.0.0.1", 1)


def test_no_more_senders_are_known_than_so_many():
    senders = Senders(lambda: 0.0)
    most = 0
    for port in range(1, 1000):
        senders.allowed("192.0.2.1", port)
        if port <= CACHE_LIMIT:
            most = held(senders)
        assert held(senders) <= most


@linux
def test_where_the_processes_of_others_are_hidden_nobody_counts_as_alone(monkeypatch):
    stat = os.stat

    def hidden(path, **options):
        if path == "/proc/1":
            raise FileNotFoundError(2, "No such file or directory", path)
        return stat(path, **options)

    monkeypatch.setattr(owners.os, "scandir", lambda _path: contextlib.nullcontext([]))
    assert nobody_else()
    monkeypatch.setattr(owners.os, "stat", hidden)
    assert not nobody_else()


@linux
@root
def test_another_user_of_this_machine_reads_nothing_by_oscquery():
    server = OscQueryServer("127.0.0.1", 0, lambda: 6000, lambda _packet, _sender: None)
    server.open(lambda _report: None)
    try:
        port = wait_until(lambda: server.address)[1]
        request = b"GET /?HOST_INFO HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        code = f"c = socket.create_connection(('127.0.0.1', {port}))\nc.sendall({request!r})\nprint(c.recv(12))"
        with nobody(code + "\nsys.stdout.flush()") as process:
            assert process.stdout.readline() == "b'HTTP/1.1 403'\n"
    finally:
        server.close()
