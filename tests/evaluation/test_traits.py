"""What windows of playing are like."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from impsy.evaluation.traits import (
    LEAST_EVENTS,
    channels,
    convolved,
    log_times,
    places_of,
    random_kernels,
    run_lengths,
    traits,
)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=40))
def test_runs_are_what_they_are_one_by_one(items: list[int]) -> None:
    values = np.array(items)
    expected, last = [], None
    for item in items:
        if item == last:
            expected[-1] += 1
        else:
            expected.append(1)
        last = item
    assert run_lengths(values[1:] == values[:-1]).tolist() == expected


@pytest.mark.parametrize("controls", [1, 2, 4, 5, 8, 70])
@pytest.mark.parametrize("events", [10, 50])
def test_every_window_has_as_many_figures_and_all_are_numbers(controls: int, events: int) -> None:
    rng = np.random.default_rng(controls)
    windows = {
        "still": np.full((events + 1, controls), 64),
        "walk": np.clip(64 + rng.integers(-3, 4, (events + 1, controls)).cumsum(axis=0), 0, 127),
        "ends": 127 * rng.integers(0, 2, (events + 1, controls)),
        "one": np.column_stack([np.arange(events + 1), np.zeros((events + 1, controls - 1), np.int64)]),
    }
    times = {"even": np.full(events, -1.0), "any": rng.standard_normal(events)}
    lengths = set()
    for places in windows.values():
        for log_dt in times.values():
            found = traits(log_dt, places.astype(np.int64))
            assert np.isfinite(found).all()
            lengths.add(len(found))
    assert len(lengths) == 1


def test_one_knob_up_and_down_by_hand() -> None:
    places = np.array([[0, 64], [1, 64], [2, 64], [2, 64], [1, 64], [0, 64], [0, 65]] + [[0, 65]] * 4)
    found = traits(np.full(10, -1.0), places)
    # No control, one, two, more; 10 events in 5 gestures and rests: up, rest, down, the other, rest.
    gestures = found[17:]
    assert gestures[:4] == [0.5, 0.5, 0.0, 0.0]
    assert gestures[6] == pytest.approx(5 / 9)  # nine pairs of events, of which five are of the same set
    assert gestures[7:10] == [2.0, 4.0, 2.0]
    assert gestures[10:12] == [3.0, 2.0]


def test_channels_are_the_window() -> None:
    rng = np.random.default_rng(0)
    events = np.column_stack([rng.exponential(0.1, 11), rng.random((11, 3))]).astype(np.float32)
    found = channels(log_times(events[None, 1:]), places_of(events[None]))
    assert found.shape == (1, 3 + 3 * 3, 10)
    assert found[0, 0] == pytest.approx(np.log10(np.maximum(events[1:, 0], 0.001)), abs=1e-6)
    assert found[0, 1, 0] == 0
    assert pytest.approx(places_of(events)[1:] / 127) == found[0, 8:11].T
    assert found[0, 11] == pytest.approx(found[0, 5:8].sum(axis=0))


@pytest.mark.parametrize("events", [LEAST_EVENTS, 10, 50])
def test_kernels_fit_and_see_only_shape(events: int) -> None:
    rng = np.random.default_rng(1)
    windows = rng.standard_normal((6, 5, events)).astype(np.float32)
    kernels = random_kernels(30, 5, events, np.random.default_rng(2))
    found = convolved(windows, kernels)
    assert found.shape == (6, 90)
    assert ((found[:, ::3] >= 0) & (found[:, ::3] <= 1)).all()
    assert convolved(windows * 7 + 3, kernels) == pytest.approx(found, abs=0.05)
    by_hand = (windows - windows.mean((0, 2), keepdims=True)) / windows.std((0, 2), keepdims=True)
    series, weights, dilation, _ = kernels[0]
    reach = (weights.shape[1] - 1) * dilation
    outputs = [
        sum(
            float(w * by_hand[0, s, t + j * dilation])
            for s, row in zip(series, weights, strict=True)
            for j, w in enumerate(row)
        )
        for t in range(events - reach)
    ]
    assert found[0, 1:3] == pytest.approx([max(outputs), np.mean(outputs)], abs=1e-4)
