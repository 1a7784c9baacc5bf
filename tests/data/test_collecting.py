"""All logs of a folder as one dataset."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from impsy.codecs.log import LogRow, decode_row, encode_row, log_name
from impsy.data import collecting
from impsy.data.collecting import Copy, Overlap, collect, find_logs
from impsy.data.datasets import read_dataset
from impsy.errors import DataError

START = datetime(2026, 9, 26, 10)


def play(folder, day, count=5, dimension=3, seed=None, source="interface"):
    """A log of that day; the rows that were written."""
    rng = np.random.default_rng(day if seed is None else seed)
    begin = START + timedelta(days=day)
    rows = [
        LogRow(begin + timedelta(seconds=number / 4), source, tuple(rng.random(dimension - 1).tolist()))
        for number in range(count)
    ]
    path = folder / log_name(begin, dimension)
    path.write_text("".join(encode_row(row.time, row.source, row.values) for row in rows))
    return path


def names(paths):
    return [path.name[:10] for path in paths]


def test_logs_are_found_by_their_names_in_order_of_time(tmp_path):
    for day in (3, 1, 2):
        play(tmp_path, day)
    play(tmp_path, 1, dimension=4)
    (tmp_path / "notes.log").touch()
    (tmp_path / "2026-01-01T00-00-00-3d-mdrnn.log.bak").touch()
    (tmp_path / "2026-01-01T00-00-00-3d-mdrnn.log").mkdir()
    dimension, paths, others = find_logs(tmp_path, 3)
    assert (dimension, names(paths)) == (3, ["2026-09-27", "2026-09-28", "2026-09-29"])
    assert [name[:10] for name in others] == ["2026-09-27", "notes.log"]


def test_one_dimension_needs_no_asking_and_several_do(tmp_path):
    play(tmp_path, 1, dimension=4)
    assert find_logs(tmp_path)[0] == 4
    for day in (1, 2):
        play(tmp_path, day, dimension=3)
    with pytest.raises(DataError, match=r"2 of dimension 3, 1 of dimension 4.*-D"):
        find_logs(tmp_path)
    assert find_logs(tmp_path, include=["*-4d-*"])[0] == 4


def test_patterns_choose(tmp_path):
    for day in (1, 2, 3, 4):
        play(tmp_path, day)
    assert names(find_logs(tmp_path, include=["*-27T*", "*-29T*"])[1]) == ["2026-09-27", "2026-09-29"]
    assert names(find_logs(tmp_path, exclude=["*-27T*", "*-29T*"])[1]) == ["2026-09-28", "2026-09-30"]
    assert names(find_logs(tmp_path, include=["*-2?T*"], exclude=["*-27T*"])[1]) == ["2026-09-28", "2026-09-29"]
    with pytest.raises(DataError, match="none of its 4 logs fits"):
        find_logs(tmp_path, include=["nothing"])


def test_what_is_no_folder_of_logs_is_named(tmp_path):
    with pytest.raises(DataError, match="does not exist; give the folder"):
        find_logs(tmp_path / "gone")
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="is a file; give the folder"):
        find_logs(tmp_path / "file")
    with pytest.raises(DataError, match=r"no logs in it .* among its 1 files"):
        find_logs(tmp_path)
    play(tmp_path, 1)
    with pytest.raises(DataError, match=r"no log of dimension 9 \(but 1 of dimension 3\); leave out -D"):
        find_logs(tmp_path, 9)
    (tmp_path / "x-1d-mdrnn.log").touch()
    with pytest.raises(DataError, match="dimension of 1 is not possible"):
        find_logs(tmp_path, 1)


def test_each_log_is_a_performance_of_its_performers_rows(tmp_path):
    paths = [play(tmp_path, day, count) for day, count in ((1, 5), (2, 1), (3, 0), (4, 3))]
    paths.append(play(tmp_path, 5, 4, source="rnn"))
    collection = collect(paths, 3)
    assert collection.dataset.lengths.tolist() == [4, 2]
    assert collection.dataset.names == (paths[0].name, paths[3].name)
    assert [(log.events, log.rows, log.unread) for log in collection.logs] == [
        (4, 5, 0),
        (0, 1, 0),
        (0, 0, 0),
        (2, 3, 0),
        (0, 4, 0),
    ]
    assert collection.dataset.events[:, 0].tolist() == [0.25] * 6
    assert collection.copies == collection.overlaps == ()


def events_by_hand(rows, dimension):
    """The rule of the published cases, row by row."""
    rows = [row for row in rows if row.source == "interface"]
    events = [
        (max(0.0, (later.time - earlier.time).total_seconds()), *later.values) for earlier, later in pairwise(rows)
    ]
    return np.array(events, np.float32).reshape(-1, dimension)


@given(
    st.lists(
        st.tuples(st.integers(-(10**9), 10**9), st.floats(0, 1), st.sampled_from(["interface", "rnn"])), min_size=3
    )
)
@pytest.mark.slow
def test_events_are_those_of_the_rule_by_the_row(tmp_path_factory, drawn):
    rows = [LogRow(START + timedelta(microseconds=at), source, (value,)) for at, value, source in drawn]
    path = tmp_path_factory.getbasetemp() / log_name(START, 2)
    path.write_text("".join(encode_row(row.time, row.source, row.values) for row in rows))
    expected = events_by_hand(rows, 2)
    if not len(expected):
        with pytest.raises(DataError, match="hold no event"):
            collect([path], 2)
    else:
        assert collect([path], 2).dataset.events.tolist() == expected.tolist()


def test_copies_are_left_out_and_told(tmp_path):
    first = play(tmp_path, 1)
    copy = tmp_path / log_name(START + timedelta(days=9), 3)
    # Copied by a program that ends lines in its own way.
    copy.write_bytes(first.read_bytes().replace(b"\n", b"\r\n"))
    other = play(tmp_path, 2, seed=1)
    collection = collect([first, other, copy], 3)
    assert collection.copies == (Copy(copy.name, first.name),)
    assert collection.dataset.names == (first.name, other.name)
    assert collection.overlaps == ()


def test_the_same_values_on_another_day_are_no_copy(tmp_path):
    paths = [play(tmp_path, day, seed=0) for day in (1, 2)]
    collection = collect(paths, 3)
    assert collection.copies == collection.overlaps == ()
    assert len(collection.dataset.lengths) == 2


def test_overlaps_are_used_and_told(tmp_path):
    paths = [play(tmp_path, day, 6) for day in (1, 2, 3)]
    joined = tmp_path / log_name(START + timedelta(days=9), 3)
    joined.write_bytes(paths[0].read_bytes() + b"".join(paths[1].read_bytes().splitlines(keepends=True)[:4]))
    collection = collect([*paths, joined], 3)
    assert collection.overlaps == (Overlap(paths[0].name, joined.name, 6), Overlap(paths[1].name, joined.name, 4))
    assert collection.copies == ()
    assert collection.dataset.lengths.tolist() == [5, 5, 5, 9]


def test_logs_of_one_time_by_two_performers_do_not_overlap(tmp_path):
    one = play(tmp_path, 1)
    other = play(tmp_path / "..", 1, seed=5)
    assert collect([one, other.rename(tmp_path / ("b" + other.name))], 3).overlaps == ()


def test_what_is_wrong_with_rows_is_reported_by_file_and_line(tmp_path):
    path = play(tmp_path, 1, 4)
    with path.open("a") as file:
        file.write("2026-09-27T11:00:00,interface,0.5\n")
        file.write("2026-09-27T11:00:01,interface,1.5,-0.25\n")
        file.write("2026-09-27T10:00:01,interface,0.5,0.25\n")
    report = collect([path], 3).logs[0]
    assert (report.unread, [(each.line, each.text) for each in report.problems]) == (
        1,
        [(5, "1 value instead of 2")],
    )
    assert "2 of 10 values are outside 0 to 1 (from -0.25 to 1.5)" in report.remarks[0]
    assert "its time goes back 1 times" in report.remarks[1]


def test_logs_without_any_event_say_why(tmp_path):
    path = play(tmp_path, 1, 1)
    with path.open("a") as file:
        file.write("nonsense\n")
    with pytest.raises(DataError, match=r"hold no event.*1 row cannot be used; the first is .*, line 2: "):
        collect([path], 3)


def test_published_cases(vectors, tmp_path):
    for case in json.loads((vectors / "dataset.json").read_text())["cases"]:
        path = tmp_path / log_name(START, case["dimension"])
        path.write_text("\n".join(case["log_lines"]) + "\n")
        events = collect([path], case["dimension"]).dataset.events
        assert events.tolist() == np.array(case["expected"], np.float32).tolist()


@pytest.mark.slow
def test_real_logs_give_the_performances_that_they_were_made_from(shared_data):
    for dimension, name in ((4, "4d-12ksmall"), (9, "9d")):
        real = read_dataset(shared_data / "datasets" / f"training-dataset-{name}.npz")
        _, paths, _ = find_logs(shared_data / "logs", dimension)
        collection = collect(paths, dimension)
        assert sum(log.unread for log in collection.logs) == 0
        known = {performance.tobytes() for performance in real.performances}
        for performance, path in zip(collection.dataset.performances, paths, strict=True):
            with path.open() as lines:
                rows = [decode_row(line, dimension - 1) for line in lines]
            assert performance.tolist() == events_by_hand(rows, dimension).tolist()
            assert performance.tobytes() in known


def pause(path, after, seconds):
    """Let the performer rest for so long after that row."""
    rows = [decode_row(line, 2) for line in path.read_text().splitlines()]
    later = timedelta(seconds=seconds)
    path.write_text(
        "".join(
            encode_row(row.time + later * (number > after), row.source, row.values) for number, row in enumerate(rows)
        )
    )


def test_a_log_is_split_at_its_pauses_where_that_is_wanted(tmp_path):
    paths = [play(tmp_path, day, 8) for day in (1, 2)]
    for after, seconds in ((2, 40), (5, 500)):
        pause(paths[0], after, seconds)
    whole = collect(paths, 3)
    split = collect(paths, 3, {paths[0].name: 30.0})
    assert whole.dataset.lengths.tolist() == [7, 7]
    assert split.dataset.lengths.tolist() == [2, 2, 1, 7]
    assert split.dataset.names == (paths[0].name,) * 3 + (paths[1].name,)
    assert split.dataset.events[:, 0].max() < 1
    assert split.logs[0].remarks == ("split at 2 pauses of more than 30 s (540 s not learned)",)
    assert (split.logs[0].events, split.logs[0].left_out["first"]) == (5, 3)
    assert (split.logs[1], whole.logs[0].remarks) == (whole.logs[1], ())
    for collection in (whole, split):
        assert collection.rows == len(collection.dataset) + sum(collection.left_out.values())


def test_a_length_without_such_pauses_changes_nothing(tmp_path):
    path = play(tmp_path, 1, 8)
    one, other = collect([path], 3).dataset, collect([path], 3, {path.name: 30.0, "other": 1.0}).dataset
    assert np.array_equal(one.events, other.events)
    assert (one.lengths.tolist(), one.names) == (other.lengths.tolist(), other.names)


def test_a_log_of_pauses_alone_holds_no_event(tmp_path):
    path = play(tmp_path, 1, 3)
    for after in (0, 1):
        pause(path, after, 60)
    with pytest.raises(DataError, match="hold no event"):
        collect([path], 3, {path.name: 30.0})


def test_no_more_performances_than_a_dataset_may_have(tmp_path, monkeypatch):
    path = play(tmp_path, 1, 9)
    for after in (2, 4, 6):
        pause(path, after, 60)
    monkeypatch.setattr(collecting, "MOST_PERFORMANCES", 3)
    with pytest.raises(DataError, match="--trim-pauses more seconds"):
        collect([path], 3, {path.name: 30.0})
