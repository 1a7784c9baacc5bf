"""The journal on a disk, beside the log of a session with real threads."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from impsy.config import parse_config
from impsy.events import Interaction, Mark, RecallScene, Set, SetPredictor
from impsy.models.untrained import RandomGestures
from impsy.perform import Ports, build_session
from impsy.perform.building.journal import journalled_text
from impsy.perform.exporting.takes import followed, take_of
from impsy.perform.recording import journal as journals
from impsy.perform.recording import linefile
from impsy.perform.replaying.exact import replay_exactly
from impsy.testing import FakePort
from waiting import wait_until

CONFIG = """\
log_predictions = true
api_key = "s3cret"
[interaction]
mode = "polyphony"
[model]
dimension = 3
[study]
participant = "P2"
[webui]
monitor_port = 1
command_port = 0
[scenes."loud"]
sigmatemp = 3.0
"""


class Nothing:
    """No port of the configuration."""

    def __call__(self, _config):
        return iter(())


def perform(folder: Path, plan=lambda _session, _port: None, events: int = 5) -> Path | None:
    port = FakePort()
    session = build_session(parse_config(CONFIG), logdir=folder, seed=4, ports=Ports(Nothing(), [port]))
    with session:
        for number in range(events):
            port.deliver(Interaction((number / 10, 0.5), "fake"))
        if events:
            wait_until(lambda: session.view().rows >= events)
        plan(session, port)
    logs = list(folder.glob("*.log"))
    return logs[0] if logs else None


def lines(log: Path) -> list[dict]:
    return [json.loads(line) for line in log.with_suffix(".jsonl").read_text().splitlines()]


def test_a_session_writes_a_journal_that_replays_to_its_log(tmp_path):
    def plan(session, port):
        session.deliver(RecallScene("loud"), "osc")
        session.deliver(Mark("here"), "commands")
        port.deliver(Set("mode", "battle"))
        before = session.view().engine.counters.played
        wait_until(lambda: session.view().engine.counters.played > before + 5)
        session.set_logging(False, False)
        port.deliver(Interaction((0.9, 0.9), "fake"))
        session.configured("[model]\n")

    log = perform(tmp_path, plan)
    head, *calls = lines(log)
    assert (head["seed"], head["participant"], head["log_predictions"]) == (4, "P2", True)
    assert "s3cret" not in log.with_suffix(".jsonl").read_text()
    told = [(call["do"], call.get("from", "")) for call in calls]
    assert {("recall_scene", "osc"), ("mark", "commands"), ("set", "fake"), ("logged", "")} <= set(told)
    assert told[0][0] == "start"
    assert told[-1][0] == "end"
    again: list[str] = []
    with followed(take_of(log).journal) as (found, rest):
        replay_exactly(found, rest, lambda facts: RandomGestures(facts.dimension), again.append)
    assert "".join(again) == log.read_text()


def test_a_session_without_rows_leaves_no_journal(tmp_path):
    assert perform(tmp_path, lambda session, _port: session.deliver(Mark("x")), events=0) is None
    assert list(tmp_path.iterdir()) == []


def test_a_journal_that_the_disk_does_not_take_stops_nothing(tmp_path, monkeypatch):
    real = linefile.LineFile.write
    monkeypatch.setattr(linefile.LineFile, "write", lambda self: False if self._what == "journal" else real(self))
    monkeypatch.setattr(journals, "KEPT_BYTES", 2000)
    monkeypatch.setattr(linefile.tempfile, "tempdir", str(tmp_path))
    log = perform(tmp_path / "logs", events=60)
    assert len(log.read_text().splitlines()) >= 60
    (rescued,) = tmp_path.glob("impsy-rescued-*.jsonl")
    last = json.loads(rescued.read_text().splitlines()[-1])
    assert last["do"] == "cut", "the beginning is kept, as only that can be replayed"


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ('password = "x"', False),
        ('  my_TOKEN="x"', False),
        ('"api-key" = "x" # y', False),
        ('title = "x"', True),
        ("[secret]", True),
    ],
)
def test_what_is_called_like_a_secret_is_not_journalled(line, kept):
    loaded = parse_config("[model]\ndimension = 3\n")
    found = journalled_text(type(loaded)(loaded.config, text=line))
    assert ("x" in found) == kept or line == "[secret]"


class Slotted:
    """A model of others' making, which cannot be told apart from another one later."""

    __slots__ = ()
    dimension = 3

    def hear(self, _vector) -> None:
        """Nothing."""

    def sample(self, *_how) -> list[float]:
        return [0.1, 0.5, 0.5]

    def reset(self) -> None:
        """Nothing."""


def test_a_model_that_the_journal_cannot_keep_ends_it_and_nothing_else(tmp_path):
    def plan(session, port):
        session.deliver(SetPredictor(Slotted(), "theirs"))
        wait_until(lambda: session.view().engine.model == "theirs")
        for _ in range(5):
            port.deliver(Interaction((0.5, 0.5), "fake"))
        wait_until(lambda: session.view().rows >= 10)

    log = perform(tmp_path, plan)
    assert len(log.read_text().splitlines()) >= 10
    assert lines(log)[-1]["do"] == "cut"


def test_a_rows_calls_are_written_before_it(tmp_path, monkeypatch):
    order: list[str] = []
    real = linefile.LineFile.write

    def write(self):
        if self.size:
            order.append(self._what)
        return real(self)

    monkeypatch.setattr(linefile.LineFile, "write", write)
    perform(tmp_path)
    assert order[:2] == ["journal", "log"]
    assert order.index("log") > 0
