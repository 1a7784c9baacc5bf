"""A model that computes in a process of its own, at its own pace, in a performance that is replayed exactly."""

from __future__ import annotations

from model_files import changed, looped_tflite, put, small_weights, unusual

from impsy.config import parse_config
from impsy.events import Interaction, Set
from impsy.perform import Ports, build_session
from impsy.perform.exporting.takes import followed, take_of
from impsy.perform.replaying.exact import replay_exactly
from impsy.perform.replaying.models import RecordedModels
from impsy.testing import FakePort
from waiting import wait_until

CONFIG = """\
log_predictions = true
[interaction]
mode = "polyphony"
[model]
dimension = 3
file = '{path}'
[webui]
monitor_port = 1
command_port = 0
"""


def test_what_it_played_is_replayed_however_slow_it_was(tmp_path):
    path = put(tmp_path, "strange.tflite", changed(looped_tflite(small_weights()), unusual))
    port = FakePort()
    loaded = parse_config(CONFIG.format(path=path))
    ports = Ports(lambda _config: iter(()), [port])
    session = build_session(loaded, logdir=tmp_path / "logs", seed=4, ports=ports)
    with session:
        for number in range(40):
            port.deliver(Interaction((number / 40, 0.5), "fake"))
            if number % 8 == 0:
                wait_until(lambda: session.view().rows > 0)
        port.deliver(Set("mode", "battle"))
        before = session.view().engine.counters.played
        wait_until(lambda: session.view().engine.counters.played > before + 10)
    (log,) = (tmp_path / "logs").glob("*.log")
    assert '"seen"' in log.with_suffix(".jsonl").read_text()
    again: list[str] = []
    with followed(take_of(log).journal) as (found, rest):
        replay_exactly(found, rest, RecordedModels(log.parent, [tmp_path]).open, again.append)
    assert "".join(again) == log.read_text()
