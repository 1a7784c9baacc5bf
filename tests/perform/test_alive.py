"""Whether a performance still keeps time, as a watchdog asks."""

from __future__ import annotations

import threading
import time

from numpy.random import default_rng

from impsy.engine import Engine, Settings
from impsy.perform import Clock, Reports, Session
from impsy.testing import FakePort, FakePredictor
from waiting import if_idle


class Stuck(FakePort):
    """A driver that does not return while it is held."""

    def __init__(self) -> None:
        super().__init__()
        self.free = threading.Event()
        self.free.set()

    def send(self, values) -> None:
        self.free.wait(10)
        super().send(values)


def made(port, mode):
    clock = Clock()
    engine = Engine(Settings(3, mode=mode), FakePredictor(3, [(0.02, 0.7, 0.8)]), default_rng(1), clock.now(), "fake")
    return Session(engine, [port], clock=clock, reports=Reports())


def test_it_answers_while_it_plays_and_while_nobody_does():
    for mode in ("battle", "useronly"):
        session = made(FakePort(), mode)
        assert not session.answers(0.01), "before it began"
        with session:
            assert all(session.answers(2) for _ in range(20))
        assert not session.answers(0.01), "after it ended"


def test_it_does_not_answer_while_something_holds_the_thread_that_keeps_time():
    port = Stuck()
    with made(port, "battle") as session:
        assert session.answers(2)
        port.free.clear()
        time.sleep(0.1)
        before = time.monotonic()
        assert not session.answers(0.2)
        took = time.monotonic() - before
        assert took >= 0.2
        assert if_idle(took) < 1
        port.free.set()
        assert session.answers(2)
