"""Logs read in bulk and line by line: the same, whatever is in them."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzzing import examples
from impsy.codecs.log import MODEL, PERFORMER, LogForm, decode_row, encode_row
from impsy.data.logs import pieces as logs
from impsy.data.logs.decimals import PADDING, read_decimals
from impsy.data.logs.reading import EPOCH, PROBLEMS_KEPT, Problem, log_lines, read_log
from impsy.errors import DataError, PeerError

EXAMPLES = examples(400)
START = datetime(2026, 9, 26, 10)

numbers = st.one_of(
    st.floats(0, 1).map(repr),
    st.integers(0, 127).map(lambda step: repr(step / 127)),
    st.integers(0, 10**4).map(lambda value: f"{value / 10**4:.4f}"),
    st.floats(0, 1, width=32).map(repr),
    st.floats(allow_nan=True).map(repr),
    st.decimals(0, 10, allow_nan=False, places=20).map(str),
    st.sampled_from(
        ["0", "1", "1.", ".5", "0.5 ", "+0.5", "-0.0", "1_0", "0.1_2", "1e-3", "1e999", "", "0..5", "0.5.5", "x"]
    ),
    st.sampled_from(["٠.٥", "0.50000002980232238769531250", "0.500000029802322387695312501", "0." + "3" * 40]),
)
times = st.one_of(
    st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)).map(datetime.isoformat),
    st.integers(0, 10**9).map(
        lambda micro: (START + timedelta(microseconds=micro)).isoformat(timespec="microseconds")
    ),
    st.sampled_from(["2024-02-29T00:00:00.000001", "2023-02-29T00:00:00.000001", "2023-04-31T00:00:00.000001"]),
    st.sampled_from(["2023-13-01T00:00:00.000001", "2023-00-01T00:00:00.000001", "2023-01-00T00:00:00.000001"]),
    st.sampled_from(["0000-01-01T00:00:00.000001", "2023-01-01T24:00:00.000000", "2023-01-01T10:60:00.000001"]),
    st.sampled_from(
        ["2023-01-01 10:00:00.500000", "20230101T100000", "2023-01-01T10:00:00.500", "2023-01-01T10:00:60.000000"]
    ),
    st.sampled_from(
        ["2023-01-01T10:00:00.500000+02:00", "2023-01-01T10:00:00,500000", "0001-01-01T00:00:00.000000+14:00"]
    ),
    st.text(max_size=27),
)
sources = st.sampled_from(
    ["interface"] * 6 + ["rnn", "interfac", "interfaces", "Interface", "", "rnnx", "mic,2", "é"]
)


@st.composite
def lines(draw, controls):
    if draw(st.integers(0, 9)) == 0:
        return draw(st.text(max_size=60))
    values = draw(st.lists(numbers, min_size=controls, max_size=controls))
    line = ",".join([draw(times), draw(sources), *values])
    return draw(st.sampled_from([line] * 8 + [line + ",", " " + line, line + "\t", line[: len(line) // 2]]))


@st.composite
def files(draw):
    controls = draw(st.integers(1, 4))
    rows = draw(st.lists(lines(controls), max_size=25))
    ends = draw(st.sampled_from(["\n"] * 4 + ["\r\n", "\r", "\n\r\n"]))
    text = ends.join(rows) + draw(st.sampled_from(["", ends]))
    return controls, text.encode("utf-8", "surrogatepass") + draw(
        st.sampled_from([b""] * 5 + [b"\xff\xfe\n", b"\0" * 40])
    )


@settings(max_examples=EXAMPLES)
@given(files(), st.sampled_from([1, 7, 64, 500, 1 << 19]), st.booleans())
@pytest.mark.slow
def test_bulk_reading_gives_what_the_lines_give_one_by_one(tmp_path_factory, drawn, chunk, exact):
    controls, content = drawn
    path = tmp_path_factory.getbasetemp() / "some.log"
    path.write_bytes(content)
    with patch.object(logs, "CHUNK", chunk):
        bulk = read_log(path, controls, exact=exact, answers=True)
        lines = list(log_lines(path))
    assert bulk.times.dtype == np.int64
    assert bulk.values.dtype == (np.float64 if exact else np.float32)
    assert bulk.values.shape == (len(bulk.times), controls)
    assert np.isfinite(bulk.values).all()
    # What only the whole file makes clear was made clear: see test_log_forms.py.
    form = LogForm(
        comma_separates=None if bulk.plain else bool((bulk.values % 1).any() or (bulk.values[:, :1] > 1).any())
    )
    sound, problems = [], []
    for number, line in enumerate(lines, start=1):
        try:
            row = decode_row(line, controls, form)
        except PeerError as error:
            problems.append(Problem(number, str(error)))
            continue
        if row is not None and row.source in (PERFORMER, MODEL):
            sound.append(row)
        elif row is not None:
            problems.append(Problem(number, f"its source is “{row.source[:40]}”, neither interface nor rnn"))
    assert bulk.counts.lines == len(lines)
    assert bulk.counts.malformed + bulk.counts.others == len(problems)
    assert bulk.problems == tuple(problems[:PROBLEMS_KEPT])
    assert bulk.performer.tolist() == [row.source == PERFORMER for row in sound]
    assert [EPOCH + timedelta(microseconds=each) for each in bulk.times.tolist()] == [row.time for row in sound]
    expected = np.array([row.values for row in sound]).reshape(-1, controls).clip(-logs._LARGEST, logs._LARGEST)
    assert bulk.values.tolist() == expected.astype(bulk.values.dtype).tolist()


@settings(max_examples=EXAMPLES)
@given(st.lists(numbers.filter(lambda text: text.isascii()), min_size=1, max_size=30))
@pytest.mark.slow
def test_what_is_sure_is_what_float_says(texts):
    joined = ",".join(texts).encode() + b","
    text = np.frombuffer(joined + b"\0" * PADDING, np.uint8)
    ends = np.flatnonzero(text == ord(","))
    starts = np.concatenate([[0], ends[:-1] + 1])
    numbers, sure = read_decimals(text, starts, ends)
    for number, is_sure, expected in zip(numbers.tolist(), sure.tolist(), texts, strict=True):
        if is_sure:
            assert number == float(np.float32(float(expected)))


def test_ordinary_numbers_are_sure():
    rng = np.random.default_rng(0)
    texts = [repr(value) for value in (*rng.random(1000).tolist(), *(np.arange(128) / 127).tolist(), 0.0, 1.0)]
    text = np.frombuffer(",".join(texts).encode() + b"," + b"\0" * PADDING, np.uint8)
    ends = np.flatnonzero(text == ord(","))
    _, sure = read_decimals(text, np.concatenate([[0], ends[:-1] + 1]), ends)
    assert sure.mean() > 0.995


def test_malformed_rows_have_their_line_numbers_across_pieces(tmp_path):
    rows = [encode_row(START + timedelta(seconds=number), "interface", (0.5,)) for number in range(200)]
    for bad in (40, 41, 150, 160, 170, 180):
        rows[bad] = "nonsense\n"
    path = tmp_path / "some.log"
    path.write_text("".join(rows))
    with patch.object(logs, "CHUNK", 256):
        log = read_log(path, 1)
    assert [each.line for each in log.problems] == [41, 42, 151, 161, 171]
    assert (log.counts.malformed, log.counts.performer, len(log.times)) == (6, 194, 194)


def test_one_endless_line_is_one_malformed_row_and_takes_little_memory(tmp_path):
    path = tmp_path / "some.log"
    with path.open("wb") as file:
        file.write(encode_row(START, "interface", (0.5,)).encode())
        for _ in range(40):
            file.write(b"7" * (1 << 19))
        file.write(b"\n" + encode_row(START, "interface", (0.25,)).encode())
    log = read_log(path, 1)
    assert (log.counts.performer, log.counts.malformed, [each.line for each in log.problems]) == (2, 1, [2])


def test_an_empty_log_has_no_rows(tmp_path):
    (tmp_path / "some.log").touch()
    log = read_log(tmp_path / "some.log", 3)
    assert (log.counts.rows, log.counts.malformed, log.values.shape) == (0, 0, (0, 3))


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(DataError, match=r"gone\.log: cannot be read"):
        read_log(tmp_path / "gone.log", 3)
    with pytest.raises(DataError, match="cannot be read"):
        read_log(Path(tmp_path), 3)
