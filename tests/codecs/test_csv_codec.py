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
        (b"0.5,0.25,\n", [(0.5, 0.25)]),
        (b"0.5,,0.25\n", ["length"]),
        (b",0.5\n", ["number"]),
        (b"0.5,high\n0.5,0.25\n", ["number", (0.5, 0.25)]),
        (b"0.5,\n", ["length"]),
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


BOARDS = {
    "Arduino, Serial.println of each value and a comma": b"0.5,0.25,\r\n",
    "Arduino plotter, tabs": b"0.5\t0.25\r\n",
    "Arduino plotter, names": b"pot:0.5,light:0.25\r\n",
    "Arduino plotter, names and tabs": b"A0:0.5\tA1:0.25\r\n",
    "a name before all": b"values: 0.5, 0.25\n",
    "names with an equals sign": b"x = 0.5 y = 0.25\n",
    "blanks": b"0.5 0.25\n",
    "blanks that align": b"  0.50    0.25  \n",
    "semicolons": b"0.5;0.25\n",
    "semicolons and a last one": b"0.5; 0.25;\n",
    "decimal commas": b"0,5;0,25\n",
    "decimal commas and tabs": b"0,5\t0,25\n",
    "MicroPython, print of a tuple": b"(0.5, 0.25)\r\n",
    "CircuitPython, print of a list": b"[0.5, 0.25]\r\n",
    "carriage returns only": b"0.5,0.25\r",
    "empty lines between": b"\r\n\r\n0.5,0.25\r\n\r\n",
    "exponents": b"5.0e-01,2.5E-1\n",
    "no digit before or after the point": b".5,+.25\n",
}


@pytest.mark.parametrize("board", BOARDS)
def test_what_boards_print_is_understood(board):
    data = BOARDS[board]
    assert read(data) == [(0.5, 0.25)]
    assert read(*(data[i : i + 1] for i in range(len(data)))) == [(0.5, 0.25)]


@pytest.mark.parametrize(
    ("line", "controls"),
    [
        (b"0,1", 1),  # 0.1, or two values
        (b"0.5,0.25,", 3),
        (b"0.5 0.25", 1),
        (b"12:30 0.5", 2),
        (b"(0.5, 0.25", 2),
        (b"0.5V 0.2V", 2),
        (b"pot 0.5 light 0.25", 2),
        (b"0x10 0x20", 2),
        (b"#0.5,0.25", 2),
    ],
)
def test_what_may_mean_different_things_is_refused(line, controls):
    (found,) = read(line + b"\n", controls=controls)
    assert found in {"length", "number"}


numbers = st.decimals(0, 1, places=4).map(str)
separators = st.sampled_from([",", ", ", " ,", ";", " ; ", "\t", " ", "   ", ",\t"])


@given(st.lists(st.tuples(st.sampled_from(["", "x:", "A0=", "p_1: "]), numbers, separators), min_size=2, max_size=9))
@pytest.mark.slow
def test_any_mixture_of_names_and_separators_gives_the_numbers(parts):
    line = "".join(part for each in parts for part in each).rstrip(" \t")
    expected = tuple(float(number) for _name, number, _separator in parts)
    for end in ("\n", "\r\n", "\r"):
        assert read((line + end).encode(), controls=len(parts)) == [expected]


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
