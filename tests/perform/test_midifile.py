"""Takes to MIDI files and back: all there, to 7 bits and a millisecond; and MIDI files of others, sound or not."""

from __future__ import annotations

import io
from contextlib import suppress

import mido
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from impsy.errors import DataError
from impsy.mapping.entries import parse_mapping
from impsy.mapping.output import OutputMapping
from impsy.perform.recording import midifile
from impsy.perform.recording.midifile import LAST_NOTE, Part, default_mapping, read_midi, write_midi

MAPPING = parse_mapping([["note_on", 1], ["note_velocity", 1], ["control_change", 2, 7], ["pitch_bend", 3]])
MILLISECOND = 0.001


def part(times, values, controls=None):
    controls = controls or (len(values[0]) if len(values) else 1)
    return Part(np.array(times, np.float64), np.array(values, np.float64).reshape(-1, controls))


def written(entries, performer, model=None):
    file = io.BytesIO()
    write_midi(file, entries, performer, part([], [], len(entries)) if model is None else model)
    file.seek(0)
    return file


def made(*messages, ticks=480, **more):
    """A file of one track: ``(ticks before it, message)``."""
    track = mido.MidiTrack([message.copy(time=delta) for delta, message in messages])
    file = io.BytesIO()
    mido.MidiFile(ticks_per_beat=ticks, tracks=[track], **more).save(file=file)
    file.seek(0)
    return file


def test_both_parts_come_back_each_as_its_own():
    performer = part([0, 0.5, 0.51, 2], [[0.5, 1, 0, 0], [0.5, 1, 1, 0], [0.25, 0.5, 1, 0], [0.25, 0.5, 1, 0.123456]])
    model = part([1, 1.25], [[0.1, 0.2, 0.3, 0.4], [0.2, 0.2, 0.3, 0.4]])
    again = read_midi(written(MAPPING, performer, model), [MAPPING])[:2]
    for before, after in zip((performer, model), again, strict=True):
        assert np.abs(after.times - before.times).max() <= MILLISECOND
        assert np.abs(after.values - before.values).max() <= 0.5 / 127
    assert abs(again[0].values[3, 3] - 0.123456) < 1e-4, "a bend has 14 bits"


def test_a_file_is_what_other_programs_expect():
    file = mido.MidiFile(file=written(MAPPING, part([0, 1], [[0.5, 0.5, 0, 0], [0.6, 0.5, 0, 0]])))
    assert (file.type, file.ticks_per_beat) == (1, 480)
    assert file.tracks[0][0].tempo == 500_000
    assert [track.name for track in file.tracks[1:]] == ["IMPSY performer", "IMPSY model"]
    assert file.length == pytest.approx(1 + LAST_NOTE, abs=0.01)
    notes = [message for message in file.tracks[1] if message.type.startswith("note")]
    assert [(note.type, note.note, note.time) for note in notes][::2] == [("note_on", 64, 0), ("note_on", 76, 0)]
    assert [note.type for note in notes] == ["note_on", "note_off"] * 2, "every note is ended"


@pytest.mark.parametrize(
    "mapping",
    [
        [["control_change", 2, 7], ["control_change", 1, 20, 100, 10], ["control_change", 1, 21, 5, 5]],
        [["control_change", 1, 20], ["control_change", 1, 20], ["program_change", 3]],
        [["note_on", 1], ["control_change_14", 1, 3], ["channel_aftertouch", 2]],
    ],
)
@pytest.mark.slow
def test_a_file_has_the_messages_that_outputs_get(mapping):
    """Of mappings of controllers only, which are written all at once, and of others; over days."""
    rng = np.random.default_rng(0)
    gaps = rng.choice([0.0, 0.004, 0.2, 20.0, 400_000.0], 9000, p=[0.1, 0.5, 0.3, 0.0995, 0.0005])
    played = part(np.cumsum(gaps), rng.choice([0.0, 0.1, 0.101, 0.5, 1.0], (9000, 3)))
    entries = parse_mapping(mapping)
    output, expected = OutputMapping(entries), []
    for time, values in zip(played.times.tolist(), played.values.tolist(), strict=True):
        messages = output.encode(values) or output.resend()[-1:]
        expected += [(round(time * midifile.TICKS_A_SECOND), bytes(each)) for each in messages]
    found, now = [], 0
    for message in mido.MidiFile(file=written(entries, played)).tracks[1]:
        now += message.time
        if not message.is_meta:
            found.append((now, bytes(message.bytes())))
    assert found[: len(expected)] == expected
    assert all(message[0] & 0xF0 == 0x80 for _, message in found[len(expected) :])


def test_an_event_that_changes_nothing_is_not_lost():
    entries = parse_mapping([["control_change_14", 1, 1], ["control_change", 1, 100]])
    still = part([0, 0.5, 1], [[0.3, 0.7]] * 3)
    assert len(read_midi(written(entries, still), [entries])[0]) == 3


def test_a_mapping_that_sends_nothing_or_does_not_fit_is_refused():
    with pytest.raises(DataError, match="no messages by itself"):
        written(parse_mapping([["note_velocity", 1]]), part([0], [[0.5]]))
    with pytest.raises(DataError, match="does not fit"):
        written(MAPPING, part([0], [[0.5]]))


def test_those_without_a_mapping_get_controllers():
    assert [(entry.channel, entry.controller) for entry in default_mapping(102)][::50] == [(1, 20), (1, 70), (2, 20)]
    with pytest.raises(DataError, match="more than"):
        default_mapping(1601)


entry_lists = st.lists(
    st.sampled_from(["note_on", "control_change", "control_change_14", "pitch_bend", "channel_aftertouch"]),
    min_size=1,
    max_size=6,
)


@st.composite
def takes(draw):
    """A mapping without two entries for the same messages, and a take a tick or more between whose events."""
    kinds = draw(entry_lists)
    numbers = {"control_change": (40,), "control_change_14": (3,)}
    entries = [[kind, channel, *numbers.get(kind, ())] for channel, kind in enumerate(kinds, start=1)]
    values = draw(
        st.lists(st.lists(st.floats(0, 1), min_size=len(kinds), max_size=len(kinds)), min_size=1, max_size=12)
    )
    gaps = draw(st.lists(st.floats(0.003, 100), min_size=len(values), max_size=len(values)))
    return parse_mapping(entries), part(np.cumsum(gaps), values)


@given(takes())
@pytest.mark.slow
def test_any_take_comes_back_to_seven_bits_and_a_millisecond(take):
    entries, before = take
    after, model, remarks = read_midi(written(entries, before), [entries])
    assert not remarks
    assert not len(model)
    assert after.values.shape == before.values.shape
    assert np.abs(after.times - before.times).max() <= MILLISECOND
    assert np.abs(after.values - before.values).max() <= 0.5 / 127 + 1e-9


@given(takes())
@pytest.mark.slow
def test_every_note_that_begins_also_ends(take):
    entries, before = take
    sounding = set()
    for track in mido.MidiFile(file=written(entries, before)).tracks:
        for message in track:
            if message.type == "note_on" and message.velocity:
                sounding.add((message.channel, message.note))
            elif message.type in ("note_on", "note_off"):
                sounding.discard((message.channel, message.note))
    assert not sounding


# --- files of others -------------------------------------------------------------------------------


def test_messages_of_one_moment_are_one_event_and_a_chord_is_several():
    def note(pitch):
        return mido.Message("note_on", channel=0, note=pitch, velocity=127)

    bend = mido.Message("control_change", channel=1, control=7, value=127)
    performer, _, _ = read_midi(made((0, note(60)), (0, bend), (480, note(62)), (0, note(64))), [MAPPING])
    assert performer.times.tolist() == [0, 0.5, 0.5]
    assert (performer.values[:, 0] * 127).round().tolist() == [60, 62, 64]
    assert performer.values[:, 2].tolist() == [1, 1, 1]
    assert performer.values[:, 3].tolist() == [0, 0, 0], "what is never heard of is 0"


def test_what_is_heard_later_stood_there_before():
    control = [mido.Message("control_change", channel=1, control=7, value=value) for value in (127, 0)]
    note = mido.Message("note_on", channel=0, note=60, velocity=127)
    performer, _, _ = read_midi(made((0, note), (480, control[0]), (480, control[1])), [MAPPING])
    assert performer.values[:, 2].tolist() == [1, 1, 0]


def test_tempo_changes_and_other_resolutions_are_heeded():
    note = mido.Message("note_on", channel=0, note=60, velocity=127)
    slower = mido.MetaMessage("set_tempo", tempo=1_000_000)
    performer, _, _ = read_midi(made((96, note), (0, slower), (96, note), ticks=96), [MAPPING])
    assert performer.times.tolist() == [0.5, 1.5]


def test_a_file_in_which_nothing_fits_says_what_it_holds():
    other = [mido.Message("control_change", channel=4, control=9, value=value) for value in range(3)]
    with pytest.raises(DataError, match=r"channel 5: control change controller 9 \(3×\)"):
        read_midi(made(*((1, message) for message in other)), [MAPPING])
    with pytest.raises(DataError, match="no notes and no controllers"):
        read_midi(made(), [MAPPING])


def test_of_several_mappings_the_one_that_hears_most_reads_the_file():
    control = [mido.Message("control_change", channel=0, control=20, value=value) for value in (1, 2, 3)]
    note = mido.Message("note_on", channel=0, note=60, velocity=1)
    file = made((0, note), *((9, message) for message in control))
    other = parse_mapping([["note_on", 1]])
    assert len(read_midi(file, [other, default_mapping(1)]).performer) == 3


def test_pieces_one_after_another_each_have_their_own_tempo():
    note = mido.Message("note_on", channel=0, note=60, velocity=127)
    pieces = [
        mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=tempo), note.copy(time=480), note.copy(time=480)])
        for tempo in (1_000_000, 250_000)
    ]
    file = io.BytesIO()
    mido.MidiFile(type=2, tracks=pieces).save(file=file)
    file.seek(0)
    performer, _, remarks = read_midi(file, [MAPPING])
    assert performer.times.tolist() == [1.0, 2.0, 2.25, 2.5]
    assert remarks == ("format 2: its 2 pieces are read one after another",)


def test_a_pause_of_weeks_is_written_as_other_programs_read_it():
    weeks = 5 * 7 * 86400.0
    file = mido.MidiFile(file=written(MAPPING, part([0, weeks], [[0.5, 0.5, 0, 0], [0.6, 0.5, 0, 0]])))
    assert file.length == pytest.approx(weeks + LAST_NOTE, abs=0.01)
    assert max(message.time for track in file.tracks for message in track) < 1 << 28


def test_a_file_of_too_many_values_is_refused_before_they_are_made(monkeypatch):
    monkeypatch.setattr(midifile, "MOST_VALUES", 20)
    notes = [mido.Message("note_on", channel=0, note=note, velocity=1) for note in range(6)]
    with pytest.raises(DataError, match="more than 5 events of 4 values"):
        read_midi(made(*((1, note) for note in notes)), [MAPPING])


WHOLE = written(MAPPING, part([0, 1, 2], [[0.1, 0.2, 0.3, 0.4], [0.5, 0.6, 0.7, 0.8], [1, 1, 1, 1]])).getvalue()
changes = st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), min_size=1, max_size=8)


@given(changes, st.integers(0, len(WHOLE)))
@pytest.mark.slow
def test_a_damaged_file_gives_a_take_or_the_documented_error(damage, length):
    content = bytearray(WHOLE)
    for place, byte in damage:
        content[place] = byte
    try:
        performer, model, _ = read_midi(io.BytesIO(bytes(content[:length])), [MAPPING])
    except DataError:
        return
    for each in (performer, model):
        assert np.isfinite(each.times).all()
        assert ((each.values >= 0) & (each.values <= 1)).all()


@given(st.binary(max_size=200))
def test_any_bytes_give_a_take_or_the_documented_error(content):
    for head in (b"", b"MThd\0\0\0\6\0\1\0\1\1\xe0MTrk\0\0\0\x40"):
        with suppress(DataError):
            read_midi(io.BytesIO(head + content), [MAPPING])
