"""The syntax of mapping entries, against the table and against what is in use."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzzing import examples
from impsy.errors import ConfigError
from impsy.mapping.entries import (
    KINDS,
    ChannelAftertouch,
    ControlChange,
    ControlChange14,
    MappingEntry,
    NoteOn,
    NoteVelocity,
    PitchBend,
    ProgramChange,
    entry_to_list,
    parse_entry,
    parse_mapping,
)

FUZZ = settings(max_examples=examples(100))


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (["note_on", 1], NoteOn(1)),
        (["note_on", 16, 100], NoteOn(16, velocity=100)),
        (["note_on", 3, 0], NoteOn(3, velocity=0)),
        (["note_velocity", 2], NoteVelocity(2)),
        (["control_change", 11, 7], ControlChange(11, 7)),
        (["control_change", 1, 0, 64, 127], ControlChange(1, 0, minimum=64, maximum=127)),
        (["control_change", 1, 20, 127, 0], ControlChange(1, 20, minimum=127, maximum=0)),
        (["pitch_bend", 16], PitchBend(16)),
        (["control_change_14", 1, 31], ControlChange14(1, 31)),
        (["channel_aftertouch", 2], ChannelAftertouch(2)),
        (["program_change", 3], ProgramChange(3)),
    ],
)
def test_each_form_is_read_and_written_back(written: list[object], meant: MappingEntry) -> None:
    assert parse_entry(written) == meant
    assert entry_to_list(meant) == written


def test_controllers_span_the_whole_range_unless_told_otherwise() -> None:
    entry = parse_entry(["control_change", 1, 7])
    assert isinstance(entry, ControlChange)
    assert (entry.minimum, entry.maximum) == (0, 127)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        (["note_on", 0], ["channel 0", "1-16", "Channels count from 1"]),
        (["note_on", 17], ["channel 17", "1-16"]),
        (["control_change", 17, 200], ["channel 17", "controller 200", "0-127"]),
        (["control_change", 1], ['["control_change", channel, controller]', "minimum, maximum"]),
        (["control_change", 1, 2, 3], ["minimum, maximum"]),
        (["control_change_14", 1, 32], ["controller 32", "0-31"]),
        (["control_change14", 1, 1], ['Did you mean "control_change_14"?']),
        (["aftertouch", 1], ['Did you mean "channel_aftertouch"?']),
        (["program", 1], ['Did you mean "program_change"?']),
        (["note_on", 1, 128], ["velocity 128", "0-127"]),
        (["note_on", True], ["found true", "whole number"]),
        (["note_on", 1.0], ["found 1.0", "whole number"]),
        (["note_on", "1"], ['found "1"', "whole number"]),
        (["noteon", 1], ['Did you mean "note_on"?']),
        (["cc", 1, 2], ['Did you mean "control_change"?']),
        (["Control_Change", 1, 2], ['Did you mean "control_change"?']),
        (["sysex", 1], ["note_on, note_velocity, control_change, pitch_bend"]),
        ([], ["found []"]),
        ([3], ["found the kind 3"]),
        (3, ["found 3", "wanted an entry like"]),
        ("note_on", ['found "note_on"', "wanted an entry like"]),
        (None, ["wanted an entry like"]),
    ],
)
def test_an_entry_that_is_wrong_says_how(written: object, words: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_entry(written)
    for word in words:
        assert word in str(caught.value)


def test_a_mapping_names_every_wrong_entry() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_mapping([["note_on", 1], ["note_on", 99], ["pitch", 1], ["control_change", 1, 2]])
    lines = str(caught.value).splitlines()
    assert [line[:8] for line in lines] == ["entry 2:", "entry 3:"]


def test_parsed_entries_pass_through() -> None:
    entries = parse_mapping([["note_on", 1], PitchBend(2)])
    assert parse_mapping(entries) == entries == (NoteOn(1), PitchBend(2))


def test_entries_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        parse_entry(["note_on", 1]).channel = 2  # type: ignore[misc]


def test_the_table_fits_the_dataclasses() -> None:
    for name, kind in KINDS.items():
        fields = [field.name for field in dataclasses.fields(kind.entry)]
        assert fields == [argument.name for argument in kind.required + kind.optional], name


@given(st.data())
@FUZZ
def test_whatever_the_table_allows_survives_writing(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(list(KINDS.values())))
    arguments = kind.required + (kind.optional if data.draw(st.booleans()) else ())
    written = [kind.name, *(data.draw(st.integers(a.low, a.high)) for a in arguments)]
    entry = parse_entry(written)
    assert parse_entry(entry_to_list(entry)) == entry
    assert [getattr(entry, argument.name) for argument in arguments] == written[1:]


@given(st.data())
@FUZZ
def test_one_step_outside_any_range_is_an_error(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(list(KINDS.values())))
    arguments = kind.required + kind.optional
    values = [data.draw(st.integers(a.low, a.high)) for a in arguments]
    index = data.draw(st.integers(0, len(arguments) - 1))
    values[index] = data.draw(st.sampled_from([arguments[index].low - 1, arguments[index].high + 1]))
    with pytest.raises(ConfigError, match=arguments[index].name):
        parse_entry([kind.name, *values])


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.sampled_from(list(KINDS)),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.lists(anything) | anything)
@FUZZ
@pytest.mark.slow
def test_anything_else_is_a_config_error(item: object) -> None:
    try:
        entry = parse_entry(item)
    except ConfigError as error:
        assert "wanted" in str(error)  # noqa: PT017
        assert len(str(error)) < 500  # noqa: PT017
    else:
        assert parse_entry(entry_to_list(entry)) == entry


@pytest.mark.parametrize("file", ["midi_input", "midi_output", "websocket_input", "websocket_output", "pipeline"])
def test_every_mapping_of_the_conformance_vectors_is_read(vectors: Path, file: str) -> None:
    cases = json.loads((vectors / f"{file}.json").read_text())["cases"]
    mappings = [value for case in cases for key, value in case.items() if key.endswith("mapping")]
    assert mappings
    for mapping in mappings:
        assert [entry_to_list(entry) for entry in parse_mapping(mapping)] == mapping
