"""A whole performance with real threads, sockets and files; only the model is a fake."""

from __future__ import annotations

import gc
import json
import logging
import socket
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from numpy.random import default_rng
from pythonosc.osc_message import OscMessage

from impsy.codecs.osc import encode_message, encode_vector
from impsy.engine import Engine, Settings
from impsy.errors import ModelError
from impsy.events import (
    Interaction,
    LoadModel,
    Set,
    SetPredictor,
)
from impsy.io.osc import OscListener
from impsy.models.untrained import RandomGestures
from impsy.perform import Clock, Recorder, Reports, Session
from impsy.testing import FakePort, FakePredictor
from waiting import if_idle, wait_until


class Watcher:
    """Listens on the monitor port, as the web interface does."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.setblocking(False)
        self.port = self.socket.getsockname()[1]
        self.messages: list[OscMessage] = []

    def read(self) -> list[OscMessage]:
        while True:
            try:
                self.messages.append(OscMessage(self.socket.recv(65536)))
            except BlockingIOError:
                return self.messages

    def states(self) -> list[dict]:
        return [json.loads(m.params[0]) for m in self.read() if m.address == "/monitor/state"]


class Stage:
    def __init__(self, folder: Path, mode="callresponse", predictor=None, ports=None, **options) -> None:
        self.port = FakePort()
        self.reports = Reports()
        self.predictor = predictor or FakePredictor(3, [(0.02, 0.7, 0.8)])
        self.watcher = Watcher()
        clock = Clock()
        self.commands = OscListener("commands", "127.0.0.1", 0, 2, local=True)
        self.recorder = Recorder(folder / "logs", 3, clock.date, clock.started_at, self.reports.add)
        settings = Settings(3, mode=mode, threshold=0.05, longest_wait=0.0)
        engine = Engine(settings, self.predictor, default_rng(1), clock.now(), "fake")
        self.session = Session(
            engine,
            ports or [self.port],
            clock=clock,
            reports=self.reports,
            recorder=self.recorder,
            monitor_port=self.watcher.port,
            commands=self.commands,
            **options,
        )

    def log(self, source: str) -> list[str]:
        if self.recorder.path is None:
            return []
        return [line for line in self.recorder.path.read_text().splitlines() if f",{source}," in line]


@pytest.fixture
def stage(tmp_path):
    made = Stage(tmp_path, log_predictions=True)
    with made.session, made.watcher.socket:
        yield made


def test_a_phrase_is_heard_answered_logged_and_mirrored(stage):
    for _ in range(5):
        stage.port.deliver(Interaction((0.25, 0.5)))
        time.sleep(0.01)
    wait_until(lambda: len(stage.port.sent) >= 3)
    assert set(stage.port.sent) == {(0.7, 0.8)}
    stage.session.__exit__()
    assert len(stage.log("interface")) == 5
    assert len(stage.log("rnn")) == len(stage.port.sent)
    counts = Counter(message.address for message in stage.watcher.read())
    assert counts["/monitor/in"] == 5
    assert counts["/monitor/out"] == len(stage.port.sent)
    assert stage.port.is_open is False
    assert stage.port.silences >= 1


def test_the_state_is_told_each_second_and_on_each_change(stage):
    wait_until(lambda: stage.watcher.states())
    before = len(stage.watcher.states())
    stage.port.deliver(Set("mode", "battle"))
    wait_until(lambda: any(state["mode"] == "battle" for state in stage.watcher.states()), seconds=0.5)
    wait_until(lambda: len(stage.watcher.states()) >= before + 3, what="a state each second")
    states = stage.watcher.states()
    last = states[-1]
    assert last["turn"] == "model"
    assert last["paused"] is False
    assert last["model"] == "fake"
    assert last["counters"]["played"] > 10
    assert last["counters"]["unmirrored"] == 0
    assert {port["name"] for port in last["ports"]} == {"fake", "commands"}
    assert set(last["lateness_ms"]) == {"p50", "p99", "max", "count"}


def test_commands_arrive_on_the_local_port(stage):
    wait_until(lambda: stage.commands.udp.address is not None)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as page:
        for packet in (
            encode_message("/impsy/mode", "s", ["polyphony"]),
            encode_vector("/impsy/timescale", [3.0]),
            encode_message("/impsy/pause", "i", [1]),
            encode_message("/impsy/mode", "s", ["no such mode"]),
        ):
            page.sendto(packet, stage.commands.udp.address)
    wait_until(lambda: stage.session.view().engine.settings.paused)
    wait_until(lambda: "unknown-mode" in stage.reports.counts())
    snapshot = stage.session.view().engine
    assert snapshot.settings.mode == "polyphony"
    assert snapshot.settings.timescale == 3.0


def test_the_performers_return_stops_the_model_at_once(tmp_path):
    made = Stage(tmp_path, predictor=FakePredictor(3, [(20.0, 0.7, 0.8)]))
    with made.session, made.watcher.socket:
        made.port.deliver(Interaction((0.1, 0.1)))
        wait_until(lambda: made.session.view().engine.turn == "model")
        made.port.deliver(Interaction((0.2, 0.2)))
        wait_until(lambda: made.session.view().engine.counters.heard == 2, seconds=0.1)
        assert made.session.view().engine.waiting == 0
        assert made.port.sent == []


class Stumbler(FakePredictor):
    """A model that breaks now and then."""

    def sample(self, rng, pi_temperature, sigma_temperature):
        if len(self.heard) % 3 == 2:
            raise ModelError("it broke")
        return super().sample(rng, pi_temperature, sigma_temperature)


def test_a_model_that_raises_does_not_stop_the_music(tmp_path, caplog):
    made = Stage(tmp_path, "battle", Stumbler(3, [(0.01, 0.5, 0.5)]))
    with caplog.at_level(logging.CRITICAL, "impsy"), made.session, made.watcher.socket:
        wait_until(lambda: made.predictor.resets >= 2)
        assert made.port.silences >= 2  # what sounded when it broke does not sound on
        before = len(made.port.sent)
        wait_until(lambda: len(made.port.sent) > before)
        made.port.deliver(Interaction((0.5, 0.5)))
        wait_until(lambda: made.session.view().engine.counters.heard == 1)


def test_a_flood_is_logged_whole_and_only_its_newest_events_are_answered(tmp_path):
    slow = FakePredictor(3, [(0.001, 0.5, 0.5)])
    slow.hear = lambda vector: time.sleep(0.005)
    made = Stage(tmp_path, "polyphony", slow)
    with made.session, made.watcher.socket:
        for number in range(3000):
            made.port.deliver(Interaction((number / 3000, 0.5)))
        wait_until(lambda: made.session.view().engine.counters.heard == 3000)
        counters = made.session.view().engine.counters
        assert counters.skipped > 1000
        assert counters.predicted < 1000
        assert made.session.view().dropped == 0
        assert made.session.view().engine.input_values == (2999 / 3000, 0.5)
    assert len(made.log("interface")) == 3000


def test_switching_models_while_playing(tmp_path):
    other = FakePredictor(3, [(0.02, 0.1, 0.1)])

    def open_model(name):
        if name == "bad":
            raise ModelError("bad: not a model")
        return SetPredictor(other, name, name)

    made = Stage(tmp_path, "battle", open_model=open_model)
    with made.session, made.watcher.socket:
        wait_until(lambda: made.port.sent)
        made.port.deliver(LoadModel("bad"))
        wait_until(lambda: "model-unusable:bad" in made.reports.counts())
        made.port.deliver(LoadModel("good"))
        wait_until(lambda: (0.1, 0.1) in made.port.sent)
        assert made.session.view().engine.model == "good"


def test_a_flood_of_requests_for_models_opens_the_last_and_starts_no_flood_of_threads(tmp_path):
    opened = []

    def open_model(name):
        opened.append(name)
        time.sleep(0.05)
        return SetPredictor(FakePredictor(3, [(0.02, 0.1, 0.1)]), name)

    made = Stage(tmp_path, "battle", open_model=open_model)
    with made.session, made.watcher.socket:
        for number in range(1000):
            made.port.deliver(LoadModel(f"model {number}"))
        assert sum(thread.name == "impsy model" for thread in threading.enumerate()) <= 1
        wait_until(lambda: made.session.view().engine.model == "model 999")
    assert len(opened) < 10


def test_a_wait_that_no_system_can_wait_does_not_stop_the_music(tmp_path):
    made = Stage(tmp_path, "battle")
    with made.session, made.watcher.socket:
        made.port.deliver(Set("timescale", 1e300))
        time.sleep(0.2)
        made.port.deliver(Set("timescale", 1.0))
        before = len(made.port.sent)
        wait_until(lambda: len(made.port.sent) > before + 3)


def test_logging_what_was_asked_for(tmp_path):
    made = Stage(tmp_path, "polyphony", log_input=False, log_predictions=True)
    with made.session, made.watcher.socket:
        made.port.deliver(Interaction((0.5, 0.5)))
        wait_until(lambda: made.port.sent)
    assert made.log("interface") == []
    assert len(made.log("rnn")) == 1


def test_ending_is_quick_from_any_state(tmp_path):
    for mode, event in [
        ("battle", Set("timescale", 1e-9)),
        ("callresponse", Set("paused", True)),
        ("useronly", None),
    ]:
        made = Stage(tmp_path / mode, mode)
        with made.watcher.socket:
            made.session.__enter__()
            if event is not None:
                made.port.deliver(event)
            time.sleep(0.1)
            before = time.monotonic()
            made.session.__exit__()
            made.session.__exit__()
            assert if_idle(time.monotonic() - before) < 0.5


class StuckPort(FakePort):
    """A driver that never comes back."""

    def close(self):
        time.sleep(3)


def test_drivers_that_hang_do_not_keep_it_from_ending(tmp_path):
    fine = FakePort("fine")
    made = Stage(tmp_path, ports=[StuckPort("stuck"), StuckPort("too"), fine])
    with made.watcher.socket:
        with made.session:
            fine.deliver(Interaction((0.5, 0.5)))
            time.sleep(0.05)
            before = time.monotonic()
        assert if_idle(time.monotonic() - before) < 0.8
        assert not fine.is_open
        assert len(made.log("interface")) == 1


def test_waiting_costs_nothing(stage):
    time.sleep(0.2)
    before = time.process_time()
    time.sleep(1.0)
    assert if_idle(time.process_time() - before) < 0.05


def test_what_others_read_is_published_once_for_each_change(stage):
    """The engine itself is used by no other thread: reading twice gives the same object, until the engine goes on."""
    stage.port.deliver(Interaction((0.25, 0.5)))
    wait_until(lambda: stage.session.view().engine.counters.played)
    stage.port.deliver(Set("paused", True))
    wait_until(lambda: stage.session.view().engine.turn == "nobody")
    assert stage.session.view().engine is stage.session.view().engine
    assert stage.session.view().lateness_ms["count"] == stage.session.view().engine.counters.played


def test_a_session_leaves_the_interpreter_as_it_is(tmp_path):
    before = (sys.getswitchinterval(), gc.get_freeze_count())
    made = Stage(tmp_path)
    with made.watcher.socket, made.session:
        assert (sys.getswitchinterval(), gc.get_freeze_count()) == before


# --- the web interface's messages ---------------------------------------------------------------------


class Mixing(FakePredictor):
    """Predicts, and says of what mixture."""

    def mixture(self):
        return np.array([2.5, 5.0, 10.0, 1.0, 1.0, 1.0, 0.0], np.float32)


def nexts(stage):
    return [json.loads(m.params[0]) for m in stage.watcher.read() if m.address == "/monitor/next"]


def send(stage, *packets):
    wait_until(lambda: stage.commands.udp.address)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as page:
        for packet in packets:
            page.sendto(packet, stage.commands.udp.address)


def test_single_controls_are_played_and_logged_as_any_other(stage):
    send(
        stage,
        encode_vector("/interface", [0.25, 0.5]),
        encode_message("/impsy/control", "if", [2, 0.75]),
        encode_message("/impsy/control", "ifif", [1, 1.0, 2, 0.0]),
        encode_message("/impsy/control", "if", [3, 0.5]),
    )
    wait_until(lambda: "commands:index:/impsy/control" in stage.reports.counts())
    wait_until(lambda: len(stage.log("interface")) == 3)
    assert [row.split(",", 2)[2] for row in stage.log("interface")] == ["0.25,0.5", "0.25,0.75", "1.0,0.0"]


@pytest.mark.slow
def test_a_thousand_controls_a_second_are_all_heard(stage):
    wait_until(lambda: stage.commands.udp.address)
    before, started = time.process_time(), time.monotonic()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as page:
        for number in range(2000):
            page.sendto(
                encode_message("/impsy/control", "if", [1 + number % 2, number / 2000]), stage.commands.udp.address
            )
            time.sleep(max(0.0, started + number / 1000 - time.monotonic()))
    wait_until(lambda: stage.session.view().engine.counters.heard == 2000)
    counters = stage.session.view().engine.counters
    assert (counters.skipped, counters.rejected, stage.session.view().dropped) == (0, 0, 0)
    assert if_idle(time.process_time() - before) < 1.5  # sending included


def test_what_is_played_through_is_sent_mirrored_and_neither_logged_nor_heard(stage):
    send(stage, encode_message("/impsy/pause", "i", [1]), encode_vector("/impsy/output", [0.25, 0.5]))
    wait_until(lambda: stage.port.sent == [(0.25, 0.5)])
    wait_until(lambda: any(m.address == "/monitor/out" for m in stage.watcher.read()))
    silences = stage.port.silences
    send(stage, encode_message("/impsy/output", "", []))
    wait_until(lambda: stage.port.silences == silences + 1)
    assert stage.session.view().engine.counters.heard == 0
    assert stage.predictor.heard == []
    assert stage.session.view().lateness_ms["count"] == 0
    stage.session.__exit__()
    assert stage.log("interface") == stage.log("rnn") == []


def test_what_the_model_intends_is_told(tmp_path):
    made = Stage(tmp_path, predictor=Mixing(3, [(4.0, 0.7, 0.8)]))
    with made.session, made.watcher.socket:
        made.port.deliver(Set("threshold", 1.0))  # shorter, and the answer may begin before it is told
        made.port.deliver(Interaction((0.1, 0.1)))
        wait_until(lambda: any(said["what"] == "event" for said in nexts(made)))
        answer, event = (next(said for said in nexts(made) if said["what"] == what) for what in ("answer", "event"))
        assert 0.0 <= answer["in"] <= 1.0
        assert 3.0 < event["in"] <= 4.0
        assert event["weights"] == [1.0]
        assert event["means"] == [[0.5, 1.0]]
        assert event["spreads"] == [[0.01, 0.01]]
        assert event["dt"] == [0.25]
        made.port.deliver(Set("paused", True))
        wait_until(lambda: nexts(made)[-1]["what"] is None, seconds=0.5)
        nothing = {"in": None, "what": None, "weights": [], "means": [], "spreads": [], "dt": []}
        assert {key: value for key, value in nexts(made)[-1].items() if key != "plan"} == nothing


def test_forecasts_are_sent_at_most_thirty_times_a_second_and_the_newest_last(tmp_path):
    made = Stage(tmp_path, "polyphony", Mixing(3, [(0.001, 0.7, 0.8), (30.0, 0.2, 0.2)]))
    with made.session, made.watcher.socket:
        started = time.monotonic()
        while time.monotonic() - started < 1.0:
            made.port.deliver(Interaction((0.1, 0.1)))
            made.watcher.read()
            time.sleep(0.002)
        made.port.deliver(Set("sigma_temperature", 0.04))
        wait_until(lambda: nexts(made)[-1]["spreads"] == [[0.02, 0.02]], seconds=1.0)
        assert 10 < len(nexts(made)) <= 30 * (time.monotonic() - started) + 2
        assert nexts(made)[-1]["in"] > 25


def test_a_stand_in_has_a_forecast_and_no_mixture(tmp_path):
    made = Stage(tmp_path, "battle", RandomGestures(3))
    with made.session, made.watcher.socket:
        wait_until(lambda: nexts(made))
        assert nexts(made)[0]["in"] >= 0.0
        assert nexts(made)[0]["means"] == []


def test_a_page_that_opens_in_a_long_pause_is_told_what_is_to_come(tmp_path):
    made = Stage(tmp_path, "battle", Mixing(3, [(60.0, 0.7, 0.8)]))
    with made.session, made.watcher.socket:
        time.sleep(0.2)
        made.watcher.read()
        made.watcher.messages.clear()
        wait_until(lambda: nexts(made), seconds=1.5)
        assert 50 < nexts(made)[0]["in"] < 60
