"""Asking a web interface how it is, as watchdogs and containers do."""

from __future__ import annotations

import contextlib
import socket
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from web_core import serving

from impsy.errors import DeviceError
from impsy.web.server.health import ask


def test_it_tells_how_the_session_is(tmp_path):
    with serving(tmp_path) as server:
        assert ask("127.0.0.1", server.port) == "stopped"
        assert ask("0.0.0.0", server.port) == "stopped"


def test_nothing_there_is_told_with_what_to_do():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(DeviceError, match="is `impsy webui` running there"):
        ask("127.0.0.1", port)


class Stranger:
    """A server that answers whatever it is told to, once a connection."""

    def __init__(self) -> None:
        self.answer = b""
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with connection:
                connection.recv(4096)
                try:
                    connection.sendall(self.answer)
                except OSError:
                    continue


@pytest.fixture(scope="module")
def stranger():
    made = Stranger()
    yield made
    made.socket.close()


def answer(status: str, body: bytes, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


@pytest.mark.parametrize(
    ("said", "found"),
    [
        (answer("401 Unauthorized", b"", "WWW-Authenticate: Bearer"), "locked"),
        (answer("200 OK", b'{"status": "running"}'), "running"),
        (answer("401 Unauthorized", b""), None),
        (answer("200 OK", b"<html>"), None),
        (answer("200 OK", b'{"status": 3}'), None),
        (answer("200 OK", b"[" * 100_000), None),
        (answer("404 Not Found", b"{}"), None),
        (b"SSH-2.0-OpenSSH\r\n", None),
        (b"", None),
    ],
)
def test_what_is_no_impsy_is_not_taken_for_one(stranger, said, found):
    stranger.answer = said
    if found is None:
        with pytest.raises(DeviceError):
            ask("127.0.0.1", stranger.port)
    else:
        assert ask("127.0.0.1", stranger.port) == found


@given(st.binary(max_size=300), st.booleans())
def test_whatever_answers_only_this_error_comes_out(stranger, body, framed):
    stranger.answer = answer("200 OK", body) if framed else body
    with contextlib.suppress(DeviceError):
        assert isinstance(ask("127.0.0.1", stranger.port, seconds=1), str)
