"""The benches of starting and installing: they run, and their figures are what they say."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.install import held
from bench.start import ROWS, START_LIMIT

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_one_round_of_starting(tmp_path):
    out = tmp_path / "out.json"
    chosen = [word for name in ("version", "osc", "page") for word in ("--only", name)]
    done = subprocess.run(
        [sys.executable, "-m", "bench.start", "--rounds", "1", *chosen, "--json", out],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    ours = json.loads(out.read_text())["programs"]["ours"]
    assert ours["failures"] == []
    figures = ours["figures"]
    assert 0 < figures["version"] < figures["osc_p50"] < 20
    assert figures["page_p50"] == figures["page_max"] > 0
    assert figures["midi_p50"] is None
    assert "first OSC message out" in done.stdout


def test_every_figure_has_a_row_and_the_limit_is_the_promised_one():
    assert {row.source for row in ROWS} == {"version", "osc", "midi", "page", "demo"}
    assert START_LIMIT == 0.7


@pytest.mark.skipif(sys.platform == "win32", reason="links to one file are POSIX's here")
def test_what_is_held_counts_each_file_once(tmp_path):
    (tmp_path / "a").write_bytes(b"x" * 1_000_000)
    before = held(tmp_path)
    assert before == pytest.approx(1.0, rel=0.2)
    os.link(tmp_path / "a", tmp_path / "b")
    (tmp_path / "c").symlink_to("a")
    assert held(tmp_path) == pytest.approx(before, rel=0.02)
