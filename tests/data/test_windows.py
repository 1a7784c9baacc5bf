"""What is learned from and what is held out."""

from __future__ import annotations

import numpy as np
import pytest
from dataset_files import playing
from hypothesis import given
from hypothesis import strategies as st

from impsy.data.datasets import read_dataset
from impsy.data.windows import WINDOW, split_performances, split_windows, window_starts
from impsy.errors import DataError

lengths_of = st.lists(st.integers(0, 200), min_size=1, max_size=8)


def performance_of(dataset):
    """Which performance each event belongs to."""
    return np.repeat(np.arange(len(dataset.lengths)), dataset.lengths)


def test_windows_begin_wherever_one_fits():
    assert window_starts(np.array([3, 0, 2, 5]), 3).tolist() == [0, 5, 6, 7]
    assert window_starts(np.array([51])).tolist() == [0]
    assert window_starts(np.array([50, 0])).tolist() == []
    assert window_starts(np.zeros(0, np.int64)).dtype == np.int64


@given(lengths_of, st.integers(2, 60))
@pytest.mark.slow
def test_windows_are_those_of_the_performances_one_by_one(lengths, window):
    dataset = playing(lengths)
    owner = performance_of(dataset)
    expected = [s for s in range(len(dataset) - window + 1) if owner[s] == owner[s + window - 1]]
    assert window_starts(dataset.lengths, window).tolist() == expected


@pytest.mark.parametrize("split", [split_windows, split_performances])
@given(lengths=lengths_of, fraction=st.sampled_from([0.05, 0.1, 0.3]))
@pytest.mark.slow
def test_what_is_held_out_is_not_learned_from(split, lengths, fraction):
    dataset = playing(lengths)
    try:
        result = split(dataset, fraction)
    except DataError:
        return  # what it says is looked at below
    owner = performance_of(dataset)
    seen = np.zeros(len(dataset), int)
    held = np.zeros(len(dataset), bool)
    for start in result.held_out.tolist():
        held[start : start + WINDOW] = True
        assert owner[start] == owner[start + WINDOW - 1]
    for each in (*result.train, *result.held_out_performances):
        assert each.stop - each.start >= 2
        assert owner[each.start] == owner[each.stop - 1]
        seen[each] += 1
    assert seen.max() == 1
    assert not any(held[each].any() for each in result.train)
    assert all(held[each].all() for each in result.held_out_performances)
    assert sum(each.stop - each.start for each in result.held_out_performances) == held.sum()
    assert any(each.stop - each.start >= WINDOW for each in result.train)
    assert (np.diff(result.held_out) > 0).all()


def test_the_last_windows_are_those_of_the_released_trainer():
    dataset = playing((300, 20, 200, 30))
    starts = window_starts(dataset.lengths)
    split = split_windows(dataset)
    assert split.held_out.tolist() == starts[int(len(starts) * 0.9) :].tolist()
    assert split.held_out_performances == (slice(int(split.held_out[0]), 520),)
    # What is too short for a window is in none that is held out.
    assert split.train == (slice(0, 300), slice(300, 320), slice(320, int(split.held_out[0])), slice(520, 550))


def test_whole_performances_are_drawn_by_the_seed():
    dataset = playing([100] * 20)
    one, again, other = (split_performances(dataset, seed=seed) for seed in (1, 1, 2))
    assert one.held_out_performances == again.held_out_performances != other.held_out_performances
    assert len(one.held_out_performances) == 2
    assert all(each.start % 100 == 0 and each.stop - each.start == 100 for each in one.held_out_performances)
    assert len(one.held_out) == 2 * 50


def test_the_one_great_performance_is_not_held_out():
    dataset = playing((1000, 60, 60))
    for seed in range(10):
        assert all(each.start >= 1000 for each in split_performances(dataset, seed=seed).held_out_performances)


@pytest.mark.parametrize("lengths", [(), (0,), (50,), (51,), (100,), (40,) * 100])
def test_too_little_is_said_with_what_it_takes(lengths):
    with pytest.raises(DataError, match=r"too little data.* 51 .*107"):
        split_windows(playing(lengths))
    with pytest.raises(DataError, match="record more performances"):
        split_performances(playing(lengths))


def test_as_much_as_is_asked_for_is_enough():
    assert len(split_windows(playing((107,))).held_out)
    assert len(split_windows(playing((51, 51))).held_out)
    assert len(split_performances(playing((51, 51))).held_out)


def test_real_recordings(shared_data):
    dataset = read_dataset(shared_data / "datasets" / "training-dataset-9d.npz")
    split = split_windows(dataset)
    assert len(window_starts(dataset.lengths)) == 92_873
    assert len(split.held_out) == 9_288
