"""The sketches for boards play to a real session over pseudo-terminals; stand-ins replace their hardware."""

from __future__ import annotations

import ast
import json
import math
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from example_session import EXAMPLES, playing
from serial_device import Device

from waiting import if_idle, wait_until

STAND_INS = Path(__file__).with_name("stand_ins")
MICROBIT = EXAMPLES / "microbit" / "main.py"
ARDUINO = EXAMPLES / "arduino" / "impsy" / "impsy.ino"
PORT = '"/dev/ttyACM0"'

pytestmark = pytest.mark.skipif(os.name != "posix", reason="there are no pseudo-terminals")


@pytest.fixture
def device(tmp_path):
    device = Device(tmp_path / "ttyBoard")
    device.plug()
    yield device
    device.pull()


def play_with_board(session, device, command, environment, written: Path, lines: int) -> None:
    """Run a board's program until it has shown so many answers, end the session, and let the last one arrive."""
    session.wait_for("serial is connected to ")
    board = subprocess.Popen(command, env={**os.environ, **environment}, pass_fds=[device.main])
    try:
        wait_until(lambda: written.exists() and len(written.read_text().splitlines()) >= lines)
        assert if_idle(session.end()) < 1.0
        time.sleep(0.3)  # what is still on the line is read within a look or two
        assert board.poll() is None
    finally:
        board.terminate()
        board.wait(5)


def test_the_microbit_plays_and_shows_the_answers(tmp_path, device):
    lights = tmp_path / "lights"
    environment = {"STAND_IN_LINE": str(device.main), "STAND_IN_LIGHTS": str(lights), "PYTHONPATH": str(STAND_INS)}
    with playing(tmp_path / "run", "microbit.toml", {PORT: f'"{device.path}"'}) as session:
        play_with_board(session, device, [sys.executable, str(MICROBIT)], environment, lights, 5)
    heard = [values for _, values in session.rows("interface")]
    # A tilt to the right and back, with button A down for a while; the trembling before and after is not sent.
    assert 10 < len(heard) <= 50
    assert max(values[0] for values in heard) == pytest.approx((1 + math.sin(0.9)) / 2, abs=0.02)
    assert [values[0] for values in heard[:5]] == sorted(values[0] for values in heard[:5])
    assert {values[1] for values in heard} == {0.5}
    assert {0.0, 1.0} == {values[3] for values in heard}
    assert {values[4] for values in heard} == {0.0}
    assert "Traceback" not in session.text()
    shown = json.loads(lights.read_text().splitlines()[-1])
    heights = [sum(row[column] for row in shown) / 45 for column in range(5)]
    assert heights == pytest.approx(session.rows("rnn")[-1][1], abs=0.02)
    for column in range(5):  # a bar stands on the bottom
        assert [row[column] for row in shown] == sorted(row[column] for row in shown)


def test_the_microbit_sketch_is_what_micropython_understands():
    """No feature that the board's Python (3.4 and a little more) lacks, and no module but the board's own."""
    tree = ast.parse(MICROBIT.read_text(encoding="utf-8"), feature_version=(3, 4))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    assert [getattr(node, "module", None) for node in imports] == ["microbit"]
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr | ast.NamedExpr | ast.AnnAssign)]


def build(folder: Path) -> Path:
    """The sketch as a program; its functions are declared first, as the Arduino IDE does."""
    sketch = ARDUINO.read_text(encoding="utf-8")
    declared = re.findall(r"^(?:void|int|bool) \w+\([^)]*\)(?= \{)", sketch, re.MULTILINE)
    source, program = folder / "sketch.cpp", folder / "sketch"
    source.write_text(
        '#include "Arduino.h"\n' + "".join(f"{each};\n" for each in declared) + sketch, encoding="utf-8"
    )
    flags = ["-std=c++17", "-O1", "-Wall", "-Wextra", "-Werror", "-pthread", f"-I{STAND_INS}"]
    done = subprocess.run(
        ["g++", *flags, str(source), "-o", str(program)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return program


@pytest.mark.peer("g++")
def test_the_arduino_plays_and_its_pins_follow_the_answers(tmp_path, device):
    program, pins = build(tmp_path), tmp_path / "pins"
    with playing(tmp_path / "run", "arduino.toml", {PORT: f'"{device.path}"'}) as session:
        play_with_board(session, device, [str(program), str(device.main), str(pins)], {}, pins, 5)
    heard = [values for _, values in session.rows("interface")]
    assert 10 < len(heard) <= 60
    first = [values[0] for values in heard]
    assert first == sorted(first)
    assert first[-1] == pytest.approx(920 / 1023, abs=0.01)
    assert {round(value, 2) for values in heard for value in values[1:]} == {0.49}
    assert "Traceback" not in session.text()
    written = [dict(pair.split("=") for pair in line.split()) for line in pins.read_text().splitlines()]
    played = [values for _, values in session.rows("rnn")]
    assert [list(map(int, each.values())) for each in written] == [
        pytest.approx([255 * value for value in values], abs=0.6) for values in played
    ]
    assert all(list(each) == ["3", "5", "6", "9"] for each in written)


@pytest.mark.peer("g++")
def test_the_arduino_passes_over_lines_that_are_something_else(tmp_path, device):
    program, pins = build(tmp_path), tmp_path / "pins"
    board = subprocess.Popen([str(program), str(device.main), str(pins)], pass_fds=[device.main])
    try:
        with os.fdopen(os.open(device.path, os.O_RDWR | os.O_NOCTTY), "wb", buffering=0) as line:
            for text in ("1,2,3", "a,b,c,d", "0.5,0.5,0.5,0.5,0.5", "9" * 500, "", "2,-1,0.5,1"):
                line.write(text.encode() + b"\n")
            wait_until(lambda: pins.exists() and pins.read_text())
    finally:
        board.terminate()
        board.wait(5)
    assert pins.read_text() == "3=255 5=0 6=128 9=255 \n"
