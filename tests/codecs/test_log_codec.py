"""Rows of a log: written, read, and malformed."""

from __future__ import annotations

import json
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impsy.codecs.log import LogRow, decode_row, encode_row, log_name, read_rows
from impsy.errors import PeerError


def test_the_name_says_when_and_how_wide():
    assert log_name(datetime(2026, 9, 26, 10, 0, 5, 999), 9) == "2026-09-26T10-00-05-9d-mdrnn.log"


def test_a_row_has_microseconds_even_on_the_second():
    line = encode_row(datetime(2026, 9, 26, 10), "interface", (0.5, 0.25))
    assert line == "2026-09-26T10:00:00.000000,interface,0.5,0.25\n"


@given(
    st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1)),
    st.sampled_from(["interface", "rnn"]),
    st.lists(st.floats(0, 1), min_size=1, max_size=20).map(tuple),
)
def test_what_is_written_is_what_is_read(time, source, values):
    row = LogRow(time, source, values)
    assert decode_row(encode_row(row.time, row.source, row.values), len(values)) == row


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("2026-09-26T10:00:01,interface,0.5", "length"),
        ("2026-09-26T10:00:01,interface,0.5,0.5,0.5", "length"),
        ("2026-09-26T10:00:01,interface,abc,0.25", "number"),
        ("2026-09-26T10:00:01,interface,nan,0.25", "number"),
        ("not-a-timestamp,interface,0.5,0.25", "time"),
        ("", "length"),
        ("0" * 200_000, "long-line"),
    ],
)
def test_malformed_rows_say_what_is_wrong(line, kind):
    with pytest.raises(PeerError) as caught:
        decode_row(line, 2)
    assert caught.value.kind == kind


def test_malformed_rows_are_passed_over_and_numbered(vectors):
    document = json.loads((vectors / "dataset.json").read_text())
    (case,) = (case for case in document["cases"] if case["name"] == "malformed_rows_skipped")
    read = list(read_rows(case["log_lines"], case["dimension"] - 1))
    assert [isinstance(row, LogRow) for row in read] == [True, False, False, False, True]
    assert [row[0] for row in read if not isinstance(row, LogRow)] == [2, 3, 4]


@given(st.lists(st.text(max_size=80), max_size=5), st.integers(1, 4))
def test_any_text_gives_rows_or_numbered_problems(lines, controls):
    for row in read_rows(lines, controls):
        assert isinstance(row, LogRow) or (row[0] >= 1 and isinstance(row[1], PeerError))


def test_real_recordings_read_without_a_problem(shared_data):
    logs = sorted((shared_data / "logs").glob("*.log"))
    assert logs
    for log in logs:
        controls = int(log.stem.split("-")[-2].removesuffix("d")) - 1
        with log.open() as lines:
            assert all(isinstance(row, LogRow) for row in read_rows(lines, controls))
