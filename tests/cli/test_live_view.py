"""What the live view shows of a duet, and of a model that waits."""

from __future__ import annotations

import io

import pytest

from impsy.cli import live
from impsy.cli.console import Console
from impsy.engine import Counters, Settings, Snapshot
from impsy.perform import SessionView


def shown(view: SessionView) -> str:
    console = Console(file=io.StringIO(), width=100)
    console.print(live.render(view, (0.0, 0.0), 100))
    return console.file.getvalue()


def view_of(snapshot: Snapshot, **more) -> SessionView:
    return SessionView(snapshot, (), {"count": 0}, 0, "", "", 0, 0, 0, 0, "", (), **more)


def test_it_says_which_controls_are_yours():
    settings = Settings(4, mode="duet")
    snapshot = Snapshot(settings, "a", "both", 0, (0.1, 0.2, 0.3), (0.4, 0.2, 0.6), Counters(), (1,))
    lines = shown(view_of(snapshot)).splitlines()
    assert "duet · you play together" in lines[0]
    assert [("yours" in line) for line in lines[2:5]] == [False, True, False]


@pytest.mark.parametrize(
    ("what", "left", "words"),
    [("event", 4.2, "thinking, 5 s"), ("event", 0.9, ""), ("answer", 4.2, ""), (None, None, "")],
)
def test_a_long_wait_is_counted_down(what, left, words):
    snapshot = Snapshot(Settings(2), "a", "model", 1, (0.5,), (), Counters())
    text = shown(view_of(snapshot, next_in=left, next_is=what))
    assert words in text
    assert ("thinking" in text) == bool(words)
