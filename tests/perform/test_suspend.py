"""After the program was stopped for a while: no burst, no note that hangs, rows in order, and on it goes."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from numpy.random import default_rng
from pythonosc.osc_message import OscMessage

from impsy.codecs.osc import encode_vector
from impsy.engine import Engine, Settings
from impsy.events import Interaction, Play, Record, Released, Update
from impsy.io.adapter import Adapter
from impsy.models.sizes import Size
from impsy.models.tflite.write import write_tflite
from impsy.models.weights import random_weights
from impsy.perform import Reports
from impsy.perform.engine_thread import EngineThread, Logged
from impsy.perform.inbox import PILED_SECONDS
from impsy.testing import FakePort, FakePredictor, Rehearsal
from ports import free_ports
from waiting import if_idle, wait_until


class Jumping:
    """A clock that can be set forward, as it is for a program that was stopped."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def now(self) -> float:
        return time.monotonic() + self.ahead


class Stage:
    def __init__(self, mode: str, *, thru: bool = False) -> None:
        self.clock = Jumping()
        self.port = FakePort()
        self.records: list[Record] = []
        settings = Settings(3, mode=mode, threshold=0.05, input_thru=thru)
        self.engine = Engine(settings, FakePredictor(3, [(0.02, 0.7, 0.8)]), default_rng(1), self.clock.now())
        ports: tuple[Adapter, ...] = (self.port,)
        self.thread = EngineThread(
            self.engine,
            self.clock,
            ports,
            recorder=self,
            monitor=None,
            logged=Logged(True, True),
            report=Reports().add,
        )
        self.thread.start()

    def add(self, record: Record) -> None:
        """As a recorder."""
        self.records.append(record)

    def heard(self) -> tuple[int, int]:
        counters = self.thread.published.engine.counters
        return counters.heard, counters.skipped

    def sleep(self, seconds: float) -> None:
        """The program does not run for so long."""
        wait_until(lambda: self.thread.answers(1))
        self.clock.ahead += seconds


@pytest.fixture(params=["callresponse", "polyphony", "battle", "useronly"])
def stage(request):
    made = Stage(request.param)
    yield made
    made.thread.stop()


def test_what_piled_up_is_logged_and_its_newest_event_is_answered(stage):
    for number in range(5):
        stage.thread.inbox.put(Interaction((number / 100, 0.5)))
    wait_until(lambda: stage.heard() == (5, 0))
    before = len(stage.port.sent)
    stage.sleep(30)
    for number in range(200):
        stage.thread.inbox.put(Interaction((number / 1000, 0.25)))
    wait_until(lambda: stage.heard() == (205, 199))
    assert stage.thread.published.engine.input_values == (0.199, 0.25)
    played = len(stage.port.sent) - before
    assert if_idle(played) <= 1 + (PILED_SECONDS + 1) / 0.02
    mode = stage.engine.snapshot().settings.mode
    if mode == "polyphony":
        wait_until(lambda: len(stage.port.sent) > before)
        assert len(stage.port.sent) <= before + 2
    # And on it goes.
    time.sleep(PILED_SECONDS)
    stage.thread.inbox.put(Interaction((0.9, 0.9)))
    wait_until(lambda: stage.heard() == (206, 199))
    if mode != "useronly":
        before = len(stage.port.sent)
        wait_until(lambda: len(stage.port.sent) > before)
    stage.thread.stop()
    times = [record.time for record in stage.records]
    assert times == sorted(times)
    assert sum(record.source == "interface" for record in stage.records) == 206


def test_a_key_that_was_released_meanwhile_does_not_sound():
    stage = Stage("polyphony", thru=True)
    stage.sleep(30)
    stage.thread.inbox.put(Update(((0, 0.5),), "midi", struck=True))
    stage.thread.inbox.put(Released(((0, 0.5),), "midi"))
    wait_until(lambda: stage.heard() == (1, 1))
    time.sleep(2 * PILED_SECONDS)
    assert stage.port.sent == []
    stage.thread.inbox.put(Update(((1, 0.5),), "midi"))
    wait_until(lambda: stage.port.sent)
    stage.thread.stop()


def test_what_the_model_adds_is_dropped_where_it_is_far_too_late():
    """Many additions wait, as one comes with each event; they are not played all at once."""
    predictor = FakePredictor(3, [(0.5, 0.1, 0.1), (3.0, 0.2, 0.2), (90.0, 0.3, 0.3)])
    run = Rehearsal(
        lambda now: Engine(Settings(3, mode="polyphony", longest_wait=0.0), predictor, default_rng(0), now)
    )
    for number in range(30):
        run.receive(Interaction((0.5, 0.5)), number / 100)
    run.now = 30.0  # nothing ran
    run.play_until(31.0)
    assert list(run.of(Play)) == []
    assert run.engine.snapshot().counters.cancelled == 20
    run.play_until(120.0)
    assert [play.values for _, play in run.of(Play)] == [(0.3, 0.3)] * 10


CONFIG = """
[model]
dimension = 3
file = "model.tflite"
[interaction]
mode = "{mode}"
threshold = 0.1
[osc]
server_ip = "127.0.0.1"
server_port = {inputs}
client_port = {outputs}
[webui]
monitor_port = {monitor}
command_port = {commands}
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="processes cannot be stopped there")
@pytest.mark.parametrize("mode", ["callresponse", "polyphony", "battle"])
def test_a_program_that_was_stopped_while_somebody_played(tmp_path: Path, mode: str) -> None:
    inputs, outputs, monitor, commands = free_ports(4)
    text = CONFIG.format(mode=mode, inputs=inputs, outputs=outputs, monitor=monitor, commands=commands)
    (tmp_path / "config.toml").write_text(text + "")
    write_tflite(random_weights(3, Size(8, 1), rng=np.random.default_rng(0), mixtures=2), tmp_path / "model.tflite")
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as synth,
        subprocess.Popen(
            [sys.executable, "-m", "impsy", "run"], cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as program,
    ):
        synth.bind(("127.0.0.1", outputs))
        synth.setblocking(False)
        sent = 0

        def play(seconds: float) -> int:
            """Play twenty events a second; returns how many were answered."""
            nonlocal sent
            end, answered = time.monotonic() + seconds, 0
            while time.monotonic() < end:
                sent += 1
                synth.sendto(encode_vector("/interface", [sent % 97 / 97, 0.5]), ("127.0.0.1", inputs))
                time.sleep(0.05)
                answered += answers()
            return answered

        def answers() -> int:
            count = 0
            while True:
                try:
                    count += OscMessage(synth.recv(65536)).address == "/prediction"
                except BlockingIOError:
                    return count

        try:
            wait_until(lambda: play(0.2) or list((tmp_path / "logs").glob("*.log")))
            play(1.0)
            before = play(3.0) / 3
            os.kill(program.pid, signal.SIGSTOP)
            play(5.0)
            os.kill(program.pid, signal.SIGCONT)
            first, then = play(1.0), play(3.0) / 3
            assert first <= 2 * before + 25, "it caught up in a burst"
            assert mode == "callresponse" or (first and then >= 0.3 * before), "it did not play on"
            if mode == "callresponse":  # which yields as long as somebody plays
                time.sleep(1.0)
                assert answers()
        finally:
            program.send_signal(signal.SIGCONT)
            program.terminate()
            program.wait(30)
    (log,) = (tmp_path / "logs").glob("*.log")
    rows = log.read_text().splitlines()
    times = [row.partition(",")[0] for row in rows]
    assert times == sorted(times)
    assert len(rows) >= 0.9 * min(sent, 200)
