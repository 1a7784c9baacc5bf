"""The worked example of docs/extending.md: a session really hears and plays through a transport in one file."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from examples.extending.udp_lines import UdpLines
from impsy.config.workspace import STARTER_MODEL, create_workspace
from impsy.events import Interaction, Report
from ports import free_ports
from waiting import if_idle, wait_until

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "examples" / "extending" / "udp_lines.py"
CONFIG = """\
log_predictions = true
[interaction]
mode = "{mode}"
threshold = 0.1
[model]
dimension = 9
file = "{model}"
timescale = 0.1
[webui]
monitor_port = {monitor}
command_port = {command}
"""
SECONDS = 20.0


def udp_socket() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind(("127.0.0.1", 0))
    made.settimeout(SECONDS)
    return made


def line(*values: float) -> bytes:
    return ",".join(f"{value:.4f}" for value in values).encode() + b"\n"


class Ensemble:
    """The example, started as its reader would start it, and one who plays it by text."""

    def __init__(self, folder: Path, mode: str) -> None:
        self.folder = folder
        create_workspace(folder)
        self.port, monitor, command = free_ports(3)
        text = CONFIG.format(mode=mode, model=STARTER_MODEL, monitor=monitor, command=command)
        (folder / "config.toml").write_text(text, encoding="utf-8")
        self.output = folder / "output.txt"
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, str(SCRIPT), "config.toml", "--port", str(self.port)],
                cwd=folder,
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
            )
        self.player = udp_socket()

    def __enter__(self) -> Ensemble:
        wait_until(lambda: self.process.poll() is not None or f"port {self.port}" in self.text(), SECONDS)
        assert self.process.poll() is None, self.text()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.player.close()
        self.process.kill()
        self.process.wait(timeout=10)

    def text(self) -> str:
        return self.output.read_text(encoding="utf-8", errors="replace")

    def play(self, packet: bytes) -> None:
        self.player.sendto(packet, ("127.0.0.1", self.port))

    def answer(self) -> tuple[float, ...]:
        packet, sender = self.player.recvfrom(65536)
        assert sender == ("127.0.0.1", self.port)  # a connected netcat hears nobody else
        assert packet.endswith(b"\n")
        return tuple(float(value) for value in packet.split(b","))

    def rows(self, source: str) -> list[tuple[float, ...]]:
        lines = [row for log in (self.folder / "logs").glob("*.log") for row in log.read_text().splitlines()]
        return [tuple(map(float, row.split(",")[2:])) for row in lines if row.split(",")[1] == source]


def test_a_real_session_hears_and_plays_through_it(tmp_path):
    with Ensemble(tmp_path / "instrument", "polyphony") as ensemble:
        played = [tuple(0.5 + 0.1 * step if i == 0 else 0.25 for i in range(8)) for step in range(4)]
        answers = []
        for values in played:
            ensemble.play(line(*values))
            answers.append(ensemble.answer())
        assert all(len(answer) == 8 and all(0.0 <= value <= 1.0 for value in answer) for answer in answers)
        ensemble.process.send_signal(signal.SIGTERM)
        assert ensemble.process.wait(timeout=5) == 0, ensemble.text()
        assert ensemble.rows("interface") == [pytest.approx(values) for values in played]
        assert len(ensemble.rows("rnn")) == len(answers)


def test_whoever_played_last_hears_the_answer_to_a_phrase(tmp_path):
    with Ensemble(tmp_path / "instrument", "callresponse") as ensemble, udp_socket() as other:
        ensemble.play(line(*[0.1] * 8))
        other.sendto(line(*[0.2] * 8), ("127.0.0.1", ensemble.port))
        assert len(other.recv(65536).split(b",")) == 8
        ensemble.player.settimeout(0.1)
        with pytest.raises(TimeoutError):
            ensemble.player.recv(65536)


def test_a_wrong_configuration_is_told_in_words(tmp_path):
    (tmp_path / "config.toml").write_text("[model]\ndimension = 1\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "config.toml"], cwd=tmp_path, capture_output=True, text=True, timeout=SECONDS
    )
    assert done.returncode == 1
    assert "model.dimension" in done.stderr
    assert "Traceback" not in done.stderr


class Stage:
    """The adapter alone: what it delivers and tells."""

    def __init__(self, port: int = 0) -> None:
        self.events: list[Interaction] = []
        self.told: list[Report] = []
        self.lines = UdpLines("127.0.0.1", port, 2)

    def __enter__(self) -> Stage:
        self.lines.open(self.events.append, self.told.append)
        return self

    def __exit__(self, *_exception: object) -> None:
        self.lines.close()


def test_what_is_wrong_is_told_once_and_what_is_right_is_heard():
    with Stage() as stage, udp_socket() as player:
        wait_until(lambda: stage.lines.address is not None)
        for packet in (b"0.5\n", b"0.5\n", b"one,two\n", b"", b"0.25,0.75"):
            player.sendto(packet, stage.lines.address)
        wait_until(lambda: stage.events)
        assert stage.events == [Interaction((0.25, 0.75), "udp lines")]
        health = stage.lines.health()[0]
        assert (health.state, health.received, health.bad) == ("receiving", 4, 3)
        warnings = [report.text for report in stage.told if report.level == "warning"]
        assert len(warnings) == 2
        assert "1 value, but dimension 3 means 2" in warnings[0]


def test_a_port_that_is_taken_is_taken_up_when_it_is_free():
    blocker = udp_socket()
    with Stage(blocker.getsockname()[1]) as stage:
        wait_until(lambda: stage.told)
        assert "cannot listen" in stage.told[0].text
        assert stage.lines.health()[0].state == "waiting"
        blocker.close()
        wait_until(lambda: stage.lines.health()[0].state == "open")
        assert "again" in stage.told[-1].text


def test_it_closes_at_once_and_twice_and_opens_again():
    stage = Stage()
    for _round in range(2):
        with stage:
            wait_until(lambda: stage.lines.health()[0].state == "open")
            before = time.monotonic()
        stage.lines.close()
        assert if_idle(time.monotonic() - before) < 0.3
        assert stage.lines.health()[0].state == "closed"
    stage.lines.send((0.5, 0.5))  # nobody to hear it, nothing to raise
