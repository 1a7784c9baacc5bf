"""Rows of a log as events to learn from."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from impsy.codecs.log import LogRow, read_rows
from impsy.data.performances import rows_to_events

START = datetime(2026, 9, 26, 10)


def row(seconds, *values, source="interface"):
    return LogRow(START + timedelta(seconds=seconds), source, values)


def test_events_are_the_performers_rows_with_the_time_since_the_one_before():
    rows = [row(0, 0.5), row(0.5, 0.25), row(0.75, 0.9, source="rnn"), row(2, 0.0)]
    events = rows_to_events(rows, 2)
    assert events.dtype == np.float64
    assert events.tolist() == [[0.5, 0.25], [1.5, 0.0]]


@pytest.mark.parametrize("rows", [[], [row(0, 0.5, 0.5)], [row(0, 0.5, 0.5, source="rnn")] * 3])
def test_less_than_two_rows_of_the_performer_are_no_event(rows):
    assert rows_to_events(rows, 3).shape == (0, 3)


def test_times_that_repeat_or_go_back_give_no_time_and_keep_the_order():
    rows = [row(10, 0.1), row(10, 0.2), row(3, 0.3), row(4, 0.4)]
    assert rows_to_events(rows, 2).tolist() == [[0.0, 0.2], [0.0, 0.3], [1.0, 0.4]]


def test_a_row_of_another_dimension_is_an_error():
    with pytest.raises(ValueError, match="2 values does not fit dimension 2"):
        rows_to_events([row(0, 0.5), row(1, 0.5, 0.5)], 2)


@given(st.lists(st.tuples(st.floats(0, 1e6), st.floats(0, 1), st.sampled_from(["interface", "rnn"])), max_size=30))
def test_dt_is_never_negative_and_values_stay(drawn):
    rows = [row(seconds, value, source=source) for seconds, value, source in drawn]
    events = rows_to_events(rows, 2)
    assert (events[:, 0] >= 0).all()
    assert events[:, 1].tolist() == [value for _, value, source in drawn if source == "interface"][1:]


def test_real_logs_give_the_performances_they_were_made_from(shared_data):
    for log in sorted((shared_data / "logs").glob("*.log")):
        dimension = int(log.stem.split("-")[-2].removesuffix("d"))
        with log.open() as lines:
            rows = list(read_rows(lines, dimension - 1))
        events = rows_to_events(rows, dimension)
        assert events.shape == (len(rows) - 1, dimension)
        whole = (rows[-1].time - rows[0].time).total_seconds()
        assert events[:, 0].sum() == pytest.approx(whole, abs=1e-3)
