"""Random messages to every decoder: none may do anything but decode or be refused as documented.

20,000 each here; IMPSY_FUZZ_EXAMPLES=1000000 asks for a million.
"""

from __future__ import annotations

import contextlib
import random

import pytest

from fuzzing import examples
from impsy.codecs.csv import CsvStream
from impsy.codecs.log import decode_row
from impsy.codecs.midi import MidiStream
from impsy.codecs.osc import OscDecoder, encode_message, encode_vector
from impsy.codecs.websocket import decode_frame
from impsy.errors import PeerError
from impsy.events import Interaction, PlayThrough, Update
from impsy.mapping.entries import KINDS, parse_mapping
from impsy.mapping.input import InputMapping

MESSAGES = examples(20000)


@pytest.fixture
def rng():
    return random.Random(3)


def damaged(rng, good):
    """Random bytes, or something good with a few bytes changed, or cut, or as it is."""
    draw = rng.random()
    if draw < 0.3:
        return rng.randbytes(rng.randrange(40))
    data = bytearray(rng.choice(good))
    for _ in range(rng.randrange(3)):
        data[rng.randrange(len(data))] = rng.randrange(256)
    return bytes(data[: rng.randrange(len(data) + 1)] if draw < 0.5 else data)


def fit(values, controls):
    return len(values) == controls and all(0 <= value <= 1 for value in values)


def test_midi_messages(rng):
    entries = [[name, *(a.low for a in kind.required)] for name, kind in KINDS.items()]
    mapping = InputMapping(parse_mapping(entries * 2))
    decoded = 0
    for _ in range(MESSAGES):
        status, first = rng.choice((0x90, 0xB0, 0xC0, 0xD0, 0xE0)), rng.choice((0, 32, rng.randrange(128)))
        changes = mapping.decode(damaged(rng, [bytes((status, first, rng.randrange(128))), bytes((status, first))]))
        if changes is not None:
            decoded += 1
            assert all(0 <= index < len(entries) * 2 and 0 <= value <= 1 for index, value in changes)
    assert decoded > MESSAGES / 10


def test_midi_bytes(rng):
    stream = MidiStream()
    found = 0
    for _ in range(MESSAGES):
        for message in stream.feed(
            damaged(rng, [b"\x90\x3c\x64\x3d\x64", b"\xc0\x01", b"\xf0\x01\x02\xf7", b"\xf8"])
        ):
            found += 1
            assert len(message) in (2, 3)
    assert found > MESSAGES / 10


@pytest.mark.slow
def test_websocket_frames(rng):
    good = [
        b"/channel/1/noteon/60/100",
        b"/channel/16/cc/7/127",
        b"/channel/2/pitchbend/16383",
        b"/channel/1/program/1",
    ]
    found = 0
    for _ in range(MESSAGES):
        frame = damaged(rng, good)
        for message in decode_frame(frame) + decode_frame(frame.decode("utf-8", "replace")):
            if isinstance(message, bytes):
                found += 1
                assert len(message) in (2, 3)
                assert all(byte < 128 for byte in message[1:])
            else:
                assert isinstance(message, PeerError)
    assert found > MESSAGES / 10


@pytest.mark.slow
def test_csv_bytes(rng):
    stream = CsvStream(2)
    found = problems = 0
    for _ in range(MESSAGES):
        for item in stream.feed(damaged(rng, [b"0.5000,0.2500\n", b"1,0\r\n", b"5,-3\n", b"nan,0\n"])):
            if isinstance(item, PeerError):
                problems += 1
            else:
                found += 1
                assert fit(item, 2)
    assert found > MESSAGES / 20
    assert problems > MESSAGES / 10


@pytest.mark.slow
def test_osc_packets(rng):
    decoder = OscDecoder(2, local=True)
    good = [
        encode_vector("/interface", [0.5, 0.25]),
        encode_message("/impsy/control", "if", [2, 0.25]),
        encode_message("/impsy/control", "ifif", [2, 0.25, 1, 0.5]),
        encode_vector("/impsy/output", [0.5, 0.25]),
        encode_message("/impsy/scene", "s", ["verse"]),
        encode_message("/impsy/mode", "s", ["battle"]),
        encode_message("/impsy/timescale", "f", [2.0]),
        b"#bundle\0" + bytes(8) + (20).to_bytes(4, "big") + encode_vector("/interface", [0.5]),
    ]
    found = 0
    for _ in range(MESSAGES):
        decoded = decoder.decode(damaged(rng, good))
        found += len(decoded.events)
        assert all(isinstance(problem, PeerError) for problem in decoded.problems)
        for event in decoded.events:
            if isinstance(event, Interaction) or (isinstance(event, PlayThrough) and event.values):
                assert fit(event.values, 2)
            elif isinstance(event, Update):
                assert all(index in (0, 1) and 0 <= value <= 1 for index, value in event.changes)
    assert found > MESSAGES / 10


def test_log_lines(rng):
    good = [b"2026-09-26T10:00:00.500000,interface,0.5,0.25", b"2026-09-26T10:00:00Z,rnn,0.5,0.25"]
    lines = (damaged(rng, good).decode("utf-8", "replace") for _ in range(MESSAGES))
    found = 0
    for line in lines:
        with contextlib.suppress(PeerError):
            row = decode_row(line, 2)
            if row is not None:
                found += 1
                assert len(row.values) == 2
    assert found > MESSAGES / 10
