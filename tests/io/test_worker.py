"""Calls into drivers that may hang."""

from __future__ import annotations

import threading
import time

import pytest

from impsy.errors import DeviceError
from impsy.io.worker import Worker
from waiting import if_idle


def test_calls_run_in_one_thread_of_their_own_in_order():
    worker = Worker("test")
    threads = {worker.call(threading.current_thread, 1) for _ in range(3)}
    assert len(threads) == 1
    assert threads != {threading.current_thread()}
    worker.end()
    worker.end()
    assert worker.call(lambda: 7, 1) == 7
    worker.end()


def test_what_a_call_raises_comes_out_and_the_next_goes_on():
    worker = Worker("test")
    with pytest.raises(ZeroDivisionError):
        worker.call(lambda: 1 / 0, 1)
    assert worker.call(lambda: "fine", 1) == "fine"
    worker.end()


def test_a_call_that_hangs_is_left_and_so_is_who_waits_behind_it():
    worker = Worker("ALSA")
    release = threading.Event()
    done: list[str] = []
    before = time.monotonic()
    with pytest.raises(DeviceError, match="the ALSA system does not answer"):
        worker.call(release.wait, 0.05)
    with pytest.raises(DeviceError, match="busy"):
        worker.call(lambda: done.append("too late"), 0.05)
    assert if_idle(time.monotonic() - before) < 0.5
    release.set()
    assert worker.call(lambda: "again", 1) == "again"
    assert done == []  # nobody waits for it any more
    worker.end()
