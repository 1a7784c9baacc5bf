"""Logs as other programs save them: every reader takes the same rows, and every row that is left out is counted."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from log_forms import BAD_ROWS, ENCODINGS, NO_ROWS, TIMES, Content, Form, contents, forms

from impsy.cli.dataset import command
from impsy.codecs.log import LogRow, dimension_of
from impsy.data.collecting import REASONS, collect
from impsy.data.datasets import read_dataset
from impsy.data.logs.performances import events_of, read_played
from impsy.data.logs.reading import EPOCH, read_log
from impsy.data.logs.scanning import scan_log
from impsy.errors import DataError
from impsy.perform.replaying.rows import read_performance

START = datetime(2026, 9, 26, 10)
NAME = "2026-09-26T10-00-00-3d-mdrnn.log"
WITHIN = {"few decimals": 1e-6}


def rows(*values: tuple[float, float], start: datetime = START) -> list[LogRow]:
    return [LogRow(start + timedelta(seconds=0.25 * place), "interface", each) for place, each in enumerate(values)]


def check_all_readers(path, form: Form, content: Content) -> None:
    """That the dataset, the list of takes, the pictures and the replay hold just what was written."""
    log = read_log(path, 2)
    counts = log.counts
    assert (counts.performer, counts.model) == (len(content.performer), content.model), log.problems
    assert (counts.others, counts.malformed, counts.rows) == (content.others, content.malformed, content.rows)
    scan, played = scan_log(path, 2), read_played(path, 2)
    assert scan.counts == counts
    assert (played.performer.sum(), len(played.times)) == (counts.performer, counts.performer + counts.model)
    assert scan.seconds == pytest.approx(played.seconds)
    expected = [row.time for row in content.performer]
    assert [EPOCH + timedelta(microseconds=each) for each in log.times.tolist()] == expected
    values = np.array([row.values for row in content.performer]).reshape(-1, 2)
    np.testing.assert_allclose(log.values, values, atol=WITHIN.get(form.cell, 6e-8))
    np.testing.assert_array_equal(log.values, read_log(path, 2, exact=True).values.astype(np.float32))
    if not content.performer:
        with pytest.raises(DataError, match="no row of a performer"):
            read_performance(path, 2)
        return
    replayed, found = read_performance(path, 2)
    assert found.counts == counts
    assert [row.time for row in replayed] == expected
    np.testing.assert_allclose([row.values for row in replayed], values, atol=WITHIN.get(form.cell, 1e-15))


@given(st.data())
@pytest.mark.slow
def test_every_reader_takes_a_log_in_any_form(tmp_path_factory, data):
    form = data.draw(forms())
    content = data.draw(contents(form, START))
    path = tmp_path_factory.getbasetemp() / NAME
    path.write_bytes(form.bytes(content.lines))
    check_all_readers(path, form, content)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("time", TIMES)
@pytest.mark.slow
def test_each_way_to_write_a_time_in_each_encoding(tmp_path, time, delimiter, encoding):
    form = Form(time=time, delimiter=delimiter, encoding=encoding)
    content = Content(performer=rows((0.5, 0.25), (0.0, 1.0)))
    content.lines = [form.line(row) for row in content.performer]
    path = tmp_path / NAME
    path.write_bytes(form.bytes(content.lines))
    check_all_readers(path, form, content)


@pytest.mark.parametrize("line", BAD_ROWS)
def test_each_row_that_cannot_be_read_is_named_with_its_line(tmp_path, line):
    good = [Form().line(row) for row in rows((0.5, 0.25), (0.0, 1.0))]
    (tmp_path / NAME).write_text("\n".join([good[0], line, good[1]]))
    log = read_log(tmp_path / NAME, 2)
    assert (log.counts.malformed, [each.line for each in log.problems]) == (1, [2])


@pytest.mark.parametrize("line", NO_ROWS)
def test_comments_names_of_columns_and_blank_lines_are_no_rows(tmp_path, line):
    good = [Form().line(row) for row in rows((0.5, 0.25), (0.0, 1.0))]
    (tmp_path / NAME).write_text("\n".join([line, *good, line]))
    log = read_log(tmp_path / NAME, 2)
    assert (log.counts.lines, log.counts.rows, log.counts.malformed, log.problems) == (4 if line else 3, 2, 0, ())


# --- what a row does not say by itself ------------------------------------------------------------------------------


def dates(tmp_path, *texts, name=NAME):
    path = tmp_path / name
    path.write_text("".join(f"{text},interface,0.5,0.25\n" for text in texts))
    log = read_log(path, 2)
    return [f"{EPOCH + timedelta(microseconds=each):%Y-%m-%d}" for each in log.times.tolist()], log


@pytest.mark.parametrize(
    ("texts", "name", "read", "words"),
    [
        # Another row of the file decides.
        (("03.01.2023 12:00", "13.01.2023 12:00"), "x-3d-mdrnn.log", ["2023-01-03", "2023-01-13"], "other dates"),
        (("01/03/2023 12:00", "01/13/2023 12:00"), "x-3d-mdrnn.log", ["2023-01-03", "2023-01-13"], "other dates"),
        # The file's name decides.
        (("3/1/2023 12:00",), "2023-01-03T12-00-00-3d-mdrnn.csv", ["2023-01-03"], "as its name says"),
        (("3/1/2023 12:00",), "2023-03-01T12-00-00-3d-mdrnn.csv", ["2023-03-01"], "as its name says"),
        (("3/1/23 12:00",), "2023-03-01T12-00-00-3d-mdrnn.csv", ["2023-03-01"], "as its name says"),
        # Nothing decides, and it makes no difference to the time between events.
        (("03.01.2023 12:00", "03.01.2023 12:01"), "x-3d-mdrnn.log", ["2023-01-03"] * 2, "other way round"),
        # Nothing decides, and it makes one: said with the reason.
        (("01/03/2023 12:00", "01/04/2023 12:01"), "x-3d-mdrnn.log", ["2023-01-03", "2023-01-04"], "check that"),
        (("03.01.2023 12:00", "04.01.2023 12:01"), "x-3d-mdrnn.log", ["2023-01-03", "2023-01-04"], "check that"),
    ],
)
def test_day_and_month_are_decided_by_the_file_and_reported(tmp_path, texts, name, read, words):
    found, log = dates(tmp_path, *texts, name=name)
    assert found == read
    assert any(words in remark for remark in log.remarks)


def test_dates_that_contradict_each_other_leave_out_only_what_is_unclear(tmp_path):
    found, log = dates(tmp_path, "13.01.2023 12:00", "01.13.2023 12:00", "03.01.2023 12:00", "03.03.2023 12:00")
    assert found == ["2023-01-13", "2023-01-13", "2023-03-03"]
    assert (log.counts.malformed, log.problems[0].line) == (1, 3)
    assert "in some of its dates the day comes first, in others the month" in log.remarks


@given(st.datetimes(datetime(2001, 1, 1), datetime(2099, 12, 31)), st.booleans(), st.sampled_from("./-"))
@pytest.mark.slow
def test_the_date_of_the_name_is_the_date_that_is_read(tmp_path_factory, time, day_first, sign):
    order = [f"{time:%d}", f"{time:%m}"] if day_first else [f"{time:%m}", f"{time:%d}"]
    path = tmp_path_factory.getbasetemp() / f"{time:%Y-%m-%d}T10-00-00-3d-mdrnn.log"
    path.write_text(f"{sign.join([*order, f'{time:%Y}'])} {time:%H:%M:%S.%f},interface,0.5,0.25\n")
    (read,) = read_log(path, 2).times.tolist()
    assert EPOCH + timedelta(microseconds=read) == time


def test_decimal_commas_among_commas_are_left_out_and_named_unless_the_file_decides(tmp_path):
    path = tmp_path / NAME
    path.write_text("2026-09-26T10:00:00,interface,0,5,0,25\n2026-09-26T10:00:01,interface,1,0,0,3\n")
    log = read_log(path, 2)
    assert (log.counts.malformed, log.counts.performer) == (2, 0)
    assert "decimal commas" in log.problems[0].text
    with path.open("a") as file:
        file.write("2026-09-26T10:00:02,interface,0.5,0.25\n")
    log = read_log(path, 2)
    assert (log.counts.malformed, log.counts.performer, log.counts.wider) == (0, 3, 2)


@pytest.mark.parametrize(("form", "unit"), [("%Y-%m-%d %H:%M", "minutes"), ("%Y-%m-%d %H:%M:%S", "seconds")])
def test_times_that_lost_their_seconds_are_reported(tmp_path, form, unit):
    found, log = dates(tmp_path, *(f"{START + timedelta(seconds=place / 4):{form}}" for place in range(9)))
    assert len(found) == 9
    assert any(f"whole {unit}" in remark and "rhythm is lost" in remark for remark in log.remarks)


def test_more_columns_are_reported_once(tmp_path):
    (tmp_path / NAME).write_text("2026-09-26T10:00:00.5,interface,0.5,0.25,0.125\n" * 100)
    log = read_log(tmp_path / NAME, 2)
    assert log.counts.performer == log.counts.wider == 100
    assert [remark for remark in log.remarks if "columns" in remark] == [
        "100 of its rows have more columns than 2 values; the first count"
    ]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ((0, 64, 127), "Values reach 127: these look like MIDI values 0-127; IMPSY's are 0-1; divide by 127"),
        ((0, 64, 120), "Values reach 120: these look like MIDI values 0-127"),
        ((0, 255, 3), "Values reach 255: these look like values of one byte, 0-255; IMPSY's are 0-1; divide by 255"),
        ((0, 1000, 3), "10-bit"),
        ((0, 16383, 8192), "14-bit MIDI"),
        ((0, 1.5, 1), None),
        ((-1, 1, 0), None),
        ((0.5, 127, 1), None),
    ],
)
def test_values_of_another_range_are_advised_on(tmp_path, values, words):
    (tmp_path / NAME).write_text(
        "".join(f"2026-09-26T10:00:0{i},interface,0.5,{v}\n" for i, v in enumerate((0, *values)))
    )
    _, remarks = events_of(read_log(tmp_path / NAME, 2))
    assert any("outside 0 to 1" in remark for remark in remarks)
    assert any((words or "these look like") in remark for remark in remarks) == (words is not None)


NAMES = [
    "{} (1).log",
    "{} - Copy.log",
    "{} - Kopie (2).log",
    "{}_copy.log",
    "{}.LOG",
    "{}.log.txt",
    "{}.csv",
    "{} 2.CSV",
    "{}.tsv",
]


@pytest.mark.parametrize("form", NAMES)
def test_names_of_copies_are_names_of_logs(tmp_path, form):
    name = form.format("2026-09-26T10-00-00-3d-mdrnn")
    assert dimension_of(name) == 3
    (tmp_path / name).write_text("".join(f"2026-09-26T10:00:0{i},interface,0.5,{i / 10}\n" for i in range(3)))
    done = CliRunner().invoke(command, ["-S", str(tmp_path), "-O", str(tmp_path), "--json"])
    assert json.loads(done.stdout)["rows"]["events"] == 2


# --- a folder of them -----------------------------------------------------------------------------------------------


@settings(max_examples=50)
@given(st.data())
@pytest.mark.slow
def test_rows_counted_are_rows_used_and_rows_named(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("logs")
    expected: dict[str, Content] = {}
    for number in range(data.draw(st.integers(1, 4))):
        form = data.draw(forms())
        start = START + timedelta(hours=number)
        content = data.draw(contents(form, start))
        name = data.draw(st.sampled_from(NAMES)).format(f"{start:%Y-%m-%dT%H-%M-%S}-3d-mdrnn")
        (folder / name).write_bytes(form.bytes(content.lines))
        expected[name] = content
        if data.draw(st.booleans()):
            copy = f"{start:%Y-%m-%dT%H-%M-%S}-3d-mdrnn z.log"
            (folder / copy).write_bytes((folder / name).read_bytes())
            expected[copy] = content
    (folder / "2026-09-26T10-00-00-9d-mdrnn.log").write_text("2026-09-26T10:00:00,interface,0.5\n")
    (folder / "mine.log").write_text("2026-09-26T10:00:00,interface,0.5,0.5\n")
    runner, options = CliRunner(), ["-D", "3", "-S", str(folder), "-O", str(folder / "out")]
    done = runner.invoke(command, [*options, "--json"])
    if not any(len(content.performer) > 1 for content in expected.values()):
        assert isinstance(done.exception, DataError)
        return
    report = json.loads(done.stdout)
    assert set(report["others"]) == {"2026-09-26T10-00-00-9d-mdrnn.log", "mine.log"}
    copies = {copy["name"] for copy in report["copies"]}
    assert [log["name"] for log in report["logs"]] == sorted(expected)
    for log in report["logs"]:
        content = expected[log["name"]]
        played = len(content.performer)
        assert log["rows"] == content.rows
        assert log["left_out"] == {
            "first": 0 if log["name"] in copies else min(1, played),
            "model": content.model,
            "other source": content.others,
            "malformed": content.malformed,
            "copy": played if log["name"] in copies else 0,
        }
        assert log["rows"] == log["events"] + sum(log["left_out"].values())
        named = content.others + content.malformed
        assert len(log["problems"]) == min(named, 5)
    whole = report["rows"]
    assert whole["all"] == sum(content.rows for content in expected.values())
    assert whole["all"] == whole["events"] + sum(whole["left_out"].values())
    assert whole["events"] == len(read_dataset(folder / "out" / "training-dataset-3d.npz"))
    printed = runner.invoke(command, options).stdout
    assert f"{whole['all']:,} row{'s' * (whole['all'] != 1)}: {whole['events']:,} used" in printed
    for reason, count in whole["left_out"].items():
        assert not count or f"{count:,} {REASONS[reason]}" in printed
    assert all(name in printed for name in (*copies, *report["others"]))


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-16", "surrogatepass")))
@pytest.mark.slow
def test_any_bytes_are_rows_or_named_or_no_rows(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / NAME
    path.write_bytes(content)
    log = read_log(path, 2)
    assert len(log.times) == log.counts.performer
    assert len(log.problems) == min(5, log.counts.malformed + log.counts.others)
    assert scan_log(path, 2).counts == log.counts
    if log.counts.performer > 1:
        (report,) = collect([path], 3).logs
        assert report.rows == report.events + sum(report.left_out.values())
