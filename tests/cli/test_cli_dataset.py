"""``impsy dataset``."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from impsy.codecs.log import encode_row, log_name
from impsy.data.datasets import read_dataset
from waiting import if_idle

START = datetime(2026, 9, 26, 10)


def impsy(folder, *arguments, **environment):
    """The command in a process of its own, in ``folder``."""
    return subprocess.run(
        [sys.executable, "-m", "impsy", "dataset", *map(str, arguments)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "COLUMNS": "100", "PYTHONIOENCODING": "utf-8", **environment},
        check=False,
    )


def play(folder: Path, day: int, rows: int = 300, dimension: int = 3) -> Path:
    rng = np.random.default_rng(day)
    begin = START + timedelta(days=day)
    steps = rng.integers(0, 128, (rows, dimension - 1))
    path = folder / log_name(begin, dimension)
    folder.mkdir(exist_ok=True)
    path.write_text(
        "".join(
            encode_row(begin + timedelta(seconds=0.05 * number), "interface", (row / 127).tolist())
            for number, row in enumerate(steps)
        )
    )
    return path


@pytest.mark.slow
def test_a_dataset_of_all_logs(tmp_path):
    for day in (1, 2):
        play(tmp_path / "logs", day)
    done = impsy(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "training-dataset-3d.npz written, from 2 of 2 logs in logs" in done.stdout
    assert "Dimension 3: 2 performances, 598 events, 0.5 minutes" in done.stdout
    assert re.search(r"30 ms – 100 ms +█{30} +598", done.stdout)
    assert "1/127" in done.stdout
    assert "598 events are too little" in done.stdout
    dataset = read_dataset(tmp_path / "datasets" / "training-dataset-3d.npz")
    assert dataset.lengths.tolist() == [299, 299]
    assert [path.name for path in (tmp_path / "datasets").iterdir()] == ["training-dataset-3d.npz"]


@pytest.mark.slow
def test_options_say_which_logs_and_where_to(tmp_path):
    for day, dimension in ((1, 3), (2, 3), (3, 4)):
        play(tmp_path / "mine", day, 30, dimension)
    done = impsy(tmp_path, "-D", "3", "-S", "mine", "-O", "out/deep", "-F", "some", "--exclude", "*-28T*")
    assert done.returncode == 0
    assert read_dataset(tmp_path / "out" / "deep" / "some.npz").lengths.tolist() == [29]
    assert impsy(tmp_path, "-S", "mine", "--include", "*-4d-*", "-F", "four.npz").returncode == 0
    assert read_dataset(tmp_path / "datasets" / "four.npz").dimension == 4


@pytest.mark.slow
def test_malformed_rows_copies_and_empty_logs_are_told(tmp_path):
    one = play(tmp_path / "logs", 1, 50)
    copy = tmp_path / "logs" / log_name(START + timedelta(days=3), 3)
    copy.write_bytes(one.read_bytes())
    two = play(tmp_path / "logs", 2, 50)
    with two.open("a") as file:
        file.write("nonsense\n" * 30 + one.read_text().splitlines()[7] + "\n")
    play(tmp_path / "logs", 5, 1)
    out = impsy(tmp_path).stdout
    assert "30 rows in 1 log left out, malformed or of another source:" in out
    assert f"  {two.name}, line 51: 0 values instead of 2" in out
    assert "  and 25 more" in out
    assert f"{copy.name} left out: it has the same rows as {one.name}" in out
    assert f"{one.name} and {two.name} have 1 row in common" in out
    assert "1 log left out, with less than two rows of a performer: 2026-10-01T10-00-00-3d-mdrnn.log" in out


@pytest.mark.slow
def test_figures_as_json(tmp_path):
    one = play(tmp_path / "logs", 1, 50)
    with one.open("a") as file:
        file.write("nonsense\n")
    report = json.loads(impsy(tmp_path, "--json").stdout)
    assert report["file"] == str(Path("datasets") / "training-dataset-3d.npz")
    assert report["statistics"]["events"] == 49
    assert report["statistics"]["controls"][1]["step"] == pytest.approx(1 / 127)
    assert report["logs"] == [
        {
            "name": one.name,
            "rows": 51,
            "events": 49,
            "left_out": {"first": 1, "model": 0, "other source": 0, "malformed": 1, "copy": 0},
            "problems": [{"line": 51, "text": "0 values instead of 2"}],
            "remarks": [],
        }
    ]
    assert report["copies"] == report["overlaps"] == []
    shown = json.loads(impsy(tmp_path, "--show", report["file"], "--json").stdout)
    assert shown == {"file": report["file"], "statistics": report["statistics"]}


@pytest.mark.slow
def test_a_dataset_that_is_there_is_shown_and_nothing_written(tmp_path):
    play(tmp_path / "logs", 1)
    assert impsy(tmp_path, "-F", "one").returncode == 0
    before = sorted(tmp_path.rglob("*"))
    done = impsy(tmp_path, "--show", "datasets/one.npz")
    assert done.returncode == 0
    assert "Dimension 3: 1 performance, 299 events" in done.stdout
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.slow
def test_a_dataset_without_events_is_shown(tmp_path):
    np.savez(tmp_path / "empty.npz", events=np.zeros((0, 3), np.float32), lengths=np.zeros(2, np.int64))
    done = impsy(tmp_path, "--show", "empty.npz")
    assert (done.returncode, done.stderr) == (0, "")
    assert "2 performances, 0 events" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "logs: this does not exist; give the folder that holds the logs (-S/--source)"),
        (("-S", "mine"), "logs of several dimensions (1 of dimension 3, 1 of dimension 4); say which with -D"),
        (("-S", "mine", "-D", "9"), "no log of dimension 9"),
        (("-S", "mine", "--include", "x*"), "none of its 2 logs fits --include and --exclude"),
        (("-S", "empty"), "no logs in it"),
        (("-S", "mine", "-D", "3", "-O", "file"), "cannot be written"),
        (("--show", "gone.npz"), "gone.npz: cannot be read"),
        (("--show", "file"), "no .npz file"),
        (("--show", "file", "-D", "3"), "--show only looks at a dataset; leave out --dimension"),
    ],
)
@pytest.mark.slow
def test_what_cannot_be_done_is_said(tmp_path, arguments, message):
    play(tmp_path / "mine", 1, 20)
    play(tmp_path / "mine", 2, 20, dimension=4)
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("some")
    done = impsy(tmp_path, *arguments)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_help_has_examples():
    out = impsy(".", "--help").stdout
    assert "impsy dataset --show" in out
    assert "--include" in out


@pytest.mark.slow
def test_an_interruption_leaves_nothing_half_written(tmp_path):
    play(tmp_path / "logs", 1, 60_000, dimension=9)
    written = tmp_path / "datasets" / "training-dataset-9d.npz"
    for wait in (0.2, 0.4, 0.6, 0.8):
        process = subprocess.Popen(
            [sys.executable, "-m", "impsy", "dataset"],
            cwd=tmp_path,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        time.sleep(wait)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
        left = list((tmp_path / "datasets").iterdir()) if (tmp_path / "datasets").exists() else []
        assert left in ([], [written])
        if left:
            assert len(read_dataset(written)) == 59_999
            written.unlink()


@pytest.mark.slow
def test_a_million_rows(tmp_path):
    """What it takes on a quiet machine is in the documentation."""
    one = play(tmp_path / "logs", 1, 50_000, dimension=9).read_bytes()
    for day in range(2, 21):
        (tmp_path / "logs" / log_name(START + timedelta(days=day), 9)).write_bytes(
            one.replace(b"2026-09-27", f"{START + timedelta(days=day):%Y-%m-%d}".encode())
        )
    program = (
        "import psutil, sys, threading, time; began = time.monotonic(); from impsy.cli.main import group\n"
        "held, me = [], psutil.Process()\n"
        "def watch():\n"
        "    while True: held.append(me.memory_info().rss); time.sleep(0.005)\n"
        "threading.Thread(target=watch, daemon=True).start()\n"
        "group.main(['dataset'], standalone_mode=False)\n"
        "print(time.monotonic() - began, max(held) / 2**20, file=sys.stderr)"
    )
    # What the system counts as a process's largest size begins with that of the one that started it: this one's.
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=True
    )
    seconds, megabytes = map(float, done.stderr.split())
    assert "999,980 events" in done.stdout
    assert megabytes < 500
    assert if_idle(seconds) < 10


@pytest.mark.parametrize(
    ("config", "notes"),
    [
        (
            '[model]\ndimension = 3\n[midi.input]\n"keys" = [["note_on", 1], ["control_change", 1, 7]]\n',
            (True, False),
        ),
        ('[model]\ndimension = 3\n[websocket]\ninput = [["control_change", 1, 7], ["note_on", 2]]\n', (False, True)),
        ('[model]\ndimension = 3\n[midi.output]\n"keys" = [["note_on", 1]]\n', None),
        ('[model]\ndimension = 4\n[midi.input]\n"keys" = [["note_on", 1]]\n', None),
        ("[model\n", None),
        (None, None),
    ],
)
@pytest.mark.slow
def test_the_configuration_says_which_controls_are_notes(tmp_path, config, notes):
    play(tmp_path / "logs", 1)
    if config is not None:
        (tmp_path / "config.toml").write_text(config)
    done = impsy(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert read_dataset(tmp_path / "datasets" / "training-dataset-3d.npz").notes == notes
    assert ("config.toml: control" in done.stdout) == (notes is not None)
