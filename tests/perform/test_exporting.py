"""Takes as tables and archives; archives of others."""

from __future__ import annotations

import csv
import io
import zipfile
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from impsy.data.logs.reading import read_log
from impsy.errors import DataError, ImpsyError
from impsy.perform.exporting.paper import unpacked, write_archive
from impsy.perform.exporting.table import columns, marks_of, write_table
from impsy.perform.exporting.takes import followed, take_of
from impsy.perform.replaying.exact import replay_exactly
from impsy.perform.replaying.models import RecordedModels
from recorded_take import MODELS, record


def table(*logs: Path) -> list[dict[str, str]]:
    file = io.BytesIO()
    rows = write_table(file, [take_of(log) for log in logs])
    found = list(csv.DictReader(io.StringIO(file.getvalue().decode(), newline="")))
    assert len(found) == rows
    return found


def replayed(log: Path, root: Path) -> str:
    lines: list[str] = []
    journal = take_of(log).journal
    assert journal is not None
    with followed(journal) as (head, calls):
        replay_exactly(head, calls, RecordedModels(log.parent, [root]).open, lines.append)
    return "".join(lines)


def test_a_table_has_every_event_and_what_was_changed_between_them(tmp_path):
    log = record(tmp_path)
    rows = table(log)
    played = [row for row in rows if row["source"] != "journal"]
    assert list(rows[0]) == columns(2)
    assert [f"{row['time']},{row['source']},{row['x_1']},{row['x_2']}" for row in played] == log.read_text().split()
    told = {(row["name"], row["value"], row["mode"], row["model"]) for row in rows if row["source"] == "journal"}
    assert {
        ("mode", "battle", "battle", MODELS[0]),
        ("model", MODELS[1], "battle", MODELS[1]),
        ("scene", "verse", "polyphony", MODELS[0]),
        ("panic_button", "", "battle", MODELS[1]),
        ("paused", "true", "polyphony", MODELS[1]),
        ("mark", "'=a mark", "polyphony", MODELS[0]),
    } <= told
    assert {(row["take"], row["participant"], row["condition"]) for row in rows} == {(log.name, "P1", "'=1+1")}
    assert rows[0]["seconds"] == "0.000000"


def test_takes_of_several_sizes_and_without_a_journal_share_a_table(tmp_path):
    first = record(tmp_path)
    other = tmp_path / "logs" / "2026-09-27T10-00-00-4d-mdrnn.log"
    other.write_text("2026-09-27T10:00:00.000000,interface,0.1,0.2,0.3\n")
    rows = table(first, other)
    assert list(rows[0]) == columns(3)
    assert rows[0]["x_3"] == ""
    assert rows[-1]["x_3"] == "0.3"
    assert rows[-1]["mode"] == rows[-1]["participant"] == ""


def test_an_exported_table_can_be_read_as_a_log_again(tmp_path):
    log = record(tmp_path)
    file = tmp_path / "t.csv"
    with open(file, "wb") as target:
        write_table(target, [take_of(log)])
    again = "".join(f"{row['time']},{row['source']},{row['x_1']},{row['x_2']}\n" for row in table(log))
    (tmp_path / "again.log").write_text(again)
    assert len(read_log(tmp_path / "again.log", 2).times) == len(read_log(log, 2).times)


def test_markers_are_where_they_were(tmp_path):
    log = record(tmp_path)
    assert marks_of(take_of(log)) == [(0.5, "=a mark")]


@pytest.mark.slow
def test_an_archive_replays_by_itself_and_is_the_same_each_time(tmp_path):
    logs = [record(tmp_path), record(tmp_path, datetime(2026, 9, 26, 11), participant="")]
    for name in ("a.zip", "b.zip"):
        write_archive([take_of(log) for log in logs], tmp_path / name)
    with zipfile.ZipFile(tmp_path / "a.zip") as first, zipfile.ZipFile(tmp_path / "b.zip") as second:
        names = first.namelist()
        assert [first.read(name) for name in names if name != "README.txt"] == [
            second.read(name) for name in names if name != "README.txt"
        ]
        assert sum(name.startswith("models/") for name in names) == 2
        assert b"impsy replay a.zip" in first.read("README.txt")
        assert first.read(f"logs/{logs[0].stem}.toml") == b"[model]\ndimension = 3\n"
    (tmp_path / "out").mkdir()
    for found, log in zip(unpacked(tmp_path / "a.zip", tmp_path / "out"), logs, strict=True):
        assert found.name == log.name
        assert replayed(found, tmp_path / "out") == log.read_text()


def test_a_model_that_was_changed_or_is_gone_is_named_with_both_hashes(tmp_path):
    log = record(tmp_path)
    path = tmp_path / "models" / MODELS[0]
    content = path.read_bytes()
    path.rename(tmp_path / "models" / "renamed.tflite")
    assert replayed(log, tmp_path) == log.read_text(), "found by its SHA-256"
    (tmp_path / "models" / "renamed.tflite").unlink()
    with pytest.raises(DataError, match=r"SHA-256 was [0-9a-f]{64}, and there is no models/first.tflite.*--models"):
        replayed(log, tmp_path)
    path.write_bytes(content + b"\0")
    with pytest.raises(DataError, match=r"SHA-256 was [0-9a-f]{64}, and .*first.tflite has [0-9a-f]{64}"):
        write_archive([take_of(log)], tmp_path / "a.zip")
    assert not (tmp_path / "a.zip").exists()


def test_what_lies_outside_is_not_read(tmp_path):
    (tmp_path / "work").mkdir()
    log = record(tmp_path / "work")
    (tmp_path / "work" / "models" / MODELS[0]).rename(tmp_path / MODELS[0])
    journal = log.with_suffix(".jsonl")
    for name in (f"../{MODELS[0]}", str(tmp_path / MODELS[0])):
        journal.write_text(journal.read_text().replace(f'"models/{MODELS[0]}"', f'"{name}"'))
        with pytest.raises(DataError, match="is not there as it was"):
            replayed(log, tmp_path / "work")
    (tmp_path / "work" / "models" / "link.tflite").symlink_to(tmp_path / MODELS[0])
    with pytest.raises(DataError, match="is not there as it was"):
        replayed(log, tmp_path / "work")


def test_parts_that_would_lead_elsewhere_stay_in_the_archive(tmp_path):
    log = record(tmp_path)
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as archive:
        for name in (
            "logs/../../evil-3d-mdrnn.log",
            "/logs/evil-3d-mdrnn.log",
            "logs\\..\\evil-3d-mdrnn.log",
            "a.log",
        ):
            archive.writestr(name, "evil")
        archive.write(log, f"logs/{log.name}")
        archive.writestr("logs/run.py", "evil")
    (tmp_path / "out" / "in").mkdir(parents=True)
    assert [path.name for path in unpacked(tmp_path / "evil.zip", tmp_path / "out" / "in")] == [log.name]
    assert [path.name for path in (tmp_path / "out").rglob("*") if path.is_file()] == [log.name]


@pytest.fixture(scope="module")
def archived(tmp_path_factory) -> bytes:
    folder = tmp_path_factory.mktemp("archived")
    write_archive([take_of(record(folder))], folder / "a.zip")
    return (folder / "a.zip").read_bytes()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20, deadline=None)
@given(st.data())
def test_a_damaged_archive_is_read_or_refused(archived, tmp_path_factory, data):
    content = bytearray(archived[: data.draw(st.just(None) | st.integers(0, len(archived)))])
    for place in data.draw(st.lists(st.integers(0, max(0, len(content) - 1)), max_size=4)):
        if content:
            content[place] ^= 1 << data.draw(st.integers(0, 7))
    folder = tmp_path_factory.mktemp("damaged")
    (folder / "a.zip").write_bytes(content)
    (folder / "out").mkdir()
    with suppress(ImpsyError):
        for log in unpacked(folder / "a.zip", folder / "out"):
            if take_of(log).journal is not None:
                replayed(log, folder / "out")
