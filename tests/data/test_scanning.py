"""What a log holds, told by looking over it, and by looking at what is new."""

from __future__ import annotations

from datetime import datetime, timedelta
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impsy.codecs.log import dimension_of, encode_row
from impsy.data.logs import scanning
from impsy.data.logs.performances import read_played
from impsy.data.logs.scanning import Scan, scan_in_outline, scan_log, started_at
from impsy.errors import DataError

START = datetime(2026, 9, 26, 10)


def lines(count, source="interface", begin=0):
    return [encode_row(START + timedelta(seconds=begin + i), source, (0.5, 0.25)) for i in range(count)]


def test_rows_are_counted_and_the_time_is_told(tmp_path):
    path = tmp_path / "a.log"
    path.write_text("".join([*lines(3), "\n", "nonsense\n", *lines(2, "rnn", 3), *lines(1, "other", 7)]))
    scan = scan_log(path, 2)
    assert (scan.counts.performer, scan.counts.model, scan.counts.others, scan.counts.malformed) == (3, 2, 1, 1)
    assert scan.problems == ("line 5: 0 values instead of 2",)
    assert (started_at(scan.first), scan.seconds) == (START, 4.0)
    path.write_text("")
    assert (scan_log(path, 2), scan_log(path, 2).seconds) == (Scan(), 0.0)


def test_only_what_is_new_is_read_of_a_log_that_grew(tmp_path):
    path = tmp_path / "a.log"
    path.write_text("".join(lines(3)))
    first = scan_log(path, 2)
    with path.open("a") as log:
        log.write("".join(lines(2, "rnn", 10)))
    with patch.object(scanning, "fold_log", wraps=scanning.fold_log) as parsed:
        second = scan_log(path, 2, first)
    assert parsed.call_count == 1
    assert first.read > 0
    assert second.read == path.stat().st_size
    assert second == scan_log(path, 2)
    assert (second.counts.performer, second.counts.model, second.seconds) == (3, 2, 11.0)


@pytest.mark.parametrize("other", ["", lines(1)[0], "".join(lines(5, "rnn", 100))])
def test_a_log_that_was_replaced_is_read_anew(tmp_path, other):
    path = tmp_path / "a.log"
    path.write_text("".join(lines(3)))
    before = scan_log(path, 2)
    path.write_text(other)
    assert scan_log(path, 2, before) == scan_log(path, 2)


def test_a_row_that_is_still_being_written_counts_when_it_is_whole(tmp_path):
    path = tmp_path / "a.log"
    whole = "".join(lines(3))
    path.write_text(whole[:-20])
    before = scan_log(path, 2)
    path.write_text(whole)
    assert scan_log(path, 2, before).counts.performer == 3


def test_names_tell_the_dimension():
    assert dimension_of("2026-09-26T10-00-00-9d-mdrnn.log") == 9
    assert dimension_of("2026-09-26T10-00-00-9d-mdrnn.log.bak") is None
    assert dimension_of("takes.json") is None


def test_a_log_that_is_gone_is_an_error_in_words(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        scan_log(tmp_path / "gone.log", 2)


pieces = st.sampled_from([*lines(2), *lines(1, "rnn"), "\n", "\r\n", "x", "2026,interface,", "\x00\xff", ",rnn,\n"])


@given(st.lists(pieces | st.text(max_size=20), max_size=30), st.integers(0, 30))
@pytest.mark.slow
def test_any_bytes_can_be_looked_over_in_any_pieces(tmp_path_factory, content, cut):
    path = tmp_path_factory.mktemp("scan") / "a.log"
    path.write_bytes("".join(content[:cut]).encode("utf-8", "surrogatepass"))
    before = scan_log(path, 2)
    path.write_bytes("".join(content).encode("utf-8", "surrogatepass"))
    grown, anew = scan_log(path, 2, before), scan_log(path, 2)
    assert (grown.counts, grown.first, grown.read) == (anew.counts, anew.first, anew.read)
    assert (grown.performed, grown.pauses) == (anew.performed, anew.pauses)
    assert grown.seconds == pytest.approx(anew.seconds)


def test_a_take_is_read_with_the_answers_of_the_model_in_one_order(tmp_path):
    path = tmp_path / "a.log"
    path.write_text("".join([*lines(2), "bad\n", *lines(2, "rnn", 1), *lines(1, "other", 9), *lines(1, begin=5)]))
    played = read_played(path, 2)
    assert played.times.tolist() == [0, 1, 1, 2, 5]
    assert played.performer.tolist() == [True, True, False, False, True]
    assert (played.seconds, played.values.shape) == (5.0, (5, 2))
    assert played.of(performer=False)[0].tolist() == [1, 2]


def test_time_that_goes_back_is_no_time(tmp_path):
    path = tmp_path / "a.log"
    path.write_text("".join([*lines(1, begin=10), *lines(1, begin=4), *lines(1, begin=6)]))
    assert read_played(path, 2).times.tolist() == [0, 0, 2]


def test_long_pauses_of_the_performer_are_counted_also_of_a_log_that_grew(tmp_path):
    path = tmp_path / "a.log"
    path.write_text("".join([*lines(2), *lines(3, "rnn", 10), *lines(1, begin=41)]))
    first = scan_log(path, 2)
    assert (first.pauses, first.paused) == (1, 40.0)
    with path.open("a") as log:
        log.write("".join([*lines(1, "rnn", 60), *lines(1, begin=71), *lines(1, begin=102), *lines(2, begin=110)]))
    grown = scan_log(path, 2, first)
    assert (grown.pauses, grown.paused) == (2, 71.0)
    assert grown == scan_log(path, 2)
    assert scan_in_outline(path, 2)[0] == grown
