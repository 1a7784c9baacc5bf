"""OSC packets: what is understood, what is refused, and that nothing else can happen."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder

from fuzzing import examples
from impsy.codecs.osc import (
    CONTROL_ADDRESSES,
    LOCAL_ADDRESSES,
    PLAYING_ADDRESSES,
    OscDecoder,
    encode_message,
    encode_text,
    encode_vector,
)
from impsy.codecs.oscwire import NESTING_LIMIT
from impsy.events import (
    Another,
    Interaction,
    LoadModel,
    PanicButton,
    PlayThrough,
    RecallScene,
    Reset,
    Set,
    Touched,
    Update,
)

FUZZ = examples(300)


def message(address, *values, tags=None):
    builder = OscMessageBuilder(address)
    for index, value in enumerate(values):
        builder.add_arg(value, tags[index] if tags else None)
    return builder.build().dgram


def bundle(*parts):
    builder = OscBundleBuilder(IMMEDIATELY)
    packet = builder.build().dgram
    for part in parts:
        packet += len(part).to_bytes(4, "big") + part
    return packet


def decode(packet, controls=2, **options):
    return OscDecoder(controls, **options).decode(packet)


@pytest.mark.parametrize(
    ("packet", "expected"),
    [
        (message("/interface", 0.25, 0.5), Interaction((0.25, 0.5))),
        (message("/interface", 1, 0), Interaction((1.0, 0.0))),
        (message("/interface", 0.25, 0.5, tags="dd"), Interaction((0.25, 0.5))),
        (message("/impsy/control", 2, 0.5), Update(((1, 0.5),), "osc")),
        (message("/impsy/touch", 2, 1.0), Touched((1, 0), "osc")),
        (message("/impsy/control", 1.0, 1), Update(((0, 1.0),), "osc")),
        (message("/impsy/control", 2, 0.5, 1, 0.25), Update(((1, 0.5), (0, 0.25)), "osc")),
        (message("/impsy/scene", "verse"), RecallScene("verse")),
        (message("/impsy/mode", "battle"), Set("mode", "battle")),
        (message("/impsy/model", "models/a.tflite"), LoadModel("models/a.tflite")),
        (message("/impsy/pause", 1), Set("paused", True)),
        (message("/impsy/pause", 0), Set("paused", False)),
        (message("/impsy/panic"), PanicButton()),
        (message("/impsy/another"), Another()),
        (message("/impsy/reset"), Reset()),
        (message("/impsy/reset", 1), Reset()),
        (message("/impsy/sigmatemp", 0.5), Set("sigma_temperature", 0.5)),
        (message("/impsy/pitemp", 1.5), Set("pi_temperature", 1.5)),
        (message("/impsy/threshold", 0.25), Set("threshold", 0.25)),
        (message("/impsy/timescale", 2.0), Set("timescale", 2.0)),
        (message("/timescale", 2.0), Set("timescale", 2.0)),
    ],
)
def test_every_address_has_its_meaning(packet, expected):
    decoded = decode(packet)
    assert decoded.events == (expected,)
    assert decoded.problems == ()


def test_older_patches_set_both_temperatures_at_once():
    decoded = decode(message("/temperature", 0.25, 1.5))
    assert decoded.events == (Set("sigma_temperature", 0.25), Set("pi_temperature", 1.5))


@pytest.mark.parametrize(
    ("packet", "kind", "words"),
    [
        (message("/interface", 0.5), "length:/interface", "dimension 3"),
        (message("/interface", 0.5, "high"), "type:/interface", "'high'"),
        (message("/interface", 0.5, None), "type:/interface", "nil"),
        (message("/interface", 0.5, b"blob"), "type:/interface", "a blob"),
        (message("/interface", 0.5, float("nan")), "range:/interface", "nan"),
        (message("/impsy/mode"), "length:/impsy/mode", "one word"),
        (message("/impsy/mode", 3), "type:/impsy/mode", "3"),
        (message("/impsy/timescale", "slow"), "type:/impsy/timescale", "slow"),
        (message("/elsewhere", 1.0), "address:/elsewhere", "/interface"),
        (message("/impsy/control"), "length:/impsy/control", "pairs"),
        (message("/impsy/touch"), "length:/impsy/touch", "controls"),
        (message("/impsy/touch", 3), "index:/impsy/touch", "names control 3"),
        (message("/impsy/control", 1), "length:/impsy/control", "pairs"),
        (message("/impsy/control", 1, 0.5, 2), "length:/impsy/control", "pairs"),
        (message("/impsy/control", 0, 0.5), "index:/impsy/control", "control 0"),
        (message("/impsy/control", 3, 0.5), "index:/impsy/control", "dimension 3 means 1 to 2"),
        (message("/impsy/control", 1, 0.5, 3, 0.5), "index:/impsy/control", "control 3"),
        (message("/impsy/control", 1.5, 0.5), "type:/impsy/control", "1.5"),
        (message("/impsy/control", "first", 0.5), "type:/impsy/control", "'first'"),
        (message("/impsy/control", 1, "high"), "type:/impsy/control", "'high'"),
        (message("/impsy/control", 1, float("nan")), "range:/impsy/control", "nan"),
        (message("/impsy/scene"), "length:/impsy/scene", "one name"),
        (message("/impsy/scene", 3.5), "type:/impsy/scene", "3.5"),
        (message("/impsy/output", 0.5, 0.5), "address:/impsy/output", "command port only"),
        (b"", "not-osc", "0 bytes"),
        (b"hello there", "text", "not OSC"),
        (b"#bundle\0" + b"\0" * 8 + b"\0\0\0\x7f", "not-osc", "127"),
    ],
)
def test_what_is_wrong_is_said(packet, kind, words):
    decoded = decode(packet)
    assert decoded.events == ()
    (problem,) = decoded.problems
    assert problem.kind == kind
    assert words in str(problem)


def test_values_out_of_range_are_clipped_and_reported():
    decoded = decode(message("/interface", -0.5, 64))
    assert decoded.events == (Interaction((0.0, 1.0)),)
    assert [problem.kind for problem in decoded.problems] == ["range:/interface"]


@pytest.mark.parametrize("packet", [message("/impsy/control", 1, -0.5), message("/impsy/control", 1, -0.5, 2, 7.0)])
def test_single_controls_out_of_range_are_clipped_and_reported(packet):
    decoded = decode(packet)
    assert decoded.events[0].changes in {((0, 0.0),), ((0, 0.0), (1, 1.0))}
    assert [problem.kind for problem in decoded.problems] == ["range:/impsy/control"]


def test_the_quick_way_for_one_control_reads_what_the_general_one_does(monkeypatch):
    packet = message("/impsy/control", 2, 0.75)
    generally = decode(bundle(packet)).events
    monkeypatch.setattr("impsy.codecs.osc.read_packet", lambda _packet: pytest.fail("this is the general way"))
    assert decode(packet).events == generally == (Update(((1, 0.75),), "osc"),)


def test_outputs_are_played_through_for_this_machine_only():
    for controls, values in ((2, (0.25, 0.5)), (2, ()), (1, (1.0,))):
        decoded = decode(message("/impsy/output", *values), controls, port="commands", local=True)
        assert decoded.events == (PlayThrough(values, "commands"),)
        assert decoded.problems == ()
    assert [p.kind for p in decode(message("/impsy/output", 0.5), local=True).problems] == ["length:/impsy/output"]
    clipped = decode(message("/impsy/output", 0.5, 3.0), local=True)
    assert clipped.events == (PlayThrough((0.5, 1.0), "osc"),)
    assert [p.kind for p in clipped.problems] == ["range:/impsy/output"]


def test_one_bad_message_in_a_bundle_does_not_touch_the_others():
    packet = bundle(
        message("/interface", 0.25, 0.5),
        message("/interface", 0.25),
        bundle(message("/impsy/pause", 1)),
        message("/interface", 0.5, 0.5),
    )
    decoded = decode(packet)
    assert decoded.events == (Interaction((0.25, 0.5)), Set("paused", True), Interaction((0.5, 0.5)))
    assert [problem.kind for problem in decoded.problems] == ["length:/interface"]


def test_bundles_nested_without_end_are_refused():
    packet = message("/impsy/pause", 1)
    for _ in range(NESTING_LIMIT + 1):
        packet = bundle(packet)
    assert decode(packet).events == ()
    assert [problem.kind for problem in decode(packet).problems] == ["not-osc"]


@given(st.lists(st.floats(0, 1, width=32), min_size=1, max_size=64))
def test_a_vector_survives_the_journey(values):
    packet = encode_vector("/interface", values)
    assert decode(packet, len(values)).events == (Interaction(tuple(values)),)
    assert packet == message("/interface", *values, tags="f" * len(values))


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40))
def test_text_is_encoded(text):
    packet = encode_text("/monitor/state", text)
    assert packet == encode_message("/monitor/state", "s", [text])
    assert OscMessage(packet).params == [text]


@given(st.binary(max_size=200))
@settings(max_examples=FUZZ)
def test_random_bytes_only_make_problems_or_events(packet):
    decode(packet)


@given(st.data())
@settings(max_examples=FUZZ)
@pytest.mark.slow
def test_mutated_packets_only_make_problems_or_events(data):
    # OSC ends a string at its first NUL, so the library cannot write one that holds a NUL.
    words = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
    values = st.one_of(st.floats(width=32), st.integers(-(2**31), 2**31 - 1), words, st.booleans())
    known = (*PLAYING_ADDRESSES, *LOCAL_ADDRESSES, *CONTROL_ADDRESSES)
    address = data.draw(st.sampled_from([*known, "/", "/other"]))
    packet = message(address, *data.draw(st.lists(values, max_size=6)))
    if data.draw(st.booleans()):
        packet = bundle(packet, packet)
    changed = bytearray(packet)
    for _ in range(data.draw(st.integers(0, 4))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(changed)))
    for candidate in (bytes(changed), bytes(changed[:cut])):
        decoded = decode(candidate, local=data.draw(st.booleans()))
        for event in decoded.events:
            if isinstance(event, Interaction | PlayThrough):
                assert len(event.values) == 2 or (isinstance(event, PlayThrough) and not event.values)
                assert all(0 <= value <= 1 for value in event.values)
            if isinstance(event, Update):
                assert event.changes
                assert all(index in (0, 1) and 0 <= value <= 1 for index, value in event.changes)
