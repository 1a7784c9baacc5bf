"""A web process's core for tests: a workspace with free ports, a stand-in for a session, and a real server."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
from pythonosc.osc_message import OscMessage
from websockets.sync.client import ClientConnection, connect

from impsy.codecs.osc import encode_message, encode_vector
from impsy.web.server.app import create_app
from impsy.web.server.safety import SafetyRules, rules_for
from impsy.web.server.serve import Serving, listen, serve
from impsy.web.site import Site
from impsy.web.workspace import Workspace
from ports import free_ports
from waiting import PATIENCE

CONFIG = """\
log_predictions = true
[interaction]
mode = "battle"
[model]
dimension = 3
[webui]
monitor_port = {monitor}
command_port = {command}
"""


def make_workspace(folder: Path, more: str = "") -> Workspace:
    folder.mkdir(exist_ok=True)
    monitor, command = free_ports(2)
    (folder / "config.toml").write_text(CONFIG.format(monitor=monitor, command=command) + more)
    return Workspace(folder)


class StandIn:
    """What a session looks like from outside: tells its state, mirrors what is played, keeps what it is told."""

    def __init__(self, monitor: int, command: int, dimension: int = 3, pid: int = 1) -> None:
        self.state: dict[str, Any] = {"dimension": dimension, "pid": pid, "mode": "battle", "counters": {}}
        self.values = [0.0] * (dimension - 1)
        self.heard: list[tuple[str, list[Any]]] = []
        self.tells = True
        """Whether it tells its state."""
        self._to = ("127.0.0.1", monitor)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", command))
        self._socket.settimeout(0.1)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> StandIn:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stop.set()
        self._thread.join(2)
        self._socket.close()

    def send(self, packet: bytes) -> None:
        self._socket.sendto(packet, self._to)

    def tell_state(self) -> None:
        self.send(encode_message("/monitor/state", "s", [json.dumps(self.state)]))

    def commands(self, address: str) -> list[list[Any]]:
        return [values for each, values in self.heard if each == address]

    def _run(self) -> None:
        due = 0.0
        while not self._stop.is_set():
            if time.monotonic() >= due and self.tells:
                self.tell_state()
                due = time.monotonic() + 0.5
            try:
                packet = self._socket.recv(65536)
            except TimeoutError:
                continue
            message = OscMessage(packet)
            self.heard.append((message.address, list(message.params)))
            if message.address == "/impsy/control":
                for index, value in zip(message.params[::2], message.params[1::2], strict=True):
                    self.values[index - 1] = value
                self.send(encode_vector("/monitor/in", self.values))


class Server:
    """A real server in a thread."""

    def __init__(self, site: Site, port: int) -> None:
        self.site = site
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    @property
    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=20)

    def connect(self, **options: Any) -> ClientConnection:
        return connect(f"ws://127.0.0.1:{self.port}/ws", compression=None, **options)


@contextlib.contextmanager
def serving_site(site: Site, rules: SafetyRules | None = None, static: Path | None = None) -> Iterator[Server]:
    listener = listen("127.0.0.1", 0)
    port = listener.getsockname()[1]
    rules = rules or rules_for("127.0.0.1", (), {})
    app = create_app(site, rules, static or Path("there-is-none"))
    ready, serving = threading.Event(), Serving()
    thread = threading.Thread(
        target=serve, args=(app, listener), kwargs={"ready": ready.set, "serving": serving}, daemon=True
    )
    thread.start()
    assert ready.wait(PATIENCE)
    try:
        yield Server(site, port)
    finally:
        serving.stop()
        thread.join(10)
        assert not thread.is_alive()


@contextlib.contextmanager
def serving(folder: Path, **options: Any) -> Iterator[Server]:
    with Site(make_workspace(folder)) as site, serving_site(site, **options) as server:
        yield server


def receive(page: ClientConnection, kind: str, seconds: float = PATIENCE) -> dict[str, Any]:
    """The next message of this type."""
    end = time.monotonic() + seconds
    while True:
        message: dict[str, Any] = json.loads(page.recv(timeout=max(0.0, end - time.monotonic())))
        if message["type"] == kind:
            return message


def say(page: ClientConnection, **message: Any) -> None:
    page.send(json.dumps(message))
