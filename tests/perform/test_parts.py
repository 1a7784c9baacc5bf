"""The small parts of a session."""

from __future__ import annotations

import itertools
import logging
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.random import default_rng

from impsy.events import Report, Set
from impsy.perform.clock import Clock
from impsy.perform.inbox import Inbox
from impsy.perform.lateness import Lateness
from impsy.perform.reports import Reports
from impsy.perform.simulated.phrasing import phrases
from impsy.perform.simulated.scripted import ScriptedPerformer
from waiting import if_idle


def counting():
    return itertools.count().__next__


def test_the_inbox_gives_all_that_waits_in_order():
    inbox = Inbox(counting())
    for _ in range(5):
        inbox.put(Set("paused", True))
    assert [each.at for each in inbox.take(0)] == [0, 1, 2, 3, 4]
    assert inbox.take(0) == []


def test_a_full_inbox_drops_the_oldest_and_counts():
    inbox = Inbox(counting(), limit=3)
    for _ in range(10):
        inbox.put(Set("paused", True))
    assert [each.at for each in inbox.take(0)] == [7, 8, 9]
    assert inbox.dropped == 7


def test_there_is_no_moment_while_something_waits():
    inbox = Inbox(counting())
    assert inbox.moment() == 0
    inbox.put(Set("paused", True))
    assert inbox.moment() is None
    inbox.take(0)
    assert inbox.moment() == 2


@pytest.mark.slow
def test_no_event_is_stamped_before_a_moment_and_seen_after_it():
    inbox = Inbox(time.perf_counter_ns)
    done = threading.Event()

    def play():
        while not done.is_set():
            inbox.put(Set("paused", True))

    player = threading.Thread(target=play)
    player.start()
    try:
        last = 0
        end = time.monotonic() + 0.5
        while time.monotonic() < end:
            assert all(each.at > last for each in inbox.take(0))
            last = inbox.moment() or last
    finally:
        done.set()
        player.join()


def test_taking_waits_no_longer_than_asked_and_wakes_when_told():
    inbox = Inbox(time.monotonic)
    before = time.monotonic()
    assert inbox.take(0.05) == []
    took = time.monotonic() - before
    assert took > 0.04
    assert if_idle(took) < 1.0
    threading.Timer(0.05, inbox.wake).start()
    assert inbox.take(10.0) == []


def test_the_clock_gives_dates_that_do_not_jump():
    clock = Clock()
    assert clock.date(clock.start) == clock.started_at
    assert (clock.date(clock.start + 1.5) - clock.started_at).total_seconds() == 1.5


@given(st.lists(st.floats(1e-5, 1.0), min_size=1, max_size=200))
def test_lateness_percentiles_are_right_to_four_percent(seconds):
    lateness = Lateness()
    for each in seconds:
        lateness.add(each)
    summary = lateness.counts().summary()
    median = sorted(seconds)[(len(seconds) + 1) // 2 - 1]
    assert summary["p50"] == pytest.approx(median * 1000, rel=0.05, abs=0.002)
    assert summary["max"] == pytest.approx(max(seconds) * 1000, abs=0.001)
    assert summary["count"] == len(seconds)


def test_lateness_is_that_of_recent_events_and_the_maximum_that_of_all():
    lateness = Lateness(size=100)
    lateness.add(0.5)
    for _ in range(200):
        lateness.add(0.001)
    assert lateness.counts().summary()["p99"] == pytest.approx(1.0, rel=0.05)
    assert lateness.counts().summary()["max"] == 500.0


def test_each_kind_of_report_is_logged_once_and_counted_after(caplog):
    reports = Reports()
    with caplog.at_level(logging.INFO, "impsy"):
        for number in range(3):
            reports.add(Report("a", f"a {number}"))
            reports.add(Report("b", f"b {number}", "info", always=True))
    assert [record.message for record in caplog.records] == ["a 0", "b 0", "b 1", "b 2"]
    assert reports.counts() == {"a": 3, "b": 3}
    assert [report.text for report in reports.recent(2)] == ["b 1", "b 2"]


def test_reports_whose_words_a_peer_chooses_leave_room_for_others(caplog):
    reports = Reports()
    with caplog.at_level(logging.INFO, "impsy"):
        for number in range(5000):
            reports.add(Report(f"unknown-scene:{number}", f"there is no scene “{number}”"))
        assert len(caplog.records) <= 102
        caplog.clear()
        assert reports.add(Report("log-unwritable", "the log cannot be written"))
        assert reports.add(Report("osc:length:/interface", "7 values"))
    assert [record.message for record in caplog.records] == ["the log cannot be written", "7 values"]


def test_a_report_is_clipped_and_shows_control_characters():
    reports = Reports()
    reports.add(Report("a", "x\x1b[2J" + "r" * 100_000))
    (report,) = reports.recent()
    assert report.text.startswith("x\\x1b[2J")
    assert len(report.text) <= 2010


def test_a_scripted_performer_keeps_time_and_says_when_it_is_done():
    done = threading.Event()
    performer = ScriptedPerformer("script", [(0.05, (0.1,)), (0.05, (0.2,)), (0.05, (0.3,))], done.set)
    heard: list[tuple[float, tuple[float, ...]]] = []
    start = time.monotonic()
    performer.open(lambda event: heard.append((time.monotonic() - start, event.values)), lambda _report: None)
    assert done.wait(5)
    performer.close()
    performer.close()
    assert [values for _, values in heard] == [(0.1,), (0.2,), (0.3,)]
    assert all(at >= 0.05 * (index + 1) - 0.005 for index, (at, _) in enumerate(heard))


def test_a_simulated_performer_plays_phrases_with_pauses():
    played = [event for event, _ in zip(phrases(default_rng(1), 8), range(2000), strict=False)]
    waits = [wait for wait, _ in played]
    assert all(0 <= value <= 1 for _, values in played for value in values)
    assert 10 < sum(wait > 1.0 for wait in waits) < 400
    moved = [
        sum(a != b for a, b in zip(before[1], after[1], strict=True)) for before, after in itertools.pairwise(played)
    ]
    assert max(moved) == 1
