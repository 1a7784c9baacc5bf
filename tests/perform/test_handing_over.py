"""What happened is handed over when there is time: an answer that is due at once is played before."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from numpy.random import default_rng

from impsy.engine import Engine, Settings
from impsy.events import Interaction, Record
from impsy.perform import Reports
from impsy.perform.clock import Clock
from impsy.perform.engine_thread import HANDING_SECONDS, EngineThread, Logged
from impsy.testing import FakePort, FakePredictor
from waiting import wait_until


class Port(FakePort):
    def __init__(self, order: list[str]) -> None:
        super().__init__()
        self.order = order

    def send(self, values: Sequence[float]) -> None:
        self.order.append("played")
        super().send(values)


class Recorder:
    def __init__(self, order: list[str]) -> None:
        self.order = order

    def add(self, record: Record) -> None:
        self.order.append(record.source)


@pytest.mark.parametrize(
    ("dt", "order"),
    [
        (HANDING_SECONDS / 2, ["played", "interface", "rnn"]),
        (0.3, ["interface", "played", "rnn"]),
    ],
)
def test_what_is_due_at_once_is_played_first(dt: float, order: list[str]) -> None:
    happened: list[str] = []
    clock = Clock()
    settings = Settings(3, mode="polyphony", threshold=0.05)
    engine = Engine(settings, FakePredictor(3, [(dt, 0.7, 0.8), (100.0, 0.1, 0.2)]), default_rng(1), clock.now())
    thread = EngineThread(
        engine,
        clock,
        (Port(happened),),
        recorder=Recorder(happened),  # type: ignore[arg-type]
        monitor=None,
        logged=Logged(interface=True, rnn=True),
        report=Reports().add,
    )
    thread.start()
    thread.inbox.put(Interaction((0.5, 0.5)))
    wait_until(lambda: len(happened) >= 3, what="an answer, and the rows")
    thread.stop()
    assert happened[:3] == order
