"""A take with its journal over HTTP: as a table, as an archive, its markers, and its deletion."""

from __future__ import annotations

import csv
import io
import zipfile

import pytest
from workspaces import TAKES, make_site, served

from impsy.web.library import trash
from recorded_take import record


@pytest.fixture
def site(tmp_path):
    return make_site(tmp_path)


@pytest.fixture
def client(site):
    with served(site, TAKES) as client:
        yield client


@pytest.mark.slow
def test_a_take_is_sent_as_a_table_and_as_an_archive_that_replays(site, client):
    log = record(site.workspace.root)
    (take,) = client.get("/api/takes").json()
    assert (take["journal"], take["participant"], take["condition"]) == (True, "P1", "=1+1")
    table = client.get(f"/api/takes/{log.name}/csv")
    assert table.headers["content-disposition"].endswith('filename="2026-09-26T10-00-00-3d.csv"')
    rows = list(csv.DictReader(io.StringIO(table.text, newline="")))
    assert {row["source"] for row in rows} == {"interface", "rnn", "journal"}
    archive = client.get(f"/api/takes/{log.name}/zip")
    with zipfile.ZipFile(io.BytesIO(archive.content)) as parts:
        assert f"logs/{log.stem}.jsonl" in parts.namelist()
    assert client.get(f"/api/takes/{log.name}/marks").json() == [{"at": 0.5, "text": "=a mark"}]


@pytest.mark.slow
def test_what_is_missing_for_an_archive_is_said(site, client):
    log = record(site.workspace.root)
    (site.workspace.root / "models" / "first.tflite").unlink()
    answer = client.get(f"/api/takes/{log.name}/zip")
    assert answer.status_code >= 400
    assert "SHA-256" in answer.text
    log.with_suffix(".jsonl").write_text("nonsense\n")
    assert "cannot be followed" in client.get(f"/api/takes/{log.name}/marks").text


def test_a_journal_goes_to_the_trash_with_its_take_and_comes_back(site, client):
    log = record(site.workspace.root)
    undo = client.delete(f"/api/takes/{log.name}").json()["undo"]
    assert [path.name for path in log.parent.glob("2026*")] == []
    assert client.post(f"/api/undo/{undo}").status_code < 300
    assert log.with_suffix(".jsonl").exists()
    assert log.exists()


def test_who_finds_a_take_that_comes_back_finds_its_journal(site, client, monkeypatch):
    log = record(site.workspace.root)
    undo = client.delete(f"/api/takes/{log.name}").json()["undo"]
    found, move = [], trash.shutil.move

    def look(source, target):
        move(source, target)
        found.append((log.exists(), log.with_suffix(".jsonl").exists()))

    monkeypatch.setattr(trash.shutil, "move", look)
    client.post(f"/api/undo/{undo}")
    assert found == [(False, True), (True, True)]
