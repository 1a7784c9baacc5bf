"""A performance with everything in it, exported, and replayed in a fresh process from the archive alone."""

from __future__ import annotations

import csv
import json
import os
import signal
import socket
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
from numpy.random import default_rng
from performance import Performance, performing

from impsy.codecs.osc import encode_message, encode_vector
from impsy.config import load_config
from impsy.events import Interaction, Mark, PanicButton, RecallScene, Set, SetPredictor
from impsy.models.opening import opened
from impsy.models.sizes import Size
from impsy.models.tflite.write import encode_tflite
from impsy.perform import Ports, WantedPorts, build_session
from impsy.testing import FakePort
from random_networks import random_weights
from waiting import wait_until

pytestmark = pytest.mark.slow

NAME = "musicMDRNN-dim3-layers2-units16-mixtures5-scale10-{}.tflite"
MORE = f"""
[study]
participant = "P07"
condition = "duo"
[scenes."verse"]
mode = "battle"
timescale = 0.2
model = "models/{NAME.format("b")}"
[[controls]]
name = "pitch"
scale = "major"
[[controls]]
limits = [0.25, 0.75]
"""


def impsy(folder: Path, *arguments: object) -> str:
    command = [sys.executable, "-m", "impsy", *map(str, arguments)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def workspace(folder: Path) -> Path:
    models = folder / "models"
    models.mkdir(parents=True)
    for number, letter in enumerate("ab"):
        weights = random_weights(3, Size(16, 2), rng=default_rng(number))
        (models / NAME.format(letter)).write_bytes(encode_tflite(weights))
    return Path("models") / NAME.format("a")


def replayed_elsewhere(log: Path, workspace: Path, elsewhere: Path) -> bytes:
    """The log that a fresh process makes of the exported archive, in an empty folder, the workspace being gone."""
    recorded = log.read_bytes()
    impsy(workspace, "export", log, "-o", elsewhere / "paper.zip")
    workspace.rename(workspace.with_name("gone"))
    work = elsewhere / "empty"
    work.mkdir()
    assert "identical" in impsy(work, "replay", elsewhere / "paper.zip")
    impsy(work, "replay", elsewhere / "paper.zip", "--check")
    again = (work / "replays" / log.name).read_bytes()
    assert len(recorded) > 1000
    assert again == recorded
    return again


class Hand:
    """Plays and commands over OSC."""

    def __init__(self, performance: Performance) -> None:
        self._performance = performance
        self._rng = default_rng(3)

    def play(self, events: int) -> None:
        for _ in range(events):
            self._send(encode_vector("/interface", tuple(self._rng.random(2).tolist())))
            time.sleep(0.02)

    def command(self, name: str, types: str = "", *values: object) -> None:
        self._send(encode_message(f"/impsy/{name}", types, list(values)))

    def _send(self, packet: bytes) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
            made.sendto(packet, ("127.0.0.1", self._performance.server))


def everything(performance: Performance) -> None:
    hand = Hand(performance)
    hand.play(10)
    hand.command("mark", "s", "the storm")
    time.sleep(0.5)
    for mode in ("duet", "polyphony"):
        hand.command("mode", "s", mode)
        hand.play(10)
        time.sleep(0.3)
    hand.command("scene", "s", "verse")
    performance.wait_for(f"now playing with {NAME.format('b')}")
    time.sleep(0.5)
    hand.command("sigmatemp", "f", 0.2)
    hand.command("pause", "i", 1)
    hand.play(5)
    hand.command("pause", "i", 0)
    time.sleep(0.5)
    hand.command("model", "s", f"models/{NAME.format('a')}")
    performance.wait_for(f"now playing with {NAME.format('a')}")
    config = performance.folder / "config.toml"
    config.write_text(config.read_text().replace("limits = [0.25, 0.75]", "limits = [0.5, 0.75]"))
    performance.wait_for("the saved configuration is in use")
    hand.play(10)
    time.sleep(0.3)
    hand.command("panic")
    hand.command("mode", "s", "callresponse")
    hand.play(10)
    time.sleep(0.7)


def test_a_performance_with_everything_in_it_replays_from_the_archive_alone(tmp_path):
    folder = tmp_path / "workspace"
    model = workspace(folder)
    with performing(folder, dimension=3, model=model, more=MORE) as performance:
        everything(performance)
    (log,) = (folder / "logs").glob("*.log")
    impsy(folder, "replay", log, "--check")
    impsy(folder, "export", log, "-o", tmp_path / "take.csv")
    replayed_elsewhere(log, folder, tmp_path)
    with open(tmp_path / "take.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {(row["participant"], row["condition"]) for row in rows} == {("P07", "duo")}
    told = [(row["name"], row["value"]) for row in rows if row["source"] == "journal"]
    assert ("mark", "the storm") in told
    assert ("scene", "verse") in told
    assert ("model", NAME.format("b")) in told
    assert {row["mode"] for row in rows if row["source"] == "rnn"} >= {"callresponse", "polyphony", "battle"}
    assert len([row for row in rows if row["source"] != "journal"]) == len(performance_rows(tmp_path / "gone", log))


def performance_rows(folder: Path, log: Path) -> list[str]:
    return (folder / "logs" / log.name).read_text().splitlines()


def test_what_was_played_before_a_kill_is_replayed(tmp_path):
    folder = tmp_path / "workspace"
    model = workspace(folder)
    with performing(folder, mode="battle", dimension=3, model=model) as performance:
        Hand(performance).play(30)
        time.sleep(0.5)
        performance.end(signal.SIGKILL)
    (log,) = (folder / "logs").glob("*.log")
    journal = log.with_suffix(".jsonl")
    with open(journal, "ab") as file:
        file.write(b'{"at": 12')  # the power is cut in mid line
    said = impsy(folder, "replay", log)
    assert "ended from outside" in said or "identical" in said
    rows = performance_rows(folder, log)
    again = (folder / "replays" / log.name).read_text().splitlines()
    assert again[: len(rows)] == rows, "the journal is written before what came of it"


class Stage(Ports):
    """The ports of a configuration, and a fake one."""

    def __init__(self, folder: Path, port: FakePort) -> None:
        super().__init__(WantedPorts(folder), [port])


def test_a_model_that_was_learnt_replays_from_the_archive_alone(tmp_path):
    folder = tmp_path / "workspace"
    model = workspace(folder)
    config = Performance(folder, dimension=3, model=model, mode="duet", more=MORE).folder / "config.toml"
    port = FakePort()
    loaded = load_config(config)
    os.chdir(folder)
    session = build_session(loaded, logdir=folder / "logs", seed=5, ports=Stage(folder, port))
    rng = default_rng(9)

    def play(events: int) -> None:
        for _ in range(events):
            port.deliver(Interaction(tuple(rng.random(2).tolist()), "fake"))
            time.sleep(0.02)

    with session:
        play(20)
        learnt = opened(random_weights(3, Size(16, 2), rng=default_rng(7)), Path("learnt.tflite"), {})
        session.deliver(SetPredictor(learnt.predictor, "learnt"), "apprentice")
        wait_until(lambda: session.view().engine.model == "learnt")
        play(20)
        session.deliver(Mark("after"), "keyboard")
        port.deliver(Set("mode", "polyphony"))
        play(20)
        port.deliver(PanicButton())
        session.deliver(RecallScene("verse"))
        wait_until(lambda: session.view().engine.model == NAME.format("b"))
        before = session.view().engine.counters.played
        wait_until(lambda: session.view().engine.counters.played > before + 20)
        session.deliver(SetPredictor(learnt.predictor, "learnt"))  # back to the same
        wait_until(lambda: session.view().engine.model == "learnt")
        play(10)
    os.chdir(tmp_path)
    (log,) = (folder / "logs").glob("*.log")
    replayed_elsewhere(log, folder, tmp_path)
    with zipfile.ZipFile(tmp_path / "paper.zip") as archive:
        names = archive.namelist()
        journal = archive.read(next(name for name in names if name.endswith(".jsonl"))).decode()
    assert sum(name.startswith("logs/learnt/") for name in names) == 1
    switches = [json.loads(line) for line in journal.splitlines() if '"set_predictor"' in line]
    assert len(switches) == 3
    assert switches[0]["predictor"] == switches[2]["predictor"]
