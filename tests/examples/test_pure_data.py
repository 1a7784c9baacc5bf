"""The Pure Data example, headless, plays a phrase to a real session and gets its answers."""

from __future__ import annotations

import math
import re
import subprocess
from pathlib import Path

import pytest
from performance import performing

from waiting import if_idle, wait_until

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "pure-data"
STEPS = 32
"""Moves of a phrase; each is of two faders, one after the other."""

pytestmark = pytest.mark.peer("pd")


def start_pd(patch: Path, output: Path, messages: str, *options: str) -> subprocess.Popen[bytes]:
    with output.open("wb") as file:
        return subprocess.Popen(
            ["pd", "-nogui", "-stderr", "-nrt", *options, "-send", messages, str(patch)],
            stdout=file,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        )


def phrase() -> list[list[float]]:
    """What the patch's button plays: faders 1 and 2 in turn, after fader 3 was set."""
    rows, first, second = [], 0.0, 0.0
    for step in range(STEPS):
        second = 0.5 + 0.4 * math.cos(step / 7)
        rows.append([first, second, 0.75, 0, 0, 0, 0, 0])
        first = 0.5 + 0.45 * math.sin(step / 5)
        rows.append([first, second, 0.75, 0, 0, 0, 0, 0])
    return rows


def test_the_patch_plays_a_phrase_and_gets_the_answers(tmp_path):
    output = tmp_path / "pd.txt"
    with performing(tmp_path / "run", dimension=9, threshold=0.3) as performance:
        messages = (
            f"; impsy-connect 127.0.0.1 {performance.server}; impsy-listen {performance.client}; impsy-print 1; "
            "you3 0.75; impsy-phrase bang"
        )
        pd = start_pd(FOLDER / "impsy.pd", output, messages, "-noaudio")
        try:
            wait_until(lambda: len(performance.rows("interface")) == 2 * STEPS + 1)
            wait_until(lambda: output.read_text().count("answer: ") >= 5)
            assert if_idle(performance.end()) < 1.0
            played = [values for _, values in performance.rows("rnn")]
            wait_until(lambda: output.read_text().count("answer: ") == len(played))
        finally:
            pd.terminate()
            pd.wait(10)
    heard = [values for _, values in performance.rows("interface")]
    assert heard[0] == [0, 0, 0.75, 0, 0, 0, 0, 0]
    assert heard[1:] == [pytest.approx(row, abs=1e-4) for row in phrase()]
    printed = re.findall(r"^answer: (.*)$", output.read_text(), re.MULTILINE)
    assert [list(map(float, line.split())) for line in printed] == [pytest.approx(row, abs=1e-4) for row in played]
    others = [line for line in output.read_text().splitlines() if line and not line.startswith("answer: ")]
    assert [line for line in others if "blocked" not in line] == []  # which it says where the machine is busy


def test_the_words_of_the_patch_change_the_session(tmp_path):
    with performing(tmp_path / "run", dimension=9) as performance:
        pd = start_pd(
            FOLDER / "impsy.pd",
            tmp_path / "pd.txt",
            f"; impsy-listen {performance.client}; impsy-connect 127.0.0.1 {performance.server}; "
            "impsy-mode symbol battle; impsy-panic bang",
            "-noaudio",
        )
        try:
            wait_until(lambda: len(performance.rows("rnn")) > 3)  # in "battle" it plays of itself
        finally:
            pd.terminate()
            pd.wait(10)
        assert "Traceback" not in performance.text()


LISTENER = """\
#N canvas 0 0 400 300 12;
#X obj 20 20 r note;
#X obj 20 50 voice 0.7;
#X obj 20 80 env~ 1024;
#X obj 120 80 env~ 1024;
#X obj 20 110 print left;
#X obj 120 110 print right;
#X connect 0 0 1 0;
#X connect 1 0 2 0;
#X connect 1 1 3 0;
#X connect 2 0 4 0;
#X connect 3 0 5 0;
"""


def test_an_answer_sounds_and_dies_away(tmp_path):
    """Measured inside Pd, which here computes without a sound card, as fast as it goes (-batch)."""
    listener, output = tmp_path / "listener.pd", tmp_path / "pd.txt"
    listener.write_text(LISTENER)
    messages = "; pd dsp 1; note 0.5 0.6 0.2 0.1 0.5 0.5 0.5 1"
    pd = start_pd(listener, output, messages, "-batch", "-path", str(FOLDER))
    try:
        wait_until(lambda: output.read_text().count("left: ") > 200)
    finally:
        pd.kill()  # a batch has no end of its own
        pd.wait(10)
    levels = {
        side: [float(value) for value in re.findall(rf"^{side}: (\S+)$", output.read_text(), re.MULTILINE)]
        for side in ("left", "right")
    }
    # Decibels, 100 is full level; ten windows are a tenth of a second, when it has come to its place on the right.
    assert levels["right"][9] > levels["left"][9] > 50
    assert levels["left"][-1] == levels["right"][-1] == 0
