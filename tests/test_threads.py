"""Threads that no exception ends, and what is logged about that."""

from __future__ import annotations

import logging
import threading

import pytest

from impsy import threads
from impsy.threads import Failures, lasting, once
from waiting import wait_until


def test_work_that_raises_is_called_again_and_told_once(caplog):
    calls = []

    def work():
        calls.append(threading.current_thread().name)
        if len(calls) < 4:
            raise ValueError(f"fault {len(calls)}")

    with caplog.at_level(logging.ERROR):
        thread = lasting("impsy test", work)
        thread.start()
        thread.join(60)
    assert calls == ["impsy test"] * 4
    (told,) = caplog.records
    assert told.exc_info is not None
    assert "impsy test" in told.getMessage()


def test_work_that_is_over_is_not_called_again(caplog):
    over, calls = threading.Event(), []

    def work():
        calls.append(1)
        over.set()
        raise ValueError("at the end")

    with caplog.at_level(logging.ERROR):
        for make in (lambda: lasting("a", work, over.is_set), lambda: once("b", work)):
            thread = make()
            thread.start()
            thread.join(60)
    assert len(calls) == len(caplog.records) == 2


def test_many_failures_are_one_traceback_and_a_count(caplog, monkeypatch):
    now = 100.0
    monkeypatch.setattr(threads.time, "monotonic", lambda: now)
    failures = Failures("packets")
    with caplog.at_level(logging.ERROR):
        for number in range(300):
            with failures:
                raise ValueError(f"packet {number}")
        assert len(caplog.records) == 1
        now += threads.TOLD_SECONDS
        with failures:
            raise ValueError("packet 300")
    assert failures.count == 301
    first, later = caplog.records
    assert first.exc_info is not None
    assert later.exc_info is None
    assert "300 more errors in packets" in later.getMessage()
    assert "packet 300" in later.getMessage()


def test_the_end_of_the_program_passes_through():
    with pytest.raises(KeyboardInterrupt), Failures("anything"):
        raise KeyboardInterrupt


def test_a_failure_in_one_thread_holds_up_no_other():
    failures, reached = Failures("two"), threading.Event()

    def fail():
        with failures:
            raise ValueError
        reached.set()

    once("first", fail).start()
    once("second", fail).start()
    wait_until(reached.is_set)
    wait_until(lambda: failures.count == 2)
