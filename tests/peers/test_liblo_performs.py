"""Real recordings, sent by liblo's tools in their own time to ``impsy run``, in each mode."""

from __future__ import annotations

import contextlib
import subprocess
import time
from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from performance import Performance

from waiting import if_idle, wait_until

SECONDS = 120.0
PAUSE = 3.0
THRESHOLD = 0.1
MODES = ("callresponse", "polyphony", "battle", "useronly")
NTP_EPOCH = datetime(1900, 1, 1, tzinfo=UTC)


def performer_rows(log: Path, seconds: float) -> list[tuple[float, list[float]]]:
    """(seconds from the start, values) of the first ``seconds`` of a recording, its long pauses cut short."""
    rows: list[tuple[float, list[float]]] = []
    before, now = None, 0.0
    for line in log.read_text().splitlines():
        time_, source, *values = line.split(",")
        if source != "interface":
            continue
        stamp = datetime.fromisoformat(time_)
        now += min(PAUSE, (stamp - before).total_seconds()) if before else 0.0
        before = stamp
        if now > seconds:
            break
        rows.append((now, [float(np.float32(value)) for value in values]))
    return rows


def write_script(rows: list[tuple[float, list[float]]], path: Path) -> None:
    """The recording as ``oscsendfile`` plays it: NTP time in hexadecimal, address, types, values."""
    lines = []
    for seconds, values in rows:
        stamp = int((1 + seconds) * 2**32)
        numbers = " ".join(f"{value:.9f}" for value in values)
        lines.append(f"{stamp >> 32:08x}.{stamp & 0xFFFFFFFF:08x} /interface {'f' * len(values)} {numbers}")
    path.write_text("\n".join(lines) + "\n")


def dumped(path: Path) -> list[tuple[float, str, list[float]]]:
    """(unix time, address, values) of each message that ``oscdump`` wrote."""
    found = []
    for line in path.read_text().splitlines():
        stamp, address, _types, *values = line.split()
        seconds, fraction = stamp.split(".")
        arrived = (NTP_EPOCH + timedelta(seconds=int(seconds, 16))).timestamp() + int(fraction, 16) / 2**32
        found.append((arrived, address, [float(value) for value in values]))
    return found


def check(performance: Performance, mode: str, sent: list[tuple[float, list[float]]], dump: Path) -> None:
    heard = performance.rows("interface")
    assert len(heard) == len(sent), f"{mode}: {len(heard)} rows of {len(sent)} events"
    np.testing.assert_allclose([values for _, values in heard], [values for _, values in sent], atol=1e-6)

    received = dumped(dump)
    by_address = {address: [v for _, a, v in received if a == address] for address in ("/prediction", "/impsy")}
    played = performance.rows("rnn")
    assert len(by_address["/prediction"]) == len(by_address["/impsy"]) == len(played)
    if mode == "useronly":
        assert not received
        return
    assert len(played) > 20
    assert by_address["/prediction"] == by_address["/impsy"]
    np.testing.assert_allclose(by_address["/prediction"], [values for _, values in played], atol=1e-6)
    if mode == "callresponse":
        # What arrived at the peer against what its own events did: none between a return and the next silence.
        returns = [datetime.fromisoformat(time_).timestamp() for time_, _ in heard]
        late = 0.02 / max(0.05, if_idle(1.0))
        for arrived, _address, _values in received:
            # A message that arrives within 20 ms of a return had been sent before it; later on a busy machine.
            last = bisect_right(returns, arrived - late) - 1
            assert last >= 0
            assert arrived - returns[last] >= THRESHOLD - late
        # And exactly, by the times of one clock.
        merged = sorted([(t, "interface") for t, _ in heard] + [(t, "rnn") for t, _ in played])
        last_heard = None
        for time_, source in merged:
            stamp = datetime.fromisoformat(time_)
            if source == "interface":
                last_heard = stamp
            else:
                assert (stamp - last_heard).total_seconds() >= THRESHOLD


def perform_all(folder: Path, cases: list[tuple[str, str, list[tuple[float, list[float]]]]], **options) -> None:
    """Run all cases side by side: (name, mode, the performer's rows)."""
    running = []
    with contextlib.ExitStack() as stack:
        for name, mode, rows in cases:
            performance = Performance(folder / name, mode=mode, threshold=THRESHOLD, **options)
            script, dump = folder / f"{name}.osc", folder / f"{name}.dump"
            write_script(rows, script)
            output = stack.enter_context(dump.open("wb"))
            receiver = subprocess.Popen(["oscdump", "-L", str(performance.client)], stdout=output)
            stack.callback(receiver.wait)
            stack.callback(receiver.terminate)
            running.append((performance, mode, rows, script, dump))
        time.sleep(1.0)  # the receivers must be there before the first prediction
        for performance, *_ in running:
            performance.start()
            stack.callback(performance.end)
        for performance, *_ in running:
            performance.wait_until_open()
        senders = [
            subprocess.Popen(["oscsendfile", "127.0.0.1", str(performance.server), str(script)])
            for performance, _, _, script, _ in running
        ]
        for sender in senders:
            assert sender.wait(timeout=SECONDS + 60) == 0
        time.sleep(1.5)  # the last answers
        for performance, *_ in running:
            assert if_idle(performance.end()) < 2
        for performance, _, _, _, dump in running:
            wait_until(
                lambda played=performance, dump=dump: len(dumped(dump)) >= 2 * len(played.rows("rnn")),
                what="what was received",
                every=0.2,
            )
    for performance, mode, rows, _, dump in running:
        check(performance, mode, rows, dump)


@pytest.mark.slow
@pytest.mark.peer("oscsendfile", "oscdump")
def test_two_minutes_of_three_real_recordings_in_every_mode(shared_data, tmp_path):
    model = shared_data / "models" / "musicMDRNN-dim9-layers2-units64-mixtures5-scale10.tflite"
    logs = sorted((shared_data / "logs").glob("*-9d-mdrnn.log"))[:3]
    cases = [
        (f"{index}-{mode}", mode, performer_rows(log, SECONDS)) for index, log in enumerate(logs) for mode in MODES
    ]
    assert all(len(rows) > 50 for _, _, rows in cases)
    perform_all(tmp_path, cases, model=model)


@pytest.mark.peer("oscsendfile", "oscdump")
def test_a_small_performance_in_every_mode_without_any_recording(tmp_path):
    rows = [(0.05 * step + 1.0 * (step // 20), [step / 80, 0.5, 0.25, 1.0]) for step in range(80)]
    perform_all(tmp_path, [(mode, mode, rows) for mode in MODES], dimension=5)
