"""Lines of a journal: what is written is read again, and nothing else is."""

from __future__ import annotations

import io
import json
from contextlib import suppress
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impsy.codecs import journalreading
from impsy.codecs.journal import EVENTS, FIELDS, Call, Head, ModelFacts, encode_call, encode_head, encode_model
from impsy.codecs.journalreading import read_journal
from impsy.errors import DataError
from impsy.events import (
    Interaction,
    LinkBeat,
    LoadModel,
    Mark,
    MidiClock,
    RecallScene,
    Released,
    Set,
    SetPredictor,
    Touched,
    Update,
    UsePreset,
)
from impsy.mapping.hands import Hand
from impsy.settings import Settings
from impsy.timing.line import Line

HEAD = Head(
    version="2.0",
    started_at=datetime(2026, 9, 26, 10, 0, 0, 1),
    origin=0.1,
    made=0.30000000000000004,
    seed=1 << 40,
    settings=Settings(4, hands=(Hand("a", notes=(1, 2), gate=0.5), Hand(velocity=0), Hand(low=0.1))),
    model="a.tflite",
    models=(ModelFacts(1, 3, "a.tflite", "models/a.tflite", "0" * 64, runs="NumPy", density=0.25),),
    participant="P–1",
    condition="x\ny",
    config='title = "é"\n',
    overrides={"mode": "duet"},
    versions={"numpy": "2.0"},
)


def read(text: str | bytes) -> tuple[Head, list[Call]]:
    content = text.encode() if isinstance(text, str) else text
    head, calls = read_journal(io.BytesIO(content), "it.jsonl")
    return head, list(calls)


times = st.floats(-1e9, 1e9)
number = st.floats(0, 1) | st.integers(0, 1)
text = st.text(max_size=20) | st.just("\ud800")
events = st.one_of(
    st.builds(Interaction, st.lists(number).map(tuple), text),
    st.builds(Update, st.lists(st.tuples(st.integers(0, 9), number)).map(tuple), text, struck=st.booleans()),
    st.builds(Released, st.lists(st.tuples(st.integers(0, 9), st.none() | number)).map(tuple), text),
    st.builds(Touched, st.lists(st.integers(0, 9)).map(tuple), text),
    st.builds(Set, text, st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False) | text),
    st.builds(MidiClock, st.sampled_from(["tick", "start", "position"]), text, st.integers(0, 99)),
    st.builds(LinkBeat, st.builds(Line, times, times, st.floats(1, 999)), st.integers(0, 9)),
    st.builds(Mark, text),
    st.builds(RecallScene, text),
    st.builds(UsePreset, text),
    st.builds(LoadModel, text),
    st.builds(lambda model, name: SetPredictor(model, name), st.integers(0, 99), text),
)
seen = st.lists(st.sampled_from(["1r", "2n", "3h", "12d", "1!it died"])).map(tuple)


def test_the_head_comes_back_as_it_was():
    head, calls = read(encode_head(HEAD))
    assert head == HEAD
    assert calls == []


@given(st.lists(st.tuples(times, events, text, seen)))
@pytest.mark.slow
def test_events_come_back_as_they_were(plan):
    lines = [encode_head(HEAD)]
    for at, event, source, answers in plan:
        lines.append(encode_call([Call("receive", at, event, source, answers)], lambda model: model))
    _, found = read("".join(lines))
    assert [(call.at, call.event, call.seen) for call in found] == [(at, event, a) for at, event, _, a in plan]
    assert [type(v) for call in found if isinstance(call.event, Interaction) for v in call.event.values] == [
        type(v) for _, event, _, _ in plan if isinstance(event, Interaction) for v in event.values
    ]
    for call, (_, event, source, _) in zip(found, plan, strict=True):
        assert call.source == (source or getattr(event, "port", ""))
        assert call.what == ("note" if isinstance(event, Mark | RecallScene | UsePreset | LoadModel) else "receive")


@given(st.lists(times, min_size=1))
@pytest.mark.slow
def test_calls_that_differ_in_nothing_but_their_times_are_one_line(moments):
    line = encode_call([Call("advance", at) for at in moments], int)
    assert line.count("\n") == 1
    assert [call.at for call in read(encode_head(HEAD) + line)[1]] == moments


def test_every_field_of_every_event_can_be_read():
    for kind in EVENTS.values():
        for each in FIELDS[kind]:
            assert kind is Set or str(each.type) in journalreading._DECODERS, (kind, each.name)


def test_a_last_line_that_is_cut_is_left_out():
    whole = encode_head(HEAD) + encode_call([Call("start", 1.0)], int) + encode_call([Call("end", 2.0)], int)
    for cut in range(1, len('{"at":2.0,"do":"end"}\n') + 1):
        assert [call.what for call in read(whole[:-cut])[1]] == ["start"]
    with pytest.raises(DataError, match="no complete line"):
        read(encode_head(HEAD)[:-1])


BAD = [
    "[]",
    "nonsense",
    "[" * 100_000,
    '{"at": 1e400, "do": "advance"}',
    '{"at": NaN, "do": "advance"}',
    '{"at": true, "do": "advance"}',
    '{"at": "1", "do": "advance"}',
    '{"do": "advance"}',
    '{"at": 1.0, "do": "explode"}',
    '{"at": 1.0, "do": "__class__"}',
    '{"at": 1.0, "do": "advance", "more": 1}',
    '{"at": 1.0, "do": "interaction"}',
    '{"at": 1.0, "do": "interaction", "values": ["0.5"]}',
    '{"at": 1.0, "do": "interaction", "values": [0.5], "other": 1}',
    '{"at": 1.0, "do": "update", "changes": [[0.5, 0.5]]}',
    '{"at": 1.0, "do": "set", "name": "hands", "value": [{"low": "x"}]}',
    '{"at": 1.0, "do": "set", "name": "mode", "value": {"a": 1}}',
    '{"at": 1.0, "do": "set_predictor", "predictor": "models/a.tflite", "name": "a"}',
    '{"at": 1.0, "do": "recover", "detail": ["a"]}',
    '{"at": 1.0, "do": "link_beat", "line": [0.0, 0.0, 1e9], "peers": 1}',
    '{"at": 1.0, "do": "link_beat", "line": [0.0, 0.0, 0], "peers": 1}',
    '{"do": "model", "number": 1, "sha256": "../../etc/passwd"}',
    '{"at": 1' + "0" * 5000 + ', "do": "advance"}',
]


@pytest.mark.parametrize("line", BAD)
def test_a_line_that_is_none_of_a_journal_is_refused_with_its_number(line):
    with pytest.raises(DataError, match=r"it\.jsonl: this journal cannot be followed: line 2.*--no-journal"):
        read(encode_head(HEAD) + line + "\n")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.data())
@pytest.mark.slow
def test_whatever_a_line_says_it_is_read_or_refused(data):
    head = json.loads(encode_head(HEAD))
    calls = [
        {"at": 1.0, "do": data.draw(st.sampled_from([*EVENTS, "advance", "recover", "model", "logged", "config"]))},
        {"at": 2.0, "do": "set", "name": "hands", "value": [{"notes": [1]}]},
    ]
    for target in (head, head["settings"], head["models"][0], *calls):
        for key in data.draw(st.lists(st.sampled_from([*target, "name", "values", "detail", "seen"]), max_size=2)):
            target[key] = data.draw(json_values)
    content = "".join(json.dumps(each) + "\n" for each in (head, *calls)).encode()
    cut = data.draw(st.integers(0, 3)) and data.draw(st.integers(0, len(content)))
    flipped = bytearray(content[: cut or None])
    for place in data.draw(st.lists(st.integers(0, max(0, len(flipped) - 1)), max_size=2)):
        if flipped:
            flipped[place] ^= 1 << data.draw(st.integers(0, 7))
    with suppress(DataError):
        read(bytes(flipped))


def test_a_line_longer_than_any_is_not_read(monkeypatch):
    monkeypatch.setattr(journalreading, "JOURNAL_LINE", 2000)
    with pytest.raises(DataError, match="longer"):
        read(encode_head(HEAD) + "x" * 3000 + "\n")


def test_a_model_and_what_it_answers():
    facts = ModelFacts(7, 3, "m", saved="learnt/ab.tflite", sha256="a" * 64)
    _, calls = read(encode_head(HEAD) + encode_model(facts))
    assert calls == [Call("model", 0.0, detail=facts)]
