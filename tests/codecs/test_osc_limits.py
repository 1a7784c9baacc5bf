"""What one packet may do at most: values, lengths, numbers of messages, and the time that reading takes."""

from __future__ import annotations

import math
import struct
import time

import pytest

from impsy.codecs.osc import TEXT_LIMIT, OscDecoder, encode_message
from impsy.codecs.oscwire import ADDRESS_LIMIT, BUNDLED_LIMIT, MESSAGES_LIMIT, read_packet
from impsy.events import LoadModel, RecallScene, Set
from impsy.settings import SETTINGS
from waiting import if_idle

LARGEST = 65_000


def decode(packet, controls=2, **options):
    return OscDecoder(controls, **options).decode(packet)


def bundle(*parts):
    return b"#bundle\0" + bytes(8) + b"".join(struct.pack(">i", len(part)) + part for part in parts)


NUMBERS = [row for row in SETTINGS.values() if row.address and row.kind == "number"]


@pytest.mark.parametrize("row", NUMBERS, ids=lambda row: row.name)
@pytest.mark.parametrize("given", [1e-30, 1e30, 3.4e38, 1e-45, 0.5])
def test_a_command_sets_no_more_and_no_less_than_is_useful(row, given):
    decoded = decode(encode_message(row.address, "f", [given]))
    ((event,), low, high) = (decoded.events, *row.useful)
    assert isinstance(event, Set)
    assert low <= event.value <= high
    beyond = not low <= given <= high
    assert [problem.kind for problem in decoded.problems] == [f"range:{row.address}"] * beyond
    assert row.slider is None or row.slider[0] <= high, "the page's slider goes beyond what is taken"


@pytest.mark.parametrize("given", [-1.0, math.nan, math.inf, -math.inf])
def test_what_is_no_value_at_all_sets_nothing(given):
    for row in NUMBERS:
        decoded = decode(encode_message(row.address, "f", [given]))
        assert decoded.problems or all(row.fault(event.value) for event in decoded.events)


def test_the_older_address_has_the_same_limits():
    decoded = decode(encode_message("/temperature", "ff", [1e30, 1e30]))
    assert [event.value for event in decoded.events] == [100.0, 100.0]
    assert decode(encode_message("/timescale", "f", [1e-30])).events == (Set("timescale", 0.01),)


@pytest.mark.parametrize("address", ["/impsy/model", "/impsy/scene", "/impsy/mode", "/impsy/timescale", "/interface"])
def test_a_long_text_is_refused_in_a_short_sentence(address):
    decoded = decode(encode_message(address, "s", ["1" * (TEXT_LIMIT + 1)]), controls=1)
    assert decoded.events == ()
    assert all(len(str(problem)) < 200 for problem in decoded.problems)
    assert decoded.problems


@pytest.mark.parametrize(
    ("address", "event"), [("/impsy/model", LoadModel), ("/impsy/scene", RecallScene), ("/impsy/mode", None)]
)
def test_a_name_is_one_line_from_where_it_comes_in(address, event):
    ((found,), _) = (decode(encode_message(address, "s", ["x\x1b[2J\n12:00 ERROR \u202e"])).events, None)
    text = found.value if event is None else found.name if event is RecallScene else found.file
    assert text == "x\\x1b[2J\\n12:00 ERROR \\u202e"


def test_without_remote_control_only_playing_is_taken():
    decoder = OscDecoder(2, commands=False)
    assert decoder.decode(encode_message("/interface", "ff", [0.5, 0.5])).events
    assert decoder.decode(encode_message("/impsy/control", "if", [1, 0.5])).events
    for address, tags, values in (
        ("/impsy/mode", "s", ["battle"]),
        ("/impsy/panic", "", []),
        ("/impsy/model", "s", ["a.tflite"]),
        ("/timescale", "f", [2.0]),
        ("/temperature", "ff", [1.0, 1.0]),
        ("/impsy/*", "f", [1.0]),
        ("//pause", "i", [1]),
    ):
        decoded = decoder.decode(encode_message(address, tags, values))
        assert not any(isinstance(event, Set | LoadModel) for event in decoded.events)
        assert "remote_control" in str(decoded.problems[-1])


def test_a_bundle_holds_so_many_messages_and_no_more():
    one = encode_message("/impsy/pause", "i", [1])
    decoded = decode(bundle(*[one] * 2000))
    assert len(decoded.events) == BUNDLED_LIMIT
    nested = bundle(*[bundle(*[one] * 400)] * 5)
    assert len(decode(nested).events) < BUNDLED_LIMIT + 400
    assert decode(nested).problems[-1].kind == "surplus"


@pytest.mark.parametrize(
    "packet",
    [
        b"/" + b"," * LARGEST + b"}",
        b"/" + b"{" * LARGEST,
        b"/" * LARGEST,
        b"a" * LARGEST,
        encode_message("/impsy/timescale", "s", ["1" * LARGEST + "x"]),
        encode_message("/interface", "ss", ["1" * (LARGEST // 2) + "x"] * 2),
        b"/interface\0\0," + b"T" * LARGEST,
        b"/interface\0\0," + b"i" * 13_000 + bytes(3) + bytes(4 * 13_000),
        b"/impsy/control\0\0," + b"if" * 4000 + bytes(3) + struct.pack(">if", 1, 0.5) * 4000,
        b"/impsy/scene\0\0\0\0" + b"x" * LARGEST,
        bytes([0, 0, 0, 1, 65]) * (LARGEST // 5),
        b"\xc0A" * (LARGEST // 2) + b"\xc0",
        bundle(*[b"x"] * (LARGEST // 5)),
        bundle(*[encode_message("/impsy/*", "f", [1.0])] * 2500),
    ],
    ids=lambda packet: f"{packet[:12]!r}",
)
@pytest.mark.slow
def test_no_packet_takes_long_to_read(packet):
    """The interpreter has one lock: what reads a packet for long keeps the playing thread from it."""
    decoder = OscDecoder(2)
    began = time.perf_counter()
    decoded = decoder.decode(packet)
    took = time.perf_counter() - began
    assert if_idle(took) < 0.25, f"{took:.3f} s"
    assert all(len(str(problem)) < 400 for problem in decoded.problems)


def test_addresses_and_what_stands_in_their_place_are_short():
    for packet in (b"/" + b"m" * ADDRESS_LIMIT + bytes(4) + b",\0\0\0", b"m" * (ADDRESS_LIMIT + 1)):
        ((problem,), events) = (decode(packet).problems, decode(packet).events)
        assert events == ()
        assert len(str(problem)) < 200


def test_messages_without_a_bundle_are_bounded():
    one = encode_message("/impsy/pause", "i", [1])
    assert len(decode(one * 300).events) == len(decode(b"\xc0" + (one + b"\xc0") * 300).events) == MESSAGES_LIMIT


@pytest.mark.parametrize("given", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_not_finite_are_not_played(given):
    for address, tags, values in (("/interface", "ff", [given, 0.5]), ("/impsy/control", "if", [1, given])):
        decoded = decode(encode_message(address, tags, values))
        assert decoded.events == ()
        assert decoded.problems[0].kind == f"range:{address}"


def test_arguments_are_bounded_in_number_and_bytes():
    for packet in (b"/interface\0\0," + b"T" * 10_001 + bytes(2), b"/impsy/scene\0\0\0\0" + b"x" * 501 + bytes(3)):
        ((problem,), events) = (decode(packet).problems, decode(packet).events)
        assert events == ()
        assert problem.kind.startswith("long")


def test_messages_are_bounded_before_they_are_understood_and_patterns_after():
    one = encode_message("/impsy/pause", "i", [1])
    assert len(read_packet(bundle(*[one] * 2000))) == BUNDLED_LIMIT + 1
    decoded = decode(bundle(*[encode_message("/impsy/*", "f", [1.0])] * 900))
    assert max(len(decoded.events), len(decoded.problems)) < BUNDLED_LIMIT + 100


def test_bundles_in_bundles_are_refused():
    packet = encode_message("/impsy/pause", "i", [1])
    for _ in range(2000):
        packet = bundle(packet)
    assert [problem.kind for problem in decode(packet).problems] == ["not-osc"]
