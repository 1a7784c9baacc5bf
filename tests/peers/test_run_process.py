"""``impsy run`` as a process: how it starts, ends, dies, shows itself, and what it withstands."""

from __future__ import annotations

import json
import os
import pty
import random
import re
import select
import signal
import socket
import subprocess
import sys
import time
from datetime import datetime

import pytest
from performance import Performance, performing

from fuzzing import examples
from impsy.codecs.osc import encode_message, encode_vector
from waiting import PATIENCE, if_idle, wait_until

FUZZ = examples(3000)


def sender():
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


def receiver(port):
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind(("127.0.0.1", port))
    made.settimeout(PATIENCE)
    return made


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("mode", ["callresponse", "polyphony", "battle", "useronly"])
def test_signals_end_it_cleanly_within_half_a_second(tmp_path, mode, number):
    with performing(tmp_path, mode=mode, dimension=3) as performance:
        with sender() as hand:
            for _ in range(10):
                hand.sendto(encode_vector("/interface", (0.5, 0.25)), ("127.0.0.1", performance.server))
                time.sleep(0.02)
        wait_until(lambda: len(performance.rows("interface")) == 10, what="the log")
        time.sleep(0.3)
        assert if_idle(performance.end(number)) < 0.5
        assert performance.process.returncode == 0
    assert "Heard 10 events" in performance.text()
    assert "Traceback" not in performance.text()
    assert len(performance.rows("interface")) == 10


def test_without_a_model_it_says_so(tmp_path):
    with performing(tmp_path, dimension=3) as performance:
        pass
    assert "there is no model: a stand-in plays random gestures" in performance.text()


def test_performing_loads_no_training_framework(tmp_path):
    with performing(tmp_path, mode="battle", dimension=3) as performance:
        time.sleep(0.5)
        maps = f"/proc/{performance.process.pid}/maps"
        if os.path.exists(maps):
            with open(maps) as lines:
                loaded = lines.read()
            assert not re.search(r"tensorflow/|/jax|/keras|/torch/|libtensorflow", loaded)
    code = (
        "import sys, impsy.cli.run, impsy.cli.replay, impsy.cli.demo, impsy.perform, impsy.models;"
        "print([m for m in ('keras', 'jax', 'tensorflow', 'torch') if m in sys.modules])"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


def test_kill_9_at_a_thousand_events_a_second_loses_a_fifth_of_a_second_at_most(tmp_path):
    with performing(tmp_path, mode="polyphony", dimension=3) as performance, sender() as hand:
        began = start = time.monotonic()
        sent = 0
        while (now := time.monotonic()) - began < 3.0:
            start = max(start, now - (sent + 50) / 1000)  # what was missed is not sent at once: no socket holds it
            while sent < (now - start) * 1000:
                hand.sendto(encode_vector("/interface", (sent / 4096, 0.5)), ("127.0.0.1", performance.server))
                sent += 1
            time.sleep(0.002)
        performance.process.kill()
        killed = datetime.now()
        performance.process.wait(10)
    rows = performance.rows("interface")
    assert [round(values[0] * 4096) for _, values in rows] == list(range(len(rows)))
    last = datetime.fromisoformat(rows[-1][0])
    assert if_idle((killed - last).total_seconds()) <= 0.2
    assert if_idle(sent - len(rows)) <= 250


def test_rubbish_on_both_ports_does_not_stop_the_music(tmp_path):
    dice = random.Random(7)
    seeds = [
        encode_vector("/interface", (0.5, 0.5)),
        encode_message("/impsy/mode", "s", ["battle"]),
        encode_vector("/impsy/timescale", (1.0,)),
        encode_message("/impsy/model", "s", ["../../../etc/passwd"]),
        b"#bundle\0" + bytes(8) + b"\0\0\0\x14" + encode_vector("/interface", (0.5, 0.5)),
    ]
    with performing(tmp_path, mode="battle", dimension=3) as performance:
        with sender() as hand, receiver(performance.client) as ear:
            for number in range(FUZZ):
                packet = bytearray(dice.choice(seeds))
                for _ in range(dice.randrange(8)):
                    packet[dice.randrange(len(packet))] = dice.randrange(256)
                packet = packet[: dice.randrange(len(packet) + 1)] if dice.random() < 0.3 else packet
                hand.sendto(bytes(packet), ("127.0.0.1", dice.choice([performance.server, performance.command])))
                if number % 50 == 0:
                    time.sleep(0.004)
            time.sleep(0.5)
            for address, types, value in (("/impsy/mode", "s", "battle"), ("/impsy/pause", "i", 0)):
                hand.sendto(encode_message(address, types, [value]), ("127.0.0.1", performance.command))
            hand.sendto(encode_vector("/impsy/timescale", (0.5,)), ("127.0.0.1", performance.server))
            ear.setblocking(False)
            try:
                while True:
                    ear.recv(1000)
            except BlockingIOError:
                ear.settimeout(10)
            assert ear.recv(1000).startswith((b"/prediction", b"/impsy"))
            assert performance.process.poll() is None
        assert if_idle(performance.end()) < 0.5
    assert "Traceback" not in performance.text()
    # Each kind is told once, however often it came.
    assert performance.text().count("is not OSC") <= 4
    assert len(performance.text().splitlines()) < 1000


def test_the_state_can_be_watched_from_another_process(tmp_path):
    with performing(tmp_path, mode="battle", dimension=3) as performance, receiver(performance.monitor) as ear:
        seen = set()
        end = time.monotonic() + PATIENCE
        while not seen >= {b"/monitor/state", b"/monitor/out"} and time.monotonic() < end:
            packet = ear.recv(65536)
            seen.add(packet.split(b"\0")[0])
            if packet.startswith(b"/monitor/state"):
                text = packet[packet.index(b"{") :].rstrip(b"\0")
                assert json.loads(text)["mode"] == "battle"
        assert seen >= {b"/monitor/state", b"/monitor/out"}


def test_a_second_one_on_the_same_ports_says_so_and_takes_over_when_the_first_ends(tmp_path):
    with performing(tmp_path, dimension=3) as first:
        second = Performance(tmp_path / "second", dimension=3)
        text = (tmp_path / "config.toml").read_text()
        (tmp_path / "second" / "config.toml").write_text(text)
        second.start()
        try:
            second.wait_for("perhaps a second IMPSY")
            first.end()
            second.wait_for(f"osc is again listening on 127.0.0.1 port {first.server}")
        finally:
            second.end()


def test_a_terminal_shows_the_live_view(tmp_path):
    made = Performance(tmp_path, mode="battle", dimension=3)
    main, other = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "40"}
    process = subprocess.Popen(
        [sys.executable, "-m", "impsy", "run", "--seed", "1"],
        cwd=tmp_path,
        stdin=other,
        stdout=other,
        stderr=other,
        env=environment,
        close_fds=True,
    )
    os.close(other)
    screen = b""

    def show_until(words: str, seconds: float = PATIENCE) -> None:
        nonlocal screen
        end = time.monotonic() + seconds
        while words not in screen.decode(errors="replace"):
            assert time.monotonic() < end, screen.decode(errors="replace")
            if select.select([main], [], [], 0.1)[0]:
                screen += os.read(main, 65536)

    try:
        show_until("it plays")
        show_until("a second")
        os.write(main, b" ")
        show_until("nobody plays: paused")
        os.write(main, b"\x1b[A\x1bOP\x1bO4?2p ")
        show_until("you play together")
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(PATIENCE)
    text = screen.decode(errors="replace")
    assert process.returncode == 0
    assert "battle" in text
    assert "█" in text
    assert str(made.server) in text
