"""The arithmetic of the bench, and that it ends what it starts."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder
from rich.console import Console

from bench.figures import (
    SEQUENCE_LENGTH,
    Gaps,
    count_log,
    gaps,
    interval_lateness,
    median,
    percentile,
    sequence_number,
    sequence_values,
)
from bench.program import Performance, Program, Settings, Unanswered
from bench.table import ROWS, Tally, as_json, as_table
from bench.watch import Minute
from bench.wire import Ear, address_of, floats_packet, state_of
from waiting import wait_until

finite = st.floats(-1e6, 1e6)


# --- figures ----------------------------------------------------------------------------------------


@given(st.lists(finite, min_size=1, max_size=60), st.floats(0, 100))
def test_percentile_agrees_with_numpy(samples: list[float], share: float) -> None:
    assert percentile(samples, share) == pytest.approx(float(np.percentile(samples, share)), rel=1e-9, abs=1e-6)


def test_percentile_of_known_samples() -> None:
    assert percentile([4.0, 1.0, 3.0, 2.0], 50) == median([4.0, 1.0, 3.0, 2.0]) == 2.5
    assert percentile(list(range(101)), 99) == 99
    assert percentile([7.0], 99) == 7.0


@pytest.mark.parametrize(("samples", "share"), [([], 50), ([1.0], -1), ([1.0], 101)])
def test_percentile_says_what_it_cannot_do(samples: list[float], share: float) -> None:
    with pytest.raises(ValueError, match="percentile"):
        percentile(samples, share)


def test_a_perfect_grid_is_never_late() -> None:
    lateness = interval_lateness([5 + index * 0.01 for index in range(100)], 0.01)
    assert max(map(abs, lateness.intervals)) < 1e-9
    assert lateness.drift == pytest.approx(0, abs=1e-9)
    assert lateness.worst == pytest.approx(0, abs=1e-9)


def test_one_late_event_does_not_drift() -> None:
    arrivals = [index * 0.01 for index in range(5)]
    arrivals[2] += 0.003
    lateness = interval_lateness(arrivals, 0.01)
    assert lateness.intervals == pytest.approx((0, 3, -3, 0), abs=1e-9)
    assert lateness.drift == pytest.approx(0, abs=1e-9)
    assert lateness.worst == pytest.approx(3)


def test_intervals_that_are_all_too_long_add_up() -> None:
    lateness = interval_lateness([index * 0.0101 for index in range(11)], 0.01)
    assert lateness.intervals == pytest.approx([0.1] * 10)
    assert lateness.drift == lateness.worst == pytest.approx(1.0)


def test_lateness_needs_an_interval() -> None:
    with pytest.raises(ValueError, match="two events"):
        interval_lateness([1.0], 0.01)


# --- numbered events and logs -----------------------------------------------------------------------


@given(st.integers(0, SEQUENCE_LENGTH - 1), st.integers(2, 9))
def test_numbers_survive_the_wire_and_the_log(number: int, length: int) -> None:
    values = sequence_values(number, length)
    assert len(values) == length
    assert all(0 <= value <= 1 for value in values)
    heard = [float(np.float32(value)) for value in values]
    assert sequence_number(heard) == number
    assert sequence_number([float(f"{value:.4f}") for value in heard]) == number


def _line(number: int, source: str = "interface") -> str:
    values = ",".join(str(value) for value in sequence_values(number, 3))
    return f"2026-09-26T10:00:{number % 60:02d}.000001,{source},{values}\n"


def test_a_log_is_counted_by_source() -> None:
    log = count_log([_line(0), _line(0, "rnn"), _line(1), _line(2)], values=3)
    assert (log.performer, log.model, log.malformed, log.torn) == (3, 1, 0, False)
    assert log.numbers == (0, 1, 2)


def test_a_torn_last_line_is_no_row_even_if_it_looks_like_one() -> None:
    log = count_log([_line(0), _line(1)[:-1]], values=3)
    assert (log.performer, log.torn, log.numbers) == (1, True, (0,))


@pytest.mark.parametrize(
    "line",
    [
        "\n",
        "2026-09-26T10:00:00,interface,0.5\n",
        "2026-09-26T10:00:00,interface,0.5,0.5,abc\n",
        "2026-09-26T10:00:00,interface,0.5,0.5,nan\n",
        "2026-09-26T10:00:00,other,0.5,0.5,0.5\n",
        "yesterday,interface,0.5,0.5,0.5\n",
    ],
)
def test_what_is_no_row_is_malformed(line: str) -> None:
    log = count_log([_line(0), line], values=3)
    assert (log.performer, log.malformed) == (1, 1)


@given(st.lists(st.text(max_size=30).map(lambda text: text.replace("\n", "") + "\n")))
@pytest.mark.slow
def test_no_log_breaks_the_count(lines: list[str]) -> None:
    log = count_log(lines, values=3)
    assert log.performer + log.model + log.malformed == len(lines)


def test_rows_that_only_woke_the_program_carry_no_number() -> None:
    woke = "2026-09-26T10:00:00,interface,1.0,1.0,1.0\n"
    assert count_log([woke, _line(0)], values=3).numbers == (0,)


@pytest.mark.parametrize(
    ("numbers", "sent", "expected"),
    [
        ([0, 1, 2, 3], 4, Gaps(0, 0, 0)),
        ([], 4, Gaps(0, 0, 4)),
        ([0, 3], 4, Gaps(2, 0, 0)),
        ([1, 2], 4, Gaps(1, 0, 1)),
        ([0, 1, 1, 2], 3, Gaps(0, 1, 0)),
        ([0, 2, 1], 3, Gaps(1, 1, 0)),
    ],
)
def test_gaps(numbers: list[int], sent: int, expected: Gaps) -> None:
    assert gaps(numbers, sent) == expected


def test_gaps_counts_past_the_largest_number() -> None:
    numbers = (index % SEQUENCE_LENGTH for index in range(SEQUENCE_LENGTH + 10))
    assert gaps(numbers, SEQUENCE_LENGTH + 12) == Gaps(0, 0, 2)


# --- OSC --------------------------------------------------------------------------------------------


def test_packets_are_osc() -> None:
    for count in range(9):
        values = [index / 8 for index in range(count)]
        packet = floats_packet("/interface", values)
        message = OscMessage(packet)
        assert message.address == address_of(packet) == "/interface"
        assert list(message.params) == values


def _state_packet(text: str) -> bytes:
    builder = OscMessageBuilder("/monitor/state")
    builder.add_arg(text)
    return builder.build().dgram


def test_a_state_report_is_read() -> None:
    state = {"lateness_ms": {"p50": 0.1}, "mode": "battle"}
    assert state_of(_state_packet(json.dumps(state))) == state


@pytest.mark.parametrize("text", ["", "{", "[1]", "3", "[" * 100_000])
def test_a_state_that_is_no_object_is_empty(text: str) -> None:
    assert state_of(_state_packet(text)) == {}


@given(st.binary(max_size=200) | st.binary(max_size=80).map(lambda tail: b"/monitor/state\0\0,s\0\0" + tail))
def test_no_packet_breaks_the_reading(packet: bytes) -> None:
    assert isinstance(address_of(packet), str)
    assert isinstance(state_of(packet), dict)


@pytest.fixture
def ears() -> Iterator[tuple[Ear, Ear]]:
    first, second = Ear(), Ear()
    yield first, second
    first.close()
    second.close()


def test_an_ear_hears_when_it_arrived_not_when_it_was_read(ears: tuple[Ear, Ear]) -> None:
    first, second = ears
    assert second.receive(0) is None
    assert second.receive(0.01) is None
    sent = time.perf_counter()
    first.send(b"/a\0\0", second.port)
    arrived = time.perf_counter()
    first.send(b"/b\0\0", second.port)
    time.sleep(0.3)
    heard = list(second.waiting())
    assert [packet for _, packet in heard] == [b"/a\0\0", b"/b\0\0"]
    if second.stamped:
        assert sent - 0.001 <= heard[0][0] <= arrived + 0.001


# --- programs and tables ----------------------------------------------------------------------------


def _script(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    return path


def test_the_python_of_a_script_is_in_its_first_line(tmp_path: Path) -> None:
    plain = _script(tmp_path / "plain", "#!/opt/env/bin/python3.11\nimport impsy\n")
    by_name = _script(tmp_path / "by-name", "#!/usr/bin/env python3\n")
    long = _script(tmp_path / "long", "#!/bin/sh\n'''exec' \"/a b/bin/python\" \"$0\" \"$@\"\n' '''\n")
    assert Program.at(plain, "x").python == ("/opt/env/bin/python3.11",)
    assert Program.at(by_name, "x").python == ("/usr/bin/env", "python3")
    assert Program.at(long, "x").python == ("/a b/bin/python",)
    with pytest.raises(Unanswered, match="does not start with #!"):
        Program.at(_script(tmp_path / "binary", "\x7fELF"), "x")


def _settings(tmp_path: Path) -> Settings:
    model = tmp_path / "a.tflite"
    model.write_bytes(b"")
    return Settings(model, 3, "polyphony")


def test_a_program_that_ends_is_quoted_and_its_workspace_removed(tmp_path: Path) -> None:
    script = _script(tmp_path / "dies", "#!/bin/sh\necho no such thing\nexit 3\n")
    with Performance(Program.at(script, "it"), _settings(tmp_path)) as performance:
        workspace = performance.workspace
        with pytest.raises(Unanswered, match=r"it in polyphony mode ended with exit code 3.*no such thing"):
            performance.first_prediction()
    assert not workspace.exists()


def test_a_program_that_cannot_be_started_says_so(tmp_path: Path) -> None:
    nobody = Program("it", (str(tmp_path / "nobody"),), ("python",))
    with pytest.raises(Unanswered, match="it cannot be started"), Performance(nobody, _settings(tmp_path)):
        pass


def test_children_of_a_program_are_ended_with_it(tmp_path: Path) -> None:
    script = _script(tmp_path / "forks", "#!/bin/sh\nsleep 1000 &\necho $! > child\nwait\n")
    with Performance(Program.at(script, "it"), _settings(tmp_path)) as performance:
        note = performance.workspace / "child"
        wait_until(lambda: note.exists() and note.read_text().strip())
        child = psutil.Process(int(note.read_text()))
        assert performance.memory() > 0
    _gone, alive = psutil.wait_procs([child], timeout=5)
    assert alive == []


def test_the_table_compares_with_ours_and_leaves_out_what_nobody_measured() -> None:
    ours, peer = Tally(), Tally()
    ours.add("reply", [1.0, 1.0])
    peer.add("reply", [30.0])
    peer.add("reply", [50.0])
    console = Console(width=120, record=True, file=None, quiet=False, force_terminal=False)
    with console.capture() as capture:
        console.print(as_table({"ours": ours, "peer": peer}))
    rows = {line.split("│")[1].strip(): line for line in capture.get().splitlines() if line.startswith("│")}
    assert set(rows) == {"OSC in -> OSC out, p50", "OSC in -> OSC out, p99"}
    assert "40.00" in rows["OSC in -> OSC out, p50"]
    assert "× 40.0" in rows["OSC in -> OSC out, p50"]
    report = as_json({"ours": ours})["ours"]
    assert isinstance(report, dict)
    assert set(report["figures"]) == {row.key for row in ROWS}
    assert report["figures"]["start"] is None
    assert not any(isinstance(value, float) and math.isnan(value) for value in report["figures"].values())


def test_one_busy_moment_does_not_make_a_late_minute() -> None:
    minute = Minute(1)
    assert minute.lateness == {}
    minute.reports += [
        {"p99": 0.5, "count": 1.0},
        {"p99": 90.0, "count": 2.0},
        {"p99": 0.7, "count": 3.0, "p50": 0.1},
    ]
    assert minute.lateness == {"p99": 0.7, "count": 2.0}
