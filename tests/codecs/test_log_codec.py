"""Rows of a log: written, read, and malformed."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impsy.codecs.log import LogForm, LogRow, decode_row, dimension_of, encode_row, log_name
from impsy.errors import PeerError
from waiting import if_idle


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
@pytest.mark.slow
def test_what_is_written_is_what_is_read(time, source, values):
    row = LogRow(time, source, values)
    assert decode_row(encode_row(row.time, row.source, row.values), len(values)) == row


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("2026-09-26T10:00:01,interface,0.5", "length"),
        ("2026-09-26T10:00:01,interface,0.5,", "length"),
        ("2026-09-26T10:00:01,interface,0.5,,0.5", "number"),
        ("2026-09-26T10:00:01,interface,0,5,0,25", "decimal-comma"),
        ("03.01.2023 10:00:01;interface;0,5;0,25", "date-order"),
        ("2026-09-26T10:00:01,interface,0.5,0.25\0", "zeros"),
        ("\0\0\0", "zeros"),
        ('2026-09-26T10:00:01,inter"\n"face,0.5', "quotes"),
        ("2026-09-26T10:00:01,interface,abc,0.25", "number"),
        ("2026-09-26T10:00:01,interface,nan,0.25", "number"),
        ("not-a-timestamp,interface,0.5,0.25", "time"),
        ("nonsense", "length"),
        ("0" * 200_000, "long-line"),
    ],
)
def test_malformed_rows_say_what_is_wrong(line, kind):
    with pytest.raises(PeerError) as caught:
        decode_row(line, 2)
    assert caught.value.kind == kind


@pytest.mark.parametrize(
    "line",
    [
        "2026-09-26T10:00:01.5,interface,0.5,0.25",
        " 2026-09-26T10:00:01.5 , interface , 0.5 , 0.25 ",
        "2026-09-26T10:00:01.5,\tInterface,\t.5,\t25E-2",
        "2026-09-26T10:00:01.5,\xa0INTERFACE,\xa00.5,\xa00.25\xa0,,,",
        "2026-09-26 10:00:01.5;interface;0,5;0,25;;",
        "2026-09-26 10:00:01,500;interface;0,5;0,25",
        "2026-09-26T10:00:01,500,interface,0.5,0.25",
        '"2026-09-26T10:00:01.5","interface","0,5","0,25"',
        '"2026-09-26T10:00:01.5,interface,0.5,0.25";;',
        "26.09.2026 10:00:01,5\tinterface\t0,5\t,25",
        "9/26/2026 10:00:01.5 AM,interface,0.5,0.25",
        "9/26/2026 10:00:01.5\u202fam;interface;0.5;0.25",
        "\ufeff2026/9/26 10:00:01.500000,interface,0.5,0.25\r",
        "2026-09-26T10:00:01.500000123,interface,0.5,0.25",
    ],
)
def test_one_row_in_the_forms_of_other_programs(line):
    assert decode_row(line, 2) == LogRow(datetime(2026, 9, 26, 10, 0, 1, 500_000), "interface", (0.5, 0.25))


def test_more_columns_are_left_out_and_marked():
    row = decode_row("2026-09-26T10:00:01,interface,0.5,0.25,0.125,loud", 2)
    assert (row.values, row.wider) == ((0.5, 0.25), True)
    assert decode_row("2026-09-26T10:00:01,interface,0,5,1", 2, LogForm(comma_separates=True)).values == (0, 5)
    assert decode_row("2026-09-26T10:00:01,interface,0.5,0.25,0.125", None).values == (0.5, 0.25, 0.125)


def test_a_zone_is_turned_into_local_time():
    row = decode_row("2026-09-26T10:00:00Z,interface,0.5", 1)
    assert row.time == datetime(2026, 9, 26, 10, tzinfo=UTC).astimezone().replace(tzinfo=None)


pieces = st.sampled_from(
    [
        "2026-09-26T10:00:00",
        "03.01.2023 12:00",
        ",",
        ";",
        "\t",
        '"',
        '""',
        "interface",
        "RNN",
        "0.5",
        "0,5",
        "1",
        " ",
        "\xa0",
        "#",
        "sep=",
    ]
)


@given(st.lists(pieces | st.text(max_size=20), max_size=12).map("".join), st.integers(1, 4) | st.none())
@pytest.mark.slow
def test_any_text_is_a_row_or_none_or_refused(line, controls):
    with suppress(PeerError):
        row = decode_row(line, controls)
        assert row is None or len(row.values) == (len(row.values) if controls is None else controls)


@pytest.mark.parametrize("part", ['"', " ", "\xa0", ",", "\t", ";", '" ', ', "', "0,", "1.", "\0"])
def test_no_line_takes_long(part):
    begin = process_time()
    with suppress(PeerError):
        decode_row((part * 100_000)[:100_000], 2)
    assert if_idle(process_time() - begin) < 2


@pytest.mark.slow
def test_real_recordings_read_without_a_problem(shared_data):
    logs = sorted((shared_data / "logs").glob("*.log"))
    assert logs
    for log in logs:
        with log.open() as lines:
            assert all(decode_row(line, dimension_of(log.name) - 1) is not None for line in lines)
