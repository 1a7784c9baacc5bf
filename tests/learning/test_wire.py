"""Messages with the process that learns: what was written is read, and nothing else does any harm."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impsy.errors import DataError
from impsy.learning.wire import Message, encode, events_of, read

NAMES = st.text(max_size=8).filter(lambda key: key != "blobs")
PLAIN = st.dictionaries(NAMES, st.integers() | st.text(max_size=20) | st.none(), max_size=5)


@settings(max_examples=25)
@given(st.lists(st.tuples(PLAIN, st.lists(st.binary(max_size=50), max_size=4)), max_size=4))
def test_what_was_written_is_read(messages: list[tuple[dict[str, object], list[bytes]]]) -> None:
    file = io.BytesIO(b"".join(encode(about, blobs) for about, blobs in messages))
    for about, blobs in messages:
        assert read(file) == Message(about, tuple(blobs))
    assert read(file) is None


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    file = io.BytesIO(content)
    try:
        while read(file) is not None:
            pass
    except DataError:
        pass


@settings(max_examples=50)
@given(st.data(), PLAIN, st.lists(st.binary(max_size=30), max_size=3))
def test_a_message_that_is_cut_or_changed_is_refused_or_read(
    data: st.DataObject, about: dict[str, object], blobs: list[bytes]
) -> None:
    whole = bytearray(encode(about, blobs))
    at = data.draw(st.integers(0, len(whole) - 1))
    if data.draw(st.booleans()):
        with pytest.raises(DataError):
            read(io.BytesIO(bytes(whole[: max(1, at)])))
    whole[at] ^= data.draw(st.integers(1, 255))
    try:
        found = read(io.BytesIO(bytes(whole)))
    except DataError:
        return
    assert found is None or isinstance(found, Message)


def test_events_come_back_whole_and_finite_or_not_at_all() -> None:
    events = np.arange(6, dtype=np.float32).reshape(2, 3)
    np.testing.assert_array_equal(events_of(events.tobytes(), 3), events)
    for content in (b"12345", np.array([1, np.inf, 0], np.float32).tobytes()):
        with pytest.raises(DataError):
            events_of(content, 3)
