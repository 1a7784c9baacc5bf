"""A configuration with voices: its session, what is seen of it, and what it cannot do while it plays."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner
from numpy.random import default_rng

from impsy import replay
from impsy.cli.main import group
from impsy.config import load_config
from impsy.engine import Forecast, Settings
from impsy.errors import ConfigError
from impsy.events import LoadModel, RecallScene, Set
from impsy.models.sizes import SIZES
from impsy.models.tflite.write import write_tflite
from impsy.models.weights import random_weights
from impsy.perform import Ports, Reloader, Reports, build_session
from impsy.perform.diagnostics.checkup import CHECKS, Workspace
from impsy.perform.models import model_problems, sized
from impsy.perform.monitoring.forecast import encode_forecast
from impsy.testing import FakePort
from waiting import wait_until

TEXT = """\
log_predictions = true
[interaction]
mode = "battle"
[model]
dimension = 7
[[voices]]
name = "melody"
model = "four-dim5-x.tflite"
controls = [1, 2, 4, 6]
[[voices]]
name = "bass"
model = "two-dim3-x.tflite"
controls = [5, 3]
mode = "polyphony"
hears = ["melody"]
[scenes.other]
model = "other-dim3-x.tflite"
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, dimension in (("four", 5), ("two", 3), ("other", 3)):
        write_tflite(
            random_weights(dimension, SIZES["xxs"], rng=default_rng(dimension)),
            tmp_path / f"{name}-dim{dimension}-x.tflite",
        )
    (tmp_path / "config.toml").write_text(TEXT)
    return tmp_path


class Sections(FakePort):
    """An output that takes a part of the values."""

    def __init__(self):
        super().__init__()
        self.moved = []
        self.ended = []

    def pass_on(self, values, moved, origin):
        self.moved.append(tuple(moved))
        self.sent.append(tuple(values))

    def end_notes(self, keys, origin):
        self.ended.append(tuple(index for index, _ in keys))


def levels_of_models(file) -> list[str]:
    (check,) = [check for check in CHECKS if check.name == "model"]
    return [finding.level for finding in check.look(Workspace(file))]


def texts(reports: Reports) -> str:
    return "\n".join(report.text for report in reports.recent(50))


def test_a_session_plays_both_and_says_what_each_does(folder):
    reports, port = Reports(), Sections()
    ports = Ports(lambda _config: (), [port])
    loaded = load_config("config.toml")
    with build_session(loaded, logdir=None, seed=1, reports=reports, ports=ports) as session:
        wait_until(lambda: {(0, 1, 3, 5), (2, 4)} <= set(port.moved), what="both voices")
        state = session.state()
        assert [(v["name"], v["model"], v["mode"], v["controls"]) for v in state["voices"]] == [
            ("melody", "four-dim5-x.tflite", "battle", [1, 2, 4, 6]),
            ("bass", "two-dim3-x.tflite", "polyphony", [5, 3]),
        ]
        assert (state["model"], len(state["input"])) == ("melody: four-dim5-x.tflite, bass: two-dim3-x.tflite", 6)
        json.dumps(state)

        session.deliver(LoadModel("other-dim3-x.tflite"))
        wait_until(lambda: "voice bass: now playing with other-dim3-x.tflite" in texts(reports), what="the switch")
        session.deliver(RecallScene("other"))
        session.deliver(Set("mode", "useronly"))
        wait_until(lambda: session.state()["voices"][0]["mode"] == "useronly", what="the mode")
        assert session.state()["voices"][1]["mode"] == "polyphony"

        reloader = Reloader(session, ports, sized(loaded), lambda fresh: fresh, reports.add)
        (folder / "config.toml").write_text(TEXT.replace("[5, 3]", "[3, 5]"))
        reloader.reload(folder / "config.toml")
        assert "other [[voices]] now, which takes a restart" in texts(reports)
        (folder / "config.toml").write_text(TEXT.replace("dimension = 7", "dimension = 7\nfile = 'none'\npitemp = 2"))
        reloader.reload(folder / "config.toml")
        wait_until(lambda: session.state()["pi_temperature"] == 2, what="the setting")


def test_what_does_not_fit_is_said_with_both_numbers(folder):
    (folder / "config.toml").write_text(TEXT.replace("[5, 3]", "[5]").replace("four", "for"))
    loaded = load_config("config.toml")
    missing, wrong = [problem for problem in model_problems(loaded) if problem.level == "error"]
    assert (missing.key, wrong.key) == ("voices[0].model", "voices[1].model")
    assert "there is no" in missing.text
    assert "has dimension 3, which is 2 controls, but the voice bass has 1: choose a model" in wrong.text
    (scene,) = [problem for problem in model_problems(loaded) if problem.level == "warning"]
    assert "the model other-dim3-x.tflite has dimension 3, and the voices 2, 5" in scene.text
    with pytest.raises(ConfigError, match="there is no"):
        build_session(loaded, logdir=None)
    assert levels_of_models(folder / "config.toml") == ["problem", "problem"]


def test_a_voice_without_a_model_plays_random_gestures(folder):
    (folder / "config.toml").write_text(TEXT.replace('"two-dim3-x.tflite"', '""'))
    loaded = load_config("config.toml")
    assert list(model_problems(loaded)) == []
    session = build_session(loaded, logdir=None, ports=Ports(lambda _config: ()))
    assert "bass: random gestures" in session.view().engine.model
    assert levels_of_models(folder / "config.toml")[-1] == "warning"


def test_without_a_dimension_nothing_says_how_many_controls_there_are(folder):
    (folder / "config.toml").write_text(TEXT.replace("dimension = 7", ""))
    with pytest.raises(ConfigError, match="there is no model of all controls and no mapping that has it"):
        sized(load_config("config.toml"))


@pytest.mark.slow
def test_a_replay_is_exact_and_from_python_the_same(folder):
    rows = [f"2026-11-28T10:00:{second:02d}.500000,interface,{','.join(['0.5'] * 6)}" for second in range(2)]
    (folder / "take.log").write_text("\n".join(rows) + "\n")
    written = []
    for name in ("one.log", "two.log"):
        done = CliRunner().invoke(group, ["replay", "take.log", "--seed", "3", "--tail", "0.5", "-o", name])
        assert done.exit_code == 0, done.output
        written.append((folder / name).read_bytes())
    assert written[0] == written[1]
    assert b",rnn," in written[0]
    again = replay("take.log", config="config.toml", seed=3, tail=0.5)
    assert len(again.times) == len(written[0].splitlines())


def test_run_refuses_another_model_and_check_names_the_voices(folder):
    done = CliRunner().invoke(group, ["run", "two-dim3-x.tflite"])
    assert "has [[voices]], each with a model of its own" in done.output + str(done.exception)
    done = CliRunner().invoke(group, ["config", "check"])
    assert done.exit_code == 0, done.output
    assert "controls 5 and 3, polyphony, hears melody" in " ".join(done.output.split())


def test_the_forecast_says_whose_controls_it_is_of():
    parameters = np.concatenate([np.full(3, 5.0), np.full(3, 1.0), [0.0]])
    forecast = Forecast(1.0, "event", 1, Settings(3), (4, 2))
    message = json.loads(encode_forecast(forecast, parameters, 0.0))
    assert message["controls"] == [4, 2]
    assert len(message["means"][0]) == 2
    assert "controls" not in json.loads(encode_forecast(forecast, None, 0.0))
    wide = Forecast(1.0, "event", 1, Settings(2801), tuple(range(2000, 4800)))
    huge = np.full(2 * 2801 + 1, -9990.1234)
    assert len(encode_forecast(wide, huge, 0.0)) < 65_507
