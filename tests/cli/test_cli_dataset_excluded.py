"""``impsy dataset`` leaves out what the web interface marked as not to be learned from, and says so."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest
from click.testing import CliRunner

from impsy.cli.main import group
from impsy.codecs.log import encode_row, log_name
from impsy.data.datasets import read_dataset
from impsy.data.takes import NOTES_FILE, TakeNote, annotate
from impsy.errors import DataError


@pytest.fixture
def logs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "logs"
    folder.mkdir()
    for day in (1, 2, 3):
        begin = datetime(2026, 9, day)
        rows = [encode_row(begin + timedelta(seconds=i), "interface", (i / 10, 0.5)) for i in range(9)]
        (folder / log_name(begin, 3)).write_text("".join(rows))
    return folder


def run(*arguments):
    result = CliRunner().invoke(group, ["dataset", *arguments])
    if isinstance(result.exception, Exception):
        raise result.exception
    return result.output


def test_logs_that_are_marked_are_left_out_and_told_of(logs):
    name = "2026-09-02T00-00-00-3d-mdrnn.log"
    annotate(logs, {name: TakeNote(excluded=True)})
    output = run()
    assert "from 2 of 3 logs" in output
    assert f"1 log left out, marked as not to be learned from: {name}" in output
    assert name not in read_dataset(logs.parent / "datasets" / "training-dataset-3d.npz").names
    assert json.loads(run("--json"))["excluded"] == [name]


def test_notes_that_are_damaged_are_told_of_and_hinder_nothing(logs):
    (logs / NOTES_FILE).write_text("{")
    output = run()
    assert "it is damaged" in output
    assert "from 3 of 3 logs" in output


def test_when_all_are_marked_there_is_nothing_to_make(logs):
    annotate(logs, {path.name: TakeNote(excluded=True) for path in logs.glob("*.log")})
    with pytest.raises(DataError, match="all 3 logs are marked"):
        run()


def rest(folder, seconds):
    """A log with a pause of so many seconds in its middle; its name."""
    begin = datetime(2026, 9, 4)
    times = [*range(5), *(5 + seconds + number for number in range(5))]
    rows = [encode_row(begin + timedelta(seconds=at), "interface", (0.1, 0.5)) for at in times]
    (folder / log_name(begin, 3)).write_text("".join(rows))
    return log_name(begin, 3)


def lengths(folder):
    return read_dataset(folder.parent / "datasets" / "training-dataset-3d.npz").lengths.tolist()


def test_pauses_are_not_learned_where_they_are_marked_or_by_the_option(logs):
    name = rest(logs, 100)
    assert "trim them (on the page, or with --trim-pauses 30)" in " ".join(run().split())
    assert lengths(logs) == [8, 8, 8, 9]
    annotate(logs, {name: TakeNote(trim_pauses=30)})
    output = run()
    assert f"{name}: split at 1 pause of more than 30 s (101 s not learned)" in " ".join(output.split())
    assert "longer than 30 s" not in output
    assert lengths(logs) == [8, 8, 8, 4, 4]
    run("--trim-pauses", "200")
    assert lengths(logs) == [8, 8, 8, 9]
    annotate(logs, {name: None})
    run("--trim-pauses", "50")
    assert lengths(logs) == [8, 8, 8, 4, 4]


def test_no_pause_is_shorter_than_a_second(logs):
    assert "0.2 is not in the range" in run("--trim-pauses", "0.2")
