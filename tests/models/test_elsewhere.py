"""Graphs that we do not know play in a process of their own: what never answers there silences nothing here."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import psutil
import pytest
from model_files import changed, looped_tflite, play, put, small_weights, unusual
from numpy.random import default_rng

import impsy
from impsy.engine import Engine, Settings
from impsy.errors import ModelError
from impsy.evaluation.contestants import contestant_for
from impsy.events import Interaction, LoadModel, PanicButton, SetPredictor
from impsy.models import elsewhere
from impsy.models.elsewhere import ANSWER_SECONDS
from impsy.models.litert import GraphPredictor
from impsy.models.opening import open_model
from impsy.perform import Clock, Recorder, Reports, Session
from impsy.testing import FakePort
from waiting import if_idle, wait_until

HANGS = 0.5
"""A first value with which the graph never comes to an end."""


@pytest.fixture(scope="module")
def graph(tmp_path_factory) -> Path:
    content = changed(looped_tflite(small_weights(), endless_at_half=True), unusual)
    return put(tmp_path_factory.mktemp("models"), "strange.tflite", content)


class Stage:
    """A performance with a graph that is not known, whose input also goes straight to its output."""

    def __init__(self, folder: Path, graph: Path, mode: str = "polyphony") -> None:
        self.port = FakePort()
        self.reports = Reports()
        clock = Clock()
        self.recorder = Recorder(folder / "logs", 3, clock.date, clock.started_at, self.reports.add)
        settings = Settings(3, mode=mode, threshold=0.05, input_thru=True)
        engine = Engine(settings, open_model(graph).predictor, default_rng(1), clock.now(), graph.name)
        self.session = Session(
            engine,
            [self.port],
            clock=clock,
            reports=self.reports,
            recorder=self.recorder,
            open_model=lambda file: SetPredictor(open_model(file).predictor, Path(file).name, file),
            model_file=str(graph),
        )

    def play(self, value: float) -> None:
        self.port.deliver(Interaction((value, 0.5)))

    @property
    def played(self) -> int:
        return self.session.view().engine.counters.played

    @property
    def model(self) -> str:
        return self.session.view().engine.model

    @property
    def rows(self) -> int:
        return self.recorder.rows


def children_of(pid: int) -> list[int]:
    """The processes that run graphs."""
    found = []
    for each in psutil.Process(pid).children():
        with suppress(psutil.Error):  # it has just ended
            if "impsy.models.elsewhere" in each.cmdline():
                found.append(each.pid)
    return found


def child_of(pid: int) -> int:
    """The only one of them."""
    gc.collect()  # those of earlier tests end
    (child,) = wait_until(lambda: found if len(found := children_of(pid)) == 1 else None)
    return child


def test_it_plays_what_it_would_play_here(graph):
    opened = open_model(graph)
    assert "a process of its own" in opened.runs
    np.testing.assert_array_equal(play(opened.predictor), play(GraphPredictor(graph.read_bytes())))
    before = play(opened.predictor, 5)
    opened.predictor.reset()
    opened.predictor.reset()
    np.testing.assert_array_equal(play(opened.predictor, 5), before)


@pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc")
@pytest.mark.parametrize("mode", ["callresponse", "polyphony", "battle"])
@pytest.mark.slow
def test_a_model_that_never_answers_silences_nothing(tmp_path, graph, mode):
    stage = Stage(tmp_path, graph, mode)
    with stage.session:
        stage.play(0.3)
        wait_until(lambda: stage.played > 3 or (mode == "polyphony" and stage.played))
        began = time.monotonic()
        if mode == "battle":  # it hears nobody but itself
            os.kill(child_of(os.getpid()), signal.SIGSTOP)
        stage.play(HANGS)
        count, slowest = 2, 0.0
        while time.monotonic() - began < 2 * ANSWER_SECONDS:
            before, at = len(stage.port.sent), time.monotonic()
            stage.play(0.1 + count / 1000)
            count += 1
            wait_until(lambda before=before: len(stage.port.sent) > before, every=0.001)
            slowest = max(slowest, if_idle(time.monotonic() - at))
            time.sleep(0.02)
        assert slowest < ANSWER_SECONDS / 2, "it was waited for"
        wait_until(lambda: stage.model == "no model")
        assert stage.reports.counts()["model-lost"] == 1
        panics = stage.port.panics
        stage.port.deliver(PanicButton())
        wait_until(lambda: stage.port.panics > panics)
        wait_until(lambda: stage.rows == count, what=lambda: (stage.rows, count))
        # The same model may be chosen again.
        assert stage.session.model_file == ""
        before = stage.played
        stage.port.deliver(LoadModel(str(graph)))
        wait_until(lambda: stage.model == graph.name)
        stage.play(0.3)
        wait_until(lambda: stage.played > before)


def test_the_end_does_not_wait_for_it_and_the_log_is_whole(tmp_path, graph):
    stage = Stage(tmp_path, graph)
    with stage.session:
        stage.play(HANGS)
        for _ in range(50):
            stage.play(0.3)
        began = time.monotonic()
    assert if_idle(time.monotonic() - began) < 2
    assert stage.port.silences >= 1
    assert len(stage.recorder.path.read_text().splitlines()) == 51


@pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc")
@pytest.mark.parametrize("number", ["SIGSTOP", "SIGKILL"])
@pytest.mark.slow
def test_a_process_that_is_stopped_or_killed_is_told_within_a_second(tmp_path, graph, number):
    stage = Stage(tmp_path, graph)
    with stage.session:
        stage.play(0.3)
        wait_until(lambda: stage.played)
        child = child_of(os.getpid())
        os.kill(child, getattr(signal, number))
        began = time.monotonic()
        stage.play(0.6)
        wait_until(lambda: stage.model == "no model", every=0.001)
        assert if_idle(time.monotonic() - began) < 1
        wait_until(lambda: not Path(f"/proc/{child}").exists())
        wait_until(lambda: stage.rows == 2)


def test_a_process_that_did_not_run_because_nothing_did_is_not_given_up(graph):
    predictor = open_model(graph).predictor
    predictor.listen(lambda: None)
    predictor.hear([0.1, HANGS, 0.5])
    due = predictor.overdue_at
    woken = due + 30  # this process was stopped, and so was the other
    assert predictor.given_up(woken) == ""
    assert predictor.overdue_at > time.monotonic()
    assert "not answered" in predictor.given_up(predictor.overdue_at)


@pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc")
@pytest.mark.slow
def test_what_it_cannot_keep_up_with_is_not_waited_for(graph):
    predictor = open_model(graph).predictor
    predictor.listen(lambda: None)
    os.kill(child_of(os.getpid()), signal.SIGSTOP)  # it does not even read
    predictor.hear([0.1, HANGS, 0.5])
    began = time.monotonic()
    for _ in range(100_000):
        predictor.hear([0.1, 0.3, 0.5])
    assert not predictor.ready
    assert if_idle(time.monotonic() - began) < 2


@pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc")
@pytest.mark.slow
def test_it_ends_with_the_process_that_started_it(graph):
    code = (
        "import sys, time; from impsy.models.opening import open_model\n"
        "predictor = open_model(sys.argv[1]).predictor; predictor.listen(print)\n"
        "predictor.hear([0.1, 0.5, 0.5]); print('hears', flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", code, graph], stdout=subprocess.PIPE) as program:
        assert program.stdout.readline() == b"hears\n"
        child = child_of(program.pid)
        program.kill()
    wait_until(lambda: not Path(f"/proc/{child}").exists() or "Z" in Path(f"/proc/{child}/stat").read_text())


@pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc")
@pytest.mark.slow
def test_it_ends_with_that_process_before_it_has_come_to_play(tmp_path):
    content = changed(looped_tflite(small_weights(), endless=True), unusual)
    code = "import sys; from impsy.models.opening import open_model; print(flush=True); open_model(sys.argv[1])"
    command = [sys.executable, "-c", code, put(tmp_path, "endless.tflite", content)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as program:
        assert program.stdout.readline() == b"\n"
        child = child_of(program.pid)
        # Its graph has got the file, and computes.
        wait_until(lambda: psutil.Process(child).cpu_times().user > 1)
        program.kill()
    wait_until(lambda: not Path(f"/proc/{child}").exists() or "Z" in Path(f"/proc/{child}/stat").read_text())


@pytest.mark.slow
def test_where_nothing_plays_it_is_an_error_message(tmp_path, graph, monkeypatch):
    """In a replay and in an evaluation."""
    monkeypatch.setattr(elsewhere, "PATIENT_SECONDS", 4.0)
    log = tmp_path / "2026-09-26T10-00-00-3d-mdrnn.log"
    log.write_text("2026-09-26T10:00:00.000000,interface,0.3,0.5\n2026-09-26T10:00:01.000000,interface,0.5,0.5\n")
    with pytest.raises(ModelError, match="a step took more than 4 s: it does not end"):
        impsy.replay(log, graph, mode="polyphony")
    contestant = contestant_for(open_model(graph))
    contestant.reset(70)
    events = np.full((70, 3), 0.3, np.float32)
    contestant.hear(events)
    events[60, 1] = HANGS
    with pytest.raises(ModelError, match="a step took more than 4 s"):
        contestant.hear(events)


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT to one process there")
@pytest.mark.slow
def test_an_interruption_ends_what_waits_for_it(graph):
    code = (
        "import sys; from impsy.models.opening import open_model\n"
        "predictor = open_model(sys.argv[1]).predictor; print('hears', flush=True)\n"
        "predictor.hear([0.1, 0.5, 0.5]); predictor.parameters"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, graph], stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    ) as program:
        assert program.stdout.readline() == b"hears\n"
        time.sleep(0.3)
        began = time.monotonic()
        os.killpg(program.pid, signal.SIGINT)  # as Ctrl-C does
        assert program.wait(30)
        assert if_idle(time.monotonic() - began) < 2
        assert b"KeyboardInterrupt" in program.stderr.read()
