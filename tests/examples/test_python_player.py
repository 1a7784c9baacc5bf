"""The Python example plays a phrase to a real session, and prints its answers."""

from __future__ import annotations

import math
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from performance import performing

from ports import free_ports

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "python" / "player.py"


def player(port: int, answers: int, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(EXAMPLE), "--port", str(port), "--answers", str(answers), *options],
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        timeout=30,
        check=False,
    )


def test_it_plays_and_prints_the_answers(tmp_path):
    with performing(tmp_path, dimension=5, threshold=0.3) as performance:
        done = player(performance.server, performance.client, "--controls", "4", "--seconds", "1.5")
    assert done.returncode == 0, done.stderr
    heard = [values for _, values in performance.rows("interface")]
    wave = [0.5 + 0.45 * math.sin(step / 5) for step in range(40)]
    assert heard == [pytest.approx([first, 0.5, 0.5, 0.5], abs=1e-6) for first in wave]
    printed = [list(map(float, line.split()[-4:])) for line in re.findall(r"^ .* s  .*$", done.stdout, re.MULTILINE)]
    played = [values for _, values in performance.rows("rnn")][: len(printed)]
    assert len(printed) > 3
    assert printed == [pytest.approx(values, abs=1e-4) for values in played]
    assert f"{len(printed)} answers" in done.stdout


def test_without_a_session_it_says_what_to_look_at():
    done = player(*free_ports(2), "--seconds", "0.1")
    assert done.returncode == 1
    assert "Is `impsy run` running" in done.stderr
