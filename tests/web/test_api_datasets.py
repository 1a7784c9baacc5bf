"""Datasets over HTTP: made of takes, described, sent and fetched."""

from __future__ import annotations

import io
import zipfile
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from workspaces import TAKES, make_site, record, served

from impsy.data.datasets import read_dataset
from impsy.data.takes import TakeNote, annotate
from impsy.errors import ImpsyError
from impsy.web.api.datasets import ENDPOINTS
from impsy.web.library.worker import describe_datasets

NAME = "training-dataset-3d.npz"


@pytest.fixture
def site(tmp_path):
    return make_site(tmp_path)


@pytest.fixture
def client(site):
    with served(site, ENDPOINTS, TAKES) as client:
        yield client


@pytest.mark.slow
def test_all_takes_of_a_dimension_make_a_dataset_and_what_was_left_out_is_told(site, client):
    logs = site.workspace.logs
    paths = [record(logs, 30, minute=minute) for minute in range(3)]
    record(logs, 30, minute=0, name="2026-01-01T00-00-00-3d-mdrnn.log")
    paths[1].write_text(paths[1].read_text() + "oh no\n")
    annotate(logs, {paths[2].name: TakeNote(excluded=True)})
    made = client.post("/api/datasets", json={"takes": None}).json()
    assert {key: made["dataset"][key] for key in ("name", "dimension", "performances", "events", "problem")} == {
        "name": NAME,
        "dimension": 3,
        "performances": 2,
        "events": 38,
        "problem": "",
    }
    told = "\n".join(made["remarks"])
    assert "1 take left out: marked as not to be learned from" in told
    assert "1 row left out, malformed or of another source, the first in line 31" in told
    assert "it has the same rows as" in told
    assert len(read_dataset(site.workspace.datasets / NAME)) == 38
    assert (made["statistics"]["performances"], made["undo"]) == (2, None)
    assert "datasets" in site.hub.changes
    assert client.get("/api/datasets").json() == [made["dataset"]]
    statistics = client.get(f"/api/datasets/{NAME}").json()
    assert statistics == {"name": NAME, **made["statistics"]}
    assert len(statistics["controls"]) == 2


@pytest.mark.slow
def test_chosen_takes_alone_make_one_even_those_that_are_excluded(site, client):
    first, second = (record(site.workspace.logs, 30, minute=minute) for minute in range(2))
    annotate(site.workspace.logs, {first.name: TakeNote(excluded=True)})
    made = client.post("/api/datasets", json={"takes": [first.name], "name": "mine"}).json()
    assert (made["dataset"]["name"], made["dataset"]["events"]) == ("mine.npz", 19)
    assert "used all the same" in made["remarks"][0]
    assert read_dataset(site.workspace.datasets / "mine.npz").names == (first.name,)
    assert second.exists()


@pytest.mark.slow
def test_making_it_again_keeps_the_one_before_in_the_trash(site, client):
    record(site.workspace.logs, 30)
    client.post("/api/datasets", json={})
    before = (site.workspace.datasets / NAME).read_bytes()
    record(site.workspace.logs, 30, minute=1)
    made = client.post("/api/datasets", json={}).json()
    assert "can be brought back" in made["remarks"][0]
    assert client.get(f"/api/datasets/{NAME}").json()["performances"] == 2
    assert client.post(f"/api/undo/{made['undo']}").status_code == 200
    assert (site.workspace.datasets / NAME).read_bytes() == before
    (entry,) = client.get("/api/trash").json()
    client.post(f"/api/undo/{entry['id']}")
    assert client.get(f"/api/datasets/{NAME}").json()["performances"] == 2, "they change places"


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({}, 422, "several dimensions (1 of dimension 3, 1 of dimension 5)"),
        ({"dimension": 9}, 422, "no takes of dimension 9"),
        ({"takes": ["2026-09-26T10-00-00-3d-mdrnn.log"], "dimension": 5}, 422, "no takes of dimension 5"),
        ({"takes": ["2020-09-26T10-00-00-3d-mdrnn.log"]}, 404, "there is no take"),
        ({"takes": ["../config.toml"]}, 422, "is no take"),
        ({"takes": []}, 422, "at least 1"),
        ({"dimension": 3, "name": "../x"}, 422, "cannot be a file's name"),
    ],
)
def test_what_cannot_be_made_is_said(site, client, body, status, words):
    record(site.workspace.logs, 30)
    record(site.workspace.logs, 30, dimension=5, minute=1)
    answer = client.post("/api/datasets", json=body)
    assert (answer.status_code, words in answer.json()["error"]) == (status, True), answer.text
    assert not site.workspace.datasets.exists()


@pytest.mark.slow
def test_takes_without_events_are_no_dataset_and_the_one_before_stays(site, client):
    record(site.workspace.logs, 30)
    client.post("/api/datasets", json={})
    record(site.workspace.logs, 30, source="rnn")
    answer = client.post("/api/datasets", json={})
    assert answer.status_code == 422
    assert "hold no event" in answer.json()["error"]
    assert len(read_dataset(site.workspace.datasets / NAME)) == 19


@pytest.mark.slow
def test_a_take_that_is_being_recorded_counts_as_far_as_it_is(site, client):
    path = record(site.workspace.logs, 30)
    site.link.run(log=str(path))
    assert "still being recorded" in client.post("/api/datasets", json={}).json()["remarks"][0]


@pytest.mark.slow
def test_a_dataset_goes_out_and_comes_in(site, client):
    record(site.workspace.logs, 30)
    client.post("/api/datasets", json={})
    content = client.get(f"/api/datasets/{NAME}/file").content
    assert client.post(f"/api/datasets/upload?name={NAME}", content=content).status_code == 409
    came = client.post("/api/datasets/upload?name=other.npz", content=content).json()
    assert (came["name"], came["events"]) == ("other.npz", 19)
    assert (site.workspace.datasets / "other.npz").read_bytes() == content
    undo = client.delete("/api/datasets/other.npz").json()["undo"]
    assert [each["name"] for each in client.get("/api/datasets").json()] == [NAME]
    client.post(f"/api/undo/{undo}")
    assert len(client.get("/api/datasets").json()) == 2


@pytest.mark.parametrize("name", ["x.npz", "x.txt", "../x.npz", ".x.npz"])
@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x80\x04K\x00."])
@pytest.mark.slow
def test_what_is_no_dataset_is_not_kept(site, client, name, content):
    answer = client.post("/api/datasets/upload", params={"name": name}, content=content)
    assert answer.status_code == 422
    assert str(site.workspace.root) not in answer.json()["error"]
    assert not site.workspace.datasets.exists()
    assert not list(site.workspace.private.glob("scratch/*"))


@pytest.mark.slow
def test_a_damaged_dataset_is_listed_with_what_is_wrong(site, client):
    record(site.workspace.logs, 30)
    client.post("/api/datasets", json={})
    (site.workspace.datasets / "bad.npz").write_bytes(b"no")
    bad, good = client.get("/api/datasets").json()
    assert bad["problem"].startswith("this is no .npz file")
    assert (bad["dimension"], good["problem"]) == (None, "")
    assert client.get("/api/datasets/bad.npz").status_code == 422
    assert client.get("/api/datasets/gone.npz").status_code == 404


def whole(tmp_path):
    site = make_site(tmp_path)
    record(site.workspace.logs, 30)
    with served(site, ENDPOINTS) as client:
        client.post("/api/datasets", json={})
    return (site.workspace.datasets / NAME).read_bytes()


@settings(max_examples=8)
@given(st.data())
@pytest.mark.slow
def test_any_upload_is_taken_or_refused_in_words(tmp_path_factory, data):
    content = bytearray(whole(tmp_path_factory.mktemp("whole")))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with served(make_site(tmp_path_factory.mktemp("any")), ENDPOINTS) as client:
        answer = client.post("/api/datasets/upload?name=x.npz", content=bytes(content))
        assert answer.status_code in (200, 422)


@settings(max_examples=80)
@given(st.binary(max_size=300), st.sampled_from(["events.npy", "lengths.npy", "perfs.npy"]))
def test_what_others_sent_is_described_or_its_problem_told(tmp_path_factory, content, member):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive, suppress(ValueError):
        archive.writestr(member, content)
    path = tmp_path_factory.mktemp("any") / "x.npz"
    path.write_bytes(file.getvalue())
    with suppress(ImpsyError):
        (facts,) = describe_datasets([str(path)])
        assert "problem" in facts or facts["events"] >= 0
