"""Ableton Link: two sessions that agree where the package is installed, and a sentence where it is not."""

from __future__ import annotations

import sys
import types

import pytest

from impsy.events import LinkBeat
from impsy.io.abletonlink import LinkAdapter
from waiting import wait_until


@pytest.mark.parametrize("module", [None, types.ModuleType("link")], ids=["none", "another of this name"])
def test_without_the_package_it_says_what_to_install(monkeypatch, module):
    monkeypatch.setitem(sys.modules, "link", module)
    adapter, reports = LinkAdapter(120), []
    adapter.open(lambda _event: None, reports.append)
    wait_until(lambda: reports)
    assert "pip install 'impsy[link]'" in reports[0].text
    assert adapter.health()[0].state == "waiting"
    adapter.close()
    adapter.close()
    assert adapter.health()[0].state == "closed"


@pytest.mark.slow
def test_two_sessions_agree_in_tempo_and_phase():
    sessions = [LinkAdapter(96), LinkAdapter(140)]
    heard: list[list[LinkBeat]] = [[], []]
    for session, events in zip(sessions, heard, strict=True):
        session.open(events.append, lambda _report: None)
    try:
        wait_until(lambda: all(events and events[-1].peers == 1 for events in heard), what="meeting")
        sessions[1].set_tempo(111)
        wait_until(lambda: all(abs(events[-1].line.tempo - 111) < 0.01 for events in heard), what="the tempo")

        def apart():
            one, other = (events[-1].line for events in heard)
            return abs((other.beat - one.beat_at(other.time) + 2) % 4 - 2) * 60 / 111

        wait_until(lambda: apart() < 0.002, what="the phase")
    finally:
        for session in sessions:
            session.close()
