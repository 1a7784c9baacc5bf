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
