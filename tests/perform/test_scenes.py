"""Scenes: what they are made of, recalling them while playing, and saving others."""

from __future__ import annotations

import json
import re
import socket
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from pythonosc.osc_message import OscMessage

from impsy.codecs.osc import encode_message
from impsy.config import load_config
from impsy.config.workspace import STARTER_MODEL, starter_files
from impsy.events import LoadModel, RecallScene, Set
from impsy.perform import STAND_IN, Ports, Reloader, Reports, WantedPorts, build_session
from impsy.perform.scenes import scenes_of
from waiting import if_idle, wait_until

CONFIG = """\
[model]
dimension = 9

[scenes."The verse"]
mode = "battle"
threshold = 0.25
timescale = 2

[scenes.chorus]
mode = "polyphony"
sigmatemp = 0.5
pitemp = 1.5
model = "one.tflite"

[scenes.bridge]
model = "other/two.tflite"

[scenes.lost]
threshold = 3
model = "nowhere.tflite"
"""


class Stage:
    def __init__(self, folder: Path) -> None:
        model = starter_files()[STARTER_MODEL]
        self.folder = folder / "workspace"
        (self.folder / "other").mkdir(parents=True)
        for path in (self.folder / "one.tflite", self.folder / "other" / "two.tflite", folder / "outside.tflite"):
            path.write_bytes(model)
        self.watcher = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.watcher.bind(("127.0.0.1", 0))
        self.watcher.settimeout(5)
        self.path = self.folder / "config.toml"
        self.save(CONFIG)
        loaded = load_config(self.path)
        self.reports = Reports()
        ports = Ports(WantedPorts())
        self.session = build_session(loaded, logdir=None, seed=7, reports=self.reports, ports=ports)
        self.reloader = Reloader(self.session, ports, loaded, lambda config: config, self.session.report)

    def save(self, text: str) -> None:
        port = self.watcher.getsockname()[1]
        self.path.write_text(f"{text}\n[webui]\nmonitor_port = {port}\ncommand_port = 0\n")

    @property
    def engine(self):
        return self.session.view().engine

    def state(self):
        return self.session.state()

    def told_state(self) -> dict:
        """The next that arrives at the monitor port."""
        while True:
            message = OscMessage(self.watcher.recv(65536))
            if message.address == "/monitor/state":
                return json.loads(message.params[0])


@pytest.fixture
def stage(tmp_path):
    made = Stage(tmp_path)
    with made.watcher, made.session:
        yield made


def test_a_scene_is_events_and_a_model():
    assert scenes_of_text() == {
        "The verse": ((Set("threshold", 0.25), Set("timescale", 2.0), Set("mode", "battle")), ""),
        "a": ((), "models/a.tflite"),
    }


def scenes_of_text():
    from impsy.config import parse_config

    loaded = parse_config(
        '[model]\ndimension = 3\n[scenes."The verse"]\nmode = "battle"\nthreshold = 0.25\ntimescale = 2\n'
        '[scenes.a]\nmodel = "models/a.tflite"\n'
    )
    return {name: (scene.events, scene.model) for name, scene in scenes_of(loaded).by_name.items()}


def test_the_state_names_the_scenes_the_configuration_and_the_seed(stage):
    state = stage.told_state()
    assert state["scenes"] == ["The verse", "chorus", "bridge", "lost"]
    assert state["scene"] == ""
    assert state["dimension"] == 9
    assert state["config"] == str(stage.path.resolve())
    assert state["seed"] == 7


def test_a_scene_sets_what_it_names_and_leaves_the_rest(stage):
    stage.session.deliver(RecallScene("The verse"))
    wait_until(lambda: stage.state()["scene"] == "The verse")
    settings = stage.engine.settings
    assert (settings.mode, settings.threshold, settings.timescale) == ("battle", 0.25, 2.0)
    assert (settings.sigma_temperature, settings.pi_temperature) == (0.01, 1.0)
    assert stage.engine.model == STAND_IN


def test_a_scene_is_recalled_by_osc_and_told_at_once(stage):
    stage.told_state()

    def port_of_commands():
        (commands,) = (port for port in stage.session.view().ports if port.name == "commands")
        return re.search(r"listening on 127\.0\.0\.1.* port (\d+)", commands.detail)

    port = int(wait_until(port_of_commands)[1])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as page:
        page.sendto(encode_message("/impsy/scene", "s", ["The verse"]), ("127.0.0.1", port))
    before = time.monotonic()
    while stage.told_state()["scene"] != "The verse":
        assert if_idle(time.monotonic() - before) < 0.5


def test_its_settings_hold_at_once_and_its_model_when_it_is_open(stage):
    stage.session.deliver(RecallScene("chorus"))
    wait_until(lambda: stage.engine.settings.mode == "polyphony", seconds=0.5)
    wait_until(lambda: stage.engine.model == "one.tflite")
    assert stage.engine.settings.sigma_temperature == 0.5
    assert stage.state()["scene"] == "chorus"


def test_a_model_that_plays_already_is_not_opened_again(stage):
    stage.session.deliver(RecallScene("chorus"))
    wait_until(lambda: stage.engine.model == "one.tflite")
    stage.session.deliver(RecallScene("The verse"))
    stage.session.deliver(RecallScene("chorus"))
    wait_until(lambda: stage.state()["scene"] == "chorus")
    time.sleep(0.3)
    assert stage.reports.counts()["model-switched"] == 1


def test_of_two_scenes_in_a_row_the_models_of_the_second_stays(stage):
    stage.session.deliver(RecallScene("chorus"))
    wait_until(lambda: stage.engine.model == "one.tflite")
    stage.session.deliver(RecallScene("bridge"))
    stage.session.deliver(RecallScene("chorus"))
    time.sleep(0.5)
    assert stage.engine.model == "one.tflite"


def test_the_scene_is_no_longer_told_once_something_it_set_is_set_otherwise(stage):
    stage.session.deliver(RecallScene("The verse"))
    wait_until(lambda: stage.state()["scene"] == "The verse")
    stage.session.deliver(Set("threshold", 0.3))
    wait_until(lambda: stage.state()["scene"] == "")
    stage.session.deliver(RecallScene("chorus"))
    wait_until(lambda: stage.state()["scene"] == "chorus" and stage.engine.model == "one.tflite")
    stage.session.deliver(Set("threshold", 0.4))  # which it says nothing of
    wait_until(lambda: stage.engine.settings.threshold == 0.4)
    assert stage.state()["scene"] == "chorus"
    stage.session.deliver(LoadModel("other/two.tflite"))
    assert stage.state()["scene"] == ""


def test_a_name_that_is_no_scene_is_told_with_those_there_are(stage, caplog):
    stage.session.deliver(RecallScene("vers"))
    (report,) = [r for r in stage.reports.recent(50) if r.kind == "unknown-scene:vers"]
    assert "“The verse”, “chorus”, “bridge”, “lost”" in report.text
    assert stage.state()["scene"] == ""


def test_a_model_that_is_missing_is_told_and_the_rest_is_set(stage, caplog):
    stage.session.deliver(RecallScene("lost"))
    wait_until(lambda: stage.engine.settings.threshold == 3.0)
    wait_until(lambda: "model-unusable:nowhere.tflite" in stage.reports.counts())
    assert stage.engine.model == STAND_IN


def test_scenes_that_are_saved_while_playing_can_be_recalled(stage):
    stage.save(CONFIG.replace("threshold = 0.25", "threshold = 0.75") + '[scenes.new]\nmodel = "../outside.tflite"\n')
    stage.reloader.reload(stage.path)
    assert stage.state()["scenes"] == ["The verse", "chorus", "bridge", "lost", "new"]
    stage.session.deliver(RecallScene("The verse"))
    wait_until(lambda: stage.engine.settings.threshold == 0.75)
    stage.session.deliver(RecallScene("new"))  # the configuration may name any file, unlike a message
    wait_until(lambda: stage.engine.model == "outside.tflite")
    stage.save("[model]\ndimension = 9\n")
    stage.reloader.reload(stage.path)
    stage.session.deliver(RecallScene("chorus"))
    assert (stage.state()["scenes"], stage.state()["scene"]) == ([], "")
    assert "no scenes" in stage.reports.recent(50)[-1].text


def test_without_a_seed_that_is_known_none_is_told(tmp_path):
    with ExitStack() as stack:
        made = Stage(tmp_path)
        stack.enter_context(made.watcher)
        session = build_session(load_config(made.path), logdir=None)
        assert "seed" not in session.state()
