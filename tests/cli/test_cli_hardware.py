"""``impsy doctor``, ``ports``, ``monitor`` and ``map`` as a user runs them, without any MIDI device."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time

import pytest

from impsy.codecs.osc import encode_vector
from ports import free_ports
from waiting import PATIENCE, if_idle

pytestmark = pytest.mark.slow


def impsy(*arguments, cwd, code=0, text=""):
    done = subprocess.run(
        [sys.executable, "-m", "impsy", *map(str, arguments)],
        cwd=cwd,
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
        env=environment(),
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


def environment():
    """Without a JACK server, and without starting one."""
    return {**os.environ, "NO_COLOR": "1", "JACK_DEFAULT_SERVER": "nobody", "JACK_NO_START_SERVER": "1"}


@pytest.fixture
def workspace(tmp_path):
    server, command, monitor = free_ports(3)
    text = f"[model]\ndimension = 3\n[osc]\nserver_port = {server}\n[webui]\n"
    (tmp_path / "config.toml").write_text(text + f"command_port = {command}\nmonitor_port = {monitor}\n")
    tmp_path.joinpath("port").write_text(str(server))
    return tmp_path


MIDI = '[midi]\napi = "JACK"\nin_device = ["A"]\ninput."A" = [["note_on", 1], ["note_on", 2]]\n'


# --- doctor -------------------------------------------------------------------------------------------


def test_doctor_says_that_all_is_ready(workspace):
    done = impsy("doctor", cwd=workspace)
    assert "config.toml is valid" in done.stdout
    # One warning is that there is no model; a busy machine's clock may be another.
    assert re.fullmatch(r"Ready to play, with (1 warning|2 warnings)\.", done.stdout.splitlines()[-1])
    report = json.loads(impsy("doctor", "--json", cwd=workspace).stdout)
    assert report["plays"] is True
    assert {finding["level"] for finding in report["findings"]} == {"ok", "warning"}
    assert {"check", "level", "text", "advice"} == set(report["findings"][0])


@pytest.mark.slow
def test_doctor_fails_with_what_would_keep_it_from_playing(workspace):
    config = workspace / "config.toml"
    config.write_text(config.read_text().replace("dimension = 3", 'dimension = 3\nfile = "gone.tflite"'))
    done = impsy("doctor", cwd=workspace, code=1)
    assert "PROBLEM there is no" in done.stdout
    assert "→ Correct the name" in done.stdout
    assert "It cannot play: 1 problem" in done.stdout
    assert json.loads(impsy("doctor", "--json", cwd=workspace, code=1).stdout)["plays"] is False


@pytest.mark.slow
def test_doctor_without_a_config_says_how_to_start(tmp_path):
    assert "impsy init" in impsy("doctor", cwd=tmp_path, code=1).stdout


# --- ports --------------------------------------------------------------------------------------------


def test_ports_without_a_config_and_without_a_midi_system(tmp_path, told_of_midi):
    done = impsy("ports", "--api", "JACK", cwd=tmp_path, code=1)
    assert told_of_midi("JACK") in done.stdout
    assert "Serial ports" in done.stdout
    assert "config.toml names" not in done.stdout
    report = json.loads(impsy("ports", "--api", "JACK", "--json", cwd=tmp_path, code=1).stdout)
    assert report["midi"]["error"]
    assert report["wanted"] == []


@pytest.mark.slow
def test_ports_says_what_a_config_asks_for(workspace):
    config = workspace / "config.toml"
    config.write_text(config.read_text() + MIDI + '[serial]\nport = "/dev/no-such-port"\n')
    done = impsy("ports", cwd=workspace)
    assert "config.toml names" in done.stdout
    assert "MIDI input “A”: cannot be found" in done.stdout
    assert "serial port “/dev/no-such-port”: is not there" in done.stdout
    report = json.loads(impsy("ports", "-c", "config.toml", "--json", cwd=workspace).stdout)
    assert [wanted["key"] for wanted in report["wanted"]] == ["midi.in_device[0]", "serial.port"]


@pytest.mark.slow
def test_ports_leaves_a_broken_config_aside_unless_it_was_named(tmp_path):
    (tmp_path / "config.toml").write_text("[model")
    assert "left aside" in impsy("ports", cwd=tmp_path).stderr
    assert "not TOML" in impsy("ports", "-c", "config.toml", cwd=tmp_path, code=1).stderr
    assert "no-such" in impsy("ports", "-c", "no-such.toml", cwd=tmp_path, code=1).stderr


# --- monitor ------------------------------------------------------------------------------------------


def watched(workspace, *arguments):
    """``impsy monitor``, once it listens."""
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "impsy", "monitor", *arguments],
        cwd=workspace,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment(),
    )
    lines = []
    while not lines or "osc is listening" not in lines[-1]:
        line = process.stdout.readline()
        assert line, lines
        lines.append(line)
    return process


@pytest.mark.slow
def test_monitor_shows_what_arrives_and_ends_with_a_count(workspace):
    process = watched(workspace)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as hand:
        address = ("127.0.0.1", int((workspace / "port").read_text()))
        for number in range(5):
            hand.sendto(encode_vector("/interface", (number / 4, 0.5)), address)
        hand.sendto(encode_vector("/interface", (0.5,)), address)
        seen = ""
        while "came with 1 value" not in seen:
            line = process.stdout.readline()
            assert line, seen
            seen += line
    process.send_signal(signal.SIGINT)
    text, _ = process.communicate(timeout=PATIENCE)
    text = seen + text
    assert process.returncode == 0
    assert len(re.findall(r"^\d\d:\d\d:\d\d\.\d{3}  osc +x_1 \d\.\d{4}  x_2 0\.5000$", text, re.MULTILINE)) == 5
    assert "/interface came with 1 value" in text
    assert re.search(r"x_1 .* 5 .* 0\.0000 .* 1\.0000 .* osc", text)
    assert "Traceback" not in text


@pytest.mark.slow
def test_monitor_ends_by_itself(workspace):
    started = time.monotonic()
    text = impsy("monitor", "--seconds", "0.5", cwd=workspace).stdout
    assert if_idle(time.monotonic() - started) < 10
    assert "What was heard" in text


# --- map ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "JACK"),
        (("--controls", "5"), "Add --set-dimension to make it 6"),
        (("--controls", "5", "--set-dimension"), "found 2 entries; wanted 5"),
        (("-c", "none.toml"), "there is no such file"),
    ],
)
@pytest.mark.slow
def test_map_says_at_once_what_is_in_the_way(workspace, arguments, words, told_of_midi):
    config = workspace / "config.toml"
    config.write_text(config.read_text() + MIDI)
    before = config.read_bytes()
    words = told_of_midi(words) if words == "JACK" else words
    assert words in impsy("map", "B", *arguments, cwd=workspace, code=1).stderr
    assert config.read_bytes() == before


@pytest.mark.slow
def test_map_is_also_called_learn_and_asks_for_the_number_of_controls(tmp_path):
    (tmp_path / "config.toml").write_text("[model]\n")
    for name in ("map", "learn"):
        assert "--controls N" in impsy(name, cwd=tmp_path, code=1).stderr
