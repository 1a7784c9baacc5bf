"""Long pauses are shortened, or a performance is split at them, and nothing else changes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from impsy.data.datasets import Dataset
from impsy.data.pauses import shorten_pauses, split_at_pauses

EVENTS = arrays(np.float32, st.tuples(st.integers(0, 30), st.just(3)), elements=st.floats(0, 1, width=32))
LONGEST = st.floats(2.0**-10, 1000.0, width=32)


@given(st.lists(EVENTS, max_size=4), st.floats(1.0, 100.0, width=32), LONGEST)
@pytest.mark.slow
def test_no_event_comes_later_than_that_and_all_are_there(performances, stretch, longest):
    for performance in performances:
        performance[:, 0] *= np.float32(stretch)
    dataset = Dataset.of(3, performances, [str(number) for number in range(len(performances))])
    before = dataset.events.copy()
    shorter = shorten_pauses(dataset, longest)
    assert (shorter.events[:, 0] <= longest).all()
    short = before[:, 0] <= longest
    assert np.array_equal(shorter.events[short], before[short])
    assert np.array_equal(shorter.events[:, 1:], before[:, 1:])
    assert np.array_equal(shorter.lengths, dataset.lengths)
    assert shorter.names == dataset.names
    assert np.array_equal(dataset.events, before), "the given one stays as it is"


@given(EVENTS, st.floats(1.0, 100.0, width=32), LONGEST)
def test_a_split_performance_has_all_events_but_those_that_end_a_pause(events, stretch, longest):
    events[:, 0] *= np.float32(stretch)
    pieces = split_at_pauses(events, longest)
    assert all(len(piece) for piece in pieces)
    together = np.concatenate([*pieces, events[:0]])
    assert np.array_equal(together, events[events[:, 0] <= longest])
    assert len(pieces) <= 1 + int((events[:, 0] > longest).sum())


def test_a_performance_is_split_as_if_it_had_been_ended_and_begun_again():
    events = np.array([[0.1, 0.1], [40, 0.2], [0.1, 0.3], [31, 0.4], [99, 0.5]], np.float32)
    first, second = split_at_pauses(events, 30.0)
    assert first[:, 1].tolist() == events[:1, 1].tolist()
    assert second[:, 1].tolist() == events[2:3, 1].tolist()
    (whole,) = split_at_pauses(events, 100.0)
    assert np.array_equal(whole, events)
