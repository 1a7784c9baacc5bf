"""Lines of numbers off a serial line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impsy.codecs.csv import CHARACTERS_A_VALUE, CsvStream, encode_line
from impsy.errors import PeerError


def read(*pieces, controls=2):
    """Values as they are, problems by their kind."""
    stream = CsvStream(controls)
    found = [item for piece in pieces for item in stream.feed(piece)]
    return [item.kind if isinstance(item, PeerError) else item for item in found]


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"0.5,0.25\n", [(0.5, 0.25)]),
        (b"0.5,0.25\r\n1,0\r\n", [(0.5, 0.25), (1.0, 0.0)]),
        (b" 0.5 , 0.25 \n\n\r\n", [(0.5, 0.25)]),
        (b"5e-1,.25\n", [(0.5, 0.25)]),
        (b"0.5,0.25", []),
        (b"0.5\n0.5,0.25\n", ["length", (0.5, 0.25)]),
        (b"0.5,0.25,\n", ["length"]),
        (b"0.5,high\n0.5,0.25\n", ["number", (0.5, 0.25)]),
        (b"0.5,\n", ["number"]),
        (b"0.5,1_0\n", ["number"]),
        (b"0.5,\xff\x00\n", ["number"]),
        (b"0.5,nan\n0.5,inf\n0.5,-inf\n0.5,1e999\n", ["not-finite"] * 4),
        (b"-0.5,64\n", [(0.0, 1.0), "range"]),
        (b"0" * 1000 + b",0.5\n0.5,0.25\n", ["long-line", (0.5, 0.25)]),
    ],
)
def test_lines_give_values_or_say_what_is_wrong(data, found):
    assert read(data) == found
    assert read(*(data[i : i + 1] for i in range(len(data)))) == found


def test_problems_say_what_came():
    (problem,) = CsvStream(3).feed(b"1,2\n")
    assert "2 values" in str(problem)
    assert "dimension 4 means 3" in str(problem)
    assert "1,2" in str(problem)
    (problem,) = CsvStream(1).feed(b"\x1b[2J\n")
    assert "\x1b" not in str(problem)


def test_a_line_without_end_is_told_once_and_not_kept():
    stream = CsvStream(2)
    found = [item for _ in range(1000) for item in stream.feed(b"1" * 10_000)]
    assert [item.kind for item in found] == ["long-line"]
    assert stream.feed(b"\n0.5,0.25\n") == [(0.5, 0.25)]


def test_the_longest_line_that_is_read():
    longest = CHARACTERS_A_VALUE * 2
    line = b"0.5," + b"0.25".ljust(longest - 4, b"0")
    assert read(line + b"\n") == [(0.5, 0.25)]
    assert read(line + b"0\n") == ["long-line"]


def test_lines_have_four_decimals():
    assert encode_line([0.5, 1.0, 0.33333]) == b"0.5000,1.0000,0.3333\n"
    assert encode_line([0.0]) == b"0.0000\n"


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_values_survive_the_journey_to_four_decimals(values):
    (found,) = CsvStream(len(values)).feed(encode_line(values))
    assert len(found) == len(values)
    assert all(abs(one - other) <= 0.00005 + 1e-12 for one, other in zip(found, values, strict=True))


pieces = st.lists(
    st.binary(max_size=30)
    | st.text("0123456789.,-+e\r\n naif_", max_size=30).map(str.encode)
    | st.sampled_from([b"0.5,0.25\n", b"\n", b"1" * 150]),
    max_size=20,
)


@given(pieces)
def test_any_cut_of_the_same_bytes_gives_the_same_lines(pieces):
    assert read(*pieces) == read(b"".join(pieces))


@given(pieces)
def test_any_bytes_give_values_in_range_or_problems(pieces):
    for item in read(*pieces):
        assert isinstance(item, str) or (len(item) == 2 and all(0 <= value <= 1 for value in item))
