"""Listening, being reached, and ending."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from impsy.errors import DeviceError
from impsy.web.server.serve import Serving, addresses, listen, serve

APP = Starlette(routes=[Route("/", lambda _request: PlainTextResponse("here"))])


def test_a_port_that_is_taken_says_what_to_do():
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(DeviceError) as refused:
            listen("127.0.0.1", port)
    text = str(refused.value)
    assert f"http://127.0.0.1:{port}/" in text
    assert f"--port {port + 1}" in text


@pytest.mark.parametrize("host", ["no-such-host.invalid", "203.0.113.7"])
def test_an_address_that_is_not_this_machines_says_so(host):
    with pytest.raises(DeviceError, match=host):
        listen(host, 0)


def test_it_answers_until_it_is_stopped_and_lets_go_of_the_port():
    listener = listen("localhost", 0)
    port = listener.getsockname()[1]
    ready, serving = threading.Event(), Serving()
    thread = threading.Thread(target=serve, args=(APP, listener), kwargs={"ready": ready.set, "serving": serving})
    thread.start()
    assert ready.wait(10)
    assert httpx.get(f"http://127.0.0.1:{port}/").text == "here"
    serving.stop()
    thread.join(5)
    assert not thread.is_alive()
    with listen("127.0.0.1", port):
        pass


def test_localhost_is_served_at_each_of_its_addresses(loopbacks):
    for _ in range(2):  # the second time, to see that both were let go of
        listener = listen("localhost", 0)
        port = listener.getsockname()[1]
        ready, serving = threading.Event(), Serving()
        thread = threading.Thread(target=serve, args=(APP, listener), kwargs={"ready": ready.set, "serving": serving})
        thread.start()
        assert ready.wait(10)
        for ip in loopbacks:
            assert httpx.get(f"http://{f'[{ip}]' if ':' in ip else ip}:{port}/").text == "here"
        serving.stop()
        thread.join(5)
        assert not thread.is_alive()
        for ip in loopbacks:
            with listen(ip, port):
                pass


def test_a_listener_that_is_closed_lets_go_of_each_address(loopbacks):
    with listen("localhost", 0) as listener:
        port = listener.getsockname()[1]
        assert len(listener.others) == len(loopbacks) - 1
        for ip in loopbacks:
            with pytest.raises(DeviceError, match=str(port)):
                listen(ip, port)
    with listen("localhost", port):
        pass


def test_it_can_be_stopped_before_it_has_begun():
    serving = Serving()
    serving.stop()
    thread = threading.Thread(target=serve, args=(APP, listen("127.0.0.1", 0)), kwargs={"serving": serving})
    thread.start()
    thread.join(5)
    assert not thread.is_alive()


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="this system has no hangup")
@pytest.mark.parametrize("ignored", [True, False])
@pytest.mark.slow
def test_a_closed_terminal_ends_it_unless_it_was_started_to_outlast_that(ignored):
    code = (
        "import os, signal, threading, time\n"
        f"signal.signal(signal.SIGHUP, signal.{'SIG_IGN' if ignored else 'SIG_DFL'})\n"
        "from impsy.web.server.serve import Serving, listen, serve\n"
        "serving = Serving()\n"
        "def ready():\n"
        "    os.kill(os.getpid(), signal.SIGHUP)\n"
        "    threading.Timer(0.5, lambda: (print('outlasts', flush=True), serving.stop())).start()\n"
        "async def app(scope, receive, send):\n"
        "    pass\n"
        "started = time.monotonic()\n"
        "serve(app, listen('127.0.0.1', 0), ready=ready, serving=serving)\n"
        "print('late' if time.monotonic() - started > 0.45 else 'at once', flush=True)\n"
        "os._exit(0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.split() == (["outlasts", "late"] if ignored else ["at", "once"])


def test_small_messages_are_not_held_back():
    # asyncio turns Nagle's algorithm off only where the socket names its protocol.
    with listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.proto == socket.IPPROTO_TCP


def test_the_addresses_to_open():
    assert addresses("127.0.0.1", 4000) == ["http://127.0.0.1:4000/"]
    assert addresses("::1", 4000) == ["http://[::1]:4000/"]
    everywhere = addresses("0.0.0.0", 4000)
    assert everywhere[-1] == "http://127.0.0.1:4000/"
    assert all(address.endswith(":4000/") for address in everywhere)
