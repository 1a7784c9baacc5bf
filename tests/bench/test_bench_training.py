"""How the bench reads a training's progress, watches a command, and makes up a player."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.course import Course, Look, keras_course, lines_course
from bench.player import knobs
from bench.program import Program, Unanswered
from bench.table import Tally, as_json, as_table
from bench.training import Trainer, rows_for
from bench.watched import watch
from waiting import wait_until

BAR = (
    "\x1b[1m{0}/167\x1b[0m \x1b[32m━━━━━━━━━━━━━━━━━━━━\x1b[0m\x1b[37m\x1b[0m \x1b[1m{1}\x1b[0m {2}/step - loss: {3}"
)
KERAS = [
    (7.0, "Epoch 1/2"),
    (7.1, BAR.format("  1", "17:11", "6s", 27.5410)),
    (14.0, BAR.format("167", "0s", "34ms", 7.5175)),
    (15.0, "Epoch 1: val_loss improved from None to 5.87186, saving model to models/x-ckpt.keras"),
    (15.1, BAR.format("167", "13s", "43ms", 7.5175) + " - val_loss: 5.8719"),
    (21.0, BAR.format("167", "0s", "32ms", 4.6424) + "\x08\x08"),
    (22.0, BAR.format("167", "6s", "35ms", 4.6424) + " - val_loss: 2.8889 - learning_rate: 1.0000e-03"),
    (28.0, BAR.format("167", "6s", "35ms", "nan") + " - val_loss: nan"),
]


def test_keras_tells_a_look_an_epoch() -> None:
    course = keras_course(KERAS)
    assert course.looks[:2] == (Look(15.1, 7.5175, 5.8719), Look(22.0, 4.6424, 2.8889))
    assert len(course.looks) == 3
    assert math.isnan(course.looks[2].held_out)
    assert course.step_ms == 33.0  # of full bars, without the looks between epochs
    assert course.best == 2.8889


def test_seconds_to_a_loss_are_those_of_the_first_look_that_reached_it() -> None:
    course = Course((Look(3, 1, 5), Look(5, 1, 2), Look(7, 1, 4), Look(9, 1, 1)), 20)
    assert [course.reached(target) for target in (5, 4, 2, 1.5, 0.9)] == [3, 5, 5, 9, None]
    assert Course((), 0).best is None


@pytest.mark.parametrize(("text", "milliseconds"), [("900us", 0.9), ("2s", 2000.0), ("41ms", 41.0)])
def test_keras_units(text: str, milliseconds: float) -> None:
    assert keras_course([(1, BAR.format("167", "0s", text, 1))]).step_ms == milliseconds


def test_our_lines() -> None:
    progress = {"event": "progress", "step": 40, "loss": None, "held_out": -1.5, "step_ms": 21.5}
    lines = [
        {"event": "start", "recipe": {"batch": 48}},
        progress,
        progress | {"loss": 2.0, "held_out": -2.5, "step_ms": 20.5},
        {"event": "done", "figures": {"step_ms": 20.25, "held_out_nll": -2.6}},
    ]
    course = lines_course([(index + 1.0, json.dumps(line)) for index, line in enumerate(lines)] + [(9.0, "Stopping")])
    assert [(look.seconds, look.held_out) for look in course.looks] == [(2.0, -1.5), (3.0, -2.5)]
    assert math.isnan(course.looks[0].loss)
    assert (course.batch, course.step_ms) == (48, 20.25)


anything = st.one_of(
    st.text(max_size=80),
    st.from_regex(r"[0-9]{1,12}/[0-9]{1,12} .{0,5} [0-9]{1,12}(us|ms|s)/step( - loss: \S*( - val_loss: \S*)?)?"),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: st.dictionaries(
            st.sampled_from(["event", "recipe", "batch", "loss", "held_out", "step_ms", "figures"])
            | st.text(max_size=3),
            inner | st.sampled_from(["start", "progress", "done", "1e999"]),
        ),
        max_leaves=8,
    ).map(json.dumps),
)


@given(st.lists(anything, max_size=6))
@pytest.mark.slow
def test_any_output_has_a_course(lines: list[str]) -> None:
    """Whatever a program prints, reading it raises nothing."""
    told = [(float(index), line) for index, line in enumerate(lines)]
    for course in (lines_course(told), keras_course(told)):
        assert len(course.looks) <= len(lines)
        assert math.isfinite(course.step_ms)


# --- watching ---------------------------------------------------------------------------------------

PATIENT = """
import sys, time
try:
    for number in range(600):
        print(f"5/5 x 30ms/step - loss: 1.0 - val_loss: {5 - number}", end="\\r", flush=True)
        time.sleep(0.05)
except KeyboardInterrupt:
    print("saved", flush=True)
    sys.exit(3)
"""


@pytest.mark.slow
def test_an_interrupted_command_may_end_in_its_own_way(tmp_path: Path) -> None:
    trainer = Trainer("peer", Program.this(), told=False, minutes=0.3 / 60)
    seen = watch("peer", [sys.executable, "-c", PATIENT], tmp_path, limit=20, until=trainer.is_over)
    assert seen.interrupted
    assert seen.lines[-1][1] == "saved"
    assert 0.3 <= seen.seconds < 15
    course = keras_course(seen.lines)
    assert course.looks[0].held_out == 5
    assert course.looks[-1].seconds >= 0.3
    assert seen.memory > 1


def test_the_peak_is_seen_even_when_it_has_passed(tmp_path: Path) -> None:
    code = "import time; big = bytearray(b'1') * 100_000_000; del big; time.sleep(0.5)"
    seen = watch("hungry", [sys.executable, "-c", code], tmp_path, limit=20)
    assert 50 < seen.memory < 1000
    if sys.platform == "linux":
        assert seen.memory > 100


def test_nothing_is_left_of_a_command_that_takes_too_long(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(60)"
    )
    with pytest.raises(Unanswered, match=r"slow did not end within 2 s; the last it printed: \d+") as why:
        watch("slow", [sys.executable, "-c", code], tmp_path, limit=2)
    pid = int(str(why.value).split()[-1])
    wait_until(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)


def test_a_command_that_fails_is_told_with_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(Unanswered, match=r"ours ended with exit code 1; .*ZeroDivisionError"):
        watch("ours", [sys.executable, "-c", "1 / 0"], tmp_path, limit=20)
    with pytest.raises(Unanswered, match="cannot be started"):
        watch("ours", [str(tmp_path / "nothing")], tmp_path, limit=20)


def test_command_lines_differ_only_in_how_progress_is_told(tmp_path: Path) -> None:
    ours, peer = (Trainer("x", Program.this(), told=told, options=("-N", "2")) for told in (True, False))
    mine, theirs = ours.command(tmp_path / "a.npz"), peer.command(tmp_path / "a.npz")
    assert [word for word in mine if word != "--json"] == [word for word in theirs if word not in ("-B", "64")]
    assert mine[-2:] == ["-N", "2"]


# --- the made-up player -----------------------------------------------------------------------------


def test_knobs_are_turned_one_at_a_time_on_the_grid() -> None:
    dataset = knobs(20_000, 5, seed=1)
    assert dataset.events.shape == (20_000, 5)
    assert dataset.lengths.sum() == 20_000
    steps = dataset.events[:, 1:] * 127
    places = np.round(steps).astype(int)
    assert np.abs(steps - places).max() < 1e-4
    assert (places.min(), places.max()) == (0, 127)
    moves = np.abs(np.diff(places, axis=0))
    assert moves.max() == 3
    assert (moves > 0).sum(axis=1).max() == 1
    assert dataset.events[:, 0].min() > 0
    assert np.array_equal(knobs(20_000, 5, seed=1).events, dataset.events)


@given(st.integers(1, 300), st.integers(2, 6), st.integers(0, 9))
def test_knobs_of_any_number(events: int, dimension: int, seed: int) -> None:
    dataset = knobs(events, dimension, seed=seed)
    assert len(dataset) == events
    assert dataset.dimension == dimension
    assert dataset.lengths.min() >= 1


@pytest.mark.parametrize(("events", "dimension"), [(0, 9), (5, 1)])
def test_knobs_that_nobody_has(events: int, dimension: int) -> None:
    with pytest.raises(ValueError, match="no player"):
        knobs(events, dimension)


# --- the table --------------------------------------------------------------------------------------


def test_a_loss_that_only_one_reached_stands_in_the_table() -> None:
    ours, peer = Tally(), Tally()
    ours.add("to -4.3", [12.0])
    ours.add("whole", [50.0])
    peer.add("whole", [250.0])
    rows = rows_for((-4.3, 12.6))
    table = as_table({"ours": ours, "peer": peer}, rows, "learning")
    cells = [list(column.cells) for column in table.columns]
    assert cells[0] == ["whole command", "start -> held-out loss -4.3"]
    assert cells[2:] == [["50.0", "12.0"], ["250.0", "–"], ["× 5", ""]]
    figures = as_json({"ours": ours}, rows)["ours"]
    assert isinstance(figures, dict)
    assert figures["figures"]["to_-4.3"] == 12.0
