"""An exception anywhere in the web process's threads: it is told once, and what the thread does goes on."""

from __future__ import annotations

import subprocess
import sys
import threading

import numpy as np
import pytest
from setup_site import FakeHub, FakeLink
from web_core import make_workspace

from impsy.codecs.osc import encode_text, encode_vector
from impsy.data.logs.performances import Played
from impsy.errors import DeviceError
from impsy.io.network import Outlet
from impsy.perform.diagnostics.devices import FoundSerial
from impsy.web.devices import watching
from impsy.web.devices.mapping import MappingListener
from impsy.web.devices.watching import DevicesWatcher
from impsy.web.library.playback import Playback
from impsy.web.live import link as live_link
from impsy.web.live.link import SessionLink
from impsy.web.session import restart
from impsy.web.session.performer import SimulatedPerformer
from impsy.web.session.restart import keep_running
from impsy.web.site import Site
from ports import free_ports
from waiting import wait_until


def told(caplog):
    return caplog.text.count("Traceback")


class Fails:
    """Raises the first times that it is called, and keeps what it is called with."""

    def __init__(self, times=1, result=None):
        self.times, self.result, self.calls = times, result, []

    def __call__(self, *arguments):
        self.calls.append(arguments)
        if len(self.calls) <= self.times:
            raise ValueError(f"fault {len(self.calls)}")
        return self.result


def test_the_link_receives_on_and_looks_on(caplog, monkeypatch):
    monkeypatch.setattr(live_link, "GONE_SECONDS", 0.2)
    monitor, command = free_ports(2)
    take, gone = Fails(2), []

    def on_message(message):
        if message == {"type": "state", "state": None}:
            gone.append(1)
            if len(gone) == 1:
                raise ValueError("who is told that it is gone has a fault")
        elif message["type"] == "in":
            take(message)

    outlet = Outlet("localhost", monitor)
    with SessionLink(monitor, command, on_message) as link:
        outlet.open()
        for _ in range(3):
            before = len(take.calls)
            wait_until(
                lambda: outlet.send(encode_vector("/monitor/in", (0.5,))) and len(take.calls) > before,  # noqa: B023
                every=0.02,
            )
        assert told(caplog) == 1
        for number in (1, 2):
            wait_until(lambda: outlet.send(encode_text("/monitor/state", '{"pid": 1}')) and link.state, every=0.02)
            wait_until(lambda: len(gone) == number)  # noqa: B023
    outlet.close()
    assert not [each for each in threading.enumerate() if each.name == "impsy link watch"]


def test_devices_are_watched_on(caplog, monkeypatch):
    monkeypatch.setattr(watching, "POLL_SECONDS", 0.01)
    changed, ports = Fails(1), [FoundSerial(())]

    def no_midi(_api):
        raise DeviceError("there is no MIDI here")

    watcher = DevicesWatcher(changed, no_midi, lambda: ports[-1])
    watcher.look()
    for number in (1, 2):
        ports.append(FoundSerial((), error=f"change {number}"))
        wait_until(lambda: len(changed.calls) >= number)  # noqa: B023
    watcher.close()
    assert told(caplog) == 1


def test_learning_that_fails_says_that_it_is_over(caplog):
    hub = FakeHub()

    class Ear:
        ports = ("KNOBS",)
        asked = 0

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return

        def inputs(self):
            Ear.asked += 1
            if Ear.asked > 1:
                raise ValueError("the driver has a fault")
            return self.ports

    listener = MappingListener(hub.send, lambda _hear, _api: Ear())
    listener.start(lambda port, _ports: port)
    hub.wait_for(lambda hub: {"type": "learning", "on": False, "error": "the driver has a fault"} in hub.messages)
    wait_until(lambda: told(caplog) == 1)
    assert not listener.on

    def broken(_hear, _api):
        raise ValueError("no such driver")

    with pytest.raises(ValueError, match="no such driver"):
        MappingListener(hub.send, broken).start(lambda port, _ports: port)


def test_a_performer_plays_on(caplog):
    class Link(FakeLink):
        def __init__(self):
            self.sent = Fails(1)
            self.state = {"dimension": 3}

        def send(self, *what):
            self.sent(*what)

    link = Link()
    performer = SimulatedPerformer(link, FakeHub(), seed=1)
    performer.start()
    wait_until(lambda: len(link.sent.calls) >= 3)
    performer.stop()
    assert told(caplog) == 1


def test_what_keeps_a_session_running_goes_on_keeping(caplog, monkeypatch):
    monkeypatch.setattr(restart, "PRESENT_SECONDS", 0.01)
    monkeypatch.setattr(restart, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(restart, "LOOK_SECONDS", 0.01)

    class Supervisor:
        start = Fails(3)

        def status(self):
            return {"status": "failed", "sentence": "It ended."}

    with keep_running(Supervisor(), FakeLink(), lambda _text: None):
        wait_until(lambda: len(Supervisor.start.calls) >= 5)
    assert told(caplog) == 1


def test_a_take_that_cannot_be_played_is_told_and_the_next_plays(caplog):
    class Link(FakeLink):
        state = {"dimension": 3}  # noqa: RUF012
        sent = Fails(1)

        def send(self, *what):
            self.sent(*what)

    hub, link = FakeHub(), Link()
    playback = Playback(hub, link)
    take = Played(np.zeros(2), np.full((2, 2), 0.5), np.array([True, True]))
    for _ in range(2):
        playback.play("take", take)
        wait_until(lambda: playback.now["name"] is None)
    wait_until(lambda: len(link.sent.calls) == 3)
    assert told(caplog) == 1


def test_lines_of_the_session_are_read_on_and_its_end_is_seen(tmp_path, caplog, monkeypatch):
    printing = [sys.executable, "-c", "for number in range(3): print('line', number)"]
    with Site(make_workspace(tmp_path)) as site:
        supervisor = site.supervisor
        monkeypatch.setattr("impsy.processes.start", lambda *_a, **_k: subprocess.Popen(
            printing, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ))  # fmt: skip
        pages, send = Fails(0), site.hub.send
        faulty = {"left": 1}

        def tell(message):
            if message["type"] == "output" and faulty["left"]:
                faulty["left"] -= 1
                raise ValueError("a page has a fault")
            pages(message)
            send(message)

        monkeypatch.setattr(site.hub, "send", tell)
        supervisor.start()
        wait_until(lambda: supervisor.status()["status"] == "stopped")
    shown = [line["text"] for (message,) in pages.calls if message["type"] == "output" for line in message["lines"]]
    assert shown == ["line 1", "line 2"]
    assert told(caplog) == 1
