"""What is kept of a performance, and the windows that are drawn from it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impsy.learning import memory as remembering
from impsy.learning.memory import BLOCK, Earlier, Memory


def numbered(count: int, begin: int = 0) -> np.ndarray:
    """Events whose control says which they are."""
    number = np.arange(begin, begin + count, dtype=np.float32)
    return np.stack([np.full(count, 0.1, np.float32), number / 100_000], axis=1)


def numbers(windows: np.ndarray) -> np.ndarray:
    return np.rint(windows[..., 1] * 100_000).astype(int)


@settings(max_examples=40)
@given(parts=st.lists(st.integers(0, 120), max_size=12), seed=st.integers(0, 99), share=st.floats(0, 1))
def test_nothing_is_learned_that_the_latest_phrases_hold(parts: list[int], seed: int, share: float) -> None:
    memory, heard = Memory(2, Earlier([-numbered(400, 1)])), 0
    for part in parts:
        memory.hear(numbered(part, heard))
        heard += part
    latest = memory.latest()
    if not memory.is_ready:
        return
    batch = memory.draw(np.random.default_rng(seed), 8, share)
    replayed = round(share * 8)
    assert (batch.windows[:replayed, :, 1] <= 0).all()
    learned = numbers(batch.windows[replayed:])
    if latest is not None:
        scored = numbers(latest.windows[:, -latest.scored :])
        assert learned.max(initial=-1) < scored.min()
        assert scored.max() == heard - 1
        assert sorted(scored.reshape(-1)) == list(range(heard - scored.size, heard))
    for window, counts in zip(learned, batch.counts[replayed:], strict=True):
        count = int(counts.sum())
        np.testing.assert_array_equal(np.diff(window)[:count], 1)


def test_the_latest_are_a_quarter_within_bounds() -> None:
    memory = Memory(2)
    memory.hear(numbered(79))
    assert memory.latest() is None
    memory.hear(numbered(1, 79))
    assert memory.latest() is not None
    assert len(memory.learned) == 80 - 3 * BLOCK
    memory.hear(numbered(5000, 80))
    assert len(memory.learned) == 5080 - 12 * BLOCK


def test_long_performances_are_kept_from_their_later_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembering, "MOST_HEARD", 1000)
    memory = Memory(2)
    for begin in range(0, 5000, 250):
        memory.hear(numbered(250, begin))
    assert memory.count == 5000
    assert len(memory.events) <= 1000
    assert numbers(memory.events)[-1] == 4999
    np.testing.assert_array_equal(np.diff(numbers(memory.events)), 1)


def test_long_pauses_count_as_ten_minutes() -> None:
    memory = Memory(2)
    memory.hear(np.array([[7200.0, 0.5], [0.5, 0.5]], np.float32))
    assert memory.events[:, 0].tolist() == [600.0, 0.5]


def test_the_end_of_each_earlier_performance_is_reserved() -> None:
    earlier = Earlier([numbered(2000), numbered(30, 5000)])
    assert earlier
    assert earlier.reserved is not None
    reserved = numbers(earlier.reserved.windows)
    drawn = numbers(earlier.draw(np.random.default_rng(0), 200))
    assert drawn.max() < reserved.min()
    assert not Earlier([numbered(30)])


def test_it_is_an_error_to_draw_from_too_little() -> None:
    with pytest.raises(ValueError, match="too little"):
        Memory(2).draw(np.random.default_rng(0), 4, 0.0)
