"""Two models over six controls of one MIDI device under JACK: one answers the performer, one hears the other."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest
from jack_stage import Device
from numpy.random import default_rng
from performance import performing

from impsy.models.sizes import SIZES
from impsy.models.tflite.write import write_tflite
from impsy.models.weights import random_weights
from waiting import wait_until

pytestmark = [pytest.mark.peer("jackd"), pytest.mark.usefixtures("jack_alone")]

MELODY, BASS = (1, 2, 4, 6), (5, 3)
"""Controls, from 1; each is the controller of its number, but the first of each voice, which is a note."""

VOICES = """
[[voices]]
name = "melody"
model = "melody.tflite"
controls = [1, 2, 4, 6]
[[voices]]
name = "bass"
model = "bass.tflite"
controls = [5, 3]
mode = "{mode}"
hears = ["melody"]
[midi]
api = "JACK"
in_device = ["surface"]
out_device = ["surface"]
input."surface" = [["note_on", 1], {two}, ["control_change", 1, 4], ["note_on", 5], ["control_change", 1, 6]]
output."surface" = [["note_on", 1], {two}, ["control_change", 1, 4], ["note_on", 5], ["control_change", 1, 6]]
"""


def voices(mode: str) -> str:
    return VOICES.format(mode=mode, two='["control_change", 1, 2], ["control_change", 1, 3]')


def control_of(message: str) -> int | None:
    """The control that a message moves; None: it ends a note."""
    status, number, value = bytes.fromhex(message)
    if status & 0xF0 == 0x80 or (status & 0xF0 == 0x90 and value == 0):
        return None
    return (status & 0x0F) + 1 if status & 0xF0 == 0x90 else number


def moved(surface: Device) -> set[int | None]:
    return {control_of(message) for message in surface.heard} - {None}


@pytest.fixture
def surface(jack):
    device = Device(jack, "surface")
    yield device
    if device.process.poll() is None:
        device.end()


@pytest.fixture
def folder(tmp_path):
    for name, controls in (("melody", MELODY), ("bass", BASS)):
        weights = random_weights(len(controls) + 1, SIZES["xxs"], rng=default_rng(len(controls)))
        write_tflite(weights, tmp_path / f"{name}.tflite")
    return tmp_path


def phrase(surface: Device) -> None:
    for value in (20, 40, 60):
        surface.play(f"90 {value:02x} 64", f"b0 02 {value:02x}")
        time.sleep(0.02)


def replayed(folder, log, target) -> bytes:
    command = [sys.executable, "-m", "impsy", "replay", str(log), "--seed", "4", "-o", str(target)]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return (folder / target).read_bytes()


def test_one_answers_the_performer_the_other_hears_it_and_the_replay_is_exact(folder, surface):
    with performing(folder, dimension=7, more=voices("polyphony")) as performance:
        performance.wait_for("voice bass: bass.tflite, controls 5 and 3, polyphony, hears melody")
        performance.wait_for("midi in surface is connected to")
        performance.wait_for("midi out surface is connected to")
        time.sleep(0.2)  # JACK's graph takes a few periods to follow
        phrase(surface)
        wait_until(lambda: moved(surface) >= {1, 2, 4, 6}, what="the melody")
        wait_until(lambda: moved(surface) >= {5, 3}, what="the bass")
        performance.end()
        time.sleep(0.1)
    heard = [values for _, values in performance.rows("interface")]
    assert len(heard) == 6  # what voices hear of each other is no row of the performer
    assert len({tuple(values[i] for i in (2, 3, 4, 5)) for values in heard}) == 1
    (log,) = (folder / "logs").glob("*.log")
    first = replayed(folder, log, "first.log")
    assert b",rnn," in first
    assert first == replayed(folder, log, "second.log")


def test_a_voice_that_only_listens_leaves_its_controls_alone(folder, surface):
    with performing(folder, dimension=7, more=voices("useronly").replace('hears = ["melody"]', "")) as performance:
        performance.wait_for("midi in surface is connected to")
        performance.wait_for("midi out surface is connected to")
        time.sleep(0.2)
        phrase(surface)
        surface.play("94 30 64", "b0 03 11")
        wait_until(lambda: len(performance.rows("rnn")) > 30, what="the melody")
        performance.end()
        time.sleep(0.1)
    assert moved(surface) <= set(MELODY)
    last = performance.rows("interface")[-1][1]
    assert {(values[2], values[4]) for _, values in performance.rows("rnn")[-5:]} <= {(last[2], last[4])}
