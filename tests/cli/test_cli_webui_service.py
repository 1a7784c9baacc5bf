"""``impsy webui`` where nobody sits at the machine: started by a service manager, asked whether it lives."""

from __future__ import annotations

import os
import signal
import socket
import sys

import httpx
import psutil
import pytest
from test_cli_webui import Command, configure

from impsy.cli import webui
from impsy.errors import DeviceError
from waiting import wait_until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no such services")


def check(port, *arguments):
    webui.command.main(["--check", "--port", str(port), *arguments], standalone_mode=False)


@pytest.mark.slow
def test_the_session_starts_at_once_and_again(tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("IMPSY_TOKEN", raising=False)
    configure(tmp_path)
    with Command("webui", "--port", 0, "--start", cwd=tmp_path) as served:
        url = served.url()
        port = int(url.split(":")[2].strip("/"))
        first = wait_until(lambda: httpx.get(f"{url}api/session").json()["state"])["pid"]
        check(port)
        assert "the session is running" in capsys.readouterr().out
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: httpx.get(f"{url}api/session").json()["status"] == "failed")
        with pytest.raises(DeviceError, match="ended by itself"):
            check(port)
        state = wait_until(lambda: httpx.get(f"{url}api/session").json()["state"])
        assert state["pid"] != first
        assert served.end(signal.SIGTERM) == 0
        wait_until(lambda: not psutil.pid_exists(state["pid"]))
    assert "SIGKILL" in served.text
    with pytest.raises(DeviceError, match="nothing answers"):
        check(port)


@pytest.mark.slow
def test_without_a_configuration_the_page_waits_for_one(tmp_path):
    with Command("webui", "--port", 0, "--start", cwd=tmp_path) as served:
        url = served.url()
        assert httpx.get(f"{url}api/session").json()["status"] == "stopped"
        assert served.end(signal.SIGTERM) == 0
    assert "There is no config.toml yet" in served.text


@pytest.mark.slow
def test_a_locked_page_is_known_to_live(tmp_path, capsys, monkeypatch):
    token = "a-token-of-my-own"
    with Command("webui", "--host", "0.0.0.0", "--port", 0, cwd=tmp_path, IMPSY_TOKEN=token) as served:
        port = int(served.url().split(":")[2].split("/")[0])
        monkeypatch.setenv("IMPSY_TOKEN", "another-token")
        check(port, "--host", "0.0.0.0")
        assert "only the token tells" in capsys.readouterr().out
        monkeypatch.setenv("IMPSY_TOKEN", token)
        check(port, "--host", "0.0.0.0")
        assert "the session is stopped" in capsys.readouterr().out
        served.end(signal.SIGTERM)


@pytest.mark.slow
def test_the_journal_does_not_learn_the_token(tmp_path):
    token = "a-token-of-my-own"
    told = {"NOTIFY_SOCKET": str(tmp_path / "socket"), "IMPSY_TOKEN": token}
    with Command("webui", "--host", "0.0.0.0", "--port", 0, cwd=tmp_path, **told) as served:
        url = served.url()
        while "Ctrl-C ends" not in served.text:
            served.text += served.process.stdout.readline()
        assert httpx.get(f"{url}api/session").status_code == 401
        assert httpx.get(f"{url}api/session", headers={"Authorization": f"Bearer {token}"}).status_code == 200
        assert served.end(signal.SIGTERM) == 0
    assert token not in served.text
    assert "the token that IMPSY_TOKEN holds" in served.text


@pytest.mark.slow
def test_the_service_manager_hears_of_the_page_and_of_the_session(tmp_path):
    configure(tmp_path)
    for arguments in (["webui", "--port", 0], ["run"]):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            address = tmp_path / f"{arguments[0]}.socket"
            manager.bind(str(address))
            manager.settimeout(15)
            told = {"NOTIFY_SOCKET": str(address), "WATCHDOG_USEC": "600000"}
            with Command(*arguments, cwd=tmp_path, **told) as served:
                assert manager.recv(1000).startswith(b"READY=1\n")
                assert {manager.recv(1000) for _ in range(4)} == {b"WATCHDOG=1"}
                served.process.send_signal(signal.SIGTERM)
                while (line := manager.recv(1000)) == b"WATCHDOG=1":
                    pass
                assert line == b"STOPPING=1"
                assert served.end() == 0
