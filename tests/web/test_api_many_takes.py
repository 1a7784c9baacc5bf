"""Many takes at once over HTTP: tags, learning, export, deletion; what a take was made with; its exact replay."""

from __future__ import annotations

import csv
import io
import threading
import zipfile
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from workspaces import START, TAKES, make_site, record, served

from impsy.codecs.log import encode_row, log_name
from impsy.data.takes import read_notes
from impsy.processes import ask
from impsy.web.api import datasets, manytakes, takeorigin
from impsy.web.jobs import replaying
from recorded_take import record as record_with_journal
from waiting import wait_until

NOWHERE = ["../../etc/passwd", "2026-09-26T10-00-00-3d-mdrnn.log/..", "..", "a\0b", "takes.json", "config.toml"]


@pytest.fixture
def site(tmp_path):
    return make_site(tmp_path)


@pytest.fixture
def client(site):
    with served(site, TAKES, datasets.ENDPOINTS, manytakes.ENDPOINTS, takeorigin.ENDPOINTS) as client:
        yield client


@pytest.fixture
def three(site):
    return [record(site.workspace.logs, minute=minute).name for minute in range(3)]


def test_tags_and_exclusion_of_many_and_the_way_back(site, client, three):
    logs = site.workspace.logs
    client.patch(f"/api/takes/{three[0]}", json={"title": "Slow", "tags": ["duo"]})
    changes = {"names": three[:2], "add": " night ", "remove": "duo", "excluded": True}
    answer = client.post("/api/takes/change", json=changes).json()
    assert answer["sentence"] == "2 takes changed"
    notes = read_notes(logs)
    assert [notes.of(name).tags for name in three] == [("night",), ("night",), ()]
    assert notes.excluded == set(three[:2])
    assert notes.of(three[0]).title == "Slow"
    client.post(f"/api/undo/{answer['undo']}")
    notes = read_notes(logs)
    assert (notes.of(three[0]).tags, notes.excluded) == (("duo",), frozenset())


@pytest.mark.slow
def test_long_pauses_are_trimmed_in_many_takes_and_learned_again(site, client, three):
    rows = [encode_row(START + timedelta(hours=5, seconds=at), "interface", (0.1, 0.2)) for at in (0, 1, 50, 51, 52)]
    rested = log_name(START + timedelta(hours=5), 3)
    content = "".join(rows)
    (site.workspace.logs / rested).write_text(content)
    take = client.get("/api/takes").json()[0]
    assert (take["name"], take["pauses"], take["paused"], take["trim_pauses"]) == (rested, 1, 49.0, 0)
    names = [rested, three[0]]
    answer = client.post("/api/takes/change", json={"names": names, "trim_pauses": 30}).json()
    assert read_notes(site.workspace.logs).trims == dict.fromkeys(names, 30.0)
    made = client.post("/api/datasets", json={"takes": [rested]}).json()
    assert (made["dataset"]["performances"], made["dataset"]["events"]) == (2, 3)
    assert f"{rested}: split at 1 pause of more than 30 s (49 s not learned)" in made["remarks"]
    assert (site.workspace.logs / rested).read_text() == content
    client.post(f"/api/undo/{answer['undo']}")
    assert read_notes(site.workspace.logs).trims == {}
    client.patch(f"/api/takes/{rested}", json={"trim_pauses": 12.5})
    assert read_notes(site.workspace.logs).trims == {rested: 12.5}
    client.patch(f"/api/takes/{rested}", json={"trim_pauses": 0})
    assert client.post("/api/datasets", json={"takes": [rested]}).json()["dataset"]["events"] == 4
    for wrong in (0.5, -1, 1e9):
        assert client.post("/api/takes/change", json={"names": names, "trim_pauses": wrong}).status_code == 422


def test_many_are_deleted_together_and_come_back_with_their_notes(site, client, three):
    client.patch(f"/api/takes/{three[1]}", json={"title": "Slow"})
    gone = client.post("/api/takes/delete", json={"names": three[1:]}).json()
    assert [take["name"] for take in client.get("/api/takes").json()] == three[:1]
    assert [each["name"] for each in client.get("/api/trash").json()] == ["2 takes"]
    assert client.post(f"/api/undo/{gone['undo']}").json()["sentence"] == "2 takes: they are back"
    titles = {take["name"]: take["title"] for take in client.get("/api/takes").json()}
    assert titles == {three[0]: "", three[1]: "Slow", three[2]: ""}


def test_a_take_that_is_being_recorded_is_not_deleted(site, client, three):
    site.link.run(log=f"logs/{three[2]}")
    answer = client.post("/api/takes/delete", json={"names": three})
    assert answer.status_code == 409
    assert len(client.get("/api/takes").json()) == 3


@pytest.mark.slow
def test_many_are_exported_as_a_table_and_as_an_archive(site, client):
    root = site.workspace.root
    names = [record_with_journal(root, datetime(2026, 9, 26, hour)).name for hour in (10, 11)]
    made = client.post("/api/takes/export", json={"names": names, "kind": "csv"}).json()
    rows = list(csv.DictReader(io.StringIO(client.get(made["address"]).text, newline="")))
    assert {row["take"] for row in rows} == set(names)
    assert client.get(made["address"]).status_code == 404
    made = client.post("/api/takes/export", json={"names": names, "kind": "zip"}).json()
    answer = client.get(made["address"])
    assert (len(answer.content), made["name"]) == (made["size"], "impsy-takes.zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as parts:
        assert {f"logs/{name}" for name in names} <= set(parts.namelist())
    assert list((site.workspace.private / "scratch").iterdir()) == []


@pytest.mark.slow
def test_an_archive_needs_journals_and_says_so(site, client, three):
    answer = client.post("/api/takes/export", json={"names": three, "kind": "zip"})
    assert "has no journal" in answer.json()["error"]


@pytest.mark.parametrize("name", NOWHERE)
def test_hostile_names_lead_nowhere(site, client, three, name):
    for what, more in (("change", {"excluded": True}), ("delete", {}), ("export", {"kind": "csv"})):
        answer = client.post(f"/api/takes/{what}", json={"names": [three[0], name], **more})
        assert answer.status_code in (404, 422)
    assert len(client.get("/api/takes").json()) == 3
    assert read_notes(site.workspace.logs).takes == {}


def test_a_request_is_bounded(client, three):
    names = [three[0]] * (manytakes.MOST_TAKES + 1)
    assert client.post("/api/takes/delete", json={"names": names}).status_code == 422
    assert client.post("/api/takes/delete", json={"names": []}).status_code == 422


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet="0123456789abcdef-.%", min_size=1, max_size=50))
def test_no_export_is_got_by_guessing(client, name):
    assert client.get(f"/api/exports/{name}").status_code in (404, 422)


@pytest.mark.slow
def test_what_a_take_was_made_with(site, client):
    log = record_with_journal(site.workspace.root)
    origin = client.get(f"/api/takes/{log.name}/origin").json()
    assert (origin["seed"], origin["participant"], origin["version"]) == (3, "P1", "2.0")
    assert origin["settings"]["mode"] == "polyphony"
    assert origin["models"][0][0] == "first.tflite"
    changes = [(each["name"], each["value"]) for each in origin["changes"]]
    assert ("mode", "battle") in changes
    assert ("model", "second.tflite") in changes
    assert ("mark", "=a mark") in changes


@pytest.mark.slow
def test_a_take_is_replayed_exactly_and_kept(site, client):
    log = record_with_journal(site.workspace.root)
    assert client.get("/api/replay").json()["name"] is None
    assert client.post(f"/api/takes/{log.name}/replay").json()["running"]
    wait_until(lambda: not client.get("/api/replay").json()["running"])
    status = client.get("/api/replay").json()
    assert (status["name"], status["same"], status["kept"]) == (log.name, True, True)
    assert "identical" in status["sentence"]
    kept = client.post("/api/replay/keep").json()
    assert (site.workspace.logs / kept["name"]).read_bytes() == log.read_bytes()
    assert (kept["excluded"], kept["tags"]) == (True, ["replay"])
    assert client.post("/api/replay/keep").status_code == 409


@pytest.mark.slow
def test_a_log_that_was_changed_is_told(site, client):
    log = record_with_journal(site.workspace.root)
    lines = log.read_text().splitlines(keepends=True)
    log.write_text("".join([*lines[:2], lines[2].replace("interface,0.", "interface,0.9"), *lines[3:]]))
    client.post(f"/api/takes/{log.name}/replay")
    wait_until(lambda: not client.get("/api/replay").json()["running"])
    status = client.get("/api/replay").json()
    assert not status["same"]
    assert "differ" in status["sentence"] or "left over" in status["sentence"]


@pytest.mark.slow
def test_a_replay_is_cancelled_and_leaves_nothing(site, client, monkeypatch):
    log = record_with_journal(site.workspace.root)
    assert client.post("/api/replay/cancel").status_code == 409
    began = threading.Event()

    def slow(task, folder, *, seconds, cancelling, **_arguments):
        began.set()
        command = [
            "-c",
            "from impsy.processes import serve; import time; serve(lambda _: time.sleep(600), memory=1 << 32)",
        ]
        return ask(command, b"", folder, seconds=seconds, cancelling=cancelling)

    with monkeypatch.context() as replaced:
        replaced.setattr(replaying, "work", slow)
        client.post(f"/api/takes/{log.name}/replay")
        wait_until(began.is_set)
        client.post("/api/replay/cancel")
        wait_until(lambda: not client.get("/api/replay").json()["running"])
    status = client.get("/api/replay").json()
    assert (status["name"], status["same"], status["kept"]) == (log.name, None, False)
    assert status["sentence"] == "The replay was cancelled"
    assert client.post("/api/replay/keep").status_code == 409
    client.post(f"/api/takes/{log.name}/replay")
    wait_until(lambda: not client.get("/api/replay").json()["running"])
    assert client.get("/api/replay").json()["same"]


@pytest.mark.slow
def test_without_a_journal_nothing_is_replayed(site, client, three):
    assert "no journal" in client.post(f"/api/takes/{three[0]}/replay").json()["error"]
    assert "no journal" in client.get(f"/api/takes/{three[0]}/origin").json()["error"]
