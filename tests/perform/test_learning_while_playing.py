"""Learning while playing in the session, with the real process: handed over, kept, forgotten, killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from impsy.engine import Heard
from impsy.events import Predictor, Record, Report, SetPredictor
from impsy.learning.rehearsal import rehearsed
from impsy.models.opening import model_facts, open_model, open_weights
from impsy.models.sizes import Size
from impsy.models.tflite.write import encode_tflite
from impsy.models.weights import Weights
from impsy.perform.learning import supervisor as learning_module
from impsy.perform.learning.supervisor import Learning, LearningPlan
from impsy.testing import FakePredictor
from random_networks import random_weights
from waiting import wait_until

HEARD = Heard(5, tuple((0.1, 0.5, 0.1 * number) for number in range(5)))


def network(seed: int) -> Weights:
    rng = np.random.default_rng(seed)
    return random_weights(3, Size(8, 1), rng=rng, architecture="gestures", mixtures=12)


class Stage:
    """A performance around the part under test: what plays, what was reported."""

    def __init__(self, folder: Path, **plan: object) -> None:
        self.file = folder / "musicMDRNN-dim3-layers1-units8-mixtures12-scale10.tflite"
        self.file.write_bytes(encode_tflite(network(0)))
        self.reports: list[Report] = []
        self.playing: Predictor = open_model(self.file).predictor
        self.taken: list[SetPredictor] = []
        self.models = folder / "models"
        chosen = {"models": self.models, "learns": "the mixture layer", **plan}
        self.learning = Learning(
            LearningPlan(3, **chosen),  # type: ignore[arg-type]
            self.playing,
            str(self.file),
            self.file.name,
            log=lambda: str(folder / "logs" / "now.log"),
            heard=lambda: HEARD,
            take_over=self.take_over,
            report=self.reports.append,
        )
        self._time = 0.0
        self._events = np.concatenate(rehearsed(network(1), np.random.default_rng(3)))
        self.played = 0

    def take_over(self, ready: SetPredictor, instead_of: Predictor) -> bool:
        if instead_of is not self.playing:
            return False
        self.playing = ready.predictor
        self.taken.append(ready)
        return True

    def play(self, count: int) -> None:
        for dt, *values in self._events[self.played : self.played + count].tolist():
            self._time += dt
            self.learning.performed(Record("interface", tuple(values), self._time))
        self.played += count

    def said(self, kind: str) -> list[str]:
        return [report.text for report in self.reports if report.kind == kind]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path)
    yield made
    made.learning.close()


def learnt(stage: Stage) -> None:
    """Have it learn until it takes over."""
    stage.learning.switch(True)
    for _ in range(6):
        stage.play(200)
        wait_until(lambda: stage.learning.state["events"] >= stage.played - 1, what="events")
        wait_until(lambda: bool(stage.taken) or stage.learning.state["steps"] > 0.2 * stage.played, what="learning")
    wait_until(lambda: bool(stage.taken), what="taking over")


@pytest.mark.slow
def test_what_was_learnt_takes_over_is_kept_and_forgotten(stage: Stage) -> None:
    learnt(stage)
    ready = stage.taken[0]
    assert ready.learnt
    assert ready.heard == HEARD.total
    expected = open_model_of(ready.content, stage.models.parent)
    for vector in HEARD.vectors:
        expected.hear(vector)
    np.testing.assert_array_equal(ready.predictor.mixture(), expected.mixture())  # type: ignore[attr-defined]
    wait_until(lambda: stage.learning.state["updates"] > 0, what="the state")
    state = stage.learning.state
    assert state["gain"] is not None
    assert state["gain"] > 0
    assert state["can_keep"]
    assert "better than the model before" in state["words"]
    assert stage.said("learning-took-over")

    stage.learning.keep()
    wait_until(lambda: bool(stage.said("learning-kept")), what="saving")
    (saved,) = stage.models.glob("*-learnt-*.tflite")
    facts = model_facts(saved)
    assert facts["trained_on"]["continued_from"] == stage.file.name
    assert facts["trained_on"]["take"] == "now.log"
    assert facts["trained_on"]["events"] > 50
    assert facts["figures"]["gain"] > 0
    assert open_weights(saved).dimension == 3

    stage.learning.forget()
    wait_until(lambda: bool(stage.said("forgotten")), what="going back")
    back = stage.taken[-1]
    assert back.file == str(stage.file)
    assert back.learnt
    wait_until(lambda: not stage.learning.state["can_forget"], what="the state")


def open_model_of(content: bytes, folder: Path) -> FakePredictor:
    path = folder / "handed-over.tflite"
    path.write_bytes(content)
    return open_model(path).predictor  # type: ignore[return-value]


@pytest.mark.slow
def test_a_process_that_is_killed_is_started_again_where_it_was(stage: Stage) -> None:
    stage.learning.switch(True)
    stage.play(400)
    wait_until(lambda: stage.learning.state["steps"] > 20, what="learning")
    steps, pid = stage.learning.state["steps"], stage.learning.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: stage.learning.pid not in (None, pid), what="another process")
    assert "SIGKILL" in stage.said("learning-lost")[0]
    stage.play(200)
    wait_until(lambda: stage.learning.state["steps"] > steps, what="learning on")
    assert stage.learning.state["events"] >= 590


@pytest.mark.slow
def test_a_process_that_ends_again_and_again_is_given_up(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("impsy.perform.learning.process._MODULE", "impsy.training.no_such_module")
    stage.learning.switch(True)
    wait_until(lambda: bool(stage.said("learning-given-up")), what="giving up")
    assert len(stage.said("learning-lost")) == learning_module.MOST_RESTARTS - 1
    wait_until(lambda: not stage.learning.state["on"], what="the state")
    assert "ended 3 times" in stage.learning.state["words"]


def test_there_is_nothing_to_keep_or_forget_at_first(stage: Stage) -> None:
    stage.learning.keep()
    stage.learning.forget()
    wait_until(lambda: bool(stage.said("nothing-to-keep") and stage.said("nothing-to-forget")), what="reports")
    stage.learning.close()
    assert not stage.models.exists()


def test_a_model_that_cannot_learn_is_refused_in_a_sentence(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.file.write_bytes(b"no model")
    stage.learning.switch(True)
    wait_until(lambda: bool(stage.said("learning-refused")), what="refusing")
    assert stage.file.name in stage.said("learning-refused")[0]
    stage.learning.close()


@pytest.mark.slow
def test_switched_off_it_has_no_process(stage: Stage) -> None:
    assert stage.learning.pid is None
    stage.learning.switch(True)
    wait_until(lambda: stage.learning.pid is not None, what="a process")
    stage.learning.switch(False)
    wait_until(lambda: stage.learning.pid is None, what="its end")
    stage.play(5)
    assert stage.learning.state["events"] == 0
