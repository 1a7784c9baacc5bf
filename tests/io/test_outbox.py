"""What waits to be sent: nothing that ends a note is ever lost, and what waits is bounded."""

from __future__ import annotations

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impsy.io.outbox import Outbox, newest_lines, nothing, only_note_offs, thin_midi
from impsy.mapping.entries import parse_mapping
from impsy.mapping.output import OutputMapping

ENTRIES = parse_mapping([["note_on", 1], ["note_on", 1], ["note_on", 2], ["control_change", 1, 7], ["pitch_bend", 1]])

VALUE = st.integers(0, 8).map(lambda number: number / 8)
ACTION = st.one_of(
    st.tuples(st.just("play"), st.lists(VALUE, min_size=5, max_size=5)),
    st.tuples(st.just("silence"), st.none()),
    st.tuples(st.just("take"), st.integers(1, 60)),
    st.tuples(st.sampled_from(["disconnect", "connect"]), st.none()),
)


class Receiver:
    """Hears messages as a synthesiser does: a note sounds until its note-off, whatever came before."""

    def __init__(self) -> None:
        self.notes: set[bytes] = set()
        self.values: dict[bytes, bytes] = {}

    def hear(self, data: bytes) -> None:
        for start in range(0, len(data), 3):
            message = data[start : start + 3]
            key = bytes([message[0] & 0x0F, message[1]])
            match message[0] & 0xF0:
                case 0x90:
                    self.notes.add(key)
                case 0x80:
                    self.notes.discard(key)
                case 0xB0:
                    self.values[message[:2]] = message
                case 0xE0:
                    self.values[message[:1]] = message


@given(st.lists(ACTION, max_size=60), st.integers(1, 20))
@pytest.mark.slow
def test_whatever_the_line_does_no_note_hangs_and_the_newest_positions_arrive(actions, limit):
    mapping, receiver = OutputMapping(ENTRIES), Receiver()
    outbox = Outbox(thin_midi, only_note_offs, limit)
    outbox.connect()
    connected = True
    for action, argument in actions:
        if action == "play":
            outbox.put(mapping.encode(argument))
        elif action == "silence":
            outbox.put(mapping.all_notes_off())
        elif action == "take" and connected:
            receiver.hear(outbox.take(argument)[0])
        elif action == "disconnect":
            outbox.disconnect()
            connected = False
        elif action == "connect":
            outbox.connect(mapping.resend())
            connected = True
    if not connected:
        outbox.connect(mapping.resend())
    outbox.put(mapping.encode([0.5, 0.5, 0.5, 0.25, 0.75]))
    expected = {message[:2] if message[0] & 0xF0 == 0xB0 else message[:1]: message for message in mapping.resend()}
    outbox.put(mapping.all_notes_off())
    receiver.hear(outbox.take(10**6)[0])
    assert receiver.notes == set()
    assert receiver.values == expected


@given(st.lists(st.binary(min_size=2, max_size=2), max_size=300))
def test_what_waits_is_bounded(pairs):
    outbox = Outbox(thin_midi, only_note_offs, 10)
    outbox.connect()
    for one, other in pairs:
        outbox.put([bytes([0x80 | one % 128, other % 128, 64])] * 50)
    data, count = outbox.take(10**9)
    assert count <= max(10, 128 * 16 * 3 + 16 * 4)
    assert len(data) == 3 * count


def test_of_lines_the_newest_stay():
    outbox = Outbox(newest_lines, nothing, 16)
    outbox.put([b"while away\n"])
    outbox.connect()
    kept = [outbox.put([b"%d\n" % number]) for number in range(100)]
    assert not all(kept)
    data, count = outbox.take(10**6)
    lines = data.split()
    assert lines[-1] == b"99"
    assert lines == sorted(lines, key=int)
    assert count == len(lines) <= 16
    assert count + outbox.dropped == 100


def test_taking_gives_one_message_at_least_and_no_half_ones():
    outbox = Outbox(newest_lines, nothing)
    outbox.connect([b"abcdef", b"gh", b"ij", b"kl"])
    assert [outbox.take(5) for _ in range(2)] == [(b"abcdef", 1), (b"ghij", 2)]


def test_waiting_ends_when_something_comes_and_when_it_is_finished():
    outbox = Outbox(newest_lines, nothing)
    outbox.connect()
    seen = []
    thread = threading.Thread(target=lambda: seen.extend([outbox.wait(), outbox.take(100), outbox.wait()]))
    thread.start()
    time.sleep(0.02)
    outbox.put([b"x"])
    time.sleep(0.02)
    outbox.finish()
    thread.join(2)
    assert seen == [True, (b"x", 1), False]
