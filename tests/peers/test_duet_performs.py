"""A duet over OSC with the real model: who holds a control decides it, and the model plays the rest."""

from __future__ import annotations

import json
import math
import socket
import time
from datetime import datetime
from pathlib import Path

import pytest
from performance import Performance

from impsy.codecs.osc import encode_message, encode_vector
from impsy.codecs.oscwire import read_packet
from waiting import wait_until

MODEL = Path("models/musicMDRNN-dim9-layers2-units64-mixtures5-scale10.tflite")
SECONDS = 6.0
HOLD = 0.5


class Patch:
    """Plays by ``/interface`` and hears ``/prediction``, as a patch does; and looks at the monitor."""

    def __init__(self, performance: Performance) -> None:
        self.performance = performance
        self.heard = self._listen(performance.client)
        self.watched = self._listen(performance.monitor)
        self.out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.predictions: list[tuple[float, tuple[float, ...]]] = []
        self.states: list[dict] = []

    @staticmethod
    def _listen(port: int) -> socket.socket:
        listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        listener.bind(("127.0.0.1", port))
        listener.setblocking(False)
        return listener

    def read(self) -> list[tuple[float, tuple[float, ...]]]:
        for listener in (self.heard, self.watched):
            while True:
                try:
                    (message,) = read_packet(listener.recv(65536))
                except BlockingIOError:
                    break
                if message.address == "/prediction":
                    self.predictions.append((time.monotonic(), tuple(message.values)))
                elif message.address == "/monitor/state":
                    self.states.append(json.loads(message.values[0]))
        return self.predictions

    def play(self, values: list[float]) -> None:
        self.out.sendto(encode_vector("/interface", values), ("127.0.0.1", self.performance.server))

    def command(self, address: str, tags: str, *values: object) -> None:
        self.out.sendto(encode_message(address, tags, values), ("127.0.0.1", self.performance.server))

    def close(self) -> None:
        for each in (self.heard, self.watched, self.out):
            each.close()


@pytest.fixture
def model(shared_data):
    return shared_data / MODEL


@pytest.mark.slow
def test_a_control_that_is_swept_is_the_performers_and_the_others_are_played(tmp_path, model):
    performance = Performance(tmp_path / "duet", mode="duet", model=model)
    text = (tmp_path / "duet" / "config.toml").read_text()
    (tmp_path / "duet" / "config.toml").write_text(text.replace("threshold =", f"hold = {HOLD}\nthreshold ="))
    patch = Patch(performance)
    performance.start()
    try:
        performance.wait_until_open()
        patch.play([0.5] * 8)  # where the patch stands
        wait_until(lambda: patch.read() and patch.states[-1]["held"] == [False] * 8)
        first, began = len(patch.read()), time.monotonic()
        step = 0
        while time.monotonic() - began < SECONDS:
            patch.play([round(0.5 + 0.4 * math.sin(step / 5), 6), *[0.5] * 7])
            step += 1
            time.sleep(0.1)
            patch.read()
        together = [values for _, values in patch.read()[first:]]
        assert patch.states[-1]["held"] == [True] + [False] * 7
        assert patch.states[-1]["turn"] == "both"
        wait_until(lambda: patch.read() and patch.states[-1]["held"] == [False] * 8)
        free = len(patch.read())
        wait_until(lambda: len(patch.read()) > free + 20)
        performance.end()
        after = [values for _, values in patch.read()[free:]]
    finally:
        performance.end()
        patch.close()

    # By the log, which has the order in which both played: the performer's last value is what goes out.
    held, moved_at, checked = "", datetime.min, 0
    for line in next((tmp_path / "duet" / "logs").glob("*.log")).read_text().splitlines():
        stamp, source, x_1, *_others = line.split(",")
        now = datetime.fromisoformat(stamp)
        if source == "interface":
            moved_at, held = now if x_1 != held else moved_at, x_1
        elif (now - moved_at).total_seconds() < HOLD:
            checked += 1
            assert x_1 == held
    assert checked > 0.9 * len(together) - 2
    for control in range(1, 8):
        assert len({values[control] for values in together}) > 2, control
    assert any(values[0] != together[-1][0] for values in after), "the model moves it again"
