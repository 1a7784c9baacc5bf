"""MIDI messages in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impsy.mapping.entries import parse_mapping
from impsy.mapping.input import InputMapping
from impsy.mapping.words import control_words, describe_message, note_name, why_ignored

MAPPING = parse_mapping(
    [
        ["note_on", 1],
        ["control_change", 2, 7],
        ["control_change", 2, 10],
        ["control_change_14", 3, 1],
        ["control_change", 4, 7, 5, 5],
        ["pitch_bend", 5],
        ["pitch_bend", 6],
    ]
)


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("90 3c 64", "channel 1: note on, note 60 (C4), velocity 100"),
        ("8f 00 40", "channel 16: note off, note 0 (C-1), velocity 64"),
        ("b2 07 7f", "channel 3: control change, controller 7, value 127"),
        ("c0 05", "channel 1: program change, program 5"),
        ("d0 05", "channel 1: channel aftertouch, pressure 5"),
        ("a0 3d 05", "channel 1: key aftertouch, note 61 (C♯4), pressure 5"),
        ("e0 00 40", "channel 1: pitch bend, value 8192"),
        ("f8", "clock"),
        ("f0 01 f7", "system exclusive"),
        ("f4", "an undefined system message"),
        ("b2 07", "channel 3: a damaged control change"),
        ("05 05", "not a MIDI message"),
        ("", "not a MIDI message"),
    ],
)
def test_what_a_message_says(message, words):
    assert describe_message(bytes.fromhex(message)) == words


def test_the_highest_note_has_a_name():
    assert note_name(127) == "G9"


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("80 3c 64", "it ends a note, and only beginnings play"),
        ("90 3c 00", "it ends a note, and only beginnings play"),
        ("92 3c 64", "note on is mapped on channel 1 only"),
        ("b1 0b 64", "controller 11 is not mapped on channel 2 (mapped: 7, 10)"),
        ("ba 0b 64", "control change is mapped on channel 2, 3, 4 only"),
        ("e0 00 40", "pitch bend is mapped on channel 5, 6 only"),
        ("c0 00", "no entry of the mapping listens to program change"),
        ("a0 00 40", "no entry of the mapping listens to key aftertouch"),
        ("b2 01 40", "it is the coarse half of a 14-bit controller, and waits for the fine half"),
        ("b3 07 40", "this controller's minimum and maximum are the same, so it never changes anything"),
        ("f8", "system messages play nothing"),
        ("b1 07", "it is damaged"),
        ("b1 ff 07", "it is damaged"),
        ("07", "it is not a MIDI message"),
    ],
)
def test_why_a_message_means_nothing(message, words):
    message = bytes.fromhex(message)
    assert InputMapping(MAPPING).decode(message) is None
    assert why_ignored(MAPPING, message) == words


@given(st.binary(max_size=4))
def test_there_are_words_for_everything(message):
    assert describe_message(message)
    assert why_ignored(MAPPING, message)
    assert why_ignored((), message)


def test_a_control_is_called_by_its_name_or_its_number():
    names = ("", "cutoff")
    assert [control_words(index, names) for index in range(3)] == ["control 1", "control 2 (cutoff)", "control 3"]
    assert [control_words(index, names, short=True) for index in range(3)] == ["x_1", "cutoff", "x_3"]
