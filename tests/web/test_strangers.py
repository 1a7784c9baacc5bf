"""Those without the token at a page that all machines reach: what they hold, and what the others notice."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import psutil
import pytest
from web_core import Server, make_workspace, receive, serving_site
from websockets.exceptions import InvalidStatus

from impsy.io import door
from impsy.io.door import GUESS_LIMIT, WAITING_LIMIT
from impsy.web.server.safety import rules_for
from impsy.web.server.serve import _Http
from impsy.web.server.sessions import CODE_SECONDS, SESSION_SECONDS, SESSIONS_LIMIT, Sessions
from impsy.web.site import Site
from waiting import if_idle, wait_until

TOKEN = "correct-horse-battery"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
HEADER = b"GET /api/session HTTP/1.1\r\nHost: 127.0.0.1\r\n"
UPGRADE = (
    b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
)

KINDS = {
    "nothing": b"",
    "half a header": HEADER[:-10],
    "a header without its end": HEADER,
    "no token, then nothing": HEADER + b"\r\n",
    "no token, and a body that never comes": HEADER.replace(b"GET", b"PUT") + b"Content-Length: 999999999\r\n\r\n{",
    "a wrong cookie": HEADER + b"Cookie: impsy-1=x\r\n\r\n",
    "an upgrade": HEADER.replace(b"/api/session", b"/ws") + UPGRADE + b"\r\n",
    "half an upgrade": HEADER.replace(b"/api/session", b"/ws") + UPGRADE,
    "TLS": bytes.fromhex("160301020001000001fc0303") + bytes(40),
}


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    with Site(make_workspace(tmp_path_factory.mktemp("strangers"))) as opened:
        yield opened


@pytest.fixture
def server(opened):
    with serving_site(opened, rules_for("0.0.0.0", (), {"IMPSY_TOKEN": TOKEN})) as server:
        yield server


@pytest.fixture
def strangers(server):
    """Connects, sends, and keeps the connection."""
    with contextlib.ExitStack() as stack:

        def come(content: bytes, ip: str = "127.0.0.1") -> socket.socket:
            made = stack.enter_context(socket.create_connection(("127.0.0.1", server.port), 10, (ip, 0)))
            made.sendall(content)
            return made

        yield come


@pytest.fixture
def impatient(monkeypatch):
    """Those who send no request are closed sooner than usual."""
    monkeypatch.setattr(door, "WAITING_SECONDS", 1.5)


def is_closed(connection: socket.socket) -> bool:
    connection.setblocking(False)
    try:
        while connection.recv(65536):
            pass
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def answers(server: Server) -> bool:
    before = time.monotonic()
    with server.client as client:
        assert client.get("/api/session", headers=BEARER).status_code == 200
        assert client.post("/api/session/stop", headers=BEARER).status_code == 200
    return if_idle(time.monotonic() - before) < 2


# --- connections -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("addresses", [1, pytest.param(200, marks=pytest.mark.slow)])
@pytest.mark.usefixtures("impatient")
@pytest.mark.slow
def test_whatever_they_hold_the_token_is_answered_at_once(server, strangers, kind, addresses):
    before = psutil.Process().num_fds() if hasattr(psutil.Process, "num_fds") else 0
    held = [strangers(KINDS[kind], f"127.0.1.{number % addresses}") for number in range(WAITING_LIMIT + 50)]
    assert answers(server)
    with httpx.Client(base_url=server.url) as browser:
        browser.get("/", params={"token": TOKEN})
        assert browser.get("/api/session").status_code == 200
        cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    with server.connect(additional_headers={"Cookie": cookie}) as page:
        receive(page, "hello")
    if before:
        ours = psutil.Process().num_fds() - before - len(held)
        assert ours <= WAITING_LIMIT + 20
    wait_until(lambda: all(map(is_closed, held)), what="that those without a request are closed")
    assert answers(server)


@pytest.mark.usefixtures("impatient")
def test_a_byte_now_and_then_keeps_no_connection(server, strangers):
    dripping = strangers(HEADER)
    sent = 0
    with contextlib.suppress(OSError):
        for _ in range(600):
            dripping.sendall(b"x")
            sent += 1
            time.sleep(0.05)
    assert sent < 600


@pytest.mark.parametrize("path", ["/", "/api/takes?name=x.log"])
def test_the_body_of_a_request_without_the_token_is_not_read(server, path):
    with socket.create_connection(("127.0.0.1", server.port), 20) as connection:
        connection.sendall(f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {1 << 30}\r\n\r\n".encode())
        assert connection.recv(12) == b"HTTP/1.1 401"
        sent = 0
        with contextlib.suppress(OSError):  # reset, or a broken pipe
            while sent < 1 << 30:
                sent += connection.send(bytes(1 << 16))
        assert sent < 1 << 25


@pytest.mark.slow
def test_a_class_behind_one_router_is_let_in_at_once(server):
    come = threading.Barrier(30)

    def phone(_number: int) -> int:
        with contextlib.ExitStack() as stack:
            come.wait(20)
            # As browsers do: connections ahead of the requests that use them.
            early = [stack.enter_context(socket.create_connection(("127.0.0.1", server.port), 20)) for _ in range(5)]
            client = stack.enter_context(httpx.Client(base_url=server.url, timeout=20))
            assert client.get("/", params={"token": TOKEN}).status_code == 303
            cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
            for each in early:
                each.sendall(HEADER + f"Cookie: {cookie}\r\n\r\n".encode())
            return sum(each.recv(12) == b"HTTP/1.1 200" for each in early)

    with ThreadPoolExecutor(30) as phones:
        assert list(phones.map(phone, range(30))) == [5] * 30


@pytest.mark.slow
def test_what_strangers_send_fills_no_log(server, strangers, caplog):
    for content in [*KINDS.values(), b"\0\xff\r\n\r\n", HEADER + b"Upgrade: h2c\r\nConnection: Upgrade\r\n\r\n"] * 40:
        strangers(content)
    assert answers(server)
    time.sleep(1.5)  # longer than a report is waited with
    assert len(caplog.records) < 12, caplog.text[:2000]


# --- guesses -----------------------------------------------------------------------------------------


def by_query(server: Server, guess: str) -> int:
    return httpx.get(f"{server.url}/", params={"token": guess}, timeout=30).status_code


def by_code(server: Server, guess: str) -> int:
    return httpx.get(f"{server.url}/", params={"code": guess}, timeout=30).status_code


def by_header(server: Server, guess: str) -> int:
    headers = {"Authorization": f"Bearer {guess}"}
    return httpx.get(f"{server.url}/api/session", headers=headers, timeout=30).status_code


def by_cookie(server: Server, guess: str) -> int:
    headers = {"Cookie": f"impsy-{server.port}={guess}"}
    return httpx.get(f"{server.url}/api/session", headers=headers, timeout=30).status_code


def by_websocket(server: Server, guess: str) -> int:
    with pytest.raises(InvalidStatus) as refused:
        server.connect(additional_headers={"Authorization": f"Bearer {guess}"})
    return refused.value.response.status_code


def by_invitation(server: Server, guess: str) -> int:
    return httpx.get(f"{server.url}/", params={"join": guess}, timeout=30).status_code


@pytest.mark.parametrize("guess", [by_query, by_code, by_header, by_cookie, by_websocket, by_invitation])
@pytest.mark.slow
def test_wrong_guesses_are_answered_slowly_and_the_owner_at_once(server, guess):
    before = time.monotonic()
    with ThreadPoolExecutor(12) as guessers:
        guessed = [guessers.submit(guess, server, f"guess-{number}") for number in range(GUESS_LIMIT + 5)]
        assert answers(server)
        assert {each.result() for each in guessed} <= {401, 403}
    assert time.monotonic() - before > 2


# --- sessions ----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_cookie_is_not_the_token_and_ends_with_the_server(opened):
    rules = rules_for("0.0.0.0", (), {"IMPSY_TOKEN": TOKEN})
    cookies = set()
    for _ in range(2):
        with serving_site(opened, rules) as server, server.client as client:
            assert client.get("/", params={"token": TOKEN}).status_code == 303
            (cookie,) = client.cookies.values()
            assert TOKEN not in cookie
            assert client.get("/api/session").status_code == 200
            cookies.add(cookie)
        rules = rules_for("0.0.0.0", (), {"IMPSY_TOKEN": TOKEN})
        with serving_site(opened, rules) as later:
            name = f"impsy-{later.port}"
            assert httpx.get(f"{later.url}/api/session", cookies={name: cookie}).status_code == 401
            assert httpx.get(f"{later.url}/api/session", cookies={name: TOKEN}).status_code == 401
    assert len(cookies) == 2


def test_sessions_and_codes_end():
    now = 0.0
    sessions = Sessions(lambda: now)
    session, code, late = sessions.begin(), sessions.make_code(), sessions.make_code()
    assert sessions.whose(session)
    assert not sessions.whose(code)
    assert not sessions.take_code(session)
    assert sessions.take_code(code)
    assert not sessions.take_code(code)
    now = CODE_SECONDS
    assert not sessions.take_code(late)
    now = SESSION_SECONDS
    assert not sessions.whose(session)
    first = sessions.begin()
    more = [sessions.begin() for _ in range(SESSIONS_LIMIT)]
    assert not sessions.whose(first)
    assert all(map(sessions.whose, more))
    assert not sessions.whose("")
    assert not sessions.whose("\udcff")


@pytest.mark.slow
def test_a_code_lets_one_browser_in(opened):
    rules = rules_for("127.0.0.1", (), {"IMPSY_TOKEN": TOKEN}, need_token=True)
    code = rules.sessions.make_code()
    with serving_site(opened, rules) as server:
        assert httpx.get(f"{server.url}/api/session").status_code == 401
        assert httpx.get(f"{server.url}/api/session", params={"code": code}).status_code == 401
        with server.client as client:
            answer = client.get("/perform", params={"code": code})
            assert answer.status_code == 303
            assert answer.headers["location"] == "/perform"
            assert client.get("/api/session").status_code == 200
        assert httpx.get(f"{server.url}/", params={"code": code}).status_code == 401


# --- other users of this machine ---------------------------------------------------------------------


def ask_as_nobody(port: int, path: str, token: str = "") -> int:
    """The status that a program of another user gets."""
    code = (
        "import encodings.idna, http.client, os\n"
        "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        f"connection = http.client.HTTPConnection('127.0.0.1', {port})\n"
        f"connection.request('GET', {path!r}, headers={{'Authorization': 'Bearer {token}'}} if {token!r} else {{}})\n"
        "print(connection.getresponse().status)"
    )
    return int(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="the tables are Linux's")
@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root may act as another user")
@pytest.mark.slow
def test_another_user_of_this_machine_needs_a_token(opened):
    with serving_site(opened) as server:
        assert ask_as_nobody(server.port, "/api/session") == 403
        assert ask_as_nobody(server.port, "/") == 403
        assert httpx.get(f"{server.url}/api/session").status_code == 200
    rules = rules_for("127.0.0.1", (), {"IMPSY_TOKEN": TOKEN}, need_token=True)
    code = rules.sessions.make_code()
    with serving_site(opened, rules) as server:
        assert ask_as_nobody(server.port, f"/?code={code}") == 401  # it stood on a command line
        assert ask_as_nobody(server.port, "/api/session", TOKEN) == 200
        assert httpx.get(f"{server.url}/", params={"code": code}).status_code == 303


def test_what_the_system_refuses_is_counted_and_not_traced(server, monkeypatch, caplog):
    made = _Http.connection_made

    def refused(self, transport):
        error = OSError(24, "Too many open files")
        asyncio.get_running_loop().call_exception_handler({"message": "accept", "exception": error})
        made(self, transport)

    monkeypatch.setattr(_Http, "connection_made", refused)
    assert answers(server)
    assert "Too many open files" not in caplog.text
