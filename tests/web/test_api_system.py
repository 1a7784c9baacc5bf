"""What the system page is told."""

from __future__ import annotations

import socket
import subprocess
import sys
import time

import pytest
from setup_site import client_of, make_site

from impsy import __version__
from impsy.web.devices import ways
from waiting import if_idle

CONFIG = "[model]\ndimension = 3\n[osc]\nserver_port = 0\n[webui]\ncommand_port = 0\n"


@pytest.fixture
def site(tmp_path):
    (tmp_path / "config.toml").write_text(CONFIG)
    return make_site(tmp_path)


def test_the_machine_is_described(site):
    told = client_of(site).get("/api/system").json()
    assert told["versions"]["impsy"] == __version__
    assert told["versions"]["python"].startswith("3.")
    assert told["workspace"] == str(site.workspace.root)
    assert 0 < told["disk"]["free"] <= told["disk"]["total"]
    assert told["memory"]["total"] > told["memory"]["available"] > 0
    assert told["memory"]["web"] > 1 << 20
    assert told["memory"]["session"] is None
    assert told["memory"]["training"] is None
    assert told["uptime"] > 0
    assert {finding["level"] for finding in told["findings"]} <= {"good", "note", "problem"}
    assert {"versions", "config", "ports", "folders", "clock"} <= {finding["check"] for finding in told["findings"]}


def test_findings_are_kept_for_a_while(site, monkeypatch):
    client = client_of(site)
    client.get("/api/system")
    begun = time.monotonic()
    client.get("/api/system")
    assert if_idle(time.monotonic() - begun) < 0.3
    site.workspace.config.write_text("[model")
    monkeypatch.setattr(ways, "CACHE_SECONDS", 0)
    findings = client.get("/api/system").json()["findings"]
    assert [each for each in findings if each["check"] == "config" and each["level"] == "problem"]


def test_processes_are_measured_and_the_session_tells_its_ports(site):
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:

        class Training:
            def pids(self):
                return [child.pid, 2**31 - 1]

        site.trainings = Training()
        site.link.state = {
            "pid": child.pid,
            "ports": [
                {"name": "osc", "state": "open", "detail": "on port 6000", "error": ""},
                {"name": "midi in X", "state": "waiting", "detail": "", "error": "X is gone"},
            ],
        }
        told = client_of(site).get("/api/system").json()
    finally:
        child.communicate(b"\n", timeout=10)
    assert told["memory"]["session"] > 0
    assert told["memory"]["training"] >= told["memory"]["session"] // 2
    ports = [(each["level"], each["text"]) for each in told["findings"] if each["check"] == "ports"]
    assert ports == [("good", "osc: works on port 6000"), ("note", "midi in X: X is gone")]
    assert [each["level"] for each in told["findings"] if each["check"] == "clock"]


@pytest.mark.parametrize("state", [{}, {"pid": "x", "ports": 3}, {"pid": -1, "ports": [1, {}]}, {"pid": 2**70}])
def test_an_odd_session_is_survived(site, state):
    site.link.state = state
    assert client_of(site).get("/api/system").json()["memory"]["session"] is None


def test_a_vanished_workspace_is_still_described(tmp_path):
    told = client_of(make_site(tmp_path / "gone")).get("/api/system").json()
    assert told["disk"]["total"] > 0
    problems = [finding["text"] for finding in told["findings"] if finding["level"] == "problem"]
    assert any("config.toml" in text for text in problems)


def test_a_monitor_port_that_another_page_has_is_no_good_finding(tmp_path):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        (tmp_path / "config.toml").write_text(
            f"[model]\ndimension = 3\n[webui]\nmonitor_port = {port}\ncommand_port = 0\n"
        )
        site = make_site(tmp_path)
        findings = client_of(site).get("/api/system").json()["findings"]
        (found,) = [each for each in findings if each["text"].startswith("webui.monitor_port")]
        assert found["level"] == "note"
        assert f"port {port} is taken by another program" in found["text"]
        assert "Leave monitor_port out of [webui]" in found["advice"]
        # Where it is this page that listens there, all is well.
        own = make_site(tmp_path)
        own.link.listening = (port,)
        findings = client_of(own).get("/api/system").json()["findings"]
        assert [each["level"] for each in findings if each["text"].startswith("webui.monitor_port")] == ["good"]


def test_a_page_alone_is_an_instrument(tmp_path):
    (tmp_path / "config.toml").write_text("[model]\ndimension = 3\n[webui]\ncommand_port = 0\n")
    findings = client_of(make_site(tmp_path)).get("/api/system").json()["findings"]
    assert not [finding for finding in findings if finding["level"] == "problem"]
    assert any("this page is the instrument" in finding["text"] for finding in findings)
