"""Sessions that are started at once, and again; real ``impsy run`` throughout."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import psutil
import pytest
from web_core import make_workspace

from impsy.web.session import restart
from impsy.web.session.restart import keep_running
from impsy.web.site import Site
from waiting import wait_until


@pytest.fixture
def said():
    return []


def pid_of(site):
    state = site.link.state
    return state["pid"] if state else None


@pytest.mark.slow
def test_it_plays_at_once_and_again_after_a_crash_and_stays_stopped_when_it_was_stopped(tmp_path, said, monkeypatch):
    monkeypatch.setattr(restart, "FIRST_PAUSE", 0.1)
    with Site(make_workspace(tmp_path)) as site:
        with keep_running(site.supervisor, site.link, said.append):
            first = wait_until(lambda: pid_of(site))
            os.kill(first, signal.SIGKILL)
            second = wait_until(lambda: pid_of(site) not in {None, first} and pid_of(site))
            assert said == ["The session ended by itself: it was ended by SIGKILL. In 0.1 s it is started again."]
            site.supervisor.stop()
            assert not psutil.pid_exists(second)
            assert site.supervisor.status()["status"] == "stopped"
            with pytest.raises(AssertionError):
                wait_until(lambda: pid_of(site), 1.5)
        assert len(said) == 1


@pytest.mark.slow
def test_one_that_plays_already_is_left_alone(tmp_path, said):
    workspace = make_workspace(tmp_path)
    elsewhere = subprocess.Popen(
        [sys.executable, "-m", "impsy", "run"], cwd=tmp_path, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL
    )
    try:
        with Site(workspace) as site:
            wait_until(lambda: pid_of(site) == elsewhere.pid)
            with keep_running(site.supervisor, site.link, said.append), pytest.raises(AssertionError):
                wait_until(lambda: site.supervisor.status()["ours"], 2)
        assert said == []
    finally:
        elsewhere.terminate()
        assert elsewhere.wait(10) == 0


def test_a_configuration_with_mistakes_is_told_once_and_the_page_goes_on(tmp_path, said):
    workspace = make_workspace(tmp_path)
    workspace.config.write_text("[model]\ndimension = 1\n")
    with Site(workspace) as site, keep_running(site.supervisor, site.link, said.append):
        wait_until(lambda: said)
        assert site.supervisor.status()["status"] == "stopped"
    assert len(said) == 1
    assert "model.dimension" in said[0]


def test_each_pause_is_twice_the_one_before_it(tmp_path, said, monkeypatch):
    monkeypatch.setattr(restart, "FIRST_PAUSE", 0.05)
    monkeypatch.setattr(restart, "LOOK_SECONDS", 0.02)
    started = []

    class Failing:
        def start(self):
            started.append(1)

        def status(self):
            return {"status": "failed", "sentence": "The session ended by itself."}

    class Silent:
        state = None

    monkeypatch.setattr(restart, "PRESENT_SECONDS", 0.01)
    monkeypatch.setattr(restart, "LONGEST_PAUSE", 0.2)
    pauses = []
    real = restart.threading.Event.wait

    def noted(event, seconds=None):
        if seconds in {0.05, 0.1, 0.2}:
            pauses.append(seconds)
        return real(event, seconds)

    monkeypatch.setattr(restart.threading.Event, "wait", noted)
    with keep_running(Failing(), Silent(), said.append):
        wait_until(lambda: len(started) >= 5)
    assert pauses[:4] == [0.05, 0.1, 0.2, 0.2]
