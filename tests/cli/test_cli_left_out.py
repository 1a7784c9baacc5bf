"""Every command that needs the dimension works where the configuration leaves it out."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from numpy.random import default_rng

from impsy.cli.main import group
from impsy.cli.map import _count, _rehearse
from impsy.config import load_config
from impsy.config.document import ConfigDocument
from impsy.errors import ConfigError
from impsy.models.sizes import Size
from impsy.models.tflite.write import write_tflite
from impsy.models.weights import random_weights
from impsy.perform import Ports, Reloader, Reports, WantedPorts, build_session, sized
from ports import free_ports


def write(folder: Path, controls: int, source: str) -> Path:
    """A configuration for so many controls, which only its model or only its mappings say."""
    write_tflite(random_weights(controls + 1, Size(4, 1), rng=default_rng(0), mixtures=1), folder / "m.tflite")
    server, client, monitor, command, websocket = free_ports(5)
    mapping = json.dumps([["control_change", 1, number] for number in range(controls)])
    text = f"[osc]\nserver_port = {server}\nclient_port = {client}\n"
    text += f"[webui]\nmonitor_port = {monitor}\ncommand_port = {command}\n[model]\n"
    if source == "model":
        text += 'file = "m.tflite"\n'
    else:
        text += f"[websocket]\nserver_port = {websocket}\ninput = {mapping}\n"
    (folder / "config.toml").write_text(text)
    return folder / "config.toml"


@pytest.fixture
def impsy(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> Result:
        return CliRunner().invoke(group, [str(argument) for argument in arguments])

    return run


both = pytest.mark.parametrize("source", ["model", "mappings"])
sizes = pytest.mark.parametrize("controls", [1, 4, 12])


@both
@sizes
def test_replay(impsy, tmp_path, source, controls):
    write(tmp_path, controls, source)
    values = ",".join(["0.5"] * controls)
    rows = [f"2026-01-01T10:00:{second:02}.000000,interface,{values}\n" for second in range(3)]
    (tmp_path / "take.log").write_text("".join(rows))
    result = impsy("replay", "take.log", "-o", "again.log", "--tail", 0)
    assert result.exit_code == 0, result.output
    assert sum(",interface," in row for row in (tmp_path / "again.log").read_text().splitlines()) == 3


@both
@sizes
def test_monitor(impsy, tmp_path, source, controls):
    write(tmp_path, controls, source)
    shown = impsy("monitor", "--seconds", 0.1)
    assert shown.exit_code == 0, shown.output
    assert f"x_{controls} " in shown.output
    assert f"x_{controls + 1} " not in shown.output


@both
@sizes
@pytest.mark.slow
def test_run(tmp_path, monkeypatch, source, controls):
    monkeypatch.chdir(tmp_path)
    before = threading.active_count()
    session = build_session(load_config(write(tmp_path, controls, source)), logdir=tmp_path / "logs")
    with session:
        assert session.view().engine.settings.dimension == controls + 1
    assert threading.active_count() <= before


@both
@sizes
def test_learn(tmp_path, source, controls):
    path = write(tmp_path, controls, source)
    document = ConfigDocument.open(path)
    assert _count(document, None, False) == controls
    _rehearse(document, path, "input", "X", controls, None)
    assert _count(document, 3, False) == 3
    if source == "mappings" and controls != 3:
        with pytest.raises(ConfigError, match=r"found .* entr.*wanted"):
            _rehearse(document, path, "input", "X", 3, None)


def test_learn_where_nothing_says_how_many(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text("[model]\n[osc]\n")
    with pytest.raises(ConfigError, match="add --controls N"):
        _count(ConfigDocument.open(path), None, False)
    assert _count(ConfigDocument.open(path), 5, False) == 5


def test_a_saved_configuration_is_sized_anew_while_playing(tmp_path):
    path = write(tmp_path, 4, "model")
    loaded = sized(load_config(path))
    ports, told = Ports(WantedPorts()), []
    session = build_session(loaded, logdir=None, reports=Reports(), ports=ports)
    reloader = Reloader(session, ports, loaded, lambda fresh: fresh, told.append)
    text = path.read_text()
    path.write_text(text.replace("[model]", "[interaction]\nthreshold = 2\n[model]"))
    reloader.reload(path)
    assert "is in use" in told.pop().text
    write_tflite(random_weights(9, Size(4, 1), rng=default_rng(0), mixtures=1), tmp_path / "nine.tflite")
    path.write_text(text.replace("m.tflite", "nine.tflite"))
    reloader.reload(path)
    assert "dimension 9, which takes a restart" in told.pop().text
    path.write_text(text.replace("m.tflite", "gone.tflite"))
    reloader.reload(path)
    assert "there is no" in told.pop().text
