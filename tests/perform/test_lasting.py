"""An exception anywhere in a performance's threads: it is told once, and what the thread does goes on."""

from __future__ import annotations

import os
import socket
import time
from datetime import datetime
from pathlib import Path

import pytest

from impsy.config.watching import ConfigWatcher
from impsy.errors import ModelError
from impsy.events import Interaction, Record, SetPredictor
from impsy.perform.monitoring.monitor import Monitor
from impsy.perform.notify import ServiceManager, alive_to_service_manager
from impsy.perform.recording.recorder import Recorder
from impsy.perform.simulated.scripted import ScriptedPerformer
from impsy.perform.switching import ModelSwitcher
from impsy.testing import FakePredictor
from waiting import wait_until

NO_MODEL = {"playing": FakePredictor(3), "prepare": lambda _predictor: None}


def told(caplog):
    return caplog.text.count("Traceback")


def test_a_watcher_of_the_configuration_hears_later_saves(tmp_path, caplog):
    heard = []

    def changed(path):
        heard.append(path.read_text())
        if len(heard) == 1:
            raise ValueError("it cannot be read")

    config = tmp_path / "config.toml"
    config.write_text("0")
    with ConfigWatcher(config).then(changed):
        for number in (1, 2, 3):
            config.write_text(f"# {number} {'x' * number}")
            wait_until(lambda: len(heard) == number)  # noqa: B023 - called at once
    assert told(caplog) == 1


@pytest.mark.skipif(os.name != "posix", reason="pipes, and files that nobody may read, are POSIX's")
def test_a_watcher_hears_of_what_replaces_the_file_and_of_the_file_when_it_is_back(tmp_path):
    heard = []
    config = tmp_path / "config.toml"
    config.write_text("0")
    stat = ("a file", "a folder", "a pipe")
    with ConfigWatcher(config).then(lambda path: heard.append(stat[path.is_dir() + 2 * path.is_fifo()])):
        for what in ("a folder", "a file", "a pipe", "a file"):
            config.rmdir() if config.is_dir() else config.unlink()
            time.sleep(0.01)
            if what == "a folder":
                config.mkdir()
            elif what == "a pipe":
                os.mkfifo(config)
            else:
                config.write_text("again")
            wait_until(lambda: heard and heard[-1] == what)  # noqa: B023 - called at once
            heard.clear()
        config.chmod(0)
        config.unlink()
        config.write_text("back")
        wait_until(lambda: heard and heard[-1] == "a file")


def test_a_recorder_writes_later_rows(tmp_path, caplog):
    def date(when):
        if when == 1.0:
            raise OverflowError("no such date")
        return datetime(2026, 1, 1)

    recorder = Recorder(tmp_path, 3, date, datetime(2026, 1, 1), lambda _report: None)
    recorder.open()
    try:
        for number in range(4):
            recorder.add(Record("interface", (0.5, 0.5), float(number)))
            wait_until(lambda: recorder.rows >= number - (number >= 1) or recorder.waiting == 0)  # noqa: B023
        wait_until(lambda: recorder.rows == 3)
    finally:
        recorder.close()
    assert told(caplog) == 1
    assert len(next(Path(tmp_path).glob("*.log")).read_text().splitlines()) == 3


def test_a_monitor_sends_vectors_where_the_state_cannot_be_made(caplog):
    def state():
        raise ValueError("no state")

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as page:
        page.bind(("127.0.0.1", 0))
        page.settimeout(60)
        monitor = Monitor(page.getsockname()[1], state, time.monotonic)
        monitor.open()
        try:
            for _ in range(3):
                monitor.changed()
                monitor.mirror("/monitor/in", [0.5])
                assert page.recv(100).startswith(b"/monitor/in")
        finally:
            monitor.close()
    assert told(caplog) == 1


def test_models_are_opened_after_one_that_raised_anything(caplog):
    switched, reports = [], []

    def open_model(name):
        if name.startswith("odd"):
            raise ValueError("nobody thought of this")
        if name == "bad":
            raise ModelError("bad: no model")
        return SetPredictor(FakePredictor(3), name, name)

    switcher = ModelSwitcher(switched.append, reports.append, **NO_MODEL)
    for name in ("odd", "bad", "odd too", "good"):
        switcher.switch_to(name, open_model)
        wait_until(lambda: len(reports) + len(switched) == ("odd", "bad", "odd too", "good").index(name) + 1)  # noqa: B023
    assert [event.name for event in switched] == ["good"]
    assert told(caplog) == 1
    assert "odd" in reports[0].text


def test_a_model_is_switched_to_after_the_switch_itself_has_failed(caplog):
    taken = []

    def deliver(event):
        taken.append(event)
        if len(taken) == 1:
            raise ValueError("who takes it has a fault")

    switcher = ModelSwitcher(deliver, lambda _report: None, **NO_MODEL)
    switcher.switch_to("one", lambda name: SetPredictor(FakePredictor(3), name, name))
    wait_until(lambda: len(taken) >= 2)
    switcher.switch_to("two", lambda name: SetPredictor(FakePredictor(3), name, name))
    wait_until(lambda: taken[-1].name == "two")
    assert told(caplog) == 1


def test_the_service_manager_hears_of_life_after_a_fault(caplog):
    sent, asked = [], []

    class Manager(ServiceManager):
        def __init__(self):
            super().__init__({})

        period = 0.01

        def send(self, *lines):
            sent.extend(lines)
            return True

    def alive(_seconds):
        asked.append(1)
        if len(asked) == 1:
            raise ValueError("it cannot be said")
        return True

    with alive_to_service_manager(alive, Manager()):
        wait_until(lambda: "WATCHDOG=1" in sent)
    assert told(caplog) == 1


def test_a_script_that_raises_is_told(caplog):
    played = []

    def script():
        yield 0.0, (0.5, 0.5)
        raise ValueError("the script has a fault")

    performer = ScriptedPerformer("script", script())
    performer.open(played.append, lambda _report: None)
    wait_until(lambda: told(caplog) == 1)
    performer.close()
    assert played == [Interaction((0.5, 0.5), "script")]
