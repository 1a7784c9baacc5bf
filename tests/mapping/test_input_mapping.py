"""Messages and the values they change; the published vectors are run in tests/conformance."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impsy.mapping.entries import KINDS, parse_mapping
from impsy.mapping.input import InputMapping


def mapping(*entries):
    return InputMapping(parse_mapping(list(entry) for entry in entries))


@pytest.mark.parametrize(
    ("entry", "message", "value"),
    [
        (("note_on", 1), (0x90, 60, 1), 60 / 127),
        (("note_on", 16, 100), (0x9F, 127, 5), 1.0),
        (("note_velocity", 2), (0x91, 60, 100), 100 / 127),
        (("control_change", 1, 7), (0xB0, 7, 64), 64 / 127),
        (("control_change", 1, 7, 0, 63), (0xB0, 7, 21), 1 / 3),
        (("control_change", 1, 7, 0, 63), (0xB0, 7, 100), 1.0),
        (("control_change", 1, 7, 127, 0), (0xB0, 7, 127), 0.0),
        (("control_change", 1, 7, 127, 0), (0xB0, 7, 27), 100 / 127),
        (("control_change", 1, 7, 100, 50), (0xB0, 7, 0), 1.0),
        (("control_change", 1, 7, 100, 50), (0xB0, 7, 127), 0.0),
        (("pitch_bend", 3), (0xE2, 0, 64), 8192 / 16383),
        (("channel_aftertouch", 4), (0xD3, 127), 1.0),
        (("program_change", 5), (0xC4, 5), 5 / 127),
    ],
)
def test_each_kind_hears_its_message(entry, message, value):
    decoded = mapping(entry).decode(bytes(message))
    assert decoded == ((0, pytest.approx(value, abs=1e-12)),)
    assert str(decoded[0][1]) != "-0.0"


@pytest.mark.parametrize(
    "message",
    [
        (),
        (0x90,),
        (0x90, 60),
        (0x90, 60, 100, 0),
        (0x90, 60, 128),
        (0x90, 128, 60),
        (0xD0, 60, 60),
        (0xC0,),
        (60, 60, 60),
        (0x90, 60, 0),
        (0x80, 60, 100),
        (0xA0, 60, 100),
        (0xF0, 1, 0xF7),
        (0xF2, 1, 1),
        (0xF8,),
        (0xFF,),
    ],
)
def test_what_is_not_mapped_or_no_message_changes_nothing(message):
    everything = mapping(*([name, *(a.low for a in kind.required)] for name, kind in KINDS.items()))
    assert everything.decode(bytes(message)) is None


def test_one_message_is_one_update_in_the_order_of_the_mapping():
    several = mapping(("note_velocity", 1), ("note_on", 1), ("note_on", 2), ("note_on", 1))
    assert several.decode(b"\x90\x3c\x40") == ((0, 64 / 127), (1, 60 / 127), (3, 60 / 127))


def test_a_controller_without_a_range_says_nothing():
    assert mapping(("control_change", 1, 7, 64, 64)).decode(b"\xb0\x07\x40") is None
    both = mapping(("control_change", 1, 7, 64, 64), ("control_change", 1, 7))
    assert both.decode(b"\xb0\x07\x7f") == ((1, 1.0),)


# --- 14-bit controllers ------------------------------------------------------------------------------


def coarse(value):
    return bytes((0xB0, 1, value))


def fine(value):
    return bytes((0xB0, 33, value))


def heard(messages):
    """What each message changes, for one 14-bit controller."""
    control = mapping(("control_change_14", 1, 1))
    return [changes and changes[0][1] for changes in map(control.decode, messages)]


def test_both_halves_are_one_interaction():
    messages = [coarse(64), fine(0), coarse(127), fine(127), coarse(0), fine(1)]
    assert heard(messages) == [None, 8192 / 16383, None, 1.0, None, 1 / 16383]


def test_a_fine_part_alone_moves_within_the_coarse_step():
    assert heard([coarse(64), fine(0), fine(1), fine(2)]) == [None, 8192 / 16383, 8193 / 16383, 8194 / 16383]


def test_a_device_of_coarse_parts_only_is_heard_from_its_second_message_on():
    assert heard([coarse(10), coarse(11), coarse(127), coarse(0)]) == [None, 11 / 127, 1.0, 0.0]


def test_a_device_that_begins_to_send_fine_parts_is_believed():
    messages = [coarse(1), coarse(2), fine(5), coarse(3), fine(6)]
    assert heard(messages) == [None, 2 / 127, (2 * 128 + 5) / 16383, None, (3 * 128 + 6) / 16383]


def test_halves_belong_to_their_own_channel_and_controller():
    control = mapping(("control_change_14", 1, 1), ("control_change_14", 1, 2), ("control_change_14", 2, 1))
    messages = [(0xB0, 1, 64), (0xB0, 2, 32), (0xB1, 1, 16), (0xB0, 33, 1), (0xB1, 33, 3), (0xB0, 34, 2)]
    assert [control.decode(bytes(message)) for message in messages] == [
        None,
        None,
        None,
        ((0, (64 * 128 + 1) / 16383),),
        ((2, (16 * 128 + 3) / 16383),),
        ((1, (32 * 128 + 2) / 16383),),
    ]


def test_a_7_bit_entry_on_a_half_hears_it_at_once():
    control = mapping(("control_change_14", 1, 1), ("control_change", 1, 1), ("control_change", 1, 33))
    assert control.decode(coarse(127)) == ((1, 1.0),)
    assert control.decode(fine(127)) == ((0, 1.0), (2, 1.0))


@given(st.lists(st.integers(0, 16383), min_size=1, max_size=30))
def test_a_14_bit_device_never_doubles_an_interaction(values):
    messages = itertools.chain.from_iterable((coarse(value >> 7), fine(value & 127)) for value in values)
    assert [value for value in heard(messages) if value is not None] == [value / 16383 for value in values]


@given(
    st.lists(st.sampled_from([[name, *(a.low for a in kind.required)] for name, kind in KINDS.items()]), max_size=8),
    st.lists(st.binary(max_size=4) | st.tuples(*[st.integers(0, 255)] * 3).map(bytes), max_size=30),
)
def test_any_bytes_give_values_in_range_or_nothing(entries, messages):
    decoder = InputMapping(parse_mapping(entries))
    for message in messages:
        changes = decoder.decode(message)
        if changes is None:
            continue
        assert changes
        indices = [index for index, _ in changes]
        assert indices == sorted(set(indices))
        assert all(0 <= index < len(entries) for index in indices)
        assert all(0 <= value <= 1 for _, value in changes)
