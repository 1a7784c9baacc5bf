"""A performance of random events, its journal, and the same performance once more."""

from __future__ import annotations

import hashlib
import io
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from numpy.random import default_rng

from impsy.codecs.journal import Head, ModelFacts, VoiceFacts
from impsy.codecs.journalreading import read_journal
from impsy.codecs.log import encode_row
from impsy.engine import MODES, Engine, Ensemble, Settings, Voice
from impsy.errors import DataError, ModelError
from impsy.events import (
    Interaction,
    LinkBeat,
    MidiClock,
    PanicButton,
    PlayThrough,
    Record,
    Released,
    Reset,
    Set,
    SetPredictor,
    Tap,
    Toggle,
    Touched,
    Unplugged,
    Update,
)
from impsy.mapping.hands import Hand
from impsy.models.predictor import NumPyPredictor
from impsy.models.sizes import Size
from impsy.models.untrained import RandomGestures
from impsy.perform.recording.journal import Journal
from impsy.perform.recording.witness import Witness
from impsy.perform.replaying.exact import replay_exactly
from impsy.perform.replaying.models import RecordedModels
from impsy.timing.line import Line
from random_networks import random_weights

pytestmark = pytest.mark.slow

CONTROLS = 4
ORIGIN, STARTED = 1234.5678901234, datetime(2026, 9, 26, 10, 0, 0, 123456)
TINY = Size(8, 1)
WEIGHTS = {d: random_weights(d, TINY, rng=default_rng(d)) for d in (3, 5)}


class Pacing:
    """A network that computes elsewhere, at a pace that a test decides: what a session asks of such a model."""

    def __init__(self, dimension: int, pace) -> None:
        self._network = NumPyPredictor(WEIGHTS[dimension])
        self._pace = pace
        self.dimension = dimension
        self.witness = None
        self.hear_all = False

    def _say(self, what: str) -> str:
        if self.witness is not None:
            self.witness(what)
        return what

    def hear(self, vector) -> None:
        if self._say("d" if self.witness is not None and self._pace.random() < 0.1 else "h") == "h":
            self._network.hear(vector)

    def sample(self, *how):
        return self._network.sample(*how)

    def sample_given(self, *how):
        return self._network.sample_given(*how)

    def reset(self) -> None:
        self._network.reset()

    @property
    def ready(self) -> bool:
        return self._say("r" if self._pace.random() < 0.6 else "n") == "r"

    @property
    def overdue_at(self) -> float | None:
        return 0.0 if self._pace.random() < 0.02 else None

    def given_up(self, _now: float) -> str:
        return self._say("!too slow")[1:] if self._pace.random() < 0.5 else ""


class Failing(NumPyPredictor):
    """A network that raises at every thirteenth event."""

    heard = 0

    def hear(self, vector) -> None:
        self.heard += 1
        if not self.heard % 13:
            raise ModelError("this one fails")
        super().hear(vector)


KINDS = {
    "network": lambda dimension, _pace: NumPyPredictor(WEIGHTS[dimension]),
    "stand-in": lambda dimension, _pace: RandomGestures(dimension),
    "elsewhere": Pacing,
    "failing": lambda dimension, _pace: Failing(WEIGHTS[dimension]),
}

value = st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.5, 1.0]))
index = st.integers(0, CONTROLS - 1)
setting = st.one_of(
    st.tuples(st.just("mode"), st.sampled_from([*MODES, "nonsense"])),
    st.tuples(st.sampled_from(["threshold", "hold", "longest_wait"]), st.floats(0, 3)),
    st.tuples(st.sampled_from(["sigma_temperature", "pi_temperature"]), st.floats(0, 5)),
    st.tuples(st.just("timescale"), st.floats(0.05, 3)),
    st.tuples(st.just("clock_source"), st.sampled_from(["off", "internal", "midi", "link"])),
    st.tuples(st.just("quantise"), st.floats(0, 1)),
    st.tuples(st.just("tempo"), st.integers(20, 400)),
    st.tuples(st.just("grid"), st.sampled_from(["1/4", "1/16t"])),
    st.tuples(st.sampled_from(["paused", "input_thru"]), st.booleans()),
    st.tuples(st.just("clock_send"), st.sampled_from([(), ("synth",)])),
    st.tuples(st.just("thru_matrix"), st.sampled_from([(), (("keys", ("synth", "drum")),)])),
    st.tuples(
        st.just("hands"),
        st.sampled_from(
            [
                (),
                (
                    Hand(notes=(48, 50, 53), gate=0.2, velocity=1),
                    Hand(low=0.25, high=0.75),
                    Hand(enabled=False),
                    Hand(name="ümlaut \ud83d", repeat=0.5),
                ),
            ]
        ),
    ),
)
performed = st.one_of(
    st.builds(Interaction, st.tuples(*[value] * CONTROLS)),
    st.builds(Update, st.lists(st.tuples(index, value), min_size=1, max_size=3).map(tuple), struck=st.booleans()),
)
events = st.one_of(
    performed,
    performed,
    st.builds(Interaction, st.just((0.5,))),
    st.builds(lambda pair: Set(*pair), setting),
    st.builds(Released, st.tuples(st.tuples(index, st.none() | value))),
    st.builds(Touched, st.tuples(index)),
    st.builds(PlayThrough, st.tuples(*[value] * CONTROLS)),
    st.builds(MidiClock, st.sampled_from(["tick", "tick", "start", "stop", "continue"]), st.just("drum")),
    st.builds(
        LinkBeat, st.builds(Line, st.floats(0, 2000), st.floats(0, 100), st.floats(60, 200)), st.integers(0, 3)
    ),
    st.sampled_from([Toggle("paused"), Reset(), PanicButton(), Tap(), Unplugged("osc")]),
    st.sampled_from([*KINDS]),  # another model
    st.tuples(st.booleans(), st.booleans()),  # which rows are logged
)
steps = st.tuples(events, st.sampled_from([0.0, 0.0001, 0.013, 0.25, 1.1]) | st.floats(0, 0.6), st.integers(0, 9))


class Performed:
    """Events through an engine as its thread gives them, with the log and the journal that are written of it."""

    def __init__(self, kind: str, voices: bool, whole: dict, pace) -> None:
        settings = Settings(CONTROLS + 1, **whole)
        self.pace = pace
        self.models = {}
        facts: tuple[VoiceFacts, ...] = ()
        made = ORIGIN + 0.01
        if voices:
            parts = [
                Voice("a", KINDS[kind](3, pace), (0, 2), "a.tflite"),
                Voice("b", KINDS["network"](3, pace), (3, 1), "b.tflite", "", ("performer", "a")),
            ]
            facts = tuple(VoiceFacts(v.name, 0, v.model, v.controls, v.mode, v.hears) for v in parts)
            self.engine = Ensemble(settings, parts, default_rng(7), made)
        else:
            self.engine = Engine(settings, KINDS[kind](CONTROLS + 1, pace), default_rng(7), made, "first.tflite")
        self.kinds = [kind, "network"]
        head = Head(
            version="3", started_at=STARTED, origin=ORIGIN, made=made, seed=7, settings=settings, voices=facts,
            model="first.tflite", models=(), log_predictions=True,
        )  # fmt: skip
        self.witness = Witness(self.engine)
        for predictor in self.engine.predictors:
            self.witness.watch(predictor)
        self.journal = Journal(head, self.engine.predictors, [])
        self.keeps = {"interface": True, "rnn": True}
        self.log: list[str] = []
        self.text = b""
        self.now = ORIGIN + 0.02
        self.witness.started(self.now)
        self.engine.start(self.now)

    def do(self, decide, *given, fails: bool = False) -> None:
        try:
            commands = self.witness.call(decide, *given)
        except ModelError:
            self.witness.recovered(self.now, "a fault", 0)
            self.keep(self.engine.recover(self.now, "a fault"))
            return
        rows = [command for command in commands if isinstance(command, Record)]
        if fails and rows:  # an output raises, before the last row is noted
            self.witness.recovered(self.now, "a fault", len(rows) - 1)
            self.keep([*rows[:-1], *self.engine.recover(self.now, "a fault")])
            return
        self.keep(rows)

    def keep(self, commands) -> None:
        for each in commands:
            if isinstance(each, Record) and self.keeps[each.source]:
                date = STARTED + timedelta(seconds=each.time - ORIGIN)
                self.log.append(encode_row(date, each.source, each.values))

    def step(self, event, wait: float, chance: int) -> None:
        self.now += wait
        if isinstance(event, str):
            predictor = KINDS[event](3 if isinstance(self.engine, Ensemble) else CONTROLS + 1, self.pace)
            self.witness.watch(predictor)
            self.kinds.append(event)
            event = SetPredictor(predictor, f"{event}.tflite")
        if isinstance(event, tuple):
            self.keeps = dict(zip(("interface", "rnn"), event, strict=True))
            self.witness.logs(self.now, *event)
        elif chance == 0 and isinstance(event, Interaction | Update):
            self.do(self.engine.skim, event, self.now)
        else:
            self.do(self.engine.receive, event, self.now, fails=chance == 1)
        for _ in range(chance % 4):
            self.now += 0.004 * (chance % 3)
            self.do(self.engine.advance, self.now)
        self.text += self.journal.lines(self.witness.calls, 0)
        self.witness.calls = []

    def end(self) -> None:
        self.do(self.engine.end)
        self.text += self.journal.lines(self.witness.calls, 0)


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.sampled_from([*KINDS]),
    st.booleans(),
    st.sampled_from([*MODES]),
    st.integers(0, 1000),
    st.lists(steps, max_size=40),
)
@example("network", True, "battle", 0, [(Touched((0,)), 0.0, 0), ("stand-in", 0.013, 1), (Tap(), 0.25, 2)])
@example("stand-in", True, "polyphony", 1, [("network", 0.0, 0), (Interaction((0.5, 0.1, 0.9, 0.3)), 0.25, 3)])
@pytest.mark.slow
def test_what_is_replayed_is_what_was_played(kind, voices, mode, seed, plan):
    played = Performed(kind, voices, {"mode": mode, "threshold": 0.02, "timescale": 0.1}, default_rng(seed))
    for step in plan:
        played.step(*step)
    played.end()
    head, calls = read_journal(io.BytesIO(played.text), "it.jsonl")
    still = iter(default_rng(seed).random(1 << 20))  # no pace of the replay's own may have a say
    kinds = iter(played.kinds if voices else [played.kinds[0], *played.kinds[2:]])
    opened = {}

    def open_model(facts):
        assert facts.number not in opened
        opened[facts.number] = KINDS[next(kinds)](facts.dimension, still)
        return opened[facts.number]

    again: list[str] = []
    found = replay_exactly(head, calls, open_model, again.append)
    assert again == played.log
    assert (found.ended, found.cut, found.rows) == (True, False, len(again))


def test_a_model_that_leads_out_of_its_folder_is_not_played(tmp_path):
    (tmp_path / "work" / "models").mkdir(parents=True)
    (tmp_path / "m.tflite").write_bytes(b"a model")
    link = tmp_path / "work" / "models" / "m.tflite"
    link.symlink_to(tmp_path / "m.tflite")
    facts = ModelFacts(1, 3, file="models/m.tflite", sha256=hashlib.sha256(b"a model").hexdigest())
    with pytest.raises(DataError, match="not there as it was"):
        RecordedModels(tmp_path / "work" / "logs", [tmp_path / "work"]).find(facts)
    link.unlink()
    link.write_bytes(b"a model")
    assert RecordedModels(tmp_path / "work" / "logs", [tmp_path / "work"]).find(facts) == link
