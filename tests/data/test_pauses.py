"""Long pauses in a dataset are shortened, and nothing else changes."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from impsy.data.datasets import Dataset
from impsy.data.pauses import shorten_pauses

EVENTS = arrays(np.float32, st.tuples(st.integers(0, 30), st.just(3)), elements=st.floats(0, 1, width=32))
LONGEST = st.floats(2.0**-10, 1000.0, width=32)


@given(st.lists(EVENTS, max_size=4), st.floats(1.0, 100.0, width=32), LONGEST)
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
