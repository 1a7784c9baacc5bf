"""What a service manager hears from us, over a real socket."""

from __future__ import annotations

import os
import socket
import sys
import threading
import time

import pytest

from impsy.perform.notify import ServiceManager, alive_to_service_manager
from waiting import if_idle

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="service managers of this kind are Linux's")


class Manager:
    """The other end: what was told, line by line."""

    def __init__(self, address) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.socket.settimeout(5)

    def hear(self) -> list[str]:
        return self.socket.recv(4096).decode().split("\n")

    def rest(self) -> list[str]:
        self.socket.setblocking(False)
        lines = []
        while True:
            try:
                lines += self.hear()
            except BlockingIOError:
                return lines


@pytest.fixture
def manager(tmp_path):
    made = Manager(str(tmp_path / "notify"))
    yield made
    made.socket.close()


def environment(tmp_path, **more):
    return {"NOTIFY_SOCKET": str(tmp_path / "notify"), **more}


def test_nobody_is_told_where_nobody_asked():
    assert not ServiceManager({}).send("READY=1")
    assert ServiceManager({"WATCHDOG_USEC": "1000000"}).period is None
    with alive_to_service_manager(lambda _: True, ServiceManager({})):
        assert not [each for each in threading.enumerate() if each.name == "impsy alive"]


def test_ready_alive_and_ending_in_this_order(tmp_path, manager):
    told = ServiceManager(environment(tmp_path, WATCHDOG_USEC="60000", WATCHDOG_PID=str(os.getpid())))
    assert told.period == pytest.approx(0.02)
    with alive_to_service_manager(lambda seconds: seconds < 1, told):
        assert manager.hear() == ["READY=1", "STATUS=It plays."]
        before = time.monotonic()
        assert [manager.hear() for _ in range(5)] == [["WATCHDOG=1"]] * 5
        took = time.monotonic() - before
        assert took > 0.06
        assert if_idle(took) < 2
    assert [line for line in manager.rest() if line != "WATCHDOG=1"] == ["STOPPING=1"]
    assert not [each for each in threading.enumerate() if each.name == "impsy alive"]


def test_what_does_not_answer_is_not_called_alive(tmp_path, manager):
    alive = threading.Event()
    alive.set()
    told = ServiceManager(environment(tmp_path, WATCHDOG_USEC="30000"))
    with alive_to_service_manager(lambda _: alive.is_set(), told):
        while manager.hear() != ["WATCHDOG=1"]:
            pass
        alive.clear()
        time.sleep(0.05)
        manager.rest()
        time.sleep(0.1)
        assert manager.rest() == []
        alive.set()
        manager.socket.settimeout(5)
        assert manager.hear() == ["WATCHDOG=1"]


@pytest.mark.skipif(sys.platform != "linux", reason="names without a file are Linux's")
def test_a_socket_without_a_file():
    name = f"impsy-test-{os.getpid()}"
    heard = Manager("\0" + name)
    assert ServiceManager({"NOTIFY_SOCKET": "@" + name}).send("READY=1")
    assert heard.hear() == ["READY=1"]
    heard.socket.close()


@pytest.mark.parametrize(
    "more",
    [
        {"WATCHDOG_USEC": "soon"},
        {"WATCHDOG_USEC": "-1"},
        {"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"},
        {"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "me"},
    ],
)
def test_a_watchdog_that_is_not_meant_for_us(tmp_path, more):
    assert ServiceManager(environment(tmp_path, **more)).period is None


def test_a_manager_that_is_gone_does_no_harm(tmp_path):
    with alive_to_service_manager(lambda _: True, ServiceManager(environment(tmp_path, WATCHDOG_USEC="30000"))):
        time.sleep(0.05)
    assert not ServiceManager(environment(tmp_path)).send("READY=1")
    assert not ServiceManager({"NOTIFY_SOCKET": "relative/name"}).send("READY=1")
