"""liblo's ``oscsend`` as a peer: each of its types, at the addresses that it makes sense for, over localhost."""

from __future__ import annotations

import subprocess

import pytest

from impsy.events import (
    Interaction,
    PanicButton,
    RecallScene,
    Reset,
    Set,
    Update,
    UsePreset,
)
from impsy.io import OscAdapter
from waiting import wait_until

pytestmark = pytest.mark.peer("oscsend")

MEANINGS = {
    "/impsy/pause T": Set("paused", True),
    "/impsy/pause F": Set("paused", False),
    "/impsy/pause i 1": Set("paused", True),
    "/impsy/pause h 0": Set("paused", False),
    "/impsy/pause f 1.0": Set("paused", True),
    "/impsy/pause d 0.0": Set("paused", False),
    "/impsy/pause s true": Set("paused", True),
    "/impsy/pause S off": Set("paused", False),
    "/impsy/pause c 1": Set("paused", True),
    "/impsy/reset": Reset(),
    "/impsy/reset N": Reset(),
    "/impsy/reset I": Reset(),
    "/impsy/panic m 00903c64": PanicButton(),
    "/impsy/panic TFNI": PanicButton(),
    "/impsy/mode s Battle": Set("mode", "battle"),
    "/impsy/mode S useronly": Set("mode", "useronly"),
    "/impsy/scene i 2": RecallScene("2"),
    "/impsy/preset s wild": UsePreset("wild"),
    "/impsy/sigmatemp s 0.5": Set("sigma_temperature", 0.5),
    "/impsy/pitemp h 2": Set("pi_temperature", 2.0),
    "/impsy/timescale d 1.5": Set("timescale", 1.5),
    "/interface ff 0.25 0.5": Interaction((0.25, 0.5)),
    "/interface dd 0.25 0.5": Interaction((0.25, 0.5)),
    "/interface TF": Interaction((1.0, 0.0)),
    "/interface hs 1 0.5": Interaction((1.0, 0.5)),
    "/impsy/control iT 2": Update(((1, 1.0),), "osc"),
    "/impsy/{pause,mode} T": Set("paused", True),
    "/IMPSY/pause/ T": Set("paused", True),
}
UNCLEAR = (
    "/impsy/pause I",
    "/impsy/pause N",
    "/interface mm 00903c64 00903c64",
    "/impsy/mode i 2",
    "/impsy/pause f 0.5",
)


class Stage:
    def __init__(self) -> None:
        self.events, self.reports = [], []
        self.adapter = OscAdapter("localhost", 0, "127.0.0.1", 9, 2, ["/prediction"])

    def __enter__(self):
        self.adapter.open(self.events.append, self.reports.append)
        wait_until(lambda: self.adapter.listener.udp.address is not None)
        return self

    def __exit__(self, *_exception):
        self.adapter.close()

    def send(self, words):
        port = str(self.adapter.listener.udp.address[1])
        subprocess.run(["oscsend", "localhost", port, *words.split()], check=True, timeout=10)


@pytest.fixture
def stage():
    with Stage() as made:
        yield made


def test_each_type_means_what_the_sender_means(stage):
    for count, (words, event) in enumerate(MEANINGS.items(), 1):
        stage.send(words)
        wait_until(lambda made=count: len(stage.events) == made)
        assert stage.events[-1] == event, words
    assert stage.adapter.health()[0].received == len(MEANINGS)


def test_what_is_unclear_is_refused_and_counted(stage):
    for count, words in enumerate(UNCLEAR, 1):
        stage.send(words)
        wait_until(lambda made=count: stage.adapter.health()[0].bad == made)
    assert stage.events == []
    assert any("an impulse" in report.text for report in stage.reports)
