"""What a session says that its model will play, beside what it plays: real threads and sockets, a real network."""

from __future__ import annotations

import json
import socket
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from numpy.random import default_rng
from pythonosc.osc_message import OscMessage

from impsy.engine import Engine, Ensemble, Settings, Voice
from impsy.events import Another, PanicButton, Set, SetPredictor, Update
from impsy.models.litert import LiteRTPredictor
from impsy.models.sizes import SIZES
from impsy.models.untrained import RandomGestures
from impsy.perform import Clock, Recorder, Reports, Session
from impsy.testing import FakePort, FakePredictor
from random_networks import random_weights
from waiting import wait_until

CONTROLS = 4
NETWORK = random_weights(CONTROLS + 1, SIZES["xxs"], rng=default_rng(1), mixtures=12, architecture="gestures")


@dataclass
class Heard:
    """What came to the monitor port: the plans, with None for one that is being made, and what was played."""

    plans: list[list[list[float]] | None] = field(default_factory=list)
    order: list[tuple[str, object]] = field(default_factory=list)
    """Plans and values as they came."""

    def played(self) -> list[tuple[float, ...]]:
        return [values for what, values in self.order if what == "out"]


class Stage:
    """A session with a network, and somebody at the monitor port."""

    def __init__(self, folder: Path, make=None, **live) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.setblocking(False)
        self.heard = Heard()
        clock = Clock()
        self.port = FakePort()
        settings = Settings(CONTROLS + 1, **{"mode": "battle", "sigma_temperature": 0.5, **live})
        make = make or (lambda made, now: Engine(made, LiteRTPredictor(NETWORK), default_rng(5), now))
        reports = Reports()
        self.recorder = Recorder(folder / "logs", CONTROLS + 1, clock.date, clock.started_at, reports.add)
        self.session = Session(
            make(settings, clock.now()),
            [self.port],
            clock=clock,
            reports=reports,
            recorder=self.recorder,
            log_predictions=True,
            monitor_port=self.socket.getsockname()[1],
        )

    def read(self) -> Heard:
        while True:
            try:
                message = OscMessage(self.socket.recv(65536))
            except BlockingIOError:
                return self.heard
            if message.address == "/monitor/next":
                plan = json.loads(message.params[0]).get("plan")
                self.heard.plans.append(plan)
                self.heard.order.append(("plan", plan))
            elif message.address == "/monitor/out":
                self.heard.order.append(("out", tuple(message.params)))

    def wait_for_plans(self, count: int) -> None:
        """Wait until so many more plans with events have come."""
        before = len(self.full())
        wait_until(lambda: len(self.full()) >= before + count)

    def interrupt(self, event, happened) -> None:
        """Deliver an event; forget the plans of before, once it has ``happened`` to the engine."""
        self.session.deliver(event)
        wait_until(lambda: happened(self.session.view().engine))
        self.wait_for_plans(2)  # one of before may have been on its way
        self.heard.plans.clear()

    def full(self) -> list[list[list[float]]]:
        return [plan for plan in self.read().plans if plan]

    def logged(self) -> list[tuple[float, ...]]:
        assert self.recorder.path is not None
        rows = [line.split(",") for line in self.recorder.path.read_text().splitlines()]
        return [tuple(float(value) for value in row[2:]) for row in rows if row[1] == "rnn"]


@pytest.fixture
def stage(tmp_path, request):
    made = Stage(tmp_path, **getattr(request, "param", {}))
    with made.session, made.socket:
        yield made


def is_as_planned(plan: list[list[float]], played: list[tuple[float, ...]]) -> bool:
    """Whether the events of a plan were played one after the other, as far as anything was played after them."""
    rows = [np.float32(event[1:]) for event in plan]
    for start in range(len(played)):
        pairs = zip(rows, played[start:], strict=False)
        if all(np.allclose(row, values, atol=1e-6) for row, values in pairs):
            return True
    return False


def check(stage: Stage, least_plans: int) -> None:
    """All events of all plans are played, in their order; and the log has them too."""
    plans = stage.full()
    last = plans[-1]
    wait_until(lambda: is_as_planned(last, stage.read().played()))
    assert len(plans) >= least_plans
    played = stage.heard.played()
    for plan in plans:
        assert is_as_planned(plan, played)
    stage.session.__exit__()
    logged = stage.logged()
    for plan in plans:
        assert is_as_planned(plan, logged)


def voices(settings: Settings, now: float) -> Ensemble:
    low = random_weights(3, SIZES["xxs"], rng=default_rng(2), mixtures=12, architecture="gestures")
    parts = (
        Voice("low", LiteRTPredictor(low), (0, 2), hears=("performer", "high")),
        Voice("high", RandomGestures(3), (1, 3), hears=("performer", "low")),
    )
    return Ensemble(settings, parts, default_rng(5), now)


@pytest.mark.parametrize(
    "stage",
    [{}, {"mode": "duet"}, {"clock_source": "internal", "quantise": 1.0}, {"make": voices, "mode": "duet"}],
    indirect=True,
    ids=["battle", "duet", "on a grid", "voices"],
)
@pytest.mark.slow
def test_what_is_shown_is_what_is_played(stage):
    stage.wait_for_plans(12)
    check(stage, 12)


def test_an_answer_is_shown_before_it_is_played(tmp_path):
    stage = Stage(tmp_path, mode="callresponse", threshold=0.5)
    with stage.session, stage.socket:
        stage.session.deliver(Update(((0, 0.5),)))
        stage.wait_for_plans(1)
        assert stage.heard.played() == []
        check(stage, 1)


@pytest.mark.parametrize(
    ("event", "happened"),
    [
        (Another(), lambda engine: engine.counters.cancelled > 0),
        (PanicButton(), lambda engine: engine.counters.panics > 0),
        (Set("mode", "duet"), lambda engine: engine.settings.mode == "duet"),
        (Set("pi_temperature", 3.0), lambda engine: engine.settings.pi_temperature == 3.0),
        (SetPredictor(RandomGestures(CONTROLS + 1), "gestures"), lambda engine: engine.model == "gestures"),
    ],
    ids=["another", "panic", "mode", "setting", "model"],
)
@pytest.mark.slow
def test_after_an_interruption_another_plan_is_shown_and_played(stage, event, happened):
    stage.wait_for_plans(3)
    stage.interrupt(event, happened)
    stage.wait_for_plans(5)
    check(stage, 5)


def test_after_another_nothing_of_the_old_plan_is_played(stage):
    stage.session.deliver(Set("timescale", 8.0))
    stage.wait_for_plans(3)
    wait_until(lambda: (plan := stage.read().plans[-1]) and plan[0][0] > 0.2)
    old, before = stage.heard.plans[-1], len(stage.heard.played())
    stage.session.deliver(Another())
    wait_until(lambda: len(stage.read().played()) >= before + 4)
    played = stage.heard.played()[before:]
    assert not any(np.allclose(event[1:], values, atol=1e-6) for event in old for values in played)


def test_a_model_that_cannot_be_copied_has_no_plan(tmp_path):
    def make(settings, now):
        return Engine(settings, FakePredictor(CONTROLS + 1), default_rng(0), now)

    stage = Stage(tmp_path, make)
    with stage.session, stage.socket:
        wait_until(lambda: [] in stage.read().plans and len(stage.heard.played()) > 5)
        assert stage.full() == []


def test_nothing_is_planned_while_nobody_listens(tmp_path):
    stage = Stage(tmp_path)
    stage.socket.close()
    copies = 0

    class Counted(LiteRTPredictor):
        def save(self):
            nonlocal copies
            copies += 1
            return super().save()

    with stage.session:
        stage.session.deliver(SetPredictor(Counted(NETWORK), "counted"))
        wait_until(lambda: stage.session.view().engine.model == "counted")
        time.sleep(0.5)
        before = copies
        for _ in range(20):
            stage.session.deliver(Another())
            time.sleep(0.01)
        assert copies <= before + 1
