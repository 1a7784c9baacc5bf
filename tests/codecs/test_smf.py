"""MIDI files of the wild: what can be read of each kind of damage is, and what was left out is reported."""

from __future__ import annotations

import time
import tracemalloc

import mido
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from impsy.codecs import smf
from impsy.codecs.smf import read_smf
from impsy.errors import DataError
from waiting import if_idle

END = b"\x00\xff\x2f\x00"


def chunk(name, content, length=None):
    return name + (len(content) if length is None else length).to_bytes(4) + content


def header(tracks=1, kind=1, division=480, more=b"", length=None):
    return chunk(b"MThd", b"".join(value.to_bytes(2) for value in (kind, tracks, division)) + more, length)


def notes(*pitches, end=END):
    """A note every 480 ticks, half a second, each with its status."""
    return b"".join(b"\x83\x60\x90" + bytes((pitch, 64)) for pitch in pitches) + end


def track(*pitches, end=END, length=None):
    return chunk(b"MTrk", notes(*pitches, end=end), length)


def read(data):
    """The pitches of each track, and the remarks."""
    found = read_smf(data)
    return [[message[1] for _, message in each.messages] for each in found.tracks], found.remarks


A, B = track(60, 61), track(70, 71)
BOTH = [[60, 61], [70, 71]]
CASES = {
    # name: (file, pitches of each track, words of the only remark or None)
    "sound": (header(2) + A + B, BOTH, None),
    "RIFF": (b"RIFF\x40\0\0\0RMIDdata\x2c\0\0\0" + header(2) + A + B, BOTH, None),
    "MacBinary": (bytes([0, 4]) + b"tune" + bytes(122) + header(2) + A + B, BOTH, "128 bytes before the header"),
    "a mail's head": (b"Content-Type: audio/midi\r\n\r\n" + header(2) + A + B, BOTH, "28 bytes before the header"),
    "junk after": (header(2) + A + B + b"\r\n\x1a", BOTH, "3 bytes after the last track left out"),
    "one byte after": (header(2) + A + B + b"\0", BOTH, "a byte after the last track left out"),
    "padding": (header(2) + A + B + bytes(512), BOTH, "512 bytes after the last track"),
    "junk between": (header(2) + A + b"\1\2\3" + B, BOTH, "3 bytes between tracks left out"),
    "junk first": (header(2) + b"\1\2\3" + A + B, BOTH, "3 bytes between tracks left out"),
    "second file": (header(2) + A + B + header(1) + A, BOTH, "another MIDI file follows the first, at byte 58"),
    "unknown chunk": (header(2) + A + chunk(b"XFIH", b"\0\1\2") + B, BOTH, "an unknown chunk left out (at byte 36)"),
    "unknown chunks": (
        header(2) + chunk(b"CASM", b"x" * 99) + A + B + chunk(b"XFKM", b""),
        BOTH,
        "2 unknown chunks left out (the first at byte 14)",
    ),
    "unknown chunk, too long": (header(2) + A + chunk(b"XFIH", b"\0\1\2", 1 << 31) + B, BOTH, "11 bytes between"),
    "unknown chunk, last and too long": (header(2) + A + B + chunk(b"XFIH", b"\0", 99), BOTH, "9 bytes after"),
    "longer header": (header(2, more=b"\1\2\3\4") + A + B, BOTH, None),
    "header's length 0": (header(2, length=0) + A + B, BOTH, None),
    "header's length too long": (header(2, length=1 << 31) + A + B, BOTH, None),
    "no header": (A + B, BOTH, "there is no header (MThd)"),
    "damaged header": (b"MThx" + (header(2) + A + B)[4:], BOTH, "there is no header (MThd)"),
    "too many announced": (header(5) + A + B, BOTH, "the header announces 5 tracks, 2 can be read"),
    "too few announced": (header(1) + A + B, BOTH, "the header announces 1 track, 2 can be read"),
    "none announced": (header(0) + A + B, BOTH, "the header announces 0 tracks, 2 can be read"),
    "format 0 of several": (header(2, kind=0) + A + B, BOTH, "the header says format 0 and several tracks follow"),
    "format 1 of one": (header(1, kind=1) + A, BOTH[:1], None),
    "format 2 of one": (header(1, kind=2) + A, BOTH[:1], None),
    "format 9": (header(2, kind=9) + A + B, BOTH, "the header says format 9: read as format 1"),
    "length 0": (header(2) + track(60, 61, length=0) + B, BOTH, "track 1 has another length"),
    "length too short": (header(2) + track(60, 61, length=5) + B, BOTH, "track 1 has another length"),
    "length a byte short": (header(2) + track(60, 61, length=13) + B, BOTH, "track 1 has another length"),
    "length a byte long": (header(2) + track(60, 61, length=15) + B, BOTH, "track 1 has another length"),
    "length over the next track": (
        header(2) + track(60, 61, length=14 + len(B)) + B,
        BOTH,
        "track 1 has another length",
    ),
    "last length too long": (header(2) + A + track(70, 71, length=1 << 31), BOTH, "track 2 has another length"),
    "last length too short": (header(2) + A + track(70, 71, length=13), BOTH, "track 2 has another length"),
    "both lengths 0": (
        header(2) + track(60, 61, length=0) + track(70, 71, length=0),
        BOTH,
        "2 tracks have another length than their chunks say, the first is track 1",
    ),
    "no End of Track": (header(2) + track(60, 61, end=b"") + B, BOTH, "track 1 has no End of Track"),
    "no End of Track anywhere": (
        header(2) + track(60, 61, end=b"") + track(70, 71, end=b""),
        BOTH,
        "2 tracks have no End of Track, the first is track 1",
    ),
    "no End of Track, wrong length": (
        header(2) + track(60, 61, end=b"", length=0) + B,
        BOTH,
        "track 1 has no End of Track",
    ),
    "junk after End of Track": (
        header(2) + track(60, 61, end=END + b"\0\x90\x40\x40") + B,
        BOTH,
        "4 bytes after the End of Track left out (the first in track 1)",
    ),
    "End of Track with content": (header(2) + track(60, 61, end=b"\0\xff\x2f\2xx") + B, BOTH, None),
    "empty tracks": (
        header(3) + track() + A + chunk(b"MTrk", b""),
        [[], [60, 61], []],
        "track 3 has no End of Track",
    ),
    "data above 127": (header() + track(60, 200), [[60, 127]], "a data byte above 127 taken as 127 (track 1)"),
    "data before any status": (
        header() + chunk(b"MTrk", b"\0\x40\x40\x90\x3c\x40" + notes(61)),
        [[60, 61]],
        "2 bytes that belong to no message left out (the first in track 1)",
    ),
    "system messages": (
        header() + chunk(b"MTrk", b"\0\xf8\0\xf2\1\2\0\xf1\1\0\xf6" + notes(60)),
        [[60]],
        "4 system messages, which no file may hold, left out (the first in track 1)",
    ),
    "tempo 0": (header() + chunk(b"MTrk", b"\0\xff\x51\3\0\0\0" + notes(60)), [[60]], "a tempo change without"),
    "tempo cut short": (header() + chunk(b"MTrk", b"\0\xff\x51\1\7" + notes(60)), [[60]], "a tempo change without"),
    "over-long delta of zeros": (header() + chunk(b"MTrk", b"\x80\x80\x80\x80\x80\0\x90\x3c\1" + END), [[60]], None),
    "delta beyond all bounds": (
        header(2) + chunk(b"MTrk", notes(60, end=b"") + b"\xff" * 9 + b"\0\x90\x3d\1" + END) + B,
        [[60], [70, 71]],
        "track 1 at byte 27 has a number that is too long: read up to there",
    ),
    "delta of five bytes": (
        header() + chunk(b"MTrk", notes(60, end=b"") + b"\x90\x80\x80\x80\0\x90\x3d\1" + END),
        [[60]],
        "track 1 at byte 27 has a number that is too long",
    ),
    "a meta event longer than its track": (
        header(2) + chunk(b"MTrk", notes(60, end=b"\0\xff\1\x7fxx")) + B,
        [[60], [70, 71]],
        "track 1 at byte 27 ends in mid event: read up to there",
    ),
    "an exclusive longer than its track": (
        header(2) + chunk(b"MTrk", notes(60, end=b"\0\xf0\xff\x7fxx")) + B,
        [[60], [70, 71]],
        "track 1 at byte 27 ends in mid event: read up to there",
    ),
}
#: Things that stand between two notes and change nothing, and give no remark.
PASSED_OVER = {
    "text in any charset": b"\0\xff\1\4\x93\xfa\xff\xfe",
    "name in no charset": b"\0\xff\3\2\xff\xff",
    "key signature": b"\0\xff\x59\2\x63\x07",
    "key signature, cut": b"\0\xff\x59\0",
    "time signature": b"\0\xff\x58\4\0\xff\0\0",
    "SMPTE offset": b"\0\xff\x54\5\xff\xff\xff\xff\xff",
    "unknown meta": b"\0\xff\x6e\3abc",
    "meta above 127": b"\0\xff\xfe\1a",
    "channel prefix": b"\0\xff\x20\1\5",
    "port": b"\0\xff\x21\1\xff",
    "exclusive": b"\0\xf0\3ab\xf7",
    "exclusive in parts": b"\0\xf0\2ab\0\xf7\3cd\xf7",
    "escape": b"\0\xf7\1\xf8",
    "empty exclusive": b"\0\xf0\0",
}


@pytest.mark.parametrize("name", CASES)
def test_what_can_be_read_is_and_the_rest_is_reported(name):
    data, pitches, words = CASES[name]
    found, remarks = read(data)
    assert found == pitches
    if words is None:
        assert remarks == ()
    else:
        assert len(remarks) == 1
        assert words in remarks[0]


@pytest.mark.parametrize("event", PASSED_OVER.values(), ids=PASSED_OVER)
@pytest.mark.parametrize("running", [False, True], ids=["with status", "running status"])
def test_events_that_play_nothing_change_nothing(event, running):
    data = header() + chunk(
        b"MTrk", event + notes(60, end=event) + (b"\1\x3d\1" if running else b"\1\x90\x3d\1") + END
    )
    assert read(data) == ([[60, 61]], ())


def test_messages_of_every_kind_are_complete_and_in_time():
    messages = [b"\x80\1\2", b"\x91\3\4", b"\xa2\5\6", b"\xb3\7\x08", b"\xc4\x09", b"\xd5\x0a", b"\xe6\x0b\x0c"]
    found = read_smf(header() + chunk(b"MTrk", b"".join(b"\x60" + each for each in messages) + END))
    assert [message for _, message in found.tracks[0].messages] == messages
    assert [time for time, _ in found.tracks[0].messages] == pytest.approx([0.1 * n for n in range(1, 8)])


@pytest.mark.parametrize(
    ("division", "seconds"),
    [(480, 0.5), (96, 2.5), (1, 240.0), (0xE728, 0.48), (0xE250, 0.2), (0xE364, 480 / (100 * 30_000 / 1001))],
)
def test_every_kind_of_division_gives_times(division, seconds):
    (found,) = read_smf(header(division=division) + track(60)).tracks
    assert found.messages[0][0] == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no MIDI file"),
        (b"\x89PNG\r\n\x1a\n", "no MIDI file"),
        (header(2)[:13], "cut off in its header"),
        (header(2), "no track follows"),
        (header(2) + chunk(b"XFIH", b"abc"), "no track follows"),
        (header(division=0) + A, "0 ticks a beat"),
        (header(division=0xE700) + A, "0 ticks a beat"),
        (header() + chunk(b"MTrk", b"\xff\xff\xff\x7f\x90\1\1" + END), "78 hours, and at most 24"),
        (header() + chunk(b"MTrk", b"\0\x90\1\1\xff\xff\xff\x7f\x80\1\1" + END), "78 hours, and at most 24"),
    ],
)
def test_what_makes_no_sense_at_all_is_refused_in_a_sentence(data, words):
    with pytest.raises(DataError, match=words):
        read_smf(data)


def test_a_long_silence_after_the_last_note_is_no_trouble():
    assert read(header() + chunk(b"MTrk", b"\0\x90\1\1\xff\xff\xff\x7f\xff\x2f\0")) == ([[1]], ())


SOUND = header(3) + track(60, 61, 62) + track(70, 71) + track(80, 81, 82, 83)


@given(st.integers(14, len(SOUND)))
@example(len(SOUND) - 1)
def test_of_a_file_that_is_cut_off_all_notes_before_the_cut_are_read(cut):
    wanted = [at for at in range(len(SOUND)) if SOUND[at : at + 3] == b"\x83\x60\x90" and at + 5 <= cut]
    try:
        found, remarks = read(SOUND[:cut])
    except DataError:
        assert not wanted
        return
    assert [pitch for each in found for pitch in each] == [SOUND[at + 3] for at in wanted]
    assert bool(remarks) == (cut < len(SOUND)), "what is missing is reported"


pieces = st.lists(
    st.sampled_from(
        [A, B, track(), chunk(b"XFIH", b"abc"), chunk(b"MTrk", b""), track(50, end=b""), b"\1", b"\0\0\0"]
    ),
    max_size=6,
)


@given(pieces)
def test_whatever_stands_between_tracks_every_track_is_read(between):
    data = header(9) + b"".join(each + A for each in between)
    found = read(data)[0] if between else []
    assert found.count([60, 61]) == len(between) + between.count(A)


@given(
    st.lists(st.tuples(st.integers(0, len(SOUND) - 1), st.integers(0, 255)), max_size=6),
    st.integers(0, len(SOUND)),
    st.binary(max_size=12),
)
def test_any_change_of_a_file_gives_messages_or_the_documented_error(changes, place, more):
    content = bytearray(SOUND)
    for at, byte in changes:
        content[at] = byte
    content[place:place] = more
    sound(bytes(content))


@given(st.binary(max_size=300), st.sampled_from([b"", header(3), header() + b"MTrk\0\0\0\x40", b"RIFF"]))
@pytest.mark.slow
def test_any_bytes_give_messages_or_the_documented_error(content, head):
    sound(head + content)


def sound(data):
    """Read it, and look at what comes of it."""
    try:
        found = read_smf(data)
    except DataError:
        return
    assert len(found.remarks) <= 20
    assert all(remark.isprintable() and "{" not in remark for remark in found.remarks)
    for each in found.tracks:
        times = [time for time, _ in each.messages]
        assert times == sorted(times)
        assert all(0 <= time <= 24 * 3600 for time in times)
        for _, message in each.messages:
            assert 0x80 <= message[0] < 0xF0
            assert message[1:].isascii()
            assert len(message) == (2 if 0xC0 <= message[0] < 0xE0 else 3)


texts = st.lists(
    st.builds(
        mido.Message,
        st.sampled_from(["note_on", "note_off", "control_change", "polytouch"]),
        channel=st.integers(0, 15),
        time=st.integers(0, 5000),
    )
    | st.builds(mido.Message, st.just("pitchwheel"), pitch=st.integers(-8192, 8191), time=st.integers(0, 5000))
    | st.builds(mido.MetaMessage, st.just("set_tempo"), tempo=st.integers(1, 1 << 23), time=st.integers(0, 999)),
    max_size=20,
)


@given(st.lists(texts, min_size=1, max_size=3), st.integers(1, 960))
@pytest.mark.slow
def test_sound_files_are_read_as_mido_reads_them(tmp_path_factory, tracks, division):
    path = tmp_path_factory.mktemp("sound") / "x.mid"
    mido.MidiFile(ticks_per_beat=division, tracks=[mido.MidiTrack(each) for each in tracks]).save(path)
    wanted, now = [], 0.0
    for message in mido.MidiFile(path):
        now += message.time
        if not message.is_meta:
            wanted.append((now, bytes(message.bytes())))
    if now > 24 * 3600:
        return
    found = read_smf(path.read_bytes())
    assert found.remarks == ()
    together = sorted((each for one in found.tracks for each in one.messages), key=lambda each: each[0])
    assert [message for _, message in together] == [message for _, message in wanted]
    assert [time for time, _ in together] == pytest.approx([time for time, _ in wanted])


HUGE = 200_000
HOSTILE = {
    "tracks of nothing": header() + b"MTrk\0\0\0\0" * 20_000,
    "tracks with wrong lengths": header() + b"MTrk\xff\xff\xff\xff" * 20_000,
    "chunks": header() + chunk(b"XFIH", b"") * 20_000,
    "broken chunks": header() + b"XFIH\xff\xff\xff\xff" * 20_000,
    "a number without end": header() + b"MTrk\0\0\0\0" + b"\x80" * HUGE,
    "junk": header() + b"\xff" * HUGE,
    "tempos": header() + chunk(b"MTrk", b"\0\xff\x51\3\7\7\7" * 30_000),
    "names": header() + chunk(b"MTrk", b"\0\xff\3\x7f" + b"x" * HUGE),
    "a huge length": header() + chunk(b"MTrk", b"\0\xff\1\xff\xff\xff\x7f"),
    "system messages": header() + chunk(b"MTrk", b"\0\xf8" * 100_000),
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.slow
def test_memory_is_bounded_by_the_size_of_the_file(data):
    tracemalloc.start()
    try:
        sound(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 100 * len(data) + (1 << 20)


@pytest.mark.parametrize("name", ["tracks with wrong lengths", "broken chunks", "a number without end", "junk"])
@pytest.mark.slow
def test_each_byte_is_looked_at_a_few_times_only(name, monkeypatch):
    class Counted(bytes):
        """Counts how many bytes searches pass over."""

        looked = 0

        def find(self, *args):
            found = super().find(*args)
            begin, end = args[1] if len(args) > 1 else 0, args[2] if len(args) > 2 else len(self)
            Counted.looked += (found if found >= 0 else end) - begin
            return found

    data = Counted(HOSTILE[name])
    Counted.looked = 0
    sound(data)
    assert Counted.looked <= 3 * len(data)


@pytest.mark.slow
def test_tracks_that_are_each_passed_over_to_the_end_are_refused_at_once():
    began = time.process_time()
    with pytest.raises(DataError, match="messages"):
        read_smf(header() + track(60) + b"MTrMTrk\0\0\0" * 100_000)
    assert if_idle(time.process_time() - began) < 2


def test_too_many_of_anything_are_refused(monkeypatch):
    monkeypatch.setattr(smf, "MOST_EVENTS", 10)
    monkeypatch.setattr(smf, "MOST_TRACKS", 10)
    monkeypatch.setattr(smf, "MOST_BYTES", 1 << 20)
    tempo = b"\0\xff\x51\3\7\7\7"
    for data, words in (
        (header() + track(*range(11)), "more than 10 messages"),
        (header() + chunk(b"MTrk", tempo * 11), "more than 10 messages"),
        (header() + track() * 11, "more than 10 tracks"),
        (header() + chunk(b"MTrk", b"\0\xff\1\0" * 11), "more than 10 messages"),
        (header() + chunk(b"MTrk", b"\0\xf0\0" * 11), "more than 10 messages"),
        (header() + chunk(b"MTrk", b"\0\xf8" * 11), "more than 10 messages"),
        (header() + chunk(b"XXXX", b"") * 3 + track(60), "more than 10 messages"),
        (bytes((1 << 20) + 1), "larger than 1 MB"),
    ):
        with pytest.raises(DataError, match=words):
            read_smf(data)
    assert read(header() + track(*range(10)))[0] == [list(range(10))]


def test_tempo_changes_count_as_the_work_that_they_are() -> None:
    """They are sorted, and each message is timed by them."""
    changes = b"\0\xff\x51\x03\x07\xa1\x20" * (smf.MOST_EVENTS // 4 + 1)
    with pytest.raises(DataError, match=r"more than 1,000,000"):
        read(header() + chunk(b"MTrk", changes + END))
